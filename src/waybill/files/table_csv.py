"""A table as CSV in the form of Microsoft's usage reports (graph.md 6.3), whole columns at a time.

UTF-8 with a byte order mark, CRLF after every row, quotes only where RFC 4180 needs them, dates as
YYYY-MM-DD, `True` and `False`, an empty cell for what is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from waybill.export import Column, Kind, Table
from waybill.files import digits
from waybill.files.heap import keep_freed_memory
from waybill.files.interleave import Forms, Interleave
from waybill.files.text_cells import bytes_of, offsets_of

BOM = b"\xef\xbb\xbf"
END = "\r\n"

_QUOTED = (b",", b"\r", b"\n")
"""What makes quotes necessary, beside quotes."""
_STARTS = b"=+-@\t\r"
_FORMULA = np.isin(np.arange(256), list(_STARTS))
"""Whether a text that begins with this byte would be calculated by a spreadsheet."""
_LAST_START = max(_STARTS)

_SECONDS, _MICROS = len("2026-05-01 02:03:04"), len("2026-05-01 02:03:04.000000")
_BEFORE_TIME = len("2026-05-01")
_SECOND_US, _DAY_SECONDS = 1_000_000, 86_400
_DAY_US = _DAY_SECONDS * _SECOND_US
_MOMENT = np.dtype([("day", "S10"), ("t", "S1"), ("time", "u8"), ("zone", "S1")])

_MANY = 4_096
"""So many rows are worth the tables of days and times of day: 3 ms, once."""

Array = Any
"""An Arrow array of any type; the stubs know no function that takes several."""

Rows = npt.NDArray[np.bool_]
"""Which rows of a column are meant."""


class Form(IntEnum):
    """What stands around a cell's text: PLAIN, more by 1 with quotes, by 2 with a guard; EDGE is a row's end."""

    EMPTY = 0
    PLAIN = 1
    QUOTED = 2
    GUARDED = 3
    QUOTED_GUARDED = 4
    EDGE = 5


def _between(left: int, right: int) -> str:
    after = '"' if left in (Form.QUOTED, Form.QUOTED_GUARDED) else ""
    mark = "" if left == Form.EDGE else END if right == Form.EDGE else ","
    before = {Form.QUOTED: '"', Form.GUARDED: "'", Form.QUOTED_GUARDED: "\"'"}
    return after + mark + before.get(Form(right), "")


_LINES = Interleave(len(Form), _between)


def write_csv(file: BinaryIO, table: Table, *, guard_formulas: bool = False) -> int:
    """Write `table` without its JSON-only columns to `file`; how many rows it has.

    guard_formulas: put an apostrophe before texts that a spreadsheet would calculate. It changes
    the data, so it is for people, never for programs.
    """
    kept = [place for place, column in enumerate(table.columns) if column.name not in table.json_only]
    columns = [table.columns[place] for place in kept]
    keep_freed_memory()
    file.write(BOM)
    file.write(_lines([_texts(pa.array([column.name]), guard=False) for column in columns]))
    rows = 0
    for batch in table.rows():
        rows += batch.num_rows
        if batch.num_rows:
            cells = [
                _cells(batch.column(place), column, guard_formulas)
                for place, column in zip(kept, columns, strict=True)
            ]
            file.write(_lines(cells))
            del cells
        del batch  # so that the next one comes into the same memory
    return rows


def _lines(cells: Sequence[tuple[Array, Forms]]) -> memoryview:
    """The rows of one batch: the buffer of the joined texts is the file's own bytes."""
    return _LINES.rows([texts for texts, _ in cells], [forms for _, forms in cells])[0]


def _cells(values: Array, column: Column, guard: bool) -> tuple[Array, Forms]:
    """One column as text, and what stands around each cell."""
    if column.kind in (Kind.TEXT, Kind.LINK):
        return _texts(values, guard)
    if column.kind is Kind.BOOL:
        made = pc.if_else(values, "True", "False")
    elif column.kind is Kind.TIME:
        made = _times(values)
    elif column.kind is Kind.DATE:
        made = _dates(values)
    else:
        made = values.cast(pa.string())
    return made, _forms(values, int(Form.PLAIN))


def _texts(values: Array, guard: bool) -> tuple[Array, Forms]:
    raw = bytes(bytes_of(values))
    if not raw:
        return values, _forms(values, int(Form.PLAIN))
    doubled = pc.replace_substring(values, '"', '""') if b'"' in raw else values
    quoted = _either(
        _longer(doubled, values), _holding(values, raw, [mark for mark in _QUOTED if mark in raw])
    )
    guarded = _beginning(values, raw) if guard else None
    form: Forms = int(Form.PLAIN)
    for rows, more in ((quoted, 1), (guarded, 2)):
        if rows is not None and rows.any():
            form = form + (more if rows.all() else rows * np.int32(more))
    return doubled, _forms(values, form)


def _forms(values: Array, form: Forms) -> Forms:
    """The forms, and EMPTY for nulls."""
    if not values.null_count:
        return form
    return np.where(
        values.is_valid().to_numpy(zero_copy_only=False), np.int32(0) + form, np.int32(Form.EMPTY)
    )


def _either(one: Rows | None, other: Rows | None) -> Rows | None:
    return one | other if one is not None and other is not None else other if one is None else one


def _longer(changed: Array, values: Array) -> Rows | None:
    """The rows that are longer than they were; None if nothing was done. Cheaper than to look for quotes once more."""
    if changed is values:
        return None
    rows: Rows = np.diff(offsets_of(changed)) > np.diff(offsets_of(values))
    return rows


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


def _beginning(values: Array, raw: bytes) -> Rows | None:
    """The rows that begin like a formula; None if there is none."""
    places = offsets_of(values)
    first = np.frombuffer(raw, np.uint8).take(places[:-1] - places[0], mode="clip")
    if first.min() > _LAST_START:
        return None  # letters alone, as almost always
    rows: Rows = _FORMULA[first] & (places[1:] > places[:-1])
    return rows


def _dates(values: Array) -> Array:
    """Dates as 2026-05-01."""
    days = _numbers(values, pa.int32())
    if len(days) < _MANY or days.min() < 0 or days.max() >= digits.DAYS:
        return values.cast(pa.string())
    return digits.array_of(digits.dates().take(days))


def _times(values: Array) -> Array:
    """Times as 2026-05-01T02:03:04Z, with six more digits if they are not whole seconds."""
    micros = _numbers(values, pa.int64())
    seconds = micros // _SECOND_US
    whole = bool((seconds * _SECOND_US == micros).all())
    if whole and len(micros) >= _MANY and micros.min() >= 0 and micros.max() < digits.DAYS * _DAY_US:
        return _moments(seconds)
    text = values.cast(pa.timestamp("s") if whole else pa.timestamp("us")).cast(pa.string())
    length = _SECONDS if whole else _MICROS
    present = len(values) - values.null_count
    if len(bytes_of(text)) != present * length:  # years of more than four digits
        text = pc.strftime(values, format="%Y-%m-%dT%H:%M:%SZ")
    else:
        text = _with_marks(text, present, length)
    return text if whole else pc.replace_substring_regex(text, r"\.0+Z$", "Z")


def _moments(seconds: npt.NDArray[np.int64]) -> Array:
    """Seconds since 1970 as 2026-05-01T02:03:04Z, by tables."""
    days = seconds // _DAY_SECONDS
    made = np.empty(len(seconds), _MOMENT)
    made["day"] = digits.dates().take(days)
    made["t"] = b"T"
    made["time"] = digits.times_of_day().take(seconds - days * _DAY_SECONDS)
    made["zone"] = b"Z"
    return digits.array_of(made)


def _numbers(values: Array, kind: pa.DataType) -> npt.NDArray[Any]:
    """What is stored for each value; 0 for nulls."""
    numbers = values.view(kind)
    filled: npt.NDArray[Any] = (pc.fill_null(numbers, 0) if values.null_count else numbers).to_numpy()
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
