"""Prepared reports: made once, immutable by their hash, swept when nobody wants them (graph.md 6.5)."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.semantics.activity_by_hand import RawFacts, concealed_lines, read_csv, report_lines
from tests.semantics.activity_tenant import TENANT_ID, UNTIL
from tests.unit.reports.conftest import D7, D30, Press
from waybill.errors import BadRequest, Gone
from waybill.exports.groups_activity import EXPORT
from waybill.tenant.snapshot import Outside, open_snapshot


def named(press: Press) -> None:
    press.settings.set_conceals(TENANT_ID, False, "the-app")


def test_a_file_is_what_its_hash_says(press: Press) -> None:
    """The file at a path has the hash and size that it is known by, and its name is the report's."""
    file = press.csv()
    content = file.path.read_bytes()
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert (file.size, file.name) == (len(content), "Office365GroupsActivityDetail.csv")
    assert press.prepared.find(TENANT_ID, file.sha256).path == file.path


@pytest.mark.parametrize("days", [7, 30, 90, 180])
def test_t22_a_concealed_file_is_what_plain_python_computes(press: Press, days: int) -> None:
    """By default names are masked, and the rows are those of plain Python in the order of their masks."""
    facts = RawFacts(press.snapshot)
    expected = concealed_lines(report_lines(facts, UNTIL, days), press.settings.key(TENANT_ID))
    shown = read_csv(press.csv({"period": (f"D{days}",)}).path.read_bytes())
    assert sorted(shown) == sorted(expected)
    assert [line[1] for line in shown if line[1]] == sorted(line[1] for line in shown if line[1])


def test_a_file_with_names_is_what_plain_python_computes(press: Press) -> None:
    """A tenant that shows names gets its rows in the order of names."""
    named(press)
    assert read_csv(press.csv().path.read_bytes()) == report_lines(RawFacts(press.snapshot), UNTIL, 7)


def test_t13_the_hash_changes_when_and_only_when_the_bytes_do(press: Press) -> None:
    """Each request, concealment and form is a file of its own; the same bytes are one file, whatever led there."""
    files = [press.csv(), press.csv(D30), press.csv(snapshot="s2"), press.csv({"period": ("d7",)})]
    named(press)
    files += [press.csv(), press.csv(guard_formulas=True), press.csv(D30), press.csv()]
    press.start()
    files += [press.csv()]
    press.time.move(days=1)  # another day, but the facts end where they ended
    files += [press.csv()]
    by_bytes = {file.path.read_bytes(): file.sha256 for file in files}
    assert len(by_bytes) == len({file.sha256 for file in files}) == 5
    assert all(file.sha256 == by_bytes[file.path.read_bytes()] for file in files)


def test_a_repeated_call_computes_nothing(press: Press) -> None:
    """The same request on the same snapshot is answered although that can be queried no more."""
    spill, outside = press.folder / "spill", Outside(press.time.at)
    with open_snapshot(press.snapshot, "s1", spill=spill, memory_mb=256, outside=outside) as facts:
        first = press.prepared.csv(TENANT_ID, EXPORT, D7, facts)
    assert press.prepared.csv(TENANT_ID, EXPORT, D7, facts) == first
    with pytest.raises(duckdb.ConnectionException):
        press.prepared.csv(TENANT_ID, EXPORT, D30, facts)


def test_a_swept_file_is_made_again(press: Press) -> None:
    """A day after its last use a file goes, with the folder; asked for again it is the same file."""
    file = press.csv()
    press.time.move(hours=20)
    assert press.csv() == file  # a use
    press.time.move(hours=20)
    assert press.prepared.sweep() == 0
    press.time.move(hours=5)
    assert press.prepared.sweep() == 1
    assert not file.path.parent.exists()
    with pytest.raises(Gone):
        press.prepared.find(TENANT_ID, file.sha256)
    press.time.at -= timedelta(hours=45)  # the same day again
    assert press.csv() == file
    assert file.path.exists()


def test_a_crash_leaves_nothing_for_good(press: Press) -> None:
    """What a crash left half made is swept like any file that is not used."""
    left = press.folder / "reports" / ".making" / "left"
    left.mkdir(parents=True)
    (left / "half.csv").write_bytes(b"half")
    press.time.move(days=3650)
    press.prepared.sweep()
    assert not left.exists()


@pytest.mark.parametrize("sha256", ["0" * 64, "..", "", "*", "A" * 64, "../" + "0" * 61])
def test_nothing_is_found_but_by_a_hash(press: Press, sha256: str) -> None:
    """What is no hash of a kept file finds nothing, whatever it looks like as a path."""
    press.csv()
    with pytest.raises(Gone):
        press.prepared.find(TENANT_ID, sha256)


def test_a_file_is_found_for_its_tenant_only(press: Press) -> None:
    """Another tenant asking for the same hash finds nothing, nor does a tenant named like a path."""
    file = press.csv()
    for tenant in ("another", "..", f"../{TENANT_ID}", ""):
        with pytest.raises(Gone):
            press.prepared.find(tenant, file.sha256)


def test_a_bad_request_makes_no_file(press: Press) -> None:
    """What the export refuses leaves nothing behind."""
    with pytest.raises(BadRequest):
        press.csv({"period": ("D8",)})
    assert not list(Path(press.folder / "reports").rglob("*.csv"))


def test_pages_are_the_rows_of_one_table(press: Press) -> None:
    """Pages put together are the whole table with its Teams columns, each row once, in order."""
    first = press.page(3)
    rows = first.rows.to_pylist()
    while len(rows) < first.total:
        rows += press.later(first.sha256, len(rows), 3).rows.to_pylist()
    assert rows == press.page(1000).rows.to_pylist()
    assert first.entity == "office365GroupsActivityDetail"
    assert len(rows[0]) == 21
    assert {type(row["reportPeriod"]) for row in rows} == {str}
    lines = read_csv(press.csv().path.read_bytes())
    assert [row["groupDisplayName"] or "" for row in rows] == [line[1] for line in lines]


def test_a_later_page_outlives_its_file_being_swept(press: Press) -> None:
    """Rows that were handed out can still be read after the file is deleted."""
    page = press.page(5)
    press.time.move(days=2)
    assert press.prepared.sweep() == 1
    assert len(page.rows.to_pylist()) == 5


def test_a_later_page_answers_its_own_request_only(press: Press) -> None:
    """A page of another request, of a CSV, or of names that are concealed by now, is gone."""
    named(press)
    page = press.page(3)
    with pytest.raises(Gone):
        press.later(page.sha256, 3, 3, D30)
    with pytest.raises(Gone):
        press.later(press.csv().sha256, 3, 3)
    assert press.later(page.sha256, 3, 3).start == 3
    press.settings.set_conceals(TENANT_ID, True, "the-app")
    with pytest.raises(Gone):
        press.later(page.sha256, 3, 3)
