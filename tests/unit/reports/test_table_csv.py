"""A table as CSV: the form of Microsoft's usage reports (graph.md 6.3)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.export import Column, Kind, Table, schema_of
from waybill.files.table_csv import write_csv

COLUMNS = (
    Column("Name, as told"),
    Column("Hidden"),
    Column("Count", Kind.INT),
    Column("Is So", Kind.BOOL),
    Column("Day", Kind.DATE),
    Column("At", Kind.TIME),
)


def table_of(rows: list[tuple[Any, ...]], columns: tuple[Column, ...] = COLUMNS, batch: int = 2) -> Table:
    schema = schema_of(columns)
    arrays = [pa.array([row[n] for row in rows], kind) for n, kind in enumerate(schema.types)]
    whole = pa.Table.from_arrays(arrays, schema=schema)
    return Table(
        "toy",
        columns,
        tuple(c.name for c in columns),
        lambda: iter(whole.to_batches(batch)),
        frozenset({"Hidden"}),
    )


def written(table: Table, **more: bool) -> bytes:
    file = io.BytesIO()
    write_csv(file, table, **more)
    return file.getvalue()


def test_every_kind_has_its_form() -> None:
    """A byte order mark, CRLF at every end, True and False, ISO dates, empty for null, no JSON-only column."""
    rows = [
        ("a", "x", 1, True, date(2026, 5, 1), datetime(2026, 5, 1, 2, 3, 4)),  # noqa: DTZ001  UTC without zone
        (None, None, None, None, None, None),
        ("Ünï 🎈", "y", -(2**63), False, date(1, 1, 1), None),
    ]
    assert (
        written(table_of(rows))
        == (
            '\ufeff"Name, as told",Count,Is So,Day,At\r\n'
            "a,1,True,2026-05-01,2026-05-01T02:03:04Z\r\n"
            ",,,,\r\n"
            "Ünï 🎈,-9223372036854775808,False,0001-01-01,\r\n"
        ).encode()
    )


def test_a_table_without_rows_is_its_heading() -> None:
    """No rows give the heading and its line end, and nothing else."""
    assert written(table_of([])) == b'\xef\xbb\xbf"Name, as told",Count,Is So,Day,At\r\n'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_formulas_are_guarded_only_when_asked(text: str) -> None:
    """Data stays as it is by default; for people, an apostrophe stands before what would be calculated."""

    def first_cell(content: bytes) -> str:
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1][0]

    table = table_of([(text, "", 1, None, None, None)])
    assert first_cell(written(table)) == text
    assert first_cell(written(table, guard_formulas=True)) == "'" + text


def test_numbers_are_never_guarded() -> None:
    """A negative number is a number, with the guard as well."""
    table = table_of([("a", "", -5, None, None, None)])
    assert b"a,-5," in written(table, guard_formulas=True)


TEXTS = st.text(st.characters(codec="utf-8")) | st.sampled_from(['"', ",", "\r\n", '""', " a ", "\n", ""])


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=8))
def test_any_text_is_read_back_by_an_independent_reader(rows: list[tuple[str, str]]) -> None:
    """Whatever the texts are, Python's csv reader gets them back, cell for cell."""
    columns = (Column("A"), Column("B"))
    content = written(table_of(list(rows), columns, batch=3))
    read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    assert read == [["A", "B"], *[list(row) for row in rows]]


def test_slices_of_batches_are_written_alike() -> None:
    """Batches that are slices of larger ones give the same bytes."""
    rows: list[tuple[Any, ...]] = [(f"n{n}", "", n, n % 2 == 0, None, None) for n in range(7)]
    whole: Callable[[int], bytes] = lambda size: written(table_of(rows, batch=size))  # noqa: E731  one line says it
    assert whole(1) == whole(3) == whole(7)
