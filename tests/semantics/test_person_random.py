"""What a person is in, owns and reaches: the product and plain walks over the base tables agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.once import practice_snapshot
from tests.semantics import person_by_hand as by_hand
from tests.semantics.access_paths import path_text
from tests.semantics.brute_force import LIMITED, is_live
from tests.semantics.person_by_hand import GROUPS_OF_DIRECTORY, Standing
from tests.semantics.person_reports import People, Pulled, Record, bundle_of, open_people, pull
from tests.semantics.random_tenant import Drawn, describe, drawn
from tests.semantics.small_tenant import SPECIALS, Principal, Site, Tenant
from waybill.export import Facts

TENANTS = 24
BATCH = 12
WANTED = (
    "20/Memberships.json", "20/Ownerships.json", "20/SharePointGroups.json", "30/Sites.json", "30/Access.json",
    "30/GrantsWithoutEffect.json",
)  # fmt: skip


def _differences(what: str, product: Iterable[object], oracle: Iterable[object]) -> list[str]:
    said, true = Counter(product), Counter(oracle)
    wrong = [f"{what}: only the product has {row}" for row in (said - true).elements()]
    return wrong + [f"{what}: only the oracle has {row}" for row in (true - said).elements()]


def _paths(what: str, rows: Sequence[Record], member: str, true: Iterable[str]) -> list[str]:
    allowed = set(true)
    return [f"{what}: {row[member]!r} is no shortest chain" for row in rows if row[member] not in allowed]


def check_groups(found: Pulled, where: Standing, everybody: Sequence[Principal]) -> list[str]:
    """Memberships and ownerships, each with its distance, what it is worth, and a shortest chain."""
    holding = {p: held for p, held in where.named.items() if p is not where.person}
    directory = {p: held for p, held in holding.items() if p.kind in GROUPS_OF_DIRECTORY}
    local = {p: held for p, held in holding.items() if p.kind == "sp_group"}
    member, site = found["20/Memberships.json"], found["20/SharePointGroups.json"]
    wrong = _differences(
        "Memberships",
        ((r["groupName"], r["distance"], r["direct"], r["carriesAccess"]) for r in member),
        ((p.name, h.distance, h.distance == 1, by_hand.carries(where, p)) for p, h in directory.items()),
    )
    wrong += _differences(
        "SharePointGroups",
        ((r["groupName"], r["siteName"], r["distance"], r["carriesAccess"]) for r in site),
        (
            (p.name, p.site.name, h.distance, p in where.passing and p.site.state != "Deleted")
            for p, h in local.items()
            if p.site
        ),
    )
    wrong += _differences(
        "Ownerships",
        ((r["groupName"], r["direct"]) for r in found["20/Ownerships.json"]),
        ((group.name, distance == 0) for group, distance in by_hand.owned(where, everybody)),
    )
    for rows, held in ((member, directory), (site, local)):
        texts = {by_hand.chain_text(chain) for h in held.values() for chain in h.chains}
        wrong += _paths("groups", rows, "path", texts)
    return wrong


def check_access(found: Pulled, where: Standing, sites: Sequence[Site]) -> list[str]:
    """Every grant that reaches the person, with a shortest chain; and every entry naming them besides."""
    reached = by_hand.grants_reached(where, sites)
    rows = found["30/Access.json"]
    wrong = _differences(
        "Access",
        (
            (
                r["objectUrl"],
                r["permission"],
                r["isSiteAdmin"],
                r["isDirect"],
                r["directMembershipsLeadingHere"],
            )
            for r in rows
        ),
        (
            (
                g.on.url,
                g.level,
                g.is_admin,
                g.principal is where.person,
                by_hand.memberships_leading(where, g),
            )
            for g in reached
        ),
    )
    texts = {path_text(chain, g) for g in reached for chain in where.passing[g.principal].chains}
    wrong += _paths("Access", rows, "accessPath", texts)
    wrong += _differences(
        "all entries",
        ((r["objectUrl"], r["permission"]) for r in [*rows, *found["30/GrantsWithoutEffect.json"]]),
        ((g.on.url, g.level) for g in by_hand.entries_naming(where, sites)),
    )
    wrong += [f"no reason: {r}" for r in found["30/GrantsWithoutEffect.json"] if not r["noAccessBecause"]]
    wrong += [f"a reason: {r}" for r in rows if r["noAccessBecause"]]
    return wrong + _differences(
        "Sites",
        (
            (r["siteUrl"], r["objects"], r["grants"], r["isSiteAdmin"], r["scope"])
            for r in found["30/Sites.json"]
        ),
        (
            (
                site.root.url,
                len({g.on for g in held}),
                len(held),
                any(g.is_admin for g in held),
                "Entire site"
                if any(g.on is site.root and not g.principal.link for g in held)
                else "Parts only",
            )
            for site in sites
            if (held := [g for g in reached if g.on.site is site])
        ),
    )


PRIVATE = "Everyone-type claims have no effect on the site of a private group."


def check_barred(found: Pulled, where: Standing, sites: Sequence[Site]) -> list[str]:
    """Entries reached only through an everyone-type claim inside a private group's site have that reason."""
    if where.person.status in by_hand.DEAD:
        return []
    barred = {
        p
        for p, held in where.named.items()
        if p.kind == "sp_group" and p not in where.passing and by_hand.is_barred(held)
    }
    return _differences(
        "barred",
        (
            (r["siteUrl"], r["permission"])
            for r in found["30/GrantsWithoutEffect.json"]
            if r["noAccessBecause"] == PRIVATE and r["grantedToType"] == "SharePoint Group"
        ),
        (
            (site.root.url, level)
            for site in sites
            if site.state != "Deleted"
            for on in site.securables
            for p, level in on.entries
            if p in barred and is_live(p) and level not in LIMITED
        ),
    )


def check_person(facts: Facts, person: Principal, tenants: Sequence[Tenant], guid: str = "") -> list[str]:
    everybody = [*SPECIALS.values(), *(p for t in tenants for p in t.principals)]
    where = by_hand.standing(person, everybody)
    found = pull(bundle_of(facts, person, guid), WANTED)
    sites = [site for t in tenants for site in t.sites]
    wrong = check_groups(found, where, everybody) + check_barred(found, where, sites)
    return wrong + check_access(found, where, sites)


def disagreements(batch: Sequence[Tenant]) -> list[str]:
    for number, tenant in enumerate(batch):
        tenant.label = f"-{number}"
    wrong: list[str] = []
    # One reader for all: opening it costs more than a person, and what one stages the next replaces.
    with open_people(*batch) as people, people.facts() as facts:
        for tenant in batch:
            for person in tenant.principals:
                if person.kind == "user":
                    found = check_person(facts, person, batch)
                    wrong += [f"{person!r} {line}\n{describe(tenant)}" for line in found]
    return wrong


def barred_groups(t: Tenant) -> list[Principal]:
    """SharePoint groups of a private group's site that hold everyone, for a person who is in nothing else."""
    anna = Principal("user", "Anna", t, -1, user_type="Member")
    where = by_hand.standing(anna, [*SPECIALS.values(), *t.principals])
    return [p for p, held in where.named.items() if p not in where.passing and by_hand.is_barred(held)]


def test_every_person_of_random_tenants_agrees() -> None:
    """For everybody of 24 random tenants the bundle tells the memberships, ownerships, chains, reachable
    objects and idle entries that plain walks find."""
    seen: dict[str, Tenant] = {}

    @seed(20260603)
    @settings(
        max_examples=TENANTS, deadline=None, database=None, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(drawn())
    def collect(one: Drawn) -> None:
        seen.setdefault(repr(one), one.tenant)

    collect()
    chosen = list(seen.values())
    assert any(barred_groups(one) for one in chosen)
    for start in range(0, len(chosen), BATCH):
        wrong = disagreements(chosen[start : start + BATCH])
        assert not wrong, "\n".join(wrong[:5])


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(practice_snapshot(tmp_path_factory, "tiny"), tmp_path_factory.mktemp("practice") / "spill")


def test_every_person_of_the_practice_tenant_agrees(practice: People) -> None:
    """For everybody with an object id in the tiny practice tenant, traps included, the same holds."""
    with practice.facts() as facts:
        tenant, ids = by_hand.from_snapshot(facts)
        assert len(ids) > 15
        wrong: list[str] = []
        for person, guid in ids.items():
            wrong += [f"{person!r} {line}" for line in check_person(facts, person, [tenant], guid)]
    assert not wrong, "\n".join(wrong[:10])
