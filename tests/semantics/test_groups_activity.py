"""The groups activity report: what its rows mean (graph.md 6.3, 6.4)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.once import practice_snapshot
from tests.semantics.activity_by_hand import (
    GROUP_ID,
    HEADER,
    NAME,
    RawFacts,
    concealed_lines,
    read_csv,
    report_lines,
)
from tests.semantics.activity_tenant import (
    AS_OF,
    TODAY,
    UNTIL,
    ActivityTenant,
    ago,
    random_tenant,
    small_tenant,
)
from waybill.errors import BadRequest
from waybill.export import Received, Table
from waybill.exports.groups_activity import EXPORT
from waybill.files.table_csv import write_csv
from waybill.jobs.report_concealment import concealed
from waybill.tenant.snapshot import Outside, Snapshot, open_snapshot

Row = dict[str, str]
Open = Callable[..., Snapshot]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_tenant().write(tmp_path_factory.mktemp("activity") / "small.duckdb")


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A practice tenant with all its traps."""
    return practice_snapshot(tmp_path_factory, "tiny")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens snapshots as of a moment, with the usual lag of two days."""
    with ExitStack() as stack:

        def open_one(path: Path, now: datetime = TODAY, lag_days: int = 2) -> Snapshot:
            outside = Outside(now, lag_days)
            return stack.enter_context(
                open_snapshot(path, "s", spill=tmp_path / "spill", memory_mb=256, outside=outside)
            )

        yield open_one


def table_of(facts: Snapshot, **received: str) -> Table:
    asked: Received = {name: (value,) for name, value in received.items()}
    request = EXPORT.read(asked)
    EXPORT.admit(request, facts)
    made = EXPORT.report(request, facts)
    assert isinstance(made, Table)
    return made


def lines_of(facts: Snapshot, **received: str) -> list[list[str]]:
    file = io.BytesIO()
    write_csv(file, table_of(facts, **received))
    return read_csv(file.getvalue())


def rows_of(facts: Snapshot, **received: str) -> dict[str, Row]:
    """Rows by display name."""
    heading = HEADER.split(",")
    return {line[NAME]: dict(zip(heading, line, strict=True)) for line in lines_of(facts, **received)}


@pytest.mark.parametrize("days", [7, 30, 90, 180])
@pytest.mark.parametrize("tenant", ["small", "practice"])
def test_a_period_is_what_plain_python_computes(
    tenant: str, days: int, opened: Open, request: pytest.FixtureRequest
) -> None:
    """Row for row the CSV of a period equals one computed from the raw facts by other code."""
    path: Path = request.getfixturevalue(tenant)
    expected = report_lines(RawFacts(path), UNTIL, days)
    assert expected
    assert lines_of(opened(path), period=f"D{days}") == expected


@pytest.mark.parametrize("days_ago", [0, 1, 3, 6, 20, 26])
@pytest.mark.parametrize("tenant", ["small", "practice"])
def test_a_date_is_what_plain_python_computes(
    tenant: str, days_ago: int, opened: Open, request: pytest.FixtureRequest
) -> None:
    """Row for row the CSV of one date equals one computed from the raw facts by other code."""
    path: Path = request.getfixturevalue(tenant)
    expected = report_lines(RawFacts(path), UNTIL, day=ago(days_ago))
    assert lines_of(opened(path), date=ago(days_ago).isoformat()) == expected


@pytest.mark.parametrize(
    "received", [{"period": f"D{days}"} for days in (7, 30, 90, 180)] + [{"date": "2026-05-27"}]
)
def test_t22_concealed_rows_are_what_plain_python_computes(
    received: dict[str, str], practice: Path, opened: Open
) -> None:
    """With names concealed the practice tenant's rows are those of plain Python, masked, in the order of masks."""
    key = b"a key of thirty-two bytes, or so"
    days = int(received.get("period", "D0")[1:])
    day = date.fromisoformat(received["date"]) if "date" in received else None
    expected = concealed_lines(report_lines(RawFacts(practice), UNTIL, days, day), key)
    file = io.BytesIO()
    write_csv(file, concealed(table_of(opened(practice), **received), key))
    shown = read_csv(file.getvalue())
    assert expected
    assert sorted(shown) == sorted(expected)
    assert [line[NAME] for line in shown if line[NAME]] == sorted(line[NAME] for line in shown if line[NAME])


@pytest.mark.parametrize("seed", range(6))
def test_random_tenants_are_what_plain_python_computes(seed: int, tmp_path: Path, opened: Open) -> None:
    """Whatever the facts are, periods, dates and lags give what other code computes from them."""
    path = random_tenant(seed).write(tmp_path / "random.duckdb")
    raw = RawFacts(path)
    for lag_days in (2, 9):
        facts, latest = opened(path, lag_days=lag_days), TODAY.date() - timedelta(days=lag_days)
        for days in (7, 30, 90, 180):
            assert lines_of(facts, period=f"D{days}") == report_lines(raw, latest, days)
        for days_ago in (-1, 0, 4, 12):
            asked = ago(days_ago)
            assert lines_of(facts, date=asked.isoformat()) == report_lines(raw, latest, day=asked)


def test_the_traps_of_the_practice_tenant_are_there(practice: Path) -> None:
    """The comparison with plain Python means something: deleted, idle, ownerless and odd names occur."""
    lines = report_lines(RawFacts(practice), UNTIL, 180)
    columns = list(zip(*lines, strict=True))
    assert {"True", "False"} <= set(columns[2])
    assert "" in columns[3]
    assert "" in columns[4]
    assert {"Public", "Private"} <= set(columns[5])
    assert "" in columns[8]
    assert "0" in columns[8]
    assert any("," in name or '"' in name for name in columns[1])
    deleted = {
        days: sum(line[2] == "True" for line in report_lines(RawFacts(practice), UNTIL, days))
        for days in (7, 180)
    }
    assert deleted[7] < deleted[180]


def test_t16_a_deleted_group_is_listed_while_its_activity_is_in_the_period(small: Path, opened: Open) -> None:
    """A deleted group says True, and only where its last activity is not before the period."""
    name = "F deleted, active 20 days ago"
    facts = opened(small)
    assert name not in rows_of(facts, period="D7")
    assert rows_of(facts, period="D30")[name]["Is Deleted"] == "True"
    assert "G deleted, never active" not in rows_of(facts, period="D180")
    assert rows_of(facts, date=ago(20).isoformat())[name]["Is Deleted"] == "True"


def test_t17_nothing_told_is_empty_and_nothing_happened_is_zero(small: Path, opened: Open) -> None:
    """Counts of a workload that told nothing in the period are empty; what was told, or is a total, is a number."""
    rows = rows_of(opened(small), period="D7")
    told, untold = rows["C told of nothing"], rows["B idle"]
    assert (told["Exchange Received Email Count"], told["SharePoint Active File Count"]) == ("0", "0")
    assert told["Yammer Posted Message Count"] == ""
    assert (untold["Exchange Received Email Count"], untold["SharePoint Active File Count"]) == ("", "")
    assert (untold["External Member Count"], untold["SharePoint Total File Count"]) == ("0", "0")
    assert rows["A busy"]["Yammer Posted Message Count"] == "0"
    assert rows["A busy"]["SharePoint Site Storage Used (Byte)"] == "0"


def test_a_period_is_so_many_days_and_a_file_counts_once(small: Path, opened: Open) -> None:
    """D7 is seven days with the last complete one; a file worked on for days is one active file."""
    rows = rows_of(opened(small), period="D7")["A busy"]
    assert rows["Exchange Received Email Count"] == "6"  # not the 100 of the eighth day
    assert rows["SharePoint Active File Count"] == "2"
    assert rows["Report Period"] == "7"
    assert rows_of(opened(small), period="D30")["A busy"]["Exchange Received Email Count"] == "106"


def test_people_are_counted_directly_and_the_first_owner_with_a_upn_is_named(
    small: Path, opened: Open
) -> None:
    """Members are direct users, groups inside are not counted; an owner without a UPN is passed over."""
    rows = rows_of(opened(small), period="D7")
    busy = rows["A busy"]
    assert (busy["Member Count"], busy["External Member Count"]) == ("2", "1")
    assert busy["Owner Principal Name"] == "olga@contoso.com"
    assert rows["E counted only"]["Member Count"] == "42"
    assert rows["B idle"]["Owner Principal Name"] == ""


def test_last_activity_looks_beyond_the_period_but_not_beyond_what_is_known(
    small: Path, opened: Open
) -> None:
    """Last activity is any known day up to the refresh date; Teams messages are no activity."""
    rows = rows_of(opened(small), period="D7")
    assert rows["H before D30"]["Last Activity Date"] == ago(45).isoformat()
    assert rows["B idle"]["Last Activity Date"] == ""
    assert rows["D only talk"]["Last Activity Date"] == ""
    assert rows["I after the last complete day"]["Last Activity Date"] == ""


def test_the_refresh_date_lags_and_never_passes_what_is_known(small: Path, opened: Open) -> None:
    """The refresh date is the last complete day of the facts, or today less the lag if that is earlier."""

    def refreshed(facts: Snapshot) -> str:
        return rows_of(facts, period="D7")["A busy"]["Report Refresh Date"]

    assert refreshed(opened(small)) == "2026-05-30"
    assert refreshed(opened(small, datetime(2026, 11, 22, tzinfo=UTC))) == "2026-05-30"
    assert refreshed(opened(small, lag_days=5)) == "2026-05-27"
    assert rows_of(opened(small, lag_days=5), period="D7")["A busy"]["Exchange Received Email Count"] == "102"


def test_t14_a_date_may_be_28_days_back_and_no_more(small: Path, opened: Open) -> None:
    """28 days back is answered, 29 and tomorrow are not, and the words are Microsoft's."""
    facts = opened(small)
    assert lines_of(facts, date=(TODAY.date() - timedelta(days=28)).isoformat()) == []
    for day in (TODAY.date() - timedelta(days=29), TODAY.date() + timedelta(days=1)):
        with pytest.raises(BadRequest) as refused:
            lines_of(facts, date=day.isoformat())
        assert str(refused.value) == (
            f"Invalid date value specified: {day}. Only support data for the past 28 days."
        )


def test_a_day_after_the_last_refresh_is_empty(small: Path, opened: Open) -> None:
    """A date inside the window whose facts are not complete yet gives the heading alone."""
    assert lines_of(opened(small), date="2026-05-31") == []
    assert lines_of(opened(small), date="2026-06-01") == []


@pytest.mark.parametrize("period", ["D1", "D14", "30", "D007", "D180 days", "", "D٧"])
def test_t15_other_periods_are_refused(period: str) -> None:
    """Only D7, D30, D90 and D180 are periods; the refusal says which value was meant."""
    with pytest.raises(BadRequest, match=r"^Invalid period value specified: ") as refused:
        EXPORT.read({"period": (period,)})
    assert refused.value.field == "period"


def test_a_period_may_be_in_lower_case() -> None:
    """d30 is D30."""
    assert EXPORT.read({"period": ("d30",)}) == EXPORT.read({"period": ("D30",)})


@pytest.mark.parametrize(
    "received",
    [{}, {"period": ("D7",), "date": ("2026-05-30",)}, {"date": ("2026-02-30",)}, {"date": ("30.5.26",)}],
)
def test_a_call_of_the_wrong_shape_is_refused(received: Received) -> None:
    """Neither, both, or a date that is none: no field is blamed, since no such function exists."""
    with pytest.raises(BadRequest) as refused:
        EXPORT.read(received)
    assert refused.value.field == ""


def test_only_groups_of_the_directory_are_listed(small: Path, opened: Open) -> None:
    """Neither other kinds of groups nor a group that only an access list names has a row."""
    names = set(rows_of(opened(small), period="D180"))
    assert names.isdisjoint({"Nested", "Distribution", "Orphan claim"})
    assert {"Unknown", "=1+1", ""} <= names


def test_rows_come_by_name_with_the_nameless_last(small: Path, opened: Open) -> None:
    """The order is by display name, then group id, and a group without a name is not dropped."""
    lines = lines_of(opened(small), period="D180")
    named = [(line[NAME], line[GROUP_ID]) for line in lines if line[NAME]]
    assert named == sorted(named)
    assert lines[-1][NAME] == ""


def usage_rows(tenant: ActivityTenant, refresh: date, period: int, *, concealed: bool) -> None:
    for position, name in enumerate(["Zeta", "Alpha"]):
        tenant.put(
            "usage_report", refresh_date=refresh, period=period, position=position, concealed=concealed,
            display_name=name, is_deleted=False, owner_upn="x@contoso.com", group_type="Public", members=3,
            external_members=0, emails_received=None, group_id=f"id of {name}",
        )  # fmt: skip


def test_microsofts_own_report_is_answered_where_it_is_newest(tmp_path: Path, opened: Open) -> None:
    """A loaded report as new as our facts is answered as it is; an older one, or another period, is computed."""
    tenant = small_tenant()
    usage_rows(tenant, UNTIL, 7, concealed=False)
    usage_rows(tenant, ago(1), 30, concealed=False)
    facts = opened(tenant.write(tmp_path / "usage.duckdb"))
    assert [line[NAME] for line in lines_of(facts, period="D7")] == ["Zeta", "Alpha"]
    assert lines_of(facts, period="D7")[0][GROUP_ID:] == ["id of Zeta", "7"]
    for period in ("D30", "D90"):
        assert "A busy" in rows_of(facts, period=period)
    assert "A busy" in rows_of(facts, date=UNTIL.isoformat())


def test_what_microsoft_concealed_is_not_masked_again(tmp_path: Path, opened: Open) -> None:
    """Rows that were concealed at their source keep the pseudonyms they came with."""
    tenant = ActivityTenant()
    usage_rows(tenant, UNTIL, 7, concealed=True)
    usage_rows(tenant, UNTIL, 30, concealed=False)
    facts = opened(tenant.write(tmp_path / "concealed.duckdb", until=None))
    assert (table_of(facts, period="D7").names, table_of(facts, period="D7").ids) == (
        frozenset(),
        frozenset(),
    )
    assert table_of(facts, period="D30").names
    assert table_of(facts, period="D7").gaps == ()


def test_without_any_activity_the_groups_are_listed_and_the_gap_is_told(tmp_path: Path, opened: Open) -> None:
    """Where nothing tells of activity the columns are empty, the date is the snapshot's less the lag, and it is said."""
    tenant = ActivityTenant()
    tenant.group("Quiet", members=(tenant.user("Olga"),))
    facts = opened(tenant.write(tmp_path / "none.duckdb", until=None), datetime(2026, 11, 22, tzinfo=UTC))
    made = table_of(facts, period="D30")
    assert len(made.gaps) == 1
    assert made.gaps[0].isascii()
    row = rows_of(facts, period="D30")["Quiet"]
    assert row["Report Refresh Date"] == (AS_OF.date() - timedelta(days=2)).isoformat()
    assert (row["Member Count"], row["Exchange Received Email Count"], row["Last Activity Date"]) == (
        "1",
        "",
        "",
    )


def test_the_sample_is_answered_on_any_tenant(small: Path, practice: Path, opened: Open) -> None:
    """The export's own sample is a request it admits."""
    for path in (small, practice):
        facts = opened(path, datetime(2026, 11, 22, tzinfo=UTC))
        EXPORT.admit(EXPORT.read(EXPORT.sample(facts)), facts)
