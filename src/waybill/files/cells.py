"""Arrow columns as the cells of a sheet: SpreadsheetML, made a column at a time and joined to rows.

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

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from waybill.errors import WaybillError
from waybill.files.excel_times import serials
from waybill.files.interleave import Forms, Interleave
from waybill.files.text_cells import CELL_LIMIT as CELL_LIMIT  # part of what this module offers
from waybill.files.text_cells import escaped, texts

TIME_STYLE, HEADING_STYLE = 1, 2
"""Indexes into the cell formats of the stylesheet (parts.py)."""

_MOST = 999_999_999_999_999  # 15 digits


class Form(IntEnum):
    """What stands around a cell's value. EDGE is no cell: it is the row before its first, after its last."""

    EMPTY = 0
    TEXT = 1
    TEXT_KEPT = 2  # without xml:space="preserve" Excel drops white space at the edges
    NUMBER = 3
    TIME = 4
    BOOL = 5
    EDGE = 6


_TEXT_END, _VALUE_END = "</t></is></c>", "</v></c>"
_AROUND = {
    Form.EMPTY: ("<c/>", ""),
    Form.TEXT: ('<c t="inlineStr"><is><t>', _TEXT_END),
    Form.TEXT_KEPT: ('<c t="inlineStr"><is><t xml:space="preserve">', _TEXT_END),
    Form.NUMBER: ("<c><v>", _VALUE_END),
    Form.TIME: (f'<c s="{TIME_STYLE}"><v>', _VALUE_END),
    Form.BOOL: ('<c t="b"><v>', _VALUE_END),
    Form.EDGE: ("</row>", "<row>"),
}
_ROWS = Interleave(len(Form), lambda left, right: _AROUND[Form(left)][1] + _AROUND[Form(right)][0])

Array = Any
"""A pyarrow array; its stubs type neither compute results nor buffers tightly enough to be of help."""


@dataclass(frozen=True, slots=True)
class Cells:
    """One column of cells: the values as XML text, and what stands around them. An EMPTY cell's value is not used.

    cuts: (index, UTF-16 units it had) of every text that was cut. removed: characters removed.
    """

    values: Array
    forms: Forms
    cuts: tuple[tuple[int, int], ...] = ()
    removed: int = 0


def cells(column: Array) -> Cells:
    """The cells of one column. Raises WaybillError for an Arrow type that has no cell form."""
    kind = column.type
    if pa.types.is_string(kind):
        return _texts(column)
    if pa.types.is_int64(kind):
        return Cells(column.cast(pa.string()), _forms(column, Form.NUMBER, _inexact(column)))
    if pa.types.is_boolean(kind):
        return Cells(pc.if_else(column, "1", "0"), _forms(column, Form.BOOL))
    if pa.types.is_timestamp(kind) and kind.unit == "us":
        values, unknown = serials(column)
        return Cells(values, _forms(column, Form.TIME, unknown))
    if pa.types.is_float64(kind):
        infinite = ~np.isfinite(column.to_numpy(zero_copy_only=False))
        return Cells(column.cast(pa.string()), _forms(column, Form.NUMBER, infinite))
    raise WaybillError(f"A sheet cannot hold values of the type {kind}.", "Cast them in the query.")


def heading(text: str) -> str:
    """One heading cell."""
    return f'<c s="{HEADING_STYLE}"{_AROUND[Form.TEXT_KEPT][0].removeprefix("<c")}{escaped(text)}{_TEXT_END}'


def _texts(column: Array) -> Cells:
    made = texts(column)
    forms = _forms(column, Form.TEXT)
    if made.spaced is not None:
        kept = made.spaced if isinstance(forms, Form) else made.spaced & (forms == Form.TEXT)
        forms = np.where(kept, np.int32(Form.TEXT_KEPT), forms)
    return Cells(made.values, forms, made.cuts, made.removed)


def _forms(column: Array, usual: Form, text: npt.NDArray[np.bool_] | None = None) -> Forms:
    """EMPTY for nulls, TEXT where `text` holds, and `usual` elsewhere."""
    forms: Forms = usual
    if text is not None and text.any():
        forms = np.where(text, np.int32(Form.TEXT), np.int32(usual))
    if column.null_count:
        valid = column.is_valid().to_numpy(zero_copy_only=False)
        forms = np.where(valid, np.int32(forms) if isinstance(forms, Form) else forms, np.int32(Form.EMPTY))
    return forms


def _inexact(column: Array) -> npt.NDArray[np.bool_] | None:
    """The integers that Excel would round; None if there is none. What it says of a null is of no meaning."""
    numbers = np.frombuffer(column.buffers()[1], np.int64)[column.offset : column.offset + len(column)]
    if not numbers.size or (numbers.min() >= -_MOST and numbers.max() <= _MOST):
        return None
    return (numbers < -_MOST) | (numbers > _MOST)


def rows(columns: Sequence[Cells]) -> tuple[memoryview, npt.NDArray[np.int32]]:
    """The cells of all columns joined to `<row>` elements, in UTF-8.

    Row i is the bytes from place i to place i + 1 of the second value.

    Cells carry no reference (r="A1"): it is optional in ECMA-376 18.3.1.4, and costs (docs/decisions/0002).
    """
    return _ROWS.rows([column.values for column in columns], [column.forms for column in columns])
