"""A practice tenant written as MGDC files and read back gives the same access."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.unit.practice.conftest import Build
from waybill.clock import SYSTEM_CLOCK
from waybill.control import open_control
from waybill.ingest.mgdc import ingest_mgdc
from waybill.ingest.practice.mgdc_files import write_mgdc
from waybill.tenant.registry import Registry

# Deletion is absence in MGDC files, and nothing in them tells who holds a directory role: both are left out here.
KNOWN = """p.login NOT IN (SELECT login FROM before.principal WHERE status = 'deleted' OR kind = 'directory_role')"""

Compare = Callable[[str], None]


@pytest.fixture(scope="module", params=["tiny", "small"])
def compare(
    request: pytest.FixtureRequest, practice: Build, tmp_path_factory: pytest.TempPathFactory
) -> Compare:
    """Asserts that a query (with `@` for the database) gives the same rows before and after the round trip."""
    before, data = practice(request.param, 1), tmp_path_factory.mktemp("round-trip")
    write_mgdc(before, data / "files")
    registry = Registry(open_control(data / "control.db"), data / "snapshots", data / "spill", SYSTEM_CLOCK)
    result = ingest_mgdc(data / "files", "back", registry, data=data)
    assert {name: count.rejected for name, count in result.datasets.items() if count.rejected} == {}
    after = registry.path(result.tenant, result.snapshot)

    def same(query: str) -> None:
        old, new = (rows(before, after, query.replace("@", f"{side}.")) for side in ("before", "after"))
        assert len(old) > 5
        assert sorted(old - new, key=str)[:5] == []
        assert sorted(new - old, key=str)[:5] == []

    return same


def rows(before: Path, after: Path, query: str) -> set[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{before}' AS before (READ_ONLY)")
        connection.execute(f"ATTACH '{after}' AS after (READ_ONLY)")
        return set(connection.execute(query).fetchall())


def test_live_grants(compare: Compare) -> None:
    """Every grant that gives access today comes back: same object, principal and level."""
    compare(f"""SELECT o.url, lower(p.login), v.name, g.is_admin FROM @live_grant g JOIN @securable o ON o.id = g.securable
        JOIN @principal p ON p.id = g.principal JOIN @level v ON v.id = g.level WHERE {KNOWN}""")


def test_dead_grants(compare: Compare) -> None:
    """Entries that give no access come back with the same verdict, but for existing-access links."""
    compare(f"""SELECT o.url, lower(p.login), v.name, e.verdict FROM @entry e JOIN @securable o ON o.id = e.securable
        JOIN @principal p ON p.id = e.principal JOIN @level v ON v.id = e.level
        WHERE e.verdict NOT IN ('live', 'existing') AND {KNOWN}""")


def test_membership(compare: Compare) -> None:
    """Who is directly in what carries access the same way, redemption of links included."""
    compare(f"""SELECT lower(p.login), c.site IS NOT NULL, lower(m.login) FROM @edge e JOIN @principal p ON p.id = e.container
        JOIN @principal c ON c.id = e.container JOIN @principal m ON m.id = e.member
        WHERE {KNOWN} AND (p.kind <> 'm365_owners' OR p.id IN (SELECT principal FROM @site_admin))""")


def test_places(compare: Compare) -> None:
    """Every object with an access list and every file comes back, under the same scope."""
    compare("""SELECT s.url, s.kind, s.has_acl, g.url FROM @securable s JOIN @object o ON o.securable = s.id
        JOIN @securable g ON g.id = o.scope WHERE s.has_acl OR s.kind = 'file'""")


def test_sites_and_administrators(compare: Compare) -> None:
    """Sites keep module, type, privacy and state; administrators stay the same."""
    compare("SELECT url, title, module, site_type, privacy, state, external_sharing, label FROM @site")
    compare(f"""SELECT s.url, lower(p.login), a.is_primary FROM @site_admin a JOIN @site s ON s.id = a.site
        JOIN @principal p ON p.id = a.principal WHERE {KNOWN}""")


def test_people(compare: Compare) -> None:
    """People keep their ids, whether they are external and whether they may sign in."""
    compare(f"""SELECT entra_id, lower(login), user_type, external, status IN ('active', 'invited') FROM @principal p
        WHERE kind = 'user' AND {KNOWN}""")


def test_links(compare: Compare) -> None:
    """Links that are granted keep scope, permission, author, dates and place."""
    compare("""SELECT lower(p.login), l.scope, l.permission, l.created_by, l.created_at, l.expires_at, l.block_download, o.url
        FROM @link l JOIN @principal p ON p.id = l.principal JOIN @securable o ON o.id = l.securable
        WHERE l.scope <> 'existing' AND l.principal IN (SELECT principal FROM @acl)""")
