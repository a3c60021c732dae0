"""Full and delta pulls: changes applied in order give what a full pull of the end would give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mgdc.mgdc_parts import (
    House,
    Row,
    edge,
    grant,
    group,
    person,
    site,
    sp_group,
    user,
    user_id,
    write,
)
from waybill.ingest.mgdc.datasets import DATASETS
from waybill.ingest.mgdc.find import find
from waybill.ingest.mgdc.merge import Fates, Landing
from waybill.ingest.mgdc.staging import Stager

GROUPS = DATASETS["SharePointGroups"]
State = dict[int, str]
Change = tuple[int, str | None]


def day(number: int) -> str:
    return f"2026-06-{number:02}T00:00:00Z"


def land(folder: Path, before: list[Row] | None) -> tuple[Fates, list[Row]]:
    """Land the SharePointGroups files below `folder` on top of landed rows; the fates and the landed rows."""
    found = find(folder)
    with duckdb.connect() as connection:
        if before is not None:
            connection.execute("ATTACH ':memory:' AS previous; CREATE SCHEMA previous.landed")
        landing = Landing(connection, found.files, before=before is not None)
        stager = Stager(connection, GROUPS, lambda *_: None, commit_rows=2)  # several transactions
        if before is not None:
            connection.execute(
                "CREATE TABLE previous.landed.SharePointGroups AS "
                "SELECT * EXCLUDE (_file, _object, _line) FROM landed.SharePointGroups"
            )
            for row in before:
                connection.execute(
                    "INSERT INTO previous.landed.SharePointGroups BY NAME SELECT $s AS SiteId, $g AS GroupId, $n AS DisplayName, "
                    "$d::TIMESTAMP AS SnapshotDate",
                    row,
                )
        for number, file in enumerate(found.files):
            stager.read(number, file, lambda *_: None, 0, 0)
        stager.finish()
        fates = landing.judge(GROUPS, None, frozenset())
        landing.land(GROUPS, fates)
        rows = connection.execute(
            "SELECT SiteId AS s, GroupId AS g, DisplayName AS n, SnapshotDate AS d FROM landed.SharePointGroups ORDER BY g"
        )
        names = [column[0] for column in rows.description or []]
        return fates, [dict(zip(names, values, strict=True)) for values in rows.fetchall()]


def files(folder: Path, number: int, state: State, changes: list[Change] | None) -> None:
    """One run: the whole state, or the changes."""
    if changes is None:
        rows = [sp_group(key, name, SnapshotDate=day(number)) for key, name in state.items()]
    else:
        known: set[int] = set(state)
        rows = []
        for key, name in changes:
            operation = "Deleted" if name is None else "Updated" if key in known else "Created"
            rows.append(sp_group(key, name or "gone", Operation=operation, SnapshotDate=day(number)))
    write(folder / f"SharePointGroups/2026/06/{number:02}/run-{number}/part-0.json", rows)


def apply(state: State, changes: list[Change]) -> State:
    ended = dict(state)
    for key, name in changes:
        if name is None:
            ended.pop(key, None)
        else:
            ended[key] = name
    return ended


KEYS, NAMES = st.integers(1, 6), st.sampled_from(["a", "b", "c"])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    return iter(lambda: tmp_path_factory.mktemp("pull"), None)


@settings(max_examples=12, deadline=None)
@given(
    st.dictionaries(KEYS, NAMES, min_size=1),
    st.lists(st.dictionaries(KEYS, NAMES | st.none(), min_size=1), min_size=1, max_size=3),
)
def test_delta_equals_full(folders: Iterator[Path], first: State, pulls: list[dict[int, str | None]]) -> None:
    """A full pull and its deltas, in one tree or one by one on top of the last, end where a full pull of the end does."""
    tree, state = next(folders), first
    files(tree, 1, first, None)
    start = next(folders)
    files(start, 1, first, None)
    _, stepwise = land(start, None)
    for number, pull in enumerate(pulls, start=2):
        changes = list(pull.items())
        files(tree, number, state, changes)
        step = next(folders)
        files(step, number, state, changes)
        _, stepwise = land(step, stepwise)
        state = apply(state, changes)
    fates, whole = land(tree, None)
    expected = sorted(state.items())
    assert [(row["g"], row["n"]) for row in whole] == expected
    assert [(row["g"], row["n"]) for row in stepwise] == expected
    objects = len(first) + sum(len(pull) for pull in pulls)
    assert fates.read + fates.repeated + fates.removed == objects
    assert fates.read == len(state)


def test_the_order_of_days_counts_not_of_names(tmp_path: Path) -> None:
    """Runs are applied by their SnapshotDate, whatever their folders are called; an older delta does not undo a newer."""
    write(
        tmp_path / "SharePointGroups/a/x.json",
        [sp_group(1, "newest", Operation="Updated", SnapshotDate=day(3))],
    )
    write(
        tmp_path / "SharePointGroups/b/x.json",
        [sp_group(1, "first", SnapshotDate=day(1)), sp_group(2, "kept", SnapshotDate=day(1))],
    )
    write(
        tmp_path / "SharePointGroups/c/x.json",
        [sp_group(1, "older", Operation="Deleted", SnapshotDate=day(2))],
    )
    fates, rows = land(tmp_path, None)
    assert [(row["g"], row["n"]) for row in rows] == [(1, "newest"), (2, "kept")]
    assert (fates.read, fates.repeated) == (2, 2)


def test_a_newer_full_pull_replaces_an_older(tmp_path: Path) -> None:
    """Rows that a newer full pull from another folder no longer has are removed, and counted so."""
    write(tmp_path / "SharePointGroups/b/x.json", [sp_group(n, "old", SnapshotDate=day(1)) for n in (1, 2)])
    write(tmp_path / "SharePointGroups/a/x.json", [sp_group(n, "new", SnapshotDate=day(2)) for n in (2, 3)])
    fates, rows = land(tmp_path, None)
    assert [(row["g"], row["n"]) for row in rows] == [(2, "new"), (3, "new")]
    assert (fates.read, fates.repeated, fates.removed) == (2, 1, 1)


def test_rows_of_several_days_in_one_folder_add_up(tmp_path: Path) -> None:
    """Full rows of different days in one folder are one pull, as in the published samples."""
    write(tmp_path / "SharePointGroups/x.json", [sp_group(n, "n", SnapshotDate=day(n)) for n in (1, 2, 3)])
    assert land(tmp_path, None)[0].read == 3


BASE = {
    "SharePointSites": [site(1), site(2)],
    "SharePointPermissions": [
        grant(person("anna"), role="Edit"),
        grant(person("boris"), url="sites/s2", on=2, number=2),
    ],
    "GroupDetails": [group(1, "Finance"), group(2, "Legal")],
    "GroupMembers": [edge(1, user_id("anna")), edge(1, user_id("boris")), edge(2, user_id("boris"))],
    "User": [user("anna"), user("boris"), user("clara")],
}
MEMBERS = """SELECT g.name, m.name FROM member e JOIN principal g ON g.id = e.container
    JOIN principal m ON m.id = e.member ORDER BY ALL"""
CANONICAL = (
    "principal",
    "member",
    "owner",
    "site",
    "site_admin",
    "securable",
    "level",
    "acl",
    "link",
    "invite",
    "entry",
    "live_grant",
)


def test_a_delta_starts_from_the_last_snapshot(house: House) -> None:
    """Permission changes alone, ingested later, give the same tables as a full pull of everything would."""
    house.take(BASE)
    changes = [
        grant(person("clara"), role="Edit", Operation="Updated", SnapshotDate=day(2)),
        grant(url="sites/s2", on=2, number=2, Operation="Deleted", SnapshotDate=day(2)),
        grant(
            person("anna"),
            role="Read",
            url="sites/s1/Docs",
            item="List",
            number=3,
            Operation="Created",
            SnapshotDate=day(2),
        ),
    ]
    delta = house.take({"SharePointPermissions": changes})
    count = delta.datasets["SharePointPermissions"]
    assert (count.objects, count.read, count.removed, count.carried) == (3, 2, 1, 0)
    ended = [{**changes[0], "Operation": "Full"}, {**changes[2], "Operation": "Full"}]
    full = house.take({**BASE, "SharePointPermissions": ended}, "other")
    for table in CANONICAL:
        rows = f"SELECT * FROM {table} ORDER BY ALL"
        assert house.query(delta, rows) == house.query(full, rows), table


def test_a_pull_of_members_replaces_the_groups_it_names(house: House) -> None:
    """GroupMembers have no Operation: the groups a new pull names get its members, the others keep theirs."""
    house.take(BASE)
    result = house.take({"GroupMembers": [edge(1, user_id("clara"))]})
    assert house.query(result, MEMBERS) == [("Finance", "clara"), ("Legal", "boris")]
    assert result.datasets["GroupMembers"].carried == 1
    whole = house.take(
        {
            "GroupMembers": [edge(1, user_id("clara"))],
            "GroupDetails": [group(1, "Finance"), group(2, "Legal")],
        }
    )
    assert house.query(whole, MEMBERS) == [("Finance", "clara")]


def test_datasets_without_files_are_carried_over_unless_fresh(house: House) -> None:
    """What no file replaces comes from the snapshot before; `fresh` starts from nothing."""
    house.take(BASE)
    write(
        house.folder / "sites/SharePointSites.json",
        [site(1), site(2, Url="https://contoso.sharepoint.com/sites/renamed")],
    )
    kept, fresh = house.ingest(house.folder / "sites"), house.ingest(house.folder / "sites", fresh=True)
    assert house.query(kept, "SELECT count(*) FROM acl") == [(2,)]
    assert house.query(fresh, "SELECT count(*) FROM acl") == [(0,)]
    assert kept.snapshot != fresh.snapshot


def test_changes_without_a_base_are_pointed_out(house: House) -> None:
    """A delta pull with nothing to apply it to is taken, with a warning that the rest is unknown."""
    result = house.take({"SharePointSites": [site(1, Operation="Created")]})
    assert any("no earlier pull" in warning for warning in result.warnings)


def test_each_day_of_file_actions_stands_alone(house: House) -> None:
    """FileActions have no key: all rows of a day are kept, and a day that is pulled again replaces itself."""
    action = {
        "ptenant": site()["ptenant"],
        "SiteId": site()["Id"],
        "ActionName": "FileModified",
        "SnapshotDate": day(1),
    }
    first = {"SharePointSites": [site(1)], "SharePointFileActions": [action, action]}
    assert house.take(first).datasets["SharePointFileActions"].read == 2
    house.take({"SharePointFileActions": [{**action, "SnapshotDate": day(2)}]})
    again = house.take(first)
    assert house.query(again, "SELECT count(*) FROM landed.SharePointFileActions") == [(3,)]
