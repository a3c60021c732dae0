"""The generated part: exact numbers, the same for the same seed, with the shapes tenant-data.md 4.4 names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.laws.tenants import furnished
from tests.unit.practice.conftest import Build
from waybill.errors import BadRequest
from waybill.ingest.practice import SIZES, build_practice, digest, practice_tenant_id, practice_tenant_name
from waybill.ingest.practice.traps import trap_set
from waybill.tenant.build import SnapshotBuilder

TABLES = ("principal", "member", "owner", "site", "site_admin", "associated", "channel_member", "securable", "level", "acl",
          "link", "invite", "profile", "license", "manager", "drive_item", "activity_event", "person_day", "unified_group",
          "group_day", "group_file_day")  # fmt: skip


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def one(path: Path, query: str) -> Any:
    return ask(path, query)[0][0]


def checksums(path: Path) -> dict[str, Any]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return {
            name: connection.execute(
                f"SELECT count(*), bit_xor(hash(t)), sum(hash(t)::HUGEINT) FROM {name} t"
            ).fetchone()
            for name in TABLES
        }


def fresh(tmp_path: Path, size: str, seed: int) -> dict[str, Any]:
    """The checksums of a tenant generated anew, as `<size>-<seed>.duckdb`, nothing derived."""
    path = tmp_path / f"{size}-{seed}.duckdb"
    builder = SnapshotBuilder(path, memory_mb=1024)
    build_practice(size, seed, builder, None)
    builder.connection.close()
    return checksums(path)


@pytest.mark.parametrize("size", ["tiny", "small"])
def test_same_seed_same_rows(size: str, practice: Build, tmp_path: Path) -> None:
    """The same size and seed give the same rows in every base table."""
    assert fresh(tmp_path, size, 1) == checksums(practice(size, 1))


def test_other_seed_other_rows(practice: Build, tmp_path: Path) -> None:
    """Another seed gives other people, sites and grants."""
    other, first = fresh(tmp_path, "tiny", 2), checksums(practice("tiny", 1))
    # Tiny has no channel but the trap set's, and levels are never drawn.
    assert [name for name in TABLES if other[name] == first[name]] == ["channel_member", "level"]


def check_figures(path: Path, size_name: str) -> None:
    size, traps = SIZES[size_name], trap_set("any")
    trapped = {name: table.num_rows for name, table in traps.tables().items()}

    def principals(condition: str) -> int:
        return int(
            one(path, f"SELECT count(*) FROM principal WHERE id >= {trapped['principal']} AND {condition}")
        )

    groups = "'security_group', 'mail_security_group', 'm365_group', 'distribution_group'"
    former = "kind = 'm365_group' AND status IN ('soft_deleted', 'deleted')"
    found = {
        "users": principals("kind = 'user' AND NOT external"),
        "guests": principals("kind = 'user' AND user_type = 'Guest'"),
        "partners": principals("kind = 'user' AND user_type = 'B2B direct'"),
        "groups": principals(f"kind IN ({groups}) AND NOT ({former})"),
        "former": principals(former),
        "sites": one(path, "SELECT count(*) FROM site") - trapped["site"],
        "objects": one(path, "SELECT count(*) FROM securable") - trapped["securable"],
        "grants": one(path, "SELECT count(*) FROM acl") - trapped["acl"],
        "links": one(path, "SELECT count(*) FROM link") - trapped["link"],
    }
    assert found == {name: getattr(size, name) for name in found}
    assert (
        one(path, "SELECT count(*) FROM (SELECT DISTINCT securable, principal, level FROM acl)")
        == size.grants + trapped["acl"]
    )
    crowd = one(
        path,
        "SELECT max(n) FROM (SELECT count(*) AS n FROM securable WHERE kind = 'file' AND has_acl GROUP BY site)",
    )
    assert crowd == size.crowded_scopes


@pytest.mark.parametrize("size", ["tiny", "small"])
def test_figures(size: str, practice: Build) -> None:
    """Each size has exactly its figures, the trap set on top, and passes the builder's checks."""
    check_figures(practice(size, 1), size)


def test_figures_of_medium(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The medium size, as tests/crash needs it too, has exactly its figures."""
    made = furnished(tmp_path_factory, "medium", 1, size="medium")
    try:
        check_figures(made.house.registry.path(made.guests[0].tenant, made.guests[0].snapshot), "medium")
    finally:
        made.house.control.dispose()


@pytest.mark.skipif("WAYBILL_TEST_LARGE" not in os.environ, reason="takes minutes: set WAYBILL_TEST_LARGE=1")
def test_figures_of_large(practice: Build) -> None:
    """The large size has exactly its figures."""
    check_figures(practice("large", 1), "large")


def test_shares(practice: Build) -> None:
    """Links, guests, group sizes and site kinds follow the shares of tenant-data.md 4.4."""
    path = practice("small", 1)
    shares = dict(ask(path, "SELECT scope, count(*) / sum(count(*)) OVER () FROM link GROUP BY scope"))
    assert shares["organization"] == pytest.approx(0.55, abs=0.02)
    assert shares["specific"] == pytest.approx(0.40, abs=0.02)
    assert shares["anyone"] == pytest.approx(0.05, abs=0.01)
    median = one(path, "SELECT median(n) FROM (SELECT count(*) AS n FROM member m JOIN principal p ON p.id = m.container "
                       "WHERE p.kind LIKE '%group' AND p.kind <> 'sp_group' GROUP BY container)")  # fmt: skip
    assert 4 <= median <= 8
    modules = {name for (name,) in ask(path, "SELECT DISTINCT module FROM site")}
    assert modules == {"Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group"}


def test_every_level_of_the_tree(practice: Build) -> None:
    """All kinds of securables occur; files hang in folders, items in lists, libraries in webs."""
    pairs = set(
        ask(
            practice("small", 1),
            "SELECT DISTINCT c.kind, p.kind FROM securable c LEFT JOIN securable p ON p.id = c.parent",
        )
    )
    assert pairs == {
        ("root", None), ("web", "root"), ("library", "root"), ("library", "web"), ("list", "root"), ("folder", "library"),
        ("folder", "folder"), ("file", "folder"), ("file", "library"), ("item", "list"),
    }  # fmt: skip


def test_addresses_are_unique_and_nested(practice: Build) -> None:
    """No two sites and no two objects share an address, and an object's begins with its parent's."""
    path = practice("small", 1)
    assert (
        one(path, "SELECT count(*) FROM (SELECT lower(url) FROM site GROUP BY ALL HAVING count(*) > 1)") == 0
    )
    assert (
        one(path, "SELECT count(*) FROM (SELECT lower(url) FROM securable GROUP BY ALL HAVING count(*) > 1)")
        == 0
    )
    assert ask(path, "SELECT c.url, p.url FROM securable c JOIN securable p ON p.id = c.parent "
                     "WHERE NOT starts_with(c.url, p.url || '/') LIMIT 3") == []  # fmt: skip
    assert ask(path, "SELECT url FROM securable WHERE contains(url, ' ') LIMIT 3") == []


def test_identities_are_unique(practice: Build) -> None:
    """No two principals share an Entra id, no two users but the mismatched one a UPN; ids are dense."""
    path = practice("small", 1)
    assert (
        ask(path, "SELECT entra_id FROM principal WHERE entra_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1")
        == []
    )
    assert ask(
        path, "SELECT lower(upn) FROM principal WHERE upn IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
    ) == [("julia.mendes@contoso.com",)]
    assert ask(path, "SELECT min(id), max(id) - count(*) + 1 FROM principal") == [(0, 0)]
    guid = "^[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
    for column, table in (
        ("entra_id", "principal"),
        ("guid", "site"),
        ("guid", "securable"),
        ("share_id", "link"),
    ):
        assert (
            ask(path, f"SELECT {column} FROM {table} WHERE NOT regexp_matches({column}, '{guid}') LIMIT 1")
            == []
        )


def test_logins_fit_their_kinds(practice: Build) -> None:
    """Every principal has the login name SharePoint gives to its kind (insights.md 3.5)."""
    forms = {
        "user": r"i:0#\.f\|membership\|.+", "security_group": r"c:0t\.c\|tenant\|[0-9a-f-]{36}",
        "m365_group": r"c:0o\.c\|federateddirectoryclaimprovider\|[0-9a-f-]{36}",
        "m365_owners": r"c:0o\.c\|federateddirectoryclaimprovider\|[0-9a-f-]{36}_o",
        "eeeu": r"c:0-\.f\|rolemanager\|spo-grid-all-users/[0-9a-f-]{36}",
        "link": r"SharingLinks\.[0-9a-f-]{36}\.[A-Za-z]+\.[0-9a-f-]{36}",
    }  # fmt: skip
    for kind, form in forms.items():
        query = f"SELECT login FROM principal WHERE kind = '{kind}' AND NOT regexp_full_match(login, '{form}') LIMIT 1"
        assert ask(practice("small", 1), query) == []
    assert (
        ask(practice("small", 1), "SELECT login FROM principal WHERE kind = 'sp_group' AND login <> name")
        == []
    )


def test_own_group_administers_by_its_owners(practice: Build) -> None:
    """A site has exactly one primary administrator, a group-connected one its group's owners claim (3.2)."""
    path = practice("small", 1)
    primary = "FROM site s LEFT JOIN site_admin a ON a.site = s.id AND a.is_primary LEFT JOIN principal p ON p.id = a.principal"
    assert ask(path, f"SELECT s.url {primary} GROUP BY s.url HAVING count(p.id) <> 1") == []
    assert (
        ask(path, f"SELECT s.url {primary} WHERE s.grp IS NOT NULL AND p.of_group IS DISTINCT FROM s.grp")
        == []
    )


def test_identity_of_a_practice_tenant() -> None:
    """Tenant id and digest are functions of size and seed alone, and differ with either."""
    assert practice_tenant_id("tiny", 1) == practice_tenant_id(" Tiny ", 1)
    assert len({practice_tenant_id(size, seed) for size in SIZES for seed in (1, 2)}) == 2 * len(SIZES)
    assert len({digest(size, seed) for size in SIZES for seed in (1, 2)}) == 2 * len(SIZES)
    assert practice_tenant_name("small", 1) == "practice-small"
    assert practice_tenant_name("small", 7) == "practice-small-7"


def test_unknown_size() -> None:
    """An unknown size is refused with the sizes there are."""
    with pytest.raises(BadRequest, match="tiny, small, medium, large"):
        practice_tenant_id("huge", 1)


def test_progress_rises_to_the_whole(tmp_path: Path) -> None:
    """Progress never falls and ends at the whole."""
    told: list[tuple[str, float]] = []
    builder = SnapshotBuilder(tmp_path / "tiny.duckdb")
    build_practice("tiny", 1, builder, lambda what, share: told.append((what, share)))
    builder.abandon()
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
