"""CSV made a column at a time equals CSV made cell by cell."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waybill.export import Column, Kind, Table, schema_of
from waybill.files.table_csv import write_csv

COLUMNS = (
    Column("Text"),
    Column("Url", Kind.LINK),
    Column("Count", Kind.INT),
    Column("Is So", Kind.BOOL),
    Column("Day", Kind.DATE),
    Column("At", Kind.TIME),
)
TEXT = st.none() | st.text(st.characters(codec="utf-8"), max_size=9) | st.text("=+-@\t\r\n\",' a", max_size=5)
TIME = st.none() | st.datetimes() | st.datetimes().map(lambda moment: moment.replace(microsecond=0))
ROW = st.tuples(
    TEXT,
    TEXT,
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.booleans(),
    st.none() | st.dates(),
    TIME,
)


def cell(value: Any, guard: bool) -> str:
    """One cell, by the rules of graph.md 6.3 said once more."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        return str(value)
    text: str = value
    if guard and text[:1] in ("=", "+", "-", "@", "\t", "\r"):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in '",\r\n') else text


def written(rows: Sequence[tuple[Any, ...]], size: int, guard: bool) -> str:
    schema = schema_of(COLUMNS)
    arrays = [pa.array([row[n] for row in rows], kind) for n, kind in enumerate(schema.types)]
    whole = pa.Table.from_arrays(arrays, schema=schema)
    table = Table("toy", COLUMNS, tuple(c.name for c in COLUMNS), lambda: iter(whole.to_batches(size)))
    file = io.BytesIO()
    assert write_csv(file, table, guard_formulas=guard) == len(rows)
    return file.getvalue().decode("utf-8-sig").split("\r\n", 1)[1]


@settings(deadline=None)
@given(st.lists(ROW, max_size=9), st.integers(1, 9), st.booleans())
def test_columns_give_what_cells_give(rows: list[tuple[Any, ...]], size: int, guard: bool) -> None:
    """Whatever the values are, and however rows come in batches, every row is its cells, comma by comma."""
    expected = "".join(",".join(cell(value, guard) for value in row) + "\r\n" for row in rows)
    assert written(rows, size, guard) == expected


@pytest.mark.parametrize("moments", [[2**55], [-(2**55), 0], [None, 2**55 + 1]])
def test_years_of_five_digits_are_whole_rows(moments: list[int | None]) -> None:
    """Times beyond the year 9999 or before the year 1 shift no other cell."""
    schema = schema_of(COLUMNS[-1:])
    batch = pa.record_batch([pa.array(moments, pa.timestamp("us"))], schema=schema)
    file = io.BytesIO()
    write_csv(file, Table("toy", COLUMNS[-1:], ("at",), lambda: iter([batch])))
    lines = file.getvalue().decode("utf-8-sig").split("\r\n")[1:-1]
    assert len(lines) == len(moments)
    assert [line.endswith("Z") for line in lines] == [moment is not None for moment in moments]


def test_what_lies_under_a_null_is_not_shown() -> None:
    """Bytes that a null covers neither come into its cell nor change another."""
    offsets = pa.py_buffer(b"\0\0\0\0\3\0\0\0\6\0\0\0")
    texts = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b'=,"=b,'), pa.py_buffer(b"\2"))
    batch = pa.record_batch([texts], schema=schema_of(COLUMNS[:1]))
    file = io.BytesIO()
    write_csv(file, Table("toy", COLUMNS[:1], ("text",), lambda: iter([batch])), guard_formulas=True)
    assert file.getvalue().decode("utf-8-sig") == 'Text\r\n\r\n"\'=b,"\r\n'


@pytest.mark.parametrize(
    ("begin", "step"),
    [
        ("1970-01-01", timedelta(hours=75, minutes=1, seconds=1)),
        ("1969-12-31 23:59:59", timedelta(seconds=1)),
        ("2069-12-31 22:00:00", timedelta(seconds=2)),
        ("0001-01-01", timedelta(days=700)),
    ],
)
def test_many_rows_are_written_as_few_are(begin: str, step: timedelta) -> None:
    """Days and times of day from tables, for many rows at once, are those of each cell alone, whatever the years."""
    first = datetime.fromisoformat(begin)
    moments = [first + step * number if number % 5 else None for number in range(5_000)]
    rows = [("=a", 'say "so"', 1, True, one.date() if one else None, one) for one in moments]
    expected = "".join(",".join(cell(value, guard=True) for value in row) + "\r\n" for row in rows)
    assert written(rows, 5_000, guard=True) == expected
