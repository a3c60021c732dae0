"""The oracle for one person: what holds them, what they own, what they reach, by the words of insights.md 3.

Plain walks over the test's own objects; nothing is shared with the product. `from_snapshot` makes such
objects of the base tables of any snapshot, so that the practice tenant is checked by the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.semantics.access_paths import Chain, path_text
from tests.semantics.brute_force import Grant, grants_of, is_person, is_private_group_site, ways_to
from tests.semantics.small_tenant import EEEU, SPECIALS, Link, Principal, Securable, Site, Tenant
from waybill.export import Facts, Sql

DEAD = ("deleted", "soft_deleted", "id_mismatch")
GROUPS_OF_DIRECTORY = (
    "security_group", "mail_security_group", "distribution_group", "m365_group", "directory_role",
    "external_group", "unresolved",
)  # fmt: skip


def contents(p: Principal) -> list[Principal]:
    """Who is directly in `p` by the source's word, whether or not that gives anything."""
    if p.kind == "m365_owners":
        return list(p.of_group.owners) if p.of_group else []
    if p.link is not None:
        return [invitee for invitee, _ in p.link.invites]
    return list(p.members)


def passes(container: Principal, member: Principal) -> bool:
    """Whether being in `container` counts for `member` and what is in it (3.5 to 3.8, 3.11)."""
    if container.status in DEAD or member.status == "id_mismatch" or member.kind == "distribution_group":
        return False
    if member.kind != "user" and member.status in DEAD:
        return False
    if container.link is not None:
        opened = any(who is member and redeemed for who, redeemed in container.link.invites)
        return container.link.scope == "specific" or (container.link.scope == "organization" and opened)
    return not (member is EEEU and is_private_group_site(container.site))


def everyone_claims(person: Principal) -> list[Principal]:
    """Everyone-type claims whose population holds the person, both flags being off (3.7)."""
    member = person.user_type == "Member" or (person.user_type is None and not person.external)
    return list(SPECIALS.values()) if member and person.status == "active" else []


@dataclass(frozen=True)
class Held:
    """By what somebody is held, and every shortest chain that leads there, themselves first."""

    distance: int
    chains: frozenset[Chain]


Counts = Callable[[Principal, Principal], bool]


def climb(
    person: Principal, everybody: Iterable[Principal], counts: Counts, claims: Sequence[Principal]
) -> dict[Principal, Held]:
    """All that holds the person, level by level. `counts` says which memberships to follow."""
    above: dict[Principal, list[Principal]] = {}
    for container in everybody:
        for member in dict.fromkeys(contents(container)):
            if container is not member and counts(container, member):
                above.setdefault(member, []).append(container)
    found: dict[Principal, Held] = {}
    level: dict[Principal, set[Chain]] = {person: {(person,)}}
    while level:
        found |= {p: Held(len(next(iter(chains))) - 1, frozenset(chains)) for p, chains in level.items()}
        after: dict[Principal, set[Chain]] = {}
        for p, chains in level.items():
            for up in [*above.get(p, ()), *(claims if p is person else ())]:
                if up not in found:
                    after.setdefault(up, set()).update((*chain, up) for chain in chains)
        level = after
    return found


@dataclass(frozen=True)
class Standing:
    """Where a person stands: what counts for them, and all that names them."""

    person: Principal
    passing: dict[Principal, Held]  # empty for accounts that are gone
    named: dict[Principal, Held]


def standing(person: Principal, everybody: Sequence[Principal]) -> Standing:
    claims = everyone_claims(person)
    raw = climb(person, everybody, lambda _container, _member: True, claims)
    passing = {} if person.status in DEAD else climb(person, everybody, passes, claims)
    return Standing(person, passing, raw | passing)


def is_barred(held: Held) -> bool:
    """Whether every way told leads through an everyone-type claim that has no effect where it stands (3.7)."""
    return all(
        any(
            member is EEEU and container.kind == "sp_group" and is_private_group_site(container.site)
            for member, container in pairwise(chain)
        )
        for chain in held.chains
    )


def chain_text(chain: Chain) -> str:
    """A chain without a grant at its end: `Anna -> member of A`."""
    grant = Grant(Securable(Site(Tenant(), "", "", ""), None, "root", ""), chain[-1], "?")
    return path_text(chain, grant).removesuffix(" -> ? on site")


def carries(where: Standing, group: Principal) -> bool:
    return group in where.passing and group.kind != "distribution_group"


def grants_reached(where: Standing, sites: Iterable[Site]) -> list[Grant]:
    """Every grant that gives the person access (3.2)."""
    return [g for site in sites for g in grants_of(site) if g.principal in where.passing]


def entries_naming(where: Standing, sites: Iterable[Site]) -> list[Grant]:
    """Every access list entry and administrator flag that names the person or what they are in."""
    found = []
    for site in sites:
        found += [Grant(site.root, p, "Site Collection Administrator") for p in site.admins]
        found += [Grant(on, p, level) for on in site.securables for p, level in on.entries]
    return [grant for grant in found if grant.principal in where.named]


def memberships_leading(where: Standing, grant: Grant) -> int:
    """How many direct memberships, everyone-type claims among them, lead to a grant; 1 for a direct one."""
    ways = ways_to(grant)
    claims = [p for p, held in where.passing.items() if p.kind in SPECIALS and held.distance == 1]
    if grant.principal is where.person or grant.principal in claims:
        return 1
    # The oracle has rows for people who may have access; a person of any other status has none.
    assert is_person(where.person)
    return ways.get(where.person, 0) + sum(ways.get(claim, 0) for claim in claims)


def owned(where: Standing, everybody: Iterable[Principal]) -> list[tuple[Principal, int]]:
    """Groups owned, with the distance to the owner that is named: 0 for the person by name."""
    found = []
    for group in everybody:
        near = [where.named[o].distance for o in group.owners if o in where.named]
        if near:
            found.append((group, min(near)))
    return found


_KIND_WORDS = {"item": "list item"}
"""Kinds that an access path calls otherwise (3.12)."""


def from_snapshot(facts: Facts) -> tuple[Tenant, dict[Principal, str]]:
    """The base tables as a small tenant; with each user the entra id, where there is one."""
    t, ids = Tenant(), {}
    principals: dict[int, Principal] = {}
    of_group, of_site = {}, {}
    query = (
        "SELECT id, kind, name, status, user_type, external, login, of_group, site, entra_id FROM principal"
    )
    for key, kind, name, status, user_type, external, login, group, site, entra in facts.table(Sql(query)):
        made = SPECIALS.get(kind) or Principal(kind, name, t, key, status, user_type, bool(external), login)
        principals[key], of_group[key], of_site[key] = made, group, site
        if made.kind not in SPECIALS:
            t.principals.append(made)
        if kind == "user" and entra:
            ids[made] = str(entra)
    for table, column, attribute in (("member", "container", "members"), ("owner", "grp", "owners")):
        other = "member" if table == "member" else "principal"
        for container, member in facts.table(Sql(f"SELECT {column}, {other} FROM {table}")):
            getattr(principals[container], attribute).append(principals[member])
    sites = _sites(facts, t, principals)
    for key, made in principals.items():
        made.of_group = principals[of_group[key]] if of_group[key] is not None else None
        made.site = sites[of_site[key]] if of_site[key] is not None else None
    return t, ids


def _sites(facts: Facts, t: Tenant, principals: dict[int, Principal]) -> dict[int, Site]:
    sites: dict[int, Site] = {}
    for key, title, module, kind, state, privacy, group in facts.table(
        Sql("SELECT id, title, module, site_type, state, privacy, grp FROM site")
    ):
        sites[key] = Site(t, title, module, kind, state, privacy)
        sites[key].group = principals[group] if group is not None else None
    t.sites = list(sites.values())
    objects: dict[int, Securable] = {}
    query = "SELECT id, site, parent, kind, name, has_acl, url FROM securable ORDER BY parent NULLS FIRST, id"
    rows = facts.table(Sql(query))
    for key, site, parent, kind, name, has_acl, url in rows:
        objects[key] = _Placed(sites[site], None, _KIND_WORDS.get(kind, kind), name, has_acl, [], url)
        sites[site].securables.insert(0 if parent is None else len(sites[site].securables), objects[key])
    for key, _, parent, *_ in rows:
        objects[key].parent = objects[parent] if parent is not None else None
    for site, principal in facts.table(Sql("SELECT site, principal FROM site_admin")):
        sites[site].admins.append(principals[principal])
    query = "SELECT DISTINCT a.securable, a.principal, l.name FROM acl a JOIN level l ON l.id = a.level"
    for securable, principal, level in facts.table(Sql(query)):
        objects[securable].entries.append((principals[principal], level))
    query = (
        "SELECT k.principal, scope, permission, k.securable, CASE WHEN expires_at <= m.value::TIMESTAMP THEN expires_at END "
        "FROM link k, meta m WHERE m.key = 'as_of'"
    )
    for principal, scope, permission, securable, expired in facts.table(Sql(query)):
        principals[principal].link = Link(scope, permission, objects[securable], expires_at=expired)
    for link, principal, redeemed in facts.table(Sql("SELECT link, principal, redeemed FROM invite")):
        known = principals[link].link
        assert known is not None
        known.invites.append((principals[principal], redeemed))
    return sites


@dataclass(eq=False)
class _Placed(Securable):
    """An object whose URL a snapshot tells, rather than its name."""

    told: str = ""

    @property
    def url(self) -> str:
        return self.told
