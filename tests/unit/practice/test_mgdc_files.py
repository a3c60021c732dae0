"""A snapshot written out as MGDC files: complete, well formed, in the words of tenant-data.md 1."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.unit.practice.conftest import Build
from waybill.errors import DataProblem
from waybill.ingest.practice import practice_tenant_id
from waybill.ingest.practice.mgdc_files import DATASETS, write_mgdc
from waybill.ingest.practice.stage import group_id

Rows = Mapping[str, list[dict[str, Any]]]


def rows_of(folder: Path) -> Rows:
    found: dict[str, list[dict[str, Any]]] = {}
    for dataset in DATASETS:
        found[dataset] = [json.loads(line) for line in lines(folder / dataset)]
    return found


def lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.iterdir()):
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        yield from (
            text.decode().splitlines() if b"\xe2\x80\xa8" not in text else text.decode().split("\n")[:-1]
        )


@pytest.fixture(scope="session")
def written(practice: Build, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rows]:
    folder = tmp_path_factory.mktemp("mgdc") / "tiny"
    counts = write_mgdc(practice("tiny", 1), folder, parts=3)
    rows = rows_of(folder)
    assert counts == {name: len(found) for name, found in rows.items()}
    return folder, rows


def test_layout(written: tuple[Path, Rows]) -> None:
    """Each dataset is a folder of several gzipped parts and nothing else lies beside them."""
    folder, _ = written
    assert sorted(path.name for path in folder.iterdir()) == sorted(DATASETS)
    assert [path.name for path in sorted((folder / "User").iterdir())] == [
        f"part-0000{n}.json.gz" for n in range(3)
    ]


def test_all_there(written: tuple[Path, Rows], practice: Build) -> None:
    """Sites, files, grants, administrators, groups and members of the snapshot are all in the files."""
    _, rows = written
    with duckdb.connect(str(practice("tiny", 1)), read_only=True) as connection:

        def count(query: str) -> int:
            row = connection.execute(query).fetchone()
            return int(row[0]) if row else -1

        assert len(rows["SharePointSites"]) == count("SELECT count(*) FROM site")
        assert len(rows["SharePointFiles"]) == count("SELECT count(*) FROM securable WHERE kind = 'file'")
        grants = [row for row in rows["SharePointPermissions"] if row["ItemType"] != "SiteAdmin"]
        assert sum(len(row["SharedWith"]) for row in grants if not row["LinkId"]) == count(
            "SELECT count(*) FROM acl a JOIN principal p ON p.id = a.principal WHERE p.kind <> 'link'"
        )
        assert sum(1 for row in grants if row["LinkId"]) == count(
            "SELECT count(*) FROM acl a JOIN link l ON l.principal = a.principal WHERE l.scope <> 'existing'"
        )
        admins = [row for row in rows["SharePointPermissions"] if row["ItemType"] == "SiteAdmin"]
        assert sum(len(row["SharedWith"]) for row in admins) == count("SELECT count(*) FROM site_admin")
        assert sum(
            len(row["Members"])
            for row in rows["SharePointGroups"]
            if not row["DisplayName"].startswith("SharingLinks.")
        ) == count(
            "SELECT count(*) FROM member m JOIN principal p ON p.id = m.container WHERE p.kind = 'sp_group'"
        )


def test_keys(written: tuple[Path, Rows]) -> None:
    """The keys of tenant-data.md 1 tell all rows of a dataset apart."""
    _, rows = written
    keys = {
        "SharePointSites": ("Id",), "SharePointPermissions": ("SiteId", "ScopeId", "RoleDefinition", "LinkId"),
        "SharePointGroups": ("SiteId", "GroupId"), "SharePointFiles": ("SiteId", "ItemId"), "GroupDetails": ("id",),
        "GroupMembers": ("pObjectId", "id"), "GroupOwners": ("pObjectId", "id"), "User": ("id",),
        "Manager": ("puser", "id"),
    }  # fmt: skip
    for dataset, key in keys.items():
        values = [tuple(row[name] for name in key) for row in rows[dataset]]
        assert len(set(values)) == len(values), dataset


def test_joins(written: tuple[Path, Rows]) -> None:
    """Every row is of the tenant, every SiteId is a site, every file's scope is a scope with permissions."""
    _, rows = written
    assert {row["ptenant"] for found in rows.values() for row in found} == {practice_tenant_id("tiny", 1)}
    sites = {row["Id"] for row in rows["SharePointSites"]}
    for dataset in ("SharePointPermissions", "SharePointGroups", "SharePointFiles", "SharePointFileActions"):
        assert {row["SiteId"] for row in rows[dataset]} <= sites
    scopes = {row["ScopeId"] for row in rows["SharePointPermissions"]}
    assert {row["ScopeId"] for row in rows["SharePointFiles"]} <= scopes
    files = {row["ItemId"] for row in rows["SharePointFiles"]}
    assert {row["ListItemId"] for row in rows["SharePointFileActions"]} <= files


def test_words(written: tuple[Path, Rows]) -> None:
    """Roles, types and claims are spelled as Data Connect spells them."""
    _, rows = written
    permissions = rows["SharePointPermissions"]
    assert {row["ItemType"] for row in permissions} == {
        "SiteAdmin",
        "Web",
        "List",
        "Folder",
        "File",
        "ListItem",
    }
    assert {"FullControl", "Edit", "Contribute", "Read", "ViewOnly", "Contribute without delete"} <= {
        row["RoleDefinition"] for row in permissions
    }
    assert {row["LinkScope"] for row in permissions} == {None, "Anyone", "Organization", "SpecificPeople"}
    who = [person for row in permissions for person in row["SharedWith"]]
    assert {person["TypeV2"] for person in who} == {
        "InternalUser",
        "ExternalUser",
        "B2BUser",
        "SecurityGroup",
        "SharePointGroup",
    }
    owners = [person for person in who if (person["UserLoginName"] or "").endswith("_o")]
    assert group_id("Launch") in {person["AadObjectId"] for person in owners}


def test_the_same_twice(practice: Build, tmp_path: Path) -> None:
    """Writing the same snapshot twice gives the same lines."""
    for name in ("a", "b"):
        write_mgdc(practice("tiny", 1), tmp_path / name, compress=False, parts=2)
    for dataset in DATASETS:
        assert list(lines(tmp_path / "a" / dataset)) == list(lines(tmp_path / "b" / dataset))


def test_refusals(practice: Build, tmp_path: Path) -> None:
    """A folder in use and a missing snapshot are refused before anything is written."""
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "note.txt").write_text("mine")
    with pytest.raises(DataProblem, match="not empty"):
        write_mgdc(practice("tiny", 1), tmp_path / "used")
    with pytest.raises(DataProblem, match="no snapshot"):
        write_mgdc(tmp_path / "absent.duckdb", tmp_path / "new")
    assert not (tmp_path / "new").exists()
