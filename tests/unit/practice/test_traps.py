"""The trap set: every edge case of insights.md 3.12 is in every size, where its entry says it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.unit.practice.conftest import Build
from waybill.ingest.practice import TRAPS, practice_tenant_id
from waybill.ingest.practice.claims import fixed_guid, upn
from waybill.ingest.practice.stage import group_id
from waybill.ingest.practice.traps import trap_set
from waybill.ingest.practice.traps.names import FORMULA_GROUPS, LONG_NAME
from waybill.ingest.practice.traps.people import FOREIGN_SUFFIX

SIZES = ["tiny", "small"]
TRAP_PRINCIPALS = trap_set("any").count("principal")


@pytest.fixture(params=SIZES)
def tenant(request: pytest.FixtureRequest, practice: Build) -> Path:
    return practice(request.param, 1)


def ask(path: Path, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query, parameters or None).fetchall()


def entries(path: Path, url: str) -> set[tuple[Any, ...]]:
    """(object, principal, kind, level, live) of every access list entry below an address."""
    query = """SELECT o.name, p.name, p.kind, v.name, e.live FROM entry e JOIN securable o ON o.id = e.securable
        JOIN principal p ON p.id = e.principal JOIN level v ON v.id = e.level
        WHERE starts_with(o.url || '/', $url || '/')"""
    return set(ask(path, query, url=url))


def site_of(name: str) -> str:
    return next(trap.site for trap in TRAPS if trap.name == name)


def test_traps_are_named_and_told() -> None:
    """Every trap has a name of its own and says what it is."""
    assert len({trap.name for trap in TRAPS}) == len(TRAPS)
    assert all(len(trap.what) > 40 and trap.what.endswith(".") for trap in TRAPS)


def test_traps_are_documented() -> None:
    """docs/practice-tenant.md tells every trap in the words of its entry."""
    page = (Path(__file__).parents[3] / "docs" / "practice-tenant.md").read_text("utf-8")
    assert [trap.name for trap in TRAPS if f"| `{trap.name}` |" not in page or trap.what not in page] == []


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
@pytest.mark.parametrize("size", SIZES)
def test_trap_can_be_found(trap: Any, size: str, practice: Build) -> None:
    """A trap's site, groups and people are in the tenant, each once, under the keys its entry gives."""
    path = practice(size, 1)
    assert len(ask(path, "SELECT 1 FROM site WHERE url = $url", url=trap.site)) == 1
    for guid in trap.groups:
        assert len(ask(path, "SELECT 1 FROM principal WHERE entra_id = $guid", guid=guid)) == 1
    for user in trap.users:
        found = ask(path, "SELECT 1 FROM principal WHERE upn = $upn AND status <> 'id_mismatch'", upn=user)
        assert len(found) == 1


def test_unused_sp_group(tenant: Path) -> None:
    """Board Readers holds a group and stands in no access list."""
    query = """SELECT count(DISTINCT m.member), count(a.principal) FROM principal p
        JOIN member m ON m.container = p.id LEFT JOIN acl a ON a.principal = p.id WHERE p.name = 'Board Readers'"""
    found = ask(tenant, query)
    assert found == [(1, 0)]


def test_cycle_and_chain(tenant: Path) -> None:
    """The two shifts contain each other, and the chain is eight groups long."""
    ids = {"a": group_id("Shift A"), "b": group_id("Shift B")}
    edges = ask(
        tenant,
        """SELECT count(*) FROM member m JOIN principal c ON c.id = m.container JOIN principal p ON p.id = m.member
        WHERE c.entra_id IN ($a, $b) AND p.entra_id IN ($a, $b)""",
        **ids,
    )
    assert edges == [(2,)]
    deep = ask(
        tenant,
        """SELECT distance FROM closure k JOIN principal d ON d.id = k.descendant JOIN principal a ON a.id = k.ancestor
        WHERE d.entra_id = $inner AND a.entra_id = $outer""",
        inner=group_id("Level 1 of 8"),
        outer=group_id("Level 8 of 8"),
    )
    assert deep == [(7,)]


def test_owners_claims(tenant: Path) -> None:
    """Launch administers its own site by `_o` and Press by its plain id; Viktor Bauer owns without being member."""
    admins = ask(
        tenant,
        """SELECT s.title, p.kind FROM site_admin a JOIN site s ON s.id = a.site JOIN principal p ON p.id = a.principal
        LEFT JOIN principal g ON g.id = p.of_group WHERE coalesce(g.entra_id, p.entra_id) = $guid""",
        guid=group_id("Launch"),
    )
    assert set(admins) == {("Launch", "m365_owners"), ("Press", "m365_group")}
    viktor = upn("Viktor Bauer")
    assert ask(
        tenant, "SELECT 1 FROM owner o JOIN principal p ON p.id = o.principal WHERE p.upn = $upn", upn=viktor
    )
    assert not ask(
        tenant, "SELECT 1 FROM member m JOIN principal p ON p.id = m.member WHERE p.upn = $upn", upn=viktor
    )


def test_everyone_claims(tenant: Path) -> None:
    """Two EEEU claims with different suffixes and the three older claims stand where their traps say."""
    known = dict(
        ask(
            tenant,
            "SELECT login, kind FROM principal WHERE kind IN ('eeeu', 'everyone', 'all_windows', 'all_membership')",
        )
    )
    assert f"c:0-.f|rolemanager|spo-grid-all-users/{FOREIGN_SUFFIX}" in known
    assert {
        f"c:0-.f|rolemanager|spo-grid-all-users/{practice_tenant_id(size, 1)}" for size in SIZES
    } & known.keys()
    assert sorted(known.values()) == ["all_membership", "all_windows", "eeeu", "eeeu", "everyone"]
    payroll = entries(tenant, site_of("eeeu_on_private_group_site"))
    assert ("Payroll", "Everyone except external users", "eeeu", "Read", False) in payroll
    merged = entries(tenant, site_of("eeeu_foreign_suffix"))
    assert ("Merged company", "Everyone except external users", "eeeu", "Read", True) in merged


def test_dead_principals(tenant: Path) -> None:
    """Blocked, deleted, mismatched, unresolved and foreign principals have their status."""
    known = ask(
        tenant,
        "SELECT name, status FROM principal WHERE id < $traps AND status <> 'active'",
        traps=TRAP_PRINCIPALS,
    )
    status = dict(known)
    assert {name: status.get(name) for name in (
        "Ivo Horvat", "Greta Nilsen", "Bruno Ricci", "Julia Mendes", "Old suppliers", "Suppliers 2024", "Investigations",
        "dora.quist@northwindtraders.com",
    )} == {
        "Ivo Horvat": "blocked", "Greta Nilsen": "soft_deleted", "Bruno Ricci": "deleted", "Julia Mendes": "id_mismatch",
        "Old suppliers": "deleted", "Suppliers 2024": "soft_deleted", "Investigations": "unresolved",
        "dora.quist@northwindtraders.com": "invited",
    }  # fmt: skip
    assert ask(
        tenant, "SELECT reported_users FROM principal WHERE entra_id = $guid", guid=group_id("Investigations")
    ) == [(12,)]
    assert ask(
        tenant, "SELECT kind FROM principal WHERE entra_id = $guid", guid=group_id("Fabrikam project office")
    ) == [("external_group",)]
    assert ask(
        tenant, "SELECT external, user_type FROM principal WHERE upn LIKE 'yusuf.farouk_adatum.com#%'"
    ) == [(True, "Member")]
    assert ask(
        tenant, "SELECT external, user_type, entra_id FROM principal WHERE upn LIKE 'nadia.kaya@fabrikam%'"
    ) == [(True, "B2B direct", None)]


def test_dead_entries(tenant: Path) -> None:
    """Entries that give no access are in the lists and judged so: limited, system, dead, expired, existing, mail."""
    verdicts = dict(ask(tenant, "SELECT verdict, count(*) FROM entry GROUP BY verdict"))
    wanted = {
        "limited",
        "system",
        "deleted",
        "mismatch",
        "expired",
        "existing",
        "no_rights",
        "private_group",
        "live",
    }
    assert wanted <= verdicts.keys()


def test_inheritance(tenant: Path) -> None:
    """Subsite, file and folder break inheritance where their traps say, and a folder's link stays off the child's list."""
    closed = entries(tenant, site_of("subsite_unique_under_group_site") + "/closed")
    assert closed == {("Closed sessions", "Sofia Rossi", "user", "Full Control", True)}
    offer = entries(tenant, site_of("file_unique_under_inherited_folder"))
    assert ("Best offer.xlsx", "Umar Farouk", "user", "Read", True) in offer
    assert not any(entry[0] == "Bridge north" for entry in offer)
    chapters = entries(tenant, site_of("folder_link_and_unique_child"))
    assert {entry[0] for entry in chapters if entry[2] == "link"} == {"Chapters"}
    assert {entry[1] for entry in chapters if entry[0] == "Salaries.xlsx"} == {
        "Handbook Owners",
        "Handbook Members",
        "Handbook Visitors",
    }


def test_links(tenant: Path) -> None:
    """Scopes, kinds, redemption, expiry and orphans of links are as their traps say."""

    def links(name: str) -> list[tuple[Any, ...]]:
        query = """SELECT l.scope, l.permission, split_part(p.login, '.', 3), count(DISTINCT a.securable),
            count(DISTINCT i.principal), count(DISTINCT i.principal) FILTER (i.redeemed)
            FROM link l JOIN principal p ON p.id = l.principal JOIN site s ON s.id = l.site
            LEFT JOIN acl a ON a.principal = p.id LEFT JOIN invite i ON i.link = p.id
            WHERE s.url = $url GROUP BY p.id, l.scope, l.permission, p.login ORDER BY p.id"""
        return ask(tenant, query, url=site_of(name))

    assert links("expired_link") == [("specific", "Edit", "Flexible", 1, 1, 0)]
    assert links("orphan_link_group") == [("specific", "View", "Flexible", 0, 1, 1)]
    assert links("organization_link_redeemed_or_not") == [
        ("organization", "View", "OrganizationView", 1, 2, 1)
    ]
    assert links("anyone_link") == [
        ("anyone", "Edit", "AnonymousEdit", 1, 0, 0),
        ("anyone", "View", "AnonymousView", 1, 0, 0),
    ]
    assert links("organization_scope_under_flexible") == [("organization", "Review", "Flexible", 1, 2, 1)]
    assert links("existing_access_link") == [("existing", "View", "Flexible", 1, 1, 0)]
    assert links("pending_invitee") == [("specific", "View", "Flexible", 1, 2, 1)]


def test_crowded_link(tenant: Path) -> None:
    """The invitees of the crowded link, their addresses joined, exceed one cell."""
    found = ask(
        tenant,
        """SELECT sum(length(p.email)) FROM link l JOIN site s ON s.id = l.site JOIN invite i ON i.link = l.principal
        JOIN principal p ON p.id = i.principal WHERE s.url = $url""",
        url=site_of("crowded_link"),
    )
    assert found[0][0] > 32_767


def test_names(tenant: Path) -> None:
    """Formula-like, very long, right-to-left, emoji and control-character names are stored as they are."""
    names = {
        name for (name,) in ask(tenant, "SELECT name FROM principal UNION ALL SELECT name FROM securable")
    }
    assert {*FORMULA_GROUPS, LONG_NAME, "=1+1", "=2+3 #1 100%20.xlsx", "عقد الإيجار 2026"} <= names
    assert len(LONG_NAME) == 40_000
    assert any("\x07" in name for name in names)
    assert "," in site_of("comma_in_site_url")


def test_channel_and_site_states(tenant: Path) -> None:
    """The private channel's roster differs from its groups, its parent group is absent; four sites are not open."""
    url = site_of("private_channel")
    roster = """SELECT p.name FROM channel_member c JOIN site s ON s.id = c.site
        JOIN principal p ON p.id = c.principal WHERE s.url = $url"""
    inside = """SELECT p.name FROM principal g JOIN site s ON s.id = g.site JOIN member m ON m.container = g.id
        JOIN principal p ON p.id = m.member WHERE s.url = $url"""
    listed, held = ({name for (name,) in ask(tenant, query, url=url)} for query in (roster, inside))
    assert listed ^ held == {"Henrik Olsen", "Ida Brandt"}
    assert "Launch" not in held
    states = dict(
        ask(
            tenant,
            "SELECT title, state FROM site WHERE title IN ('Locked', 'Read-only', 'Archived', 'Recycled')",
        )
    )
    assert states == {
        "Locked": "No access",
        "Read-only": "Read-only",
        "Archived": "Archived",
        "Recycled": "Deleted",
    }


def test_trap_ids_do_not_depend_on_the_tenant(practice: Build) -> None:
    """Traps have the same ids and addresses in two tenants: a report must never mix them up."""
    query = f"SELECT id, kind, entra_id, name FROM principal WHERE id < {TRAP_PRINCIPALS} ORDER BY id"
    assert ask(practice("tiny", 1), query) == ask(practice("small", 1), query)
    assert fixed_guid("user/anna.berg@contoso.com") in {row[2] for row in ask(practice("tiny", 1), query)}
