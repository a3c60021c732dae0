"""Usage reports end in the snapshot row by row, the newest file of each, and no row is lost without a word."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from tests.unit.load.load_parts import (
    FINANCE,
    GROUP_COLUMNS,
    GROUPS,
    HIDDEN,
    NOBODY,
    REFRESH,
    SALES,
    SITE_COLUMNS,
    SITES,
    House,
    group_row,
    report,
    site_row,
)
from waybill.errors import DataProblem
from waybill.ingest.usage import ReportCount

DAY = date.fromisoformat(REFRESH)


def test_a_groups_report_is_taken_whole(house: House) -> None:
    """Every column of the groups report is in usage_report, blanks as NULL, zeros as 0, rows in their order."""
    house.found()
    house.drop("report.csv", report([group_row('Zoo, "a"\nb', SALES), group_row()]))
    result = house.usage()
    assert result.reports == {GROUPS: ReportCount(2, 2, 0, 0, 0, 0, 0)}
    finance = (
        DAY, 7, 1, False, "Finance", False, "anna@contoso.com", date(2026, 5, 29), "Private",
        5, 1, 12, None, None, None, None, 0, None, None, None, FINANCE, None, None,
    )  # fmt: skip
    rows = house.query(result.snapshot, "SELECT * FROM usage_report ORDER BY position")
    assert rows[1] == finance
    assert rows[0][:6] == (DAY, 7, 0, False, 'Zoo, "a"\nb', False)
    assert house.query(result.snapshot, "SELECT value FROM meta WHERE key = 'activity_until'") == [(REFRESH,)]
    assert result.notes == (f"{GROUPS}: 1 groups are not in this tenant's snapshot; their rows were taken.",)
    assert house.leftovers() == []


OLD = tuple(name for name in GROUP_COLUMNS if name != "Group Id")
GUESTS = tuple(name.replace("External Member Count", "Guest Count") for name in GROUP_COLUMNS)
CHINA = tuple(name for name in GROUP_COLUMNS if not name.startswith("Yammer"))
TEAMS = (*GROUP_COLUMNS, "Teams Channel Messages Count", "Teams Meetings Organized Count")


FORMS = [
    *(
        (columns, "as Microsoft writes it")
        for columns in (OLD, GUESTS, CHINA, TEAMS, tuple(reversed(GROUP_COLUMNS)))
    ),
    *((GROUP_COLUMNS, form) for form in ("LF", "no BOM", "BOM misread", "quoted", "last line open")),
]


def in_form(content: bytes, form: str) -> bytes:
    """The report as other tools leave it behind."""
    bom, body = content[:3], content[3:]
    first, _, rest = body.decode().partition("\r\n")
    return {
        "LF": content.replace(b"\r\n", b"\n"),
        "no BOM": body,
        "BOM misread": bom.decode("latin-1").encode() + body,
        "quoted": bom + ('"' + first.replace(",", '","') + '"\r\n' + rest).encode(),
        "last line open": content.rstrip(),
    }.get(form, content)


def test_every_form_is_read_by_its_headings(house: House) -> None:
    """Old, new, Chinese and reordered columns, any line ends and any BOM: the same values in the same fields."""
    house.found()
    row = group_row(Guest_Count=1, Yammer_Liked_Message_Count=4, Teams_Channel_Messages_Count=9)
    for number, (columns, form) in enumerate(FORMS):
        day = f"2026-05-{number + 1:02d}"
        house.drop(f"{number}.csv", in_form(report([{**row, "Report Refresh Date": day}], columns), form))
    found = house.query(
        house.usage().snapshot,
        "SELECT display_name, members, external_members, emails_received, yammer_liked, group_id, channel_messages "
        "FROM usage_report ORDER BY refresh_date",
    )
    assert found == [
        (
            "Finance", 5, 1, 12, None if columns is CHINA else 4, None if columns is OLD else FINANCE,
            9 if columns is TEAMS else None,
        )
        for columns, _ in FORMS
    ]  # fmt: skip


def test_a_newer_file_takes_the_place_of_an_older_one(house: House) -> None:
    """Of one period and refresh date the newest file counts, within a load and over loads; others stay."""
    house.found()
    house.drop("b.csv", report([group_row("Old"), group_row("Older", SALES)]), age=50)
    house.drop("a.csv", report([group_row("New")]), age=10)
    house.drop("c.csv", report([group_row("Month", period=30)]))
    result = house.usage()
    assert result.reports[GROUPS] == ReportCount(4, 2, 2, 0, 0, 0, 0)
    names = "SELECT period, display_name FROM usage_report ORDER BY ALL"
    assert house.query(result.snapshot, names) == [(7, "New"), (30, "Month")]
    for path in house.inbox.iterdir():
        path.unlink()
    house.drop("d.csv", report([group_row("Newest"), group_row("Second", SALES)]))
    result = house.usage()
    assert result.reports[GROUPS] == ReportCount(2, 2, 0, 0, 0, 0, 1)
    assert house.query(result.snapshot, names) == [(7, "Newest"), (7, "Second"), (30, "Month")]


def test_a_row_about_a_person_is_kept_by_its_headings(house: House) -> None:
    """A row about a person is kept whole, as told, for the account that is in use under that name."""
    house.found()
    house.drop(
        "sites.csv", report([site_row("BORIS@contoso.com"), site_row("dörte@contoso.com")], SITE_COLUMNS)
    )
    result = house.usage()
    assert result.reports == {SITES: ReportCount(2, 2, 0, 0, 0, 0, 0)}
    rows = house.query(result.snapshot, "SELECT * FROM person_usage ORDER BY principal")
    assert [row[:5] for row in rows] == [(2, SITES, DAY, 7, 0), (5, SITES, DAY, 7, 0)]
    told = json.loads(rows[0][5])
    assert tuple(told) == SITE_COLUMNS
    assert (told["User Principal Name"], told["Visited Page Count"]) == ("BORIS@contoso.com", "3")
    assert told["Deleted Date"] is None
    assert house.query(result.snapshot, "SELECT * FROM meta WHERE key = 'activity_until'") == []


def test_rows_that_belong_to_nobody_are_told(house: House) -> None:
    """Hidden, unknown and ambiguous names are counted and said; the last two are in the rejects file by place."""
    house.found()
    rows = [site_row(), site_row(HIDDEN), site_row("eve@contoso.com"), site_row("clara@contoso.com")]
    house.drop("sites.csv", report(rows, SITE_COLUMNS))
    result = house.usage()
    assert result.reports[SITES] == ReportCount(4, 1, 0, 1, 2, 0, 0)
    assert [(one["line"], one["text"], one["reason"][:12]) for one in house.rejects(result)] == [
        (4, "eve@contoso.com", "nobody of th"),
        (5, "clara@contoso.com", "2 accounts o"),
    ]
    assert "1 rows hide their person's name" in result.notes[0]
    assert "2 rows name nobody" in result.notes[1]


def test_hidden_names_replace_nothing(house: House) -> None:
    """A newer report about people whose names are all hidden does not remove what an open one told."""
    house.found()
    house.drop("open.csv", report([site_row()], SITE_COLUMNS), age=5)
    house.drop("hidden.csv", report([site_row(HIDDEN)], SITE_COLUMNS))
    assert house.usage().reports[SITES] == ReportCount(2, 1, 0, 1, 0, 0, 0)


LOADS = "SELECT refresh_date::VARCHAR, taken, concealed, unmatched, rejected FROM usage_load ORDER BY 1"


def test_what_became_of_rows_is_kept(house: House) -> None:
    """The snapshot keeps, by report and date, how many rows named nobody; a file that names people replaces that,
    one that hides them all does not."""
    house.found()
    rows = [site_row(), site_row(HIDDEN), site_row("eve@contoso.com"), site_row(Is_Deleted="maybe")]
    house.drop("sites.csv", report(rows, SITE_COLUMNS), age=5)
    first = house.query(house.usage().snapshot, LOADS)
    assert [row[1:] for row in first] == [(1, 1, 1, 1)]
    house.drop("sites.csv", report([site_row(HIDDEN)], SITE_COLUMNS))
    house.drop("groups.csv", report([group_row()]))
    assert house.query(house.usage().snapshot, LOADS) == first
    house.drop("sites.csv", report([site_row()], SITE_COLUMNS))
    assert [row[1:] for row in house.query(house.usage().snapshot, LOADS)] == [(1, 0, 0, 0)]


def test_groups_with_hidden_names_are_taken_and_marked(house: House) -> None:
    """Rows of groups whose names and ids are hidden are taken as they are, marked, and said."""
    house.found()
    hidden = group_row(HIDDEN, NOBODY, Owner_Principal_Name=HIDDEN)
    house.drop("x.csv", report([hidden, group_row(HIDDEN)]))
    result = house.usage()
    marks = house.query(result.snapshot, "SELECT concealed, group_id FROM usage_report ORDER BY position")
    assert marks == [(True, NOBODY), (False, FINANCE)]  # a group may be named like a hash
    assert result.reports[GROUPS].taken == 2
    assert "1 rows hide their group's name" in " ".join(result.notes)


MISFITS = (
    ("Member Count", "many", "member count: 'many' is no whole number"),
    ("Member Count", "-1", "member count: '-1' is no whole number"),
    ("Member Count", "١", "member count: '١' is no whole number"),
    ("Is Deleted", "Nein", "is deleted: 'Nein' is neither True nor False"),
    ("Report Refresh Date", "", "report refresh date is empty"),
    (
        "Report Refresh Date",
        "30.05.2026",
        "report refresh date: '30.05.2026' is no date of the form YYYY-MM-DD",
    ),
    ("Last Activity Date", "2026-02-30", "last activity date: day is out of range for month"),
    ("Report Period", "1", "report period: '1' is none of 7, 30, 90, 180 days"),
    ("Group Id", "f1", "group id: 'f1' is no GUID"),
)


def test_a_cell_that_does_not_fit_rejects_its_row(house: House) -> None:
    """A row with a cell that cannot be read is rejected with line and reason; its neighbours are taken."""
    house.found()
    bad = [{**group_row(), heading: cell} for heading, cell, _ in MISFITS]
    house.drop("x.csv", report([group_row(), *bad, group_row("Sales", SALES)]))
    result = house.usage()
    assert result.reports[GROUPS] == ReportCount(len(bad) + 2, 2, 0, 0, 0, len(bad), 0)
    assert [(one["file"], one["line"], one["reason"]) for one in house.rejects(result)] == [
        ("x.csv", number, reason) for number, (_, _, reason) in enumerate(MISFITS, start=3)
    ]


def test_lines_that_are_no_rows_are_rejected(house: House) -> None:
    """Too many cells, other encodings and open quotes are rejects with their lines; blank lines are nothing."""
    house.found()
    content = report([group_row()])
    content += b"\r\n2026-05-30,too few\r\n"
    content += report([group_row("J\u00f6rg")])[3:].partition(b"\r\n")[2].replace(b"\xc3\xb6", b"\xf6")
    content += b'2026-05-30,"open\r\nquote'
    house.drop("x.csv", content)
    result = house.usage()
    assert result.reports[GROUPS] == ReportCount(4, 1, 0, 0, 0, 3, 0)
    assert [(one["line"], one["reason"]) for one in house.rejects(result)] == [
        (4, "it has 2 cells, the headings are 19"),
        (5, "not UTF-8"),
        (6, "not CSV: unexpected end of data (lines 6 to 7)"),
    ]


def test_activity_by_day_keeps_its_own_end(house: House) -> None:
    """Where activity by day is known, a newer report does not move its end: the days between are not idle days."""
    days = {"group_day": [{"grp": 6, "day": date(2026, 5, 1), "meetings": 1}]}
    house.found(days, activity_until=date(2026, 5, 10))
    house.drop("x.csv", report([group_row()]))
    until = "SELECT value FROM meta WHERE key = 'activity_until'"
    assert house.query(house.usage().snapshot, until) == [("2026-05-10",)]


def test_an_older_report_does_not_turn_time_back(house: House) -> None:
    """Without activity by day the end of activity is the newest refresh date, whatever is loaded when."""
    house.found()
    until = "SELECT value FROM meta WHERE key = 'activity_until'"
    for day, expected in (
        ("2026-05-20", "2026-05-20"),
        ("2026-05-30", "2026-05-30"),
        ("2026-05-10", "2026-05-30"),
    ):
        house.drop("x.csv", report([group_row(Report_Refresh_Date=day)]))
        assert house.query(house.usage().snapshot, until) == [(expected,)]


def test_the_same_reports_are_the_same_snapshot(house: House) -> None:
    """Copies of a file under other names, on top of the same snapshot, give the same snapshot id and rows."""
    house.found()
    house.drop("x.csv", report([group_row()]))
    first = house.usage()
    (house.inbox / "x.csv").rename(house.inbox / "y.csv")
    house.drop("z.csv", report([group_row()]), age=3)
    house.found()
    again = house.usage()
    assert first.snapshot == again.snapshot
    assert again.reports[GROUPS].superseded == 1


def test_nothing_usable_publishes_nothing(house: House) -> None:
    """No report at all, or not one row that can be taken, is an error in words; the snapshot before stays."""
    source = house.found()
    house.drop("notes.csv", b"Title,Text\r\na,b\r\n")
    with pytest.raises(DataProblem, match=r"No usage report.*notes\.csv: its headings"):
        house.usage()
    house.drop("sites.csv", report([site_row(HIDDEN)], SITE_COLUMNS))
    with pytest.raises(DataProblem, match=r"Not one row.*1 rows hide"):
        house.usage()
    assert [one.id for one in house.registry.snapshots()] == [source.id]
    assert house.leftovers() == []


def test_left_out_files_are_named(house: House) -> None:
    """Every file that is no report this version loads is named with the reason."""
    house.found()
    house.drop("a/report.CSV", report([group_row()]))
    house.drop("counts.csv", b"Report Refresh Date,Viewed Or Edited,Synced,Report Date,Report Period\r\n")
    house.drop(
        "yammer.csv",
        b"Report Refresh Date,Group Display Name,Is Deleted,Member Count,Posted Count,Report Period\n",
    )
    house.drop("empty.csv", b"")
    house.drop("wide.csv", "Report Refresh Date".encode("utf-16"))
    house.drop("twice.csv", report([], (*GROUP_COLUMNS, "Group Id")))
    house.drop("read.me", b"hello")
    result = house.usage()
    assert {one.name: one.reason.partition(":")[0] for one in result.skipped_files} == {
        "counts.csv": "its headings are those of no usage report that this version knows",
        "yammer.csv": "getYammerGroupsActivityDetail",
        "empty.csv": "it is empty",
        "wide.csv": "UTF-16, not UTF-8",
        "twice.csv": "the heading 'group id' is there twice",
        "read.me": "not a .csv file",
    }


def test_unused_columns_are_told(house: House) -> None:
    """A column of the groups report that this version does not read is named."""
    house.found()
    house.drop("x.csv", report([group_row(Brand_New=1)], (*GROUP_COLUMNS, "Brand New")))
    assert "Columns that were not used: Brand New." in house.usage().notes


def test_published_samples_are_read(house: House, shared: Path) -> None:
    """The captured reports of the public samples are known by their headings, row for row."""
    house.found()
    for file in (shared / "samples/cli-m365").glob("*.csv"):
        house.drop(file.name, file.read_bytes())
    result = house.usage()
    assert result.reports[GROUPS] == ReportCount(1, 1, 0, 0, 0, 0, 0)
    assert {name: count.rows for name, count in result.reports.items()} == {
        GROUPS: 1, SITES: 1, "getOneDriveActivityUserDetail": 1, "getOneDriveUsageAccountDetail": 1,
        "getOffice365ActiveUserDetail": 1, "getOffice365ActivationsUserDetail": 1,
    }  # fmt: skip
    # This sample's row has two cells more than headings; nobody can tell which they are.
    reasons = {one["dataset"]: one["reason"] for one in house.rejects(result) if "cells" in one["reason"]}
    assert reasons == {"getOffice365ActiveUserDetail": "it has 26 cells, the headings are 24"}
    assert any("getSharePointSiteUsageDetail" in one.reason for one in result.skipped_files)
