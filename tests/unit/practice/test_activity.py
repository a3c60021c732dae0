"""Activity of the practice tenant: 180 days of groups and people, with every trap of the groups report."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.unit.practice.conftest import Build
from waybill.ingest.practice.claims import ACTIVITY_DAYS, ACTIVITY_UNTIL, AS_OF
from waybill.ingest.practice.traps import ACTIVITY_TRAPS
from waybill.ingest.practice.traps.activity import DELETED, EDGES, FORMULA, QUOTED, deleted_group, edge_group

WORKLOADS = {"mail": ("emails_received",), "yammer": ("yammer_posted", "yammer_read", "yammer_liked"), "site": ("pages_viewed",),
             "teams": ("channel_messages", "meetings")}  # fmt: skip
GENERATED = "JOIN principal p ON p.id = u.grp AND p.id > (SELECT max(id) FROM principal WHERE name = 'One file many days')"


def ask(path: Path, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query, parameters or None).fetchall()


@pytest.fixture(params=["tiny", "small"])
def tenant(request: pytest.FixtureRequest, practice: Build) -> Path:
    return practice(request.param, 1)


def days_of(path: Path, name: str) -> list[date]:
    query = """SELECT day FROM group_day d JOIN principal p ON p.id = d.grp WHERE p.name = $name
        UNION SELECT day FROM group_file_day f JOIN principal p ON p.id = f.grp WHERE p.name = $name ORDER BY 1"""
    return [day for (day,) in ask(path, query, name=name)]


def test_the_days(tenant: Path) -> None:
    """All activity lies in the 180 days that end with the day the snapshot names as the last complete one."""
    assert ask(tenant, "SELECT value FROM meta WHERE key = 'activity_until'") == [("2026-05-30",)]
    assert AS_OF.date() - timedelta(days=2) == ACTIVITY_UNTIL
    first = ACTIVITY_UNTIL - timedelta(days=ACTIVITY_DAYS - 1)
    columns = {
        "group_day": "day",
        "group_file_day": "day",
        "person_day": "day",
        "activity_event": '"at"::DATE',
    }
    for table, column in columns.items():
        found = ask(tenant, f"SELECT min({column}), max({column}) FROM {table}")
        assert found[0][0] >= first, table
        assert found[0][1] == ACTIVITY_UNTIL, table


def test_groups_have_their_state(tenant: Path) -> None:
    """Exactly the Microsoft 365 groups have a state, as public as their site, deleted where they are deleted."""
    query = """SELECT count(*) FROM (SELECT id FROM principal WHERE kind = 'm365_group') g
        FULL JOIN unified_group u ON u.grp = g.id WHERE u.grp IS NULL OR g.id IS NULL"""
    assert ask(tenant, query) == [(0,)]
    assert ask(tenant, "SELECT 1 FROM unified_group GROUP BY grp HAVING count(*) > 1") == []
    assert {word for (word,) in ask(tenant, "SELECT visibility FROM unified_group")} == {"Public", "Private"}
    query = "SELECT u.grp FROM unified_group u JOIN site s ON s.grp = u.grp WHERE s.privacy <> u.visibility"
    assert ask(tenant, query) == []
    query = """SELECT p.name FROM unified_group u JOIN principal p ON p.id = u.grp
        WHERE (p.status IN ('soft_deleted', 'deleted')) <> (u.deleted_on IS NOT NULL)"""
    assert ask(tenant, query) == []
    query = """SELECT 1 FROM unified_group u JOIN (SELECT grp, day FROM group_day UNION SELECT grp, day FROM group_file_day) d
        ON d.grp = u.grp WHERE d.day >= u.deleted_on"""
    assert ask(tenant, query) == []


def test_idle_groups(practice: Build) -> None:
    """About a fifth of the generated groups has no activity at all, and others stopped before a window."""
    path = practice("small", 1)
    query = f"""SELECT count(*) FILTER (d.grp IS NULL) / count(*) FROM unified_group u {GENERATED}
        LEFT JOIN (SELECT DISTINCT grp FROM group_day UNION SELECT DISTINCT grp FROM group_file_day) d ON d.grp = u.grp"""
    assert 0.1 < ask(path, query)[0][0] < 0.32
    for days in (7, 30, 90):
        query = f"""SELECT count(*) FROM (SELECT u.grp, max(d.day) AS last FROM unified_group u {GENERATED}
            JOIN group_day d ON d.grp = u.grp GROUP BY u.grp) WHERE last <= DATE '{ACTIVITY_UNTIL - timedelta(days=days)}'"""
        assert ask(path, query)[0][0] > 0


def test_what_is_not_told_is_not_zero(practice: Build) -> None:
    """A workload is told of a group on all its days or on none; some groups are told nothing but zero."""
    path = practice("small", 1)
    for name, columns in WORKLOADS.items():
        filled = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        query = f"""SELECT count(DISTINCT told), bool_or(told), max(total) FROM (
            SELECT u.grp, {filled} AS told, sum({"+".join(columns)}) OVER (PARTITION BY u.grp) AS total
            FROM group_day u {GENERATED}) GROUP BY grp"""
        found = ask(path, query)
        assert {kinds for kinds, _, _ in found} == {1}, name
        assert {told for _, told, _ in found} == {True, False}, name
    assert any(total == 0 for _, told, total in found if told)


def test_days_and_files_are_told_once(tenant: Path) -> None:
    """A group has one row a day, a file one a group and day, a person one a day."""
    for table, key in (
        ("group_day", "grp, day"),
        ("group_file_day", "grp, day, file"),
        ("person_day", "principal, day"),
    ):
        assert ask(tenant, f"SELECT {key} FROM {table} GROUP BY {key} HAVING count(*) > 1") == []


def test_working_days(practice: Build) -> None:
    """Much more happens on working days than at weekends, and something happens then too."""
    for table in ("group_day", "person_day"):
        query = f"SELECT count(*) FILTER (isodow(day) > 5) / count(*) FROM {table}"
        assert 0.005 < ask(practice("small", 1), query)[0][0] < 0.15


@pytest.mark.parametrize("day", EDGES)
def test_edges(tenant: Path, day: int) -> None:
    """Each group of the window edges is active on its one day and on no other."""
    assert days_of(tenant, edge_group(day)) == [ACTIVITY_UNTIL - timedelta(days=day)]


@pytest.mark.parametrize(("day", "active"), DELETED)
def test_deleted_groups(tenant: Path, day: int, active: int | None) -> None:
    """Deleted groups were active once, before they were deleted, or never."""
    query = "SELECT u.deleted_on FROM unified_group u JOIN principal p ON p.id = u.grp WHERE p.name = $name"
    assert ask(tenant, query, name=deleted_group(day)) == [(ACTIVITY_UNTIL - timedelta(days=day),)]
    expected = [] if active is None else [ACTIVITY_UNTIL - timedelta(days=active)]
    assert days_of(tenant, deleted_group(day)) == expected


def test_odd_groups(tenant: Path) -> None:
    """Names that a CSV must quote, a formula, no name, and a busy group without owner are there."""
    names = {
        name for (name,) in ask(tenant, "SELECT p.name FROM unified_group u JOIN principal p ON p.id = u.grp")
    }
    assert {QUOTED, FORMULA, "", "Nobody owns this", "Told zero", "Told nothing"} <= names
    query = """SELECT count(o.principal), count(DISTINCT d.day) FROM principal p LEFT JOIN owner o ON o.grp = p.id
        JOIN group_day d ON d.grp = p.id WHERE p.name = 'Nobody owns this'"""
    assert ask(tenant, query) == [(0, 14)]
    assert days_of(tenant, "Told nothing") == []


def test_traps_are_documented() -> None:
    """docs/practice-tenant.md tells every activity trap in the words of its entry."""
    page = (Path(__file__).parents[3] / "docs" / "practice-tenant.md").read_text("utf-8")
    missing = [trap.name for trap in ACTIVITY_TRAPS if f"| `{trap.name}` | {trap.what} |" not in page]
    assert missing == []


def test_events_fit_the_rest(tenant: Path) -> None:
    """Events are of people on days they are active, on sites and files that exist."""
    query = """SELECT 1 FROM activity_event e LEFT JOIN person_day d ON d.principal = e.principal AND d.day = e."at"::DATE
        WHERE d.principal IS NULL"""
    assert ask(tenant, query) == []
    query = """SELECT 1 FROM activity_event e LEFT JOIN securable o ON o.url = e.object AND o.site = e.site AND o.kind = 'file'
        LEFT JOIN site s ON s.id = e.site
        WHERE e.operation LIKE 'File%' AND (o.id IS NULL OR (s.module = 'OneDrive') <> (e.workload = 'OneDrive'))"""
    assert ask(tenant, query) == []
    workloads = {word for (word,) in ask(tenant, "SELECT workload FROM activity_event")}
    assert {"SharePoint", "OneDrive", "Teams", "Exchange", "Entra"} <= workloads | {"OneDrive"}


def test_files_people_used_count_for_their_group(practice: Build) -> None:
    """A file of a group's site that a person used is among the group's files of that day, unless only deleted."""
    query = """SELECT count(*), count(g.file) FROM activity_event e JOIN site s ON s.id = e.site AND s.grp IS NOT NULL
        JOIN securable o ON o.url = e.object
        LEFT JOIN group_file_day g ON g.grp = s.grp AND g.day = e."at"::DATE AND g.file = ('0x' || left(md5(o.guid), 15))::BIGINT
        WHERE e.operation <> 'FileDeleted'"""
    used, counted = ask(practice("small", 1), query)[0]
    assert used == counted
    assert used > 100


def test_no_mailbox_no_mail(practice: Build) -> None:
    """Who has no mailbox here has no mail figures; for some nothing is told of Teams either."""
    query = """SELECT p.user_type, count(d.emails_sent) > 0, count(d.emails_sent) < count(*) FROM person_day d
        JOIN principal p ON p.id = d.principal GROUP BY 1 ORDER BY 1"""
    assert ask(practice("small", 1), query) == [
        ("B2B direct", False, True),
        ("Guest", False, True),
        ("Member", True, False),
    ]
    query = "SELECT count(chat_messages) BETWEEN 1 AND count(*) - 1 FROM person_day"
    assert ask(practice("small", 1), query) == [(True,)]
