"""What the practice tenant knows of people: profiles, plans, managers, OneDrives, and who comes from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.unit.practice.conftest import Build
from waybill.ingest.practice.claims import fixed_guid, partner_tenant
from waybill.ingest.practice.traps.partners import PARTNERS


@pytest.fixture(params=["tiny", "small"])
def tenant(request: pytest.FixtureRequest, practice: Build) -> Path:
    return practice(request.param, 1)


def ask(path: Path, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query, parameters or None).fetchall()


def test_everybody_has_one_profile(tenant: Path) -> None:
    """Everybody the directory still knows has one profile, deleted accounts have none."""
    query = """SELECT p.upn FROM principal p LEFT JOIN profile f ON f.principal = p.id WHERE p.kind = 'user'
        GROUP BY p.id, p.upn, p.status HAVING count(f.principal) <> (p.status NOT IN ('deleted', 'id_mismatch'))::INT"""
    assert ask(tenant, query) == []


def test_some_things_were_never_filled_in(practice: Build) -> None:
    """Most members have job, department and city, some do not; blocked accounts are not enabled."""
    query = """SELECT count(f.job_title) / count(*), count(f.department) / count(*), count(f.city) / count(*)
        FROM profile f JOIN principal p ON p.id = f.principal WHERE p.user_type = 'Member' AND NOT p.external"""
    assert all(0.7 < share < 1.0 for share in ask(practice("small", 1), query)[0])
    query = """SELECT DISTINCT p.status, f.account_enabled FROM profile f JOIN principal p ON p.id = f.principal ORDER BY 1"""
    assert ask(practice("small", 1), query) == [
        ("active", True), ("blocked", False), ("invited", True), ("soft_deleted", False)
    ]  # fmt: skip


def test_plans(tenant: Path) -> None:
    """A person holds at most three plans, each once, and never two of the main ones."""
    query = "SELECT principal FROM license GROUP BY principal HAVING count(*) > 3 OR count(DISTINCT sku) < count(*)"
    assert ask(tenant, query) == []
    query = "SELECT principal FROM license WHERE name LIKE 'Contoso Office%' GROUP BY 1 HAVING count(*) > 1"
    assert ask(tenant, query) == []
    assert ask(tenant, "SELECT 1 FROM license WHERE NOT regexp_full_match(sku, '[0-9a-f-]{36}')") == []


def test_managers_are_a_tree(tenant: Path) -> None:
    """Nobody has two managers, nobody is above themselves, and eight report to one at most."""
    assert ask(tenant, "SELECT principal FROM manager GROUP BY 1 HAVING count(*) > 1") == []
    assert ask(tenant, "SELECT manager FROM manager GROUP BY 1 HAVING count(*) > 8") == []
    above = """WITH RECURSIVE above AS (SELECT principal, manager FROM manager
        UNION SELECT a.principal, m.manager FROM above a JOIN manager m ON m.principal = a.manager)
        SELECT principal FROM above WHERE principal = manager"""
    assert ask(tenant, above) == []
    top = (
        """SELECT count(DISTINCT manager) FROM manager WHERE manager NOT IN (SELECT principal FROM manager)"""
    )
    assert ask(tenant, top)[0][0] >= 1


def test_guests_come_from_somewhere(tenant: Path) -> None:
    """Guests with an account know their home tenant, the same for one domain everywhere; own people have none."""
    assert ask(tenant, "SELECT 1 FROM principal WHERE home_tenant IS NOT NULL AND NOT external") == []
    query = """SELECT DISTINCT split_part(email, '@', 2), home_tenant FROM principal
        WHERE user_type = 'Guest' AND entra_id IS NOT NULL AND id > 10"""
    homes = dict(ask(tenant, query))
    assert homes["fabrikam.com"] == partner_tenant("fabrikam.com")
    assert None not in homes.values()


def test_partners_of_the_trap_set(tenant: Path) -> None:
    """Three people of two other tenants have an id and a home tenant, sit in a roster, and one holds a grant of her own."""
    query = """SELECT p.upn, p.entra_id, p.home_tenant, s.url, p.external FROM principal p
        JOIN channel_member c ON c.principal = p.id JOIN site s ON s.id = c.site
        WHERE p.upn IN (SELECT unnest($upns)) ORDER BY 1"""
    expected = [
        (upn, fixed_guid(f"user/{upn}"), partner_tenant(upn.partition("@")[2]),
         "https://contoso.sharepoint.com/sites/design-partners", True)
        for upn in sorted(PARTNERS)
    ]  # fmt: skip
    assert ask(tenant, query, upns=list(PARTNERS)) == expected
    query = "SELECT p.upn FROM acl a JOIN principal p ON p.id = a.principal WHERE p.user_type = 'B2B direct'"
    assert ask(tenant, query) == [("lucia.marchetti@tailspintoys.com",)]


def test_generated_partners(practice: Build) -> None:
    """Generated people of other organisations are on rosters of shared channels and reach their sites."""
    path = practice("small", 1)
    query = """SELECT count(DISTINCT p.id), bool_and(s.site_type = 'Shared channel'), count(DISTINCT p.home_tenant)
        FROM principal p JOIN channel_member c ON c.principal = p.id JOIN site s ON s.id = c.site
        WHERE p.user_type = 'B2B direct' AND p.entra_id IS NOT NULL"""
    people, all_shared, homes = ask(path, query)[0]
    assert (people, all_shared) == (15, True)
    assert homes >= 3
    query = """SELECT count(DISTINCT p.id) FROM principal p JOIN member m ON m.member = p.id
        JOIN principal g ON g.id = m.container AND g.kind = 'sp_group' WHERE p.user_type = 'B2B direct'"""
    assert ask(path, query)[0][0] >= 15


def test_drives_are_trees(tenant: Path) -> None:
    """Each OneDrive belongs to its site's owner; every item stands in a folder that is there; no path twice."""
    query = """SELECT DISTINCT owner FROM drive_item WHERE owner NOT IN (SELECT a.principal FROM site_admin a
        JOIN site s ON s.id = a.site WHERE a.is_primary AND s.module = 'OneDrive')"""
    assert ask(tenant, query) == []
    query = """SELECT count(DISTINCT a.principal) - (SELECT count(DISTINCT owner) FROM drive_item) FROM site_admin a
        JOIN site s ON s.id = a.site WHERE a.is_primary AND s.module = 'OneDrive'"""
    assert ask(tenant, query) == [(0,)]
    assert ask(tenant, "SELECT owner, path FROM drive_item GROUP BY ALL HAVING count(*) > 1") == []
    query = """SELECT d.path FROM drive_item d LEFT JOIN drive_item f ON f.owner = d.owner AND f.kind = 'folder'
        AND f.path = regexp_replace(d.path, '/[^/]*$', '', 's') WHERE contains(d.path, '/') AND f.path IS NULL"""
    assert ask(tenant, query) == []
    query = "SELECT 1 FROM drive_item WHERE (kind = 'folder') <> (size IS NULL) OR (kind = 'folder' AND content IS NOT NULL)"
    assert ask(tenant, query) == []
    assert ask(tenant, "SELECT 1 FROM drive_item WHERE created_at > modified_at") == []


def test_library_items_are_the_objects(practice: Build) -> None:
    """What a OneDrive lists of its site's library has the paths of the objects there."""
    query = """SELECT count(*), count(d.path) FROM securable o JOIN site s ON s.id = o.site AND s.module = 'OneDrive'
        JOIN site_admin a ON a.site = s.id AND a.is_primary
        LEFT JOIN drive_item d ON d.owner = a.principal AND o.url = s.url || '/Documents/' || replace(d.path, ' ', '%20')
        WHERE o.kind IN ('folder', 'file') AND s.title <> 'Anna Berg'"""
    objects, listed = ask(practice("tiny", 1), query)[0]
    assert objects == listed


def test_odd_items(tenant: Path) -> None:
    """Odd names, an empty file, an empty folder, large files and files that are not held are there for Anna Berg."""
    query = """SELECT d.path, d.kind, d.size, d.content IS NOT NULL FROM drive_item d JOIN principal p ON p.id = d.owner
        WHERE p.upn = 'anna.berg@contoso.com'"""
    items = {path: (kind, size, held) for path, kind, size, held in ask(tenant, query)}
    assert items["empty.txt"] == ("file", 0, True)
    assert items["Reisen/Ausflüge 2026/Leer"] == ("folder", None, False)
    assert items["Reisen/not held.mov"][2] is False
    assert items["C# & F#/notes #2.txt"][2] is True
    assert max(len(path) for path in items) > 200
    assert sum(size or 0 for _, size, held in items.values() if held) < 20 << 20
