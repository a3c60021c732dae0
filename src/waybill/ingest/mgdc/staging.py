"""Read all files of one dataset into a temporary table, and keep count of every object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from waybill.ingest.mgdc.convert import Converter, Object
from waybill.ingest.mgdc.datasets import ARROW, Dataset
from waybill.ingest.mgdc.find import DatasetFile
from waybill.ingest.mgdc.reading import FileReader
from waybill.ingest.mgdc.splitter import Piece

_BATCH_ROWS = 25_000
_BATCH_BYTES = 48 * 1024 * 1024
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
    """Fills `staged` (a temporary table: the dataset's columns, then _file, _object, _line)."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, dataset: Dataset, refuse: Refuse) -> None:
        self._connection = connection
        self._dataset = dataset
        self._refuse = refuse
        self._converter = Converter(dataset)
        self._objects: list[Object] = []
        self._places: list[tuple[int, int, int]] = []  # file, object, line
        self._bytes = 0
        self._names: dict[int, str] = {}
        self.tally = Tally()
        extra: list[tuple[str, pa.DataType]] = [(name, pa.int64()) for name in ("_file", "_object", "_line")]
        self._schema = pa.schema([*((f.name, ARROW[f.kind]) for f in dataset.fields), *extra])
        self._insert(
            "CREATE OR REPLACE TEMP TABLE staged AS SELECT * FROM incoming", self._schema.empty_table()
        )

    def read(self, number: int, file: DatasetFile, progress: Progress, before: int, total: int) -> str:
        """Stage one file; returns its SHA-256. `before`: bytes of the files already done."""
        reader = FileReader(file)
        self._names[number] = file.name
        rows = self.tally.objects

        def tick() -> None:
            progress(file.name, before + reader.done, total, rows + count)

        count = 0
        for piece in reader.pieces(tick):
            count += 1
            if piece.found is None:
                self._refuse(number, piece.line, piece.reason, piece.raw)
                self.tally.unreadable += 1
                continue
            self._objects.append(piece.found)
            self._places.append((number, count, piece.line))
            self._bytes += len(piece.raw)
            if piece.lenient:
                self.tally.warn(
                    "(object)", "read leniently: not strict UTF-8 JSON", f"{file.name}:{piece.line}"
                )
            if len(self._objects) >= _BATCH_ROWS or self._bytes >= _BATCH_BYTES:
                self.flush()
        self.tally.objects += count
        tick()
        return reader.sha256

    def flush(self) -> None:
        """Write what is collected."""
        if not self._objects:
            return
        columns, warned = self._converter.batch(self._objects)
        for row, column, wrong in warned:
            file, _, line = self._places[row]
            self.tally.warn(column, wrong, f"{self._names[file]}:{line}")
        files, objects, lines = zip(*self._places, strict=True)
        arrays = [
            *columns.values(),
            pa.array(files, pa.int64()),
            pa.array(objects, pa.int64()),
            pa.array(lines, pa.int64()),
        ]
        self._insert(
            "INSERT INTO staged SELECT * FROM incoming", pa.Table.from_arrays(arrays, schema=self._schema)
        )
        self._objects, self._places, self._bytes = [], [], 0
        self.tally.unknown = self._converter.unknown

    def _insert(self, statement: str, table: pa.Table) -> None:
        self._connection.register("incoming", table)
        self._connection.execute(statement)
        self._connection.unregister("incoming")


def reread(file: DatasetFile, wanted: Iterable[tuple[int, str]]) -> Iterator[tuple[Piece, str]]:
    """The pieces of one file whose object numbers `wanted` tells in rising order, with their reasons."""
    pieces = enumerate(FileReader(file).pieces(), start=1)
    for number, reason in wanted:
        yield next(piece for count, piece in pieces if count == number), reason
