"""Read all files of one dataset into a temporary table, and keep count of every object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from waybill.ingest.mgdc.bulk import Bulk
from waybill.ingest.mgdc.convert import Converter, Object, Values
from waybill.ingest.mgdc.datasets import ARROW, Dataset
from waybill.ingest.mgdc.find import DatasetFile
from waybill.ingest.mgdc.reading import Block, FileReader, ahead
from waybill.ingest.mgdc.splitter import Piece

_BATCH_ROWS = 25_000
_BATCH_BYTES = 48 * 1024 * 1024
_COMMIT_ROWS = 500_000
"""Rows of one transaction. In a large one whole row groups go straight to the file, not through the log as well; but
until it ends the engine holds a kilobyte or more a row, beyond its memory limit."""
_PARSED_AHEAD = 2
"""Blocks parsed while the engine writes several at once; with one alone the parser would wait for it."""
_EXAMPLES = 5

Refuse = Callable[[int, int, str, bytes], None]
"""(file number, line, reason, its text): one more reject."""

Progress = Callable[[str, int, int, int], None]
"""(file, bytes done, bytes in all, rows so far) of the files as they lie on disk."""


@dataclass(slots=True)
class Tally:
    """What was met while reading one dataset. `objects` = rows staged + `unreadable`."""

    objects: int = 0
    unreadable: int = 0
    warnings: int = 0
    warned: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    warned_count: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    def warn(self, column: str, wrong: str, where: str) -> None:
        self.warnings += 1
        key = (column, wrong.split(":")[0].split(" '")[0])
        self.warned_count[key] += 1
        places = self.warned.setdefault(key, [])
        if len(places) < _EXAMPLES:
            places.append(f"{where} {wrong}")

    def sentences(self) -> Iterator[str]:
        """What was odd, for people: each kind once, with how often and where first."""
        for key, places in self.warned.items():
            column, count = key[0], self.warned_count[key]
            more = f" (+{count - len(places)} more)" if count > len(places) else ""
            yield f"{column}: {'; '.join(places)}{more}"
        if self.unknown:
            columns = ", ".join(f"{name} ({count})" for name, count in sorted(self.unknown.items()))
            yield f"columns that are not in the published schema, not used: {columns}"


class Stager:
    """Fills `landed.<dataset>`: the dataset's columns, then _file, _object, _line, which go when it has landed."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        dataset: Dataset,
        refuse: Refuse,
        commit_rows: int = _COMMIT_ROWS,
    ) -> None:
        self._connection = connection
        self._dataset = dataset
        self._refuse = refuse
        self._table = f"landed.{dataset.name}"
        self._converter = Converter(dataset)
        self._bulk = Bulk(dataset)
        self._objects: list[Object] = []
        self._places: list[tuple[int, int, int]] = []  # file, object, line
        self._bytes = 0
        self._waiting: list[pa.Table] = []
        self._names: dict[int, str] = {}
        self.tally = Tally()
        extra: list[tuple[str, pa.DataType]] = [(name, pa.int64()) for name in ("_file", "_object", "_line")]
        self._schema = pa.schema([*((f.name, ARROW[f.kind]) for f in dataset.fields), *extra])
        self._commit_rows = commit_rows
        self._uncommitted = 0
        self._insert(
            f"CREATE OR REPLACE TABLE {self._table} AS SELECT * FROM incoming", self._schema.empty_table()
        )

    def read(self, number: int, file: DatasetFile, progress: Progress, before: int, total: int) -> str:
        """Stage one file; returns its SHA-256. `before`: bytes of the files already done."""
        reader = FileReader(file)
        self._names[number] = file.name
        rows, count = self.tally.objects, 0
        for found in ahead(reader.blocks(self._bulk), _PARSED_AHEAD):
            if isinstance(found, Block):
                self._take(number, count, found)
                count += found.rows
            else:
                for piece in found:
                    count += 1
                    self._take_piece(number, count, piece)
            progress(file.name, before + reader.done, total, rows + count)
        self.tally.objects += count
        progress(file.name, before + reader.done, total, rows + count)
        return reader.sha256

    def finish(self) -> None:
        """Write what is collected; all of it is committed then."""
        self._convert()
        self._flush()
        self._commit()
        self.tally.unknown = self._converter.unknown + self._bulk.unknown

    def _flush(self) -> None:
        if self._waiting:
            table = pa.concat_tables(self._waiting)
            self._waiting = []
            if not self._uncommitted:
                self._connection.begin()
            self._insert(f"INSERT INTO {self._table} SELECT * FROM incoming", table)
            self._uncommitted += table.num_rows
        if self._uncommitted >= self._commit_rows:
            self._commit()

    def _commit(self) -> None:
        if self._uncommitted:
            self._connection.commit()
            self._uncommitted = 0

    def _take(self, number: int, before: int, block: Block) -> None:
        self._convert()
        rows = block.rows
        self._collect(
            block.columns,
            pa.repeat(pa.scalar(number, pa.int64()), rows),
            _counted(before + 1, rows),
            _counted(block.line, rows),
        )

    def _take_piece(self, number: int, count: int, piece: Piece) -> None:
        if piece.found is None:
            self._refuse(number, piece.line, piece.reason, piece.raw)
            self.tally.unreadable += 1
            return
        self._objects.append(piece.found)
        self._places.append((number, count, piece.line))
        self._bytes += len(piece.raw)
        if piece.lenient:
            where = f"{self._names[number]}:{piece.line}"
            self.tally.warn("(object)", "read leniently: not strict UTF-8 JSON", where)
        if len(self._objects) >= _BATCH_ROWS or self._bytes >= _BATCH_BYTES:
            self._convert()

    def _convert(self) -> None:
        """Make a table of the objects at hand."""
        if not self._objects:
            return
        columns, warned = self._converter.batch(self._objects)
        for row, column, wrong in warned:
            file, _, line = self._places[row]
            self.tally.warn(column, wrong, f"{self._names[file]}:{line}")
        places = [pa.array(numbers, pa.int64()) for numbers in zip(*self._places, strict=True)]
        self._objects, self._places, self._bytes = [], [], 0
        self._collect(columns, *places)

    def _collect(self, columns: Mapping[str, Values], *places: Values) -> None:
        arrays = [*columns.values(), *places]
        self._waiting.append(pa.Table.from_arrays(arrays, schema=self._schema))
        if sum(table.num_rows for table in self._waiting) >= _BATCH_ROWS or (
            sum(table.nbytes for table in self._waiting) >= _BATCH_BYTES
        ):
            self._flush()

    def _insert(self, statement: str, table: pa.Table) -> None:
        self._connection.register("incoming", table)
        self._connection.execute(statement)
        self._connection.unregister("incoming")


def _counted(first: int, rows: int) -> Values:
    numbers: Values = pa.arange(first, first + rows)  # type: ignore[attr-defined]  # newer than its stubs
    return numbers


def reread(file: DatasetFile, wanted: Iterable[tuple[int, str]]) -> Iterator[tuple[Piece, str]]:
    """The pieces of one file whose object numbers `wanted` tells in rising order, with their reasons."""
    pieces = enumerate(FileReader(file).pieces(), start=1)
    for number, reason in wanted:
        yield next(piece for count, piece in pieces if count == number), reason
