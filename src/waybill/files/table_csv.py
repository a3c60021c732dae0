"""A table as CSV in the form of Microsoft's usage reports (graph.md 6.3), whole columns at a time.

UTF-8 with a byte order mark, CRLF after every row, quotes only where RFC 4180 needs them, dates as
YYYY-MM-DD, `True` and `False`, an empty cell for what is not known.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from waybill.export import Column, Kind, Table

BOM = b"\xef\xbb\xbf"
END = "\r\n"

_QUOTED = r'[",\r\n]'
_FORMULA = r"^[=+\-@\t\r]"

Array = Any
"""An Arrow array of any type; the stubs know no function that takes several."""


def write_csv(file: BinaryIO, table: Table, *, guard_formulas: bool = False) -> int:
    """Write `table` without its JSON-only columns to `file`; how many rows it has.

    guard_formulas: put an apostrophe before texts that a spreadsheet would calculate. It changes
    the data, so it is for people, never for programs.
    """
    kept = [place for place, column in enumerate(table.columns) if column.name not in table.json_only]
    columns = [table.columns[place] for place in kept]
    heading = pa.array([column.name for column in columns])
    file.write(BOM + ",".join(_quoted(heading).to_pylist()).encode() + END.encode())
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
    """One column as text without nulls, quoted where needed."""
    if column.kind in (Kind.TEXT, Kind.LINK):
        return _quoted(_guarded(values) if guard else values)
    if column.kind is Kind.BOOL:
        text = pc.if_else(values, "True", "False")
    elif column.kind is Kind.TIME:
        text = pc.replace_substring_regex(pc.strftime(values, format="%Y-%m-%dT%H:%M:%SZ"), r"\.0+Z$", "Z")
    else:
        text = values.cast(pa.string())  # digits, or an ISO date
    return pc.fill_null(text, "")


def _quoted(values: Array) -> Array:
    values = pc.fill_null(values, "")
    needed = pc.match_substring_regex(values, _QUOTED)
    if not pc.any(needed).as_py():
        return values
    inside = pc.replace_substring(values, '"', '""')
    return pc.if_else(needed, pc.binary_join_element_wise('"', inside, '"', ""), values)


def _guarded(values: Array) -> Array:
    return pc.if_else(
        pc.match_substring_regex(values, _FORMULA), pc.binary_join_element_wise("'", values, ""), values
    )


def _lines(cells: list[Array]) -> memoryview:
    """The rows of one batch: the buffer of the joined texts is the file's own bytes."""
    cells[-1] = pc.binary_join_element_wise(cells[-1], END, "")
    lines = pc.binary_join_element_wise(*cells, ",")
    _validity, offsets, data = lines.buffers()
    bounds = memoryview(offsets).cast("i")
    return memoryview(data)[bounds[lines.offset] : bounds[lines.offset + len(lines)]]
