"""From files to a published snapshot: nothing lost, nothing of another tenant, nothing published when it fails."""

from __future__ import annotations

import errno
import gzip
import json

import duckdb
import pytest

from tests.unit.mgdc.mgdc_parts import (
    FOREIGN,
    TENANT,
    House,
    Row,
    edge,
    grant,
    group,
    guid,
    person,
    site,
    sp_group,
    user,
    write,
)
from waybill.errors import Conflict, DataProblem
from waybill.ingest.mgdc import DatasetCount, IngestResult
from waybill.ingest.mgdc.ingest import clear_errors


def whole() -> dict[str, list[Row]]:
    """A small tenant: two sites, a group, three people."""
    return {
        "SharePointSites": [site(1), site(2)],
        "SharePointPermissions": [
            grant(person("anna"), role="FullControl"),
            grant({"Type": "SharePointGroup", "Name": "S1 Members"}, role="Edit"),
            grant(person("boris"), url="sites/s2/Shared Documents/Plan.docx", item="File", number=2, on=2),
        ],
        "SharePointGroups": [
            sp_group(3, "S1 Members", {"Type": "User", "AadObjectId": guid("user", 1), "Name": "x"})
        ],
        "GroupDetails": [group(1, "Finance")],
        "GroupMembers": [edge(1, user("anna")["id"])],
        "User": [user("anna"), user("boris")],
    }


def accounted(result: IngestResult) -> bool:
    return all(c.objects == c.read + c.repeated + c.removed + c.rejected for c in result.datasets.values())


def test_every_object_is_accounted_for(house: House) -> None:
    """objects = read + repeated + removed + rejected: a repeated row counts once, a damaged one is a reject."""
    files = whole()
    folder = house.folder / "files"
    for name, rows in files.items():
        write(folder / f"{name}.json", [*rows, rows[0]])
    with (folder / "SharePointPermissions.json").open("ab") as file:
        file.write(b'\nrubbish\n{"SiteId": "' + b"9" * 400)
    result = house.ingest(folder)
    assert accounted(result)
    assert result.datasets["SharePointPermissions"] == DatasetCount(6, 3, 1, 0, 2, 0, 0)
    assert result.datasets["User"] == DatasetCount(3, 2, 1, 0, 0, 0, 0)
    first, second = house.rejects(result)
    assert (first["line"], first["dataset"], first["reason"]) == (
        5,
        "SharePointPermissions",
        "not a JSON object",
    )
    assert (second["file"], second["line"]) == ("SharePointPermissions.json", 6)
    assert len(second["text"]) == 300
    assert house.leftovers() == []


@pytest.mark.parametrize("joint", ["", "\n", ",\n", " "])
@pytest.mark.parametrize("ending", [".json", ".jsonl.gz"])
def test_the_same_rows_in_any_file_form(house: House, joint: str, ending: str) -> None:
    """Glued, line by line, gzip or not, in one file or several: the same rows are read."""
    for name, rows in whole().items():
        write(house.folder / f"files/{name}/part-0{ending}", rows[:1], joint=joint)
        write(house.folder / f"files/{name}/part-1{ending}", rows[1:], joint=joint)
    result = house.ingest(house.folder / "files")
    assert {name: count.read for name, count in result.datasets.items()} == {
        name: len(rows) for name, rows in whole().items()
    }


def test_rows_of_another_tenant_stay_out(house: House) -> None:
    """A row whose ptenant is not its dataset's majority is rejected with that reason; --any-tenant takes it."""
    files = whole()
    foreign = site(9, ptenant=FOREIGN)
    files["SharePointSites"].append(foreign)
    result = house.take(files, into="files")
    assert result.tenant == TENANT
    assert result.datasets["SharePointSites"] == DatasetCount(3, 2, 0, 0, 1, 0, 0)
    (reject,) = house.rejects(result)
    assert (reject["line"], reject["reason"]) == (3, f"it belongs to another tenant, {FOREIGN}")
    assert reject["text"] == json.dumps(foreign)[:300]
    taken = house.ingest(house.folder / "files", any_tenant=True)
    assert taken.datasets["SharePointSites"].read == 3
    assert taken.snapshot != result.snapshot


def test_a_tenant_given_by_id_is_the_wall(house: House) -> None:
    """With --tenant GUID only rows of that tenant are taken, however few; with none of it nothing is made."""
    files = {"SharePointSites": [site(1), site(2), site(3, ptenant=FOREIGN)]}
    assert house.take(files, FOREIGN).datasets["SharePointSites"].read == 1
    with pytest.raises(DataProblem, match="Not one row"):
        house.take(files, guid("nobody", 1))


def test_files_of_another_tenant_are_refused(house: House) -> None:
    """Files of one tenant are not taken for another that has the name already."""
    house.take(whole())
    with pytest.raises(Conflict, match=FOREIGN):
        house.take({"SharePointSites": [site(1, ptenant=FOREIGN)]})


def test_datasets_of_different_tenants_are_pointed_out(house: House) -> None:
    """Datasets whose majorities differ are taken, with a warning: the public samples are masked that way."""
    result = house.take(
        {"SharePointSites": [site(1)], "SharePointGroups": [sp_group(1, "Owners", ptenant=FOREIGN)]}
    )
    assert result.datasets["SharePointGroups"].read == 1
    assert any("different tenants" in warning for warning in result.warnings)


def test_rows_without_a_place_are_rejected_with_the_reason(house: House) -> None:
    """Rows of an unknown site or without a path are rejected with their reason; a known site's Exceptions name them."""
    files = whole()
    files["SharePointPermissions"] += [
        grant(person("anna"), on=77, number=7),
        grant(person("anna"), url=None, item="File", number=8),
        grant(person("anna"), url=None, WebId=guid("web", 55), number=9),
        grant(person("anna"), url="sites/s1", item="Folder", number=10),
        {key: value for key, value in grant(number=11).items() if key != "RoleDefinition"},
    ]
    files["SharePointSites"].append({"ptenant": TENANT, "Id": guid("site", 5)})
    result = house.take(files)
    assert accounted(result)
    assert [row["reason"] for row in house.rejects(result)] == [
        "it has no Url",
        f"its site {guid('site', 77)} is not in SharePointSites",
        "a file without ItemURL: its place is unknown",
        "a subsite without ItemURL: its place is unknown",
        "a folder with the path of its site: its place is unknown",
        "it has no RoleDefinition",
    ]
    problems = house.query(result, "SELECT code, count(*) FROM source_problem GROUP BY code")
    assert ("OBJECT_UNPLACED", 4) in problems


def test_permissions_need_sites(house: House) -> None:
    """Permission rows without any site make no snapshot, and the error says what is missing."""
    with pytest.raises(DataProblem, match="SharePointSites"):
        house.take({"SharePointPermissions": [grant(person("anna"))], "User": [user("anna")]})
    assert house.registry.snapshots() == []


def test_oddities_are_told(house: House) -> None:
    """Unreadable dates and unknown columns do not lose a row; they are counted and told with file and line."""
    files = whole()
    files["SharePointSites"][1] |= {"CreatedTime": "soon", "Brandnew": 1}
    files["NoDataset"] = []
    write(house.folder / "files/User.json", files.pop("User"))
    with (house.folder / "files/User.json").open("ab") as file:
        file.write(b'\n{"id": "' + guid("user", 7).encode() + b'", "displayName": "J\xf6rg"}')
    result = house.take(files, into="files")
    assert result.datasets["User"] == DatasetCount(3, 3, 0, 0, 0, 1, 0)
    assert result.datasets["SharePointSites"] == DatasetCount(2, 2, 0, 0, 0, 1, 0)
    told = "\n".join(result.warnings)
    assert "CreatedTime: SharePointSites.json:2 unreadable date 'soon'" in told
    assert "Brandnew (1)" in told
    assert "User.json:3 read leniently" in told
    assert "1 rows name no tenant" in told
    assert [skipped.name for skipped in result.skipped_files] == ["NoDataset.json"]


def test_the_same_files_are_the_same_snapshot(house: House) -> None:
    """Ingesting the same files again, or copies of them elsewhere, gives the same snapshot id and the same rows."""
    first = house.take(whole(), into="one")
    again, copy = house.ingest(house.folder / "one"), house.take(whole(), into="two")
    assert first.snapshot == again.snapshot == copy.snapshot
    assert first.datasets == again.datasets
    assert first.snapshot.startswith("20260601T000000Z-")
    assert len(house.registry.snapshots()) == 1


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_gzip_publishes_nothing(house: House, damage: str) -> None:
    """A gzip file that is cut or altered fails the ingest by name; the snapshot before stays the latest."""
    before = house.take(whole())
    for name, rows in whole().items():
        write(house.folder / f"bad/{name}.json.gz", rows * 40)
    target = house.folder / "bad/SharePointPermissions.json.gz"
    data = bytearray(target.read_bytes())
    if damage == "cut":
        del data[-20:]
    else:
        data[-6] ^= 0xFF  # within the checksum
    target.write_bytes(data)
    with pytest.raises(DataProblem, match=r"SharePointPermissions\.json\.gz is a damaged gzip"):
        house.ingest(house.folder / "bad")
    assert [published.id for published in house.registry.snapshots()] == [before.snapshot]
    assert house.leftovers() == []


def test_a_break_in_the_middle_publishes_nothing(house: House) -> None:
    """Any failure half-way leaves no snapshot, no rejects file and nothing to sweep."""

    def stop(_file: str, _done: int, _total: int, _rows: int) -> None:
        raise KeyboardInterrupt

    house.take(whole(), into="files")
    published = house.registry.snapshots()
    with pytest.raises(KeyboardInterrupt):
        house.ingest(house.folder / "files", progress=stop)
    assert house.registry.snapshots() == published
    assert house.leftovers() == []


def test_progress_ends_at_the_whole(house: House) -> None:
    """Progress tells files in turn and bytes that rise to the total."""
    seen: list[tuple[str, int, int, int]] = []
    house.take(whole(), into="files")
    house.ingest(house.folder / "files", progress=lambda *told: seen.append(told))
    assert {file for file, _, _, _ in seen} == {f"{name}.json" for name in whole()}
    done = [told for _, told, _, _ in seen]
    assert done == sorted(done)
    assert done[-1] == seen[-1][2] == sum(path.stat().st_size for path in (house.folder / "files").iterdir())


def test_several_gzip_members_are_one_file(house: House) -> None:
    """A file made of several gzip members, as appending makes it, is read to its end."""
    folder = house.folder / "files"
    folder.mkdir()
    parts = [gzip.compress(json.dumps(row).encode() + b"\n") for row in (site(1), site(2))]
    (folder / "SharePointSites.json.gz").write_bytes(b"".join(parts))
    assert house.ingest(folder).datasets["SharePointSites"].read == 2


def test_utf_16_is_named(house: House) -> None:
    """A file in UTF-16 is one reject that says how to save it."""
    files = whole()
    write(house.folder / "files/SharePointSites.json", files["SharePointSites"])
    text = json.dumps(user("anna")).encode("utf-16")
    (house.folder / "files/User.json").write_bytes(text)
    result = house.ingest(house.folder / "files")
    assert [row["reason"][:6] for row in house.rejects(result)] == ["UTF-16"]


def test_a_damaged_snapshot_before_is_named(house: House) -> None:
    """A delta on top of a damaged snapshot fails with its name and the way out, which works."""
    before = house.take(whole(), into="files")
    house.registry.path(before.tenant, before.snapshot).write_bytes(b"not a database" * 1000)
    with pytest.raises(DataProblem, match=f"{before.snapshot}.*--fresh"):
        house.ingest(house.folder / "files")
    assert house.ingest(house.folder / "files", fresh=True).snapshot == before.snapshot


def test_a_full_disk_is_called_that() -> None:
    """A full disk, met by us or by the engine, is told as one, with what to do."""
    for trouble in (
        OSError(errno.ENOSPC, "no space"),
        duckdb.IOException("IO Error: No space left on device"),
    ):
        with pytest.raises(DataProblem, match=r"disk is full.*Make room"), clear_errors():
            raise trouble
