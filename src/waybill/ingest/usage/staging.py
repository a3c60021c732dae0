"""Read usage report files into temporary tables, and keep count of every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from waybill.ingest.mgdc.rejects import RejectsFile
from waybill.ingest.usage.cells import (
    GROUP_HEADINGS,
    NUMBERS,
    GroupRow,
    Misfit,
    PersonRow,
    group_row,
    person_row,
)
from waybill.ingest.usage.kinds import GROUPS, plain_heading
from waybill.ingest.usage.reading import UsageFile, rows_of
from waybill.tenant.build import SnapshotFile

Progress = Callable[[str, float], None]
"""(file, share of all files that is done, 0 to 1)."""

_BATCH_ROWS = 10_000

_TEXT, _DAY, _INT, _BIG, _FLAG = pa.string(), pa.date32(), pa.int32(), pa.int64(), pa.bool_()
_Columns = list[tuple[str, pa.DataType]]
_PLACE: _Columns = [("file", _INT), ("line", _BIG)]
_NUMBERS: _Columns = [(name, _BIG) for name in NUMBERS]

_GROUP: _Columns = [
    ("refresh_date", _DAY), ("period", _INT), ("concealed", _FLAG), ("display_name", _TEXT), ("is_deleted", _FLAG),
    ("owner_upn", _TEXT), ("last_activity", _DAY), ("group_type", _TEXT), ("group_id", _TEXT), *_NUMBERS, *_PLACE,
]  # fmt: skip
_PERSON: _Columns = [
    ("report", _TEXT), ("refresh_date", _DAY), ("period", _INT), ("upn", _TEXT), ("concealed", _FLAG),
    ("display_name", _TEXT), ("is_deleted", _FLAG), ("row_json", _TEXT), *_PLACE,
]  # fmt: skip


@dataclass(slots=True)
class Staged:
    """What was read: rows found, and rows that could not be read, by report; and headings not used.

    The temporary table `staged_rejected` has what could not be read by file, of reports about people.
    """

    rows: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    unused: set[str] = field(default_factory=set)


def stage(
    target: SnapshotFile, files: Iterable[UsageFile], rejects: RejectsFile, progress: Progress
) -> Staged:
    """Fill the temporary tables `staged_group` and `staged_person` from `files`, numbered in order."""
    groups = _Filling(target, "staged_group", _GROUP)
    people = _Filling(target, "staged_person", _PERSON)
    staged = Staged()
    target.connection.execute(
        "CREATE TEMP TABLE staged_rejected (report VARCHAR NOT NULL, file INTEGER NOT NULL, rows BIGINT NOT NULL)"
    )
    files = tuple(files)
    total, done = sum(file.size for file in files), 0
    for number, file in enumerate(files):
        progress(file.name, done / total if total else 0.0)
        before = staged.rejected[file.kind.report]
        _stage_file(number, file, groups, people, rejects, staged)
        rejected = staged.rejected[file.kind.report] - before
        if rejected and file.kind is not GROUPS:
            target.connection.execute(
                "INSERT INTO staged_rejected VALUES (?, ?, ?)", [file.kind.report, number, rejected]
            )
        done += file.size
    groups.flush()
    people.flush()
    return staged


def _stage_file(
    number: int, file: UsageFile, groups: _Filling, people: _Filling, rejects: RejectsFile, staged: Staged
) -> None:
    report = file.kind.report
    if file.kind is GROUPS:
        staged.unused |= {name for name in file.headings if plain_heading(name) not in GROUP_HEADINGS}
    for row in rows_of(file):
        staged.rows[report] += 1
        reason = row.reason
        if row.cells is not None:
            try:
                if file.kind is GROUPS:
                    groups.add(_group_values(group_row(row.cells)), number, row.line)
                else:
                    told = person_row(report, file.kind.person, file.headings, row.cells)
                    people.add(_person_values(told), number, row.line)
                continue
            except Misfit as misfit:
                reason = str(misfit)
        staged.rejected[report] += 1
        rejects.add(report, file.name, row.line, reason, row.raw)


def _group_values(row: GroupRow) -> tuple[object, ...]:
    return (
        row.refresh_date, row.period, row.concealed, row.display_name, row.is_deleted, row.owner_upn,
        row.last_activity, row.group_type, row.group_id, *row.numbers,
    )  # fmt: skip


def _person_values(row: PersonRow) -> tuple[object, ...]:
    return (
        row.report, row.refresh_date, row.period, row.upn, row.concealed, row.display_name, row.is_deleted,
        row.row_json,
    )  # fmt: skip


class _Filling:
    """Collects rows and writes them in batches to a temporary table."""

    def __init__(self, target: SnapshotFile, table: str, columns: _Columns) -> None:
        self._target = target
        self._table = table
        self._schema = pa.schema(columns)
        self._rows: list[tuple[object, ...]] = []
        target.connection.register("shape", self._schema.empty_table())
        target.connection.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM shape")
        target.connection.unregister("shape")

    def add(self, values: tuple[object, ...], file: int, line: int) -> None:
        self._rows.append((*values, file, line))
        if len(self._rows) >= _BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        if not self._rows:
            return
        columns = zip(*self._rows, strict=True)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, self._schema.types, strict=True)]
        self._target.add(self._table, pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()
