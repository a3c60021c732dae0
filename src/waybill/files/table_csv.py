"""A table as CSV in the form of Microsoft's usage reports (graph.md 6.3), whole columns at a time.

UTF-8 with a byte order mark, CRLF after every row, quotes only where RFC 4180 needs them, dates as
YYYY-MM-DD, `True` and `False`, an empty cell for what is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from waybill.export import Column, Kind, Table
from waybill.files.text_cells import bytes_of, offsets_of

BOM = b"\xef\xbb\xbf"
END = "\r\n"

_QUOTED = (b'"', b",", b"\r", b"\n")
_FORMULA = np.isin(np.arange(256), list(b"=+-@\t\r"))
"""Whether a text that begins with this byte would be calculated by a spreadsheet."""
_EMPTY_FOR_NULL = pc.JoinOptions(null_handling="replace", null_replacement="")

_SECONDS, _MICROS = len("2026-05-01 02:03:04"), len("2026-05-01 02:03:04.000000")
_BEFORE_TIME = len("2026-05-01")

Array = Any
"""An Arrow array of any type; the stubs know no function that takes several."""

Rows = npt.NDArray[np.bool_]
"""Which rows of a column are meant."""


def write_csv(file: BinaryIO, table: Table, *, guard_formulas: bool = False) -> int:
    """Write `table` without its JSON-only columns to `file`; how many rows it has.

    guard_formulas: put an apostrophe before texts that a spreadsheet would calculate. It changes
    the data, so it is for people, never for programs.
    """
    kept = [place for place, column in enumerate(table.columns) if column.name not in table.json_only]
    columns = [table.columns[place] for place in kept]
    heading = _texts(pa.array([column.name for column in columns]), guard=False)
    file.write(BOM + ",".join(heading.to_pylist()).encode() + END.encode())
    rows = 0
    for batch in table.rows():
        rows += batch.num_rows
        cells = [
            _cells(batch.column(place), column, guard_formulas)
            for place, column in zip(kept, columns, strict=True)
        ]
        if batch.num_rows:
            file.write(_lines(cells))
    return rows


def _cells(values: Array, column: Column, guard: bool) -> Array:
    """One column as text, guarded and quoted where needed. Nulls stay null."""
    if column.kind in (Kind.TEXT, Kind.LINK):
        return _texts(values, guard)
    if column.kind is Kind.BOOL:
        return pc.if_else(values, "True", "False")
    if column.kind is Kind.TIME:
        return _times(values)
    return values.cast(pa.string())  # digits, or an ISO date


def _texts(values: Array, guard: bool) -> Array:
    raw = bytes(bytes_of(values))
    if not raw:
        return values
    quoted = _holding(values, raw, [mark for mark in _QUOTED if mark in raw])
    guarded = _beginning(values, raw) if guard else None
    for rows, change in ((guarded, _guard), (quoted, _quote)):
        if rows is not None and rows.any():
            values = _changed(values, rows, change)
    return values


def _changed(values: Array, rows: Rows, change: Callable[[Array], Array]) -> Array:
    """The column with `change` done to these rows."""
    if rows.all() and not values.null_count:
        return change(values)  # far cheaper than to pick them
    mask = pa.array(rows)
    return pc.replace_with_mask(values, mask, change(values.filter(mask)))


def _holding(values: Array, raw: bytes, marks: list[bytes]) -> Rows | None:
    """The rows that hold any of these bytes; None without marks. Half the time of a search in each text."""
    if not marks:
        return None
    data = np.frombuffer(raw, np.uint8)
    found = data == marks[0][0]
    for mark in marks[1:]:
        found |= data == mark[0]
    places = offsets_of(values)
    before = np.searchsorted(np.flatnonzero(found), places - places[0])
    rows: Rows = before[1:] > before[:-1]
    return rows


def _beginning(values: Array, raw: bytes) -> Rows:
    """The rows that begin like a formula."""
    places = offsets_of(values)
    first = np.frombuffer(raw, np.uint8).take(places[:-1] - places[0], mode="clip")
    rows: Rows = _FORMULA[first] & (places[1:] > places[:-1])
    return rows


def _quote(values: Array) -> Array:
    # Two quotes with the text as what separates them: a join of two is faster than one of three.
    return pc.binary_join_element_wise('"', '"', pc.replace_substring(values, '"', '""'))


def _guard(values: Array) -> Array:
    return pc.binary_join_element_wise("'", values, "")


def _times(values: Array) -> Array:
    """Times as 2026-05-01T02:03:04Z, with six more digits if they are not whole seconds."""
    micros = _micros(values)
    whole = bool((micros // 1_000_000 * 1_000_000 == micros).all())
    text = values.cast(pa.timestamp("s") if whole else pa.timestamp("us")).cast(pa.string())
    length = _SECONDS if whole else _MICROS
    present = len(values) - values.null_count
    if len(bytes_of(text)) != present * length:  # years of more than four digits
        text = pc.strftime(values, format="%Y-%m-%dT%H:%M:%SZ")
    else:
        text = _with_marks(text, present, length)
    return text if whole else pc.replace_substring_regex(text, r"\.0+Z$", "Z")


def _micros(values: Array) -> npt.NDArray[np.int64]:
    numbers = values.view(pa.int64())
    filled: npt.NDArray[np.int64] = (pc.fill_null(numbers, 0) if values.null_count else numbers).to_numpy()
    return filled


def _with_marks(text: Array, count: int, length: int) -> Array:
    """Texts of `length` bytes each (or null) with a T before the time and a Z at the end."""
    marked = np.empty((count, length + 1), np.uint8)
    marked[:, :-1] = np.frombuffer(bytes_of(text), np.uint8).reshape(count, length)
    marked[:, _BEFORE_TIME] = ord("T")
    marked[:, -1] = ord("Z")
    places = (offsets_of(text) - offsets_of(text)[0]) // length * (length + 1)
    made = pa.StringArray.from_buffers(
        len(text), pa.py_buffer(places.astype(np.int32).tobytes()), pa.py_buffer(marked.tobytes())
    )
    return pc.if_else(text.is_valid(), made, None) if text.null_count else made


def _lines(cells: list[Array]) -> memoryview:
    """The rows of one batch: the buffer of the joined texts is the file's own bytes."""
    cells[-1] = pc.binary_join_element_wise(cells[-1], END, "", options=_EMPTY_FOR_NULL)
    return bytes_of(pc.binary_join_element_wise(*cells, ",", options=_EMPTY_FOR_NULL))
