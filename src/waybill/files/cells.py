"""Arrow columns as the cells of a sheet: SpreadsheetML fragments, made a column at a time.

What cannot stand in a cell as it is, and what becomes of it (insights.md 2.3):

* Text is always an inline string, never a formula and never a link.
* Characters XML 1.0 does not know (most below U+0020, U+FFFE, U+FFFF) are removed and counted.
* CR and CRLF become LF, as in any XML. `_x0041_` is escaped, since Excel would read it as "A".
* Text over 32,767 UTF-16 units is cut before the code point that does not fit, and reported.
* Integers of more than 15 digits, times Excel has no number for (before 1900-03-01, where Excel counts a
  day that never was, and in or after the last millisecond of 9999), NaN and infinity become exact text.
* Null is an empty cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from waybill.errors import WaybillError

CELL_LIMIT = 32_767
"""UTF-16 units Excel keeps in one cell."""

TIME_STYLE, HEADING_STYLE = 1, 2
"""Indexes into the cell formats of the stylesheet (parts.py)."""

_MOST, _LEAST = pa.scalar(999_999_999_999_999), pa.scalar(-999_999_999_999_999)  # 15 digits
_DAY_US = 86_400_000_000
_EPOCH_US = 25_569 * _DAY_US  # from Excel's day 0 to 1970-01-01
_FIRST_US = pa.scalar(-25_508 * _DAY_US)  # 1900-03-01
_LAST_US = pa.scalar(2_932_897 * _DAY_US - 1_000)  # 9999-12-31 23:59:59.999: readers round to it, not past it

_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_LOOKS_ESCAPED_RAW = re.compile(b"_x[0-9A-Fa-f]{4}_")
_NEEDS_CARE = r"[\x00-\x08\x0b-\x1f\x{FFFE}\x{FFFF}]|_x[0-9A-Fa-f]{4}_"
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_MARKUP = ((b"&", "&", "&amp;"), (b"<", "<", "&lt;"), (b">", ">", "&gt;"))  # & first

_TEXT = ' t="inlineStr"><is><t>'
_TEXT_KEPT = ' t="inlineStr"><is><t xml:space="preserve">'
_TEXT_END = "</t></is></c>"
_VALUE_END = "</v></c>"
_EMPTY = "/>"

Array = Any
"""A pyarrow array; its stubs type neither compute results nor buffers tightly enough to be of help."""


@dataclass(frozen=True, slots=True)
class Cells:
    """One column of cells without their `<c`: cell i is `before + values[i] + after`.

    cuts: (index, UTF-16 units it had) of every text that was cut. removed: characters removed.
    """

    before: str
    values: Array
    after: str
    cuts: tuple[tuple[int, int], ...] = ()
    removed: int = 0


def cells(column: Array) -> Cells:
    """The cells of one column. Raises WaybillError for an Arrow type that has no cell form."""
    kind = column.type
    if pa.types.is_string(kind):
        return _texts(column)
    if pa.types.is_int64(kind):
        return _integers(column)
    if pa.types.is_boolean(kind):
        return _numbers(pc.if_else(column, "1", "0"), ' t="b"><v>')
    if pa.types.is_timestamp(kind) and kind.unit == "us":
        return _times(column)
    if pa.types.is_float64(kind):
        text = column.cast(pa.string())
        return _mixed(pc.is_finite(column), text, lambda: text, "")
    raise WaybillError(f"A sheet cannot hold values of the type {kind}.", "Cast them in the query.")


def heading(text: str) -> str:
    """One heading cell, without its `<c`."""
    clean = _clean(text)[0]
    for _, plain, escaped in _MARKUP:
        clean = clean.replace(plain, escaped)
    return f' s="{HEADING_STYLE}"{_TEXT_KEPT}{clean}{_TEXT_END}'


def rows(columns: Sequence[Cells]) -> tuple[memoryview, npt.NDArray[np.int32]]:
    """The cells of all columns joined to `<row>` elements, in UTF-8, without a copy.

    Row i is the bytes from place i to place i + 1 of the second value.

    Cells carry no reference (r="A1"): it is optional in ECMA-376 18.3.1.4, and costs (docs/decisions/0002).
    """
    parts: list[Any] = []
    constant = "<row><c"
    for column in columns:
        parts += [constant + column.before, column.values]
        constant = column.after + "<c"
    parts.append(constant.removesuffix("<c") + "</row>")
    joined = pc.binary_join_element_wise(*parts, "")
    offsets = _offsets(joined)
    return _bytes_of(joined), offsets - offsets[0]


def _texts(column: Array) -> Cells:
    cuts: tuple[tuple[int, int], ...] = ()
    removed = 0
    if _may_need_care(column):
        column, cuts, removed = _cared_for(column)
    raw = bytes(_bytes_of(column))
    spaced = _has_space_at_an_edge(column, raw)
    for mark, plain, escaped in _MARKUP:
        if mark in raw:
            column = pc.replace_substring(column, plain, escaped)
    if spaced:
        # Without xml:space="preserve" Excel drops white space at the edges.
        edge = pc.match_substring_regex(column, r"^[ \t\n]|[ \t\n]$")
        column = pc.binary_join_element_wise(pc.if_else(edge, _TEXT_KEPT, _TEXT), column, _TEXT_END, "")
        return Cells("", pc.fill_null(column, _EMPTY), "", cuts, removed)
    whole = _numbers(column, _TEXT, _TEXT_END)
    return Cells(whole.before, whole.values, whole.after, cuts, removed)


def _numbers(values: Array, before: str, after: str = _VALUE_END) -> Cells:
    if not values.null_count:
        return Cells(before, values, after)
    return Cells("", pc.fill_null(pc.binary_join_element_wise(before, values, after, ""), _EMPTY), "")


def _integers(column: Array) -> Cells:
    text = column.cast(pa.string())
    exact = pc.and_(pc.less_equal(column, _MOST), pc.greater_equal(column, _LEAST))
    return _mixed(exact, text, lambda: text, "")


def _times(column: Array) -> Cells:
    micros = column.cast(pa.timestamp("us")).cast(pa.int64())
    known = pc.and_(pc.greater_equal(micros, _FIRST_US), pc.less_equal(micros, _LAST_US))
    # Only known times are converted: the sum below would overflow for the furthest ones.
    shifted = pc.add(pc.if_else(known, micros, 0), _EPOCH_US)
    days = pc.divide(shifted.cast(pa.float64(), safe=False), float(_DAY_US)).cast(pa.string())
    days = pc.if_else(pc.is_valid(column), days, None)
    return _mixed(known, days, lambda: _time_text(column), f' s="{TIME_STYLE}"')


def _time_text(column: Array) -> Array:
    text = column.cast(pa.timestamp("us")).cast(pa.string())
    return pc.replace_substring_regex(text, r"\.000000$", "")


def _mixed(as_number: Array, numbers: Array, text: Callable[[], Array], style: str) -> Cells:
    """Cells that are numbers where `as_number` holds and text elsewhere."""
    before = f"{style}><v>"
    if pc.all(as_number).as_py() is not False:  # None: there is nothing but nulls
        return _numbers(numbers, before)
    number_cells = pc.binary_join_element_wise(before, numbers, _VALUE_END, "")
    other = _texts(text())
    text_cells = pc.binary_join_element_wise(other.before, other.values, other.after, "")
    return Cells("", pc.fill_null(pc.if_else(as_number, number_cells, text_cells), _EMPTY), "")


def _bytes_of(column: Array) -> memoryview:
    """The UTF-8 of all values of a string array one after another, without a copy."""
    data = column.buffers()[2]
    ends = _offsets(column)
    return memoryview(data)[int(ends[0]) : int(ends[-1])] if data is not None else memoryview(b"")


def _offsets(column: Array) -> npt.NDArray[np.int32]:
    """Where each value starts in the data buffer, and the end of the last; len(column) + 1 numbers."""
    numbers = np.frombuffer(column.buffers()[1], np.int32)
    return numbers[column.offset : column.offset + len(column) + 1]


def _may_need_care(column: Array) -> bool:
    """Whether some value may hold what `_clean` would change: one pass over the raw bytes, no regex."""
    view = _bytes_of(column)
    raw, data = np.frombuffer(view, np.uint8), bytes(view)
    low = raw[raw < 0x20]
    if low.size and bool(((low != 9) & (low != 10)).any()):
        return True
    if int(np.diff(_offsets(column)).max(initial=0)) > CELL_LIMIT:  # UTF-8 has no fewer bytes than units
        return True
    if any(character in data for character in _NONCHARACTERS):
        return True
    return b"_x" in data and _LOOKS_ESCAPED_RAW.search(data) is not None


def _cared_for(column: Array) -> tuple[Array, tuple[tuple[int, int], ...], int]:
    """The column with each value that needs care replaced by its clean form; cuts; characters removed."""
    long = pc.greater(pc.binary_length(column), pa.scalar(CELL_LIMIT))
    mask: Array = pc.fill_null(pc.or_(pc.match_substring_regex(column, _NEEDS_CARE), long), pa.scalar(False))
    where = np.flatnonzero(mask.to_numpy(zero_copy_only=False)).tolist()
    cleaned = [_clean(value) for value in column.filter(mask).to_pylist()]
    replaced = pc.replace_with_mask(column, mask, pa.array([text for text, _, _ in cleaned], pa.string()))
    cuts = tuple((index, units) for index, (_, _, units) in zip(where, cleaned, strict=True) if units)
    return replaced, cuts, sum(removed for _, removed, _ in cleaned)


def _clean(value: str) -> tuple[str, int, int]:
    """The text as a cell may hold it; characters removed; UTF-16 units before it was cut (0: not cut)."""
    legal, removed = _ILLEGAL.subn("", value.replace("\r\n", "\n").replace("\r", "\n"))
    units, cut = legal.encode("utf-16-le"), 0
    if len(units) > 2 * CELL_LIMIT:
        cut = len(units) // 2
        legal = units[: 2 * CELL_LIMIT].decode("utf-16-le", "ignore")  # ignores half a pair at the end
    return _LOOKS_ESCAPED.sub("_x005F_", legal), removed, cut


def _has_space_at_an_edge(column: Array, raw: bytes) -> bool:
    offsets = _offsets(column)
    filled = offsets[:-1] != offsets[1:]
    data = np.frombuffer(raw, np.uint8)
    starts, ends = offsets[:-1][filled] - offsets[0], offsets[1:][filled] - offsets[0] - 1
    return bool((data[starts] <= 0x20).any() or (data[ends] <= 0x20).any())
