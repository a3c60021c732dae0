"""A streaming XLSX writer over Arrow batches: memory does not grow with the rows.

Why it is ours, and what it costs: docs/decisions/0002-own-xlsx-writer.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import pyarrow as pa

from waybill.errors import WaybillError
from waybill.export import ARROW, Sheet
from waybill.files import parts
from waybill.files.archive import Archive
from waybill.files.cells import cells, rows
from waybill.files.heap import keep_freed_memory
from waybill.files.lane import Lane
from waybill.files.parts import Part
from waybill.files.sheet_names import SheetNames

EXCEL_ROWS = 1_048_576
EXCEL_COLUMNS = 16_384

CUTS_KEPT = 1_000
"""Cut cells named one by one for each sheet; all are counted."""

_CHUNK_ROWS = 10_240
_CHUNK_CELLS = 200_000
_CHUNK_BYTES = 16 << 20
"""What is turned into XML at once. 10,240 rows were the fastest; the others bound wide or long rows."""

_MAX_XML = 3_500 << 20
"""Bytes of XML in one part; well below the 4 GiB an entry of the ZIP may have."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A text Excel has no room for: its sheet (as named in the file), row (1 is the heading), column heading,
    and the UTF-16 units it had; 32,767 of them (or one less, at a surrogate pair) are in the cell."""

    sheet: str
    row: int
    column: str
    units: int


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one sheet.

    name: of its first part, as in the file. rows: data rows over all parts. cuts: the first 1,000 of
    `cut_total`. controls_removed: characters XML does not know, left out.
    """

    name: str
    rows: int
    parts: int
    cuts: tuple[Cut, ...]
    cut_total: int
    controls_removed: int


class Workbook:
    """One XLSX, written from position 0 of `file`: seekable, empty, at position 0, not closed here.

    stamp: the time of all ZIP entries (a naive one is UTC). max_rows: data rows of a part; more go to
    "Name (2)" and so on. max_xml: bytes of XML of a part's rows, at most; again more go to the next part.

    Use it in a `with` block, which closes it, or stops its thread if an exception leaves the block. After an
    exception the file is not a workbook, and every further call raises WaybillError.
    """

    def __init__(
        self, file: BinaryIO, *, stamp: datetime, max_rows: int = 1_000_000, max_xml: int = _MAX_XML
    ) -> None:
        if not 1 <= max_rows < EXCEL_ROWS:
            raise WaybillError(f"A sheet has between 1 and {EXCEL_ROWS - 1} data rows, not {max_rows}.")
        keep_freed_memory()
        archive = Archive(file, stamp)
        # These two first: so the file is known as a workbook by its first bytes (`file`, mail filters).
        archive.add(parts.RELATIONS_NAME, parts.package_relations())
        archive.add(parts.STYLES_NAME, parts.styles())
        self._book = _Book(archive, max_rows, max_xml)
        self._open, self._done = True, False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._stop()

    def add(self, sheet: Sheet, rows: Iterable[pa.RecordBatch]) -> Written:
        """Write a sheet and all its parts; `rows` (not `sheet.rows`) is pulled in this thread.

        Raises WaybillError if a batch does not fit the columns, and whatever `rows` or the file raise.
        """
        self._must_be_open()
        try:
            if not 1 <= len(sheet.columns) <= EXCEL_COLUMNS:
                raise WaybillError(
                    f'Sheet "{sheet.name}" has {len(sheet.columns)} columns; it needs 1 to {EXCEL_COLUMNS}.'
                )
            writer = _SheetWriter(self._book, sheet)
            for batch in rows:
                _check(sheet, batch)
                for chunk in _chunks(batch):
                    writer.write(chunk)
                    del chunk
                del batch  # so that the next one comes into the same memory
            return writer.finish()
        except BaseException:
            self._stop()
            raise

    def close(self) -> None:
        """Finish the file (not flushed, not closed). A second call does nothing."""
        if self._done:
            return
        self._must_be_open()
        self._stop()
        archive, made = self._book.archive, self._book.parts
        if not made:
            raise WaybillError("A workbook needs at least one sheet.")
        archive.add(parts.WORKBOOK_NAME, parts.workbook(made))
        archive.add(parts.WORKBOOK_RELATIONS_NAME, parts.workbook_relations(made))
        archive.add(parts.CONTENT_TYPES_NAME, parts.content_types(made))
        archive.close()
        self._done = True

    def _must_be_open(self) -> None:
        if not self._open:
            raise WaybillError("This workbook is closed or was given up.", "Write it anew from the start.")

    def _stop(self) -> None:
        self._open = False
        self._book.lane.stop()


@dataclass(frozen=True, slots=True)
class _Book:
    """What the sheets of one workbook share."""

    archive: Archive
    max_rows: int
    max_xml: int
    lane: Lane = field(default_factory=lambda: Lane("xlsx-deflate"))
    names: SheetNames = field(default_factory=SheetNames)
    parts: list[Part] = field(default_factory=list)


class _SheetWriter:
    """The parts of one sheet, one after another."""

    def __init__(self, book: _Book, sheet: Sheet) -> None:
        self._book = book
        self._sheet = sheet
        self._total = self._made = self._removed = self._cut_total = 0
        self._cuts: list[Cut] = []
        self._begin()
        self._first = self._name

    def _begin(self) -> None:
        self._made += 1
        self._number = len(self._book.parts) + 1
        self._name = self._book.names.take(self._sheet.name, self._made)
        self._entry = self._book.archive.entry(f"xl/{parts.sheet_path(self._number)}")
        self._entry.write(parts.sheet_head(self._sheet.columns, first=self._number == 1))
        self._rows = self._xml = 0

    def _end(self) -> None:
        part = Part(self._number, self._name, len(self._sheet.columns), self._rows)
        lane = self._book.lane
        lane.put(self._entry.write, parts.sheet_tail(part))
        lane.put(self._entry.close)
        lane.finish()  # the next entry begins where this one ends
        self._total += self._rows
        self._book.parts.append(part)

    def write(self, chunk: pa.RecordBatch) -> None:
        """Append a chunk. Where a part ends depends on the rows alone, not on how they come in chunks."""
        made = [cells(column) for column in chunk.columns]
        found = sorted(
            (index, place, units) for place, column in enumerate(made) for index, units in column.cuts
        )
        self._removed += sum(column.removed for column in made)
        xml, places = rows(made)
        start = 0
        while start < chunk.num_rows:
            room = int(places[start]) + self._book.max_xml - self._xml
            fitting = int(np.searchsorted(places, room, "right")) - 1
            stop = min(start + self._book.max_rows - self._rows, fitting)
            if stop <= start:
                if self._rows:
                    self._end()
                    self._begin()
                    continue
                stop = start + 1  # one row always fits: the ZIP's limit is far above it
            self._note([cut for cut in found if start <= cut[0] < stop], start)
            piece = xml[int(places[start]) : int(places[stop])]
            self._book.lane.put(self._entry.write, piece)
            self._rows += stop - start
            self._xml += len(piece)
            start = stop

    def _note(self, found: list[tuple[int, int, int]], start: int) -> None:
        """Remember cuts (index in the chunk, column, units); `start` is the next row's index."""
        self._cut_total += len(found)
        for index, place, units in found[: CUTS_KEPT - len(self._cuts)]:
            row = self._rows + index - start + 2
            self._cuts.append(Cut(self._name, row, self._sheet.columns[place].name, units))

    def finish(self) -> Written:
        self._end()
        return Written(
            self._first, self._total, self._made, tuple(self._cuts), self._cut_total, self._removed
        )


def _check(sheet: Sheet, batch: pa.RecordBatch) -> None:
    hint = "The sheet's columns and its query must agree."
    if batch.num_columns != len(sheet.columns):
        raise WaybillError(
            f'Sheet "{sheet.name}" has {len(sheet.columns)} columns, but its rows have {batch.num_columns}.',
            hint,
        )
    for column, given in zip(sheet.columns, batch.schema.types, strict=True):
        if given != ARROW[column.kind]:
            raise WaybillError(
                f'Column "{column.name}" of sheet "{sheet.name}" takes {ARROW[column.kind]}, '
                f"but its rows have {given}.",
                hint,
            )


def _chunks(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in pieces small enough to be turned into XML at once; nothing is copied."""
    count = max(1, min(_CHUNK_ROWS, _CHUNK_CELLS // batch.num_columns))
    for start in range(0, batch.num_rows, count):
        yield from _halves(batch.slice(start, count))


def _halves(chunk: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    if chunk.num_rows <= 1 or chunk.nbytes <= _CHUNK_BYTES:
        yield chunk
        return
    middle = chunk.num_rows // 2
    yield from _halves(chunk.slice(0, middle))
    yield from _halves(chunk.slice(middle))
