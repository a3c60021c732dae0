"""Read one published snapshot: a private in-memory database with the snapshot attached read-only."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from waybill.errors import ContentMissing, DataProblem
from waybill.export import Batches, Column, Sql, schema_of
from waybill.tenant.build import SNAPSHOT_FORMAT, sql_file

BATCH_ROWS = 10_240
"""Rows per batch: 10,000 keep the writer's memory flat at no cost in speed (files-report.md 1)."""

POSITION = "position"
"""First column of a query whose rows are numbered, from $first or 0, rather than sorted: `Snapshot.rows` yields
them in that order, without the column. Sorting a few integers and fetching the texts afterwards costs a third of
sorting wide rows (docs/performance.md); a join keeps the order of its first table, but promises nothing."""

BEGIN_MB = 128
"""Memory a job's queries begin with. It is doubled, up to the job's limit, when a query cannot do with it.

The engine keeps the blocks it has read until its memory is full: given all at once, a job would soon hold the
snapshot's texts besides what its queries need (benchmarks/profiles/growth.md)."""

SPILLED_SHARE = 4
"""Memory is also doubled, up to half the job's limit, when the job's own tables lie on disk by more than a quarter of
it: reading them back for each query costs more than holding them."""

T = TypeVar("T")

_DAMAGE = ("Corrupt database", "checksum", "Could not read")
"""Words of the engine's errors about its file (DuckDB 2; it has no error class of its own for this)."""


OpenContent = Callable[[str], Iterator[bytes]]
"""The bytes of a file by its key (`drive_item.content`), in chunks; raises ContentMissing."""


def holds_nothing(_key: str) -> Iterator[bytes]:
    """The contents of an installation that keeps none."""
    raise ContentMissing("The contents of this file are not kept here.")


@dataclass(frozen=True, slots=True)
class Outside:
    """What a reader is told that is not in the snapshot: the time, and where file contents come from.

    `lag_days`: how long after a day its activity counts as complete (graph.md 6.4).
    """

    now: datetime
    lag_days: int = 2
    contents: OpenContent = holds_nothing


class Snapshot:
    """The Facts of one job. Temporary tables live in this connection alone and die with it."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        snapshot: str,
        outside: Outside,
        threads: int = 1,
        memory_mb: int = BEGIN_MB,
    ) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._threads = threads
        self._memory_mb = min(BEGIN_MB, memory_mb)
        self._most_mb = memory_mb
        self._in_order = False
        self._outside = outside
        self.meta: dict[str, str] = dict(connection.execute("SELECT key, value FROM meta").fetchall())

    @property
    def snapshot(self) -> str:
        return self._snapshot

    @property
    def tenant(self) -> str:
        return self.meta["tenant"]

    @property
    def as_of(self) -> datetime:
        return datetime.fromisoformat(self.meta["as_of"])

    @property
    def today(self) -> date:
        return self._outside.now.date()

    @property
    def latest_day(self) -> date:
        return self.today - timedelta(days=self._outside.lag_days)

    def content(self, key: str) -> Iterator[bytes]:
        return self._outside.contents(key)

    def stage(self, query: str | Sql, **parameters: Any) -> None:
        # The engine binds parameters of one statement at a time: each gets those it names.
        with _damage_told(self._snapshot):
            self._fetch_in_order(False)
            self._hold_tables()
            for statement in self._connection.extract_statements(_text(query)):
                named = {name: parameters[name] for name in statement.named_parameters}
                self._with_memory(partial(self._connection.execute, statement, named or None))

    def rows(self, query: str | Sql, columns: tuple[Column, ...], **parameters: Any) -> Batches:
        schema = schema_of(columns)
        given = 0
        with _damage_told(self._snapshot):
            while True:
                try:
                    for arrays in self._read(_text(query), parameters, given):
                        cast = [array.cast(kind) for array, kind in zip(arrays, schema.types, strict=True)]
                        batch = pa.RecordBatch.from_arrays(cast, schema=schema)
                        given += batch.num_rows
                        del arrays, cast
                        yield batch
                        del batch  # here and below: or it would lie in memory while the next one is made
                    return
                except (duckdb.OutOfMemoryException, OSError) as error:
                    # The engine's errors in the middle of a result come through Arrow, as OSError.
                    if "Out of Memory" not in str(error):
                        raise
                    if not self._more_memory():
                        raise MemoryError(str(error)) from error

    def _read(self, query: str, parameters: dict[str, Any], given: int) -> Iterator[list[pa.Array[Any]]]:
        """The columns of each batch of a query, without the first `given` rows: they are out already.

        A query asked again gives the same rows in the same order: it sorts or numbers them.
        """
        self._fetch_in_order(False)
        relation = self._connection.sql(query, params=parameters or None)
        numbered = relation.columns[0] == POSITION
        if numbered:
            self._fetch_in_order(True)
        batches: Batches = relation.to_arrow_reader(BATCH_ROWS)
        for batch in _in_order(batches, parameters.get("first", 0)) if numbered else batches:
            if given >= batch.num_rows:
                given -= batch.num_rows
                continue
            columns = batch.slice(given).columns[1 if numbered else 0 :]
            given = 0
            del batch
            yield columns
            del columns

    def table(self, query: str | Sql, **parameters: Any) -> list[tuple[Any, ...]]:
        with _damage_told(self._snapshot):
            self._fetch_in_order(False)
            return self._with_memory(
                lambda: self._connection.execute(_text(query), parameters or None).fetchall()
            )

    def _hold_tables(self) -> None:
        """More memory if too much of what was staged lies on disk; asking takes half a millisecond."""
        if self._memory_mb > self._most_mb // 4:
            return
        ((spilled,),) = self._connection.execute("SELECT sum(size) FROM duckdb_temporary_files()").fetchall()
        if spilled and spilled > self._memory_mb * 1_000_000 // SPILLED_SHARE:
            self._more_memory()

    def _with_memory(self, work: Callable[[], T]) -> T:
        """What `work` gives; done again with more memory for as long as it lacks some and there is more."""
        while True:
            try:
                return work()
            except duckdb.OutOfMemoryException:
                if not self._more_memory():
                    raise

    def _more_memory(self) -> bool:
        """Twice the memory for this query and all that follow; False if the job has all it may have."""
        if self._memory_mb >= self._most_mb:
            return False
        self._memory_mb = min(2 * self._memory_mb, self._most_mb)
        self._connection.execute(f"SET memory_limit = '{self._memory_mb:d}MB'")
        return True

    def _fetch_in_order(self, wanted: bool) -> None:
        """Whether a query reads its first table from the first row to the last and only looks up the others."""
        if wanted != self._in_order:
            self._in_order = wanted
            self._connection.execute(f"SET threads = {1 if wanted else self._threads:d}")
            # These two would turn a join round when its first table looks the smaller.
            held = "join_order,build_side_probe_side" if wanted else ""
            self._connection.execute(f"SET disabled_optimizers = '{held}'")


def _in_order(batches: Batches, following: int) -> Batches:
    """Batches whose first column numbers their rows, each number once, in the order of those numbers.

    following: the first number. Batches that come in order pass through; from the first that does not, all
    the rest is held and sorted: whoever asks bounds the rows of one query.
    """
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if held or not np.array_equal(_integers(batch), np.arange(following, following + batch.num_rows)):
            held.append(batch)
            continue
        following += batch.num_rows
        yield batch
        del batch
    if held:
        rest = pa.Table.from_batches(held)
        held.clear()
        # Columns of a query may share a name; numbered, they do not.
        rest = rest.rename_columns([str(place) for place in range(rest.num_columns)])
        yield from rest.sort_by("0").to_batches(max_chunksize=BATCH_ROWS)


def _integers(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """The first column without a copy (`to_numpy` would import pandas wherever it is installed)."""
    column: Any = batch.column(0)  # the stubs do not type buffers tightly enough to be of help
    data = column.buffers()[1]
    if data is None:
        return np.empty(0, np.int64)
    return np.frombuffer(data, np.int64)[column.offset : column.offset + len(column)]


@contextmanager
def _damage_told(snapshot: str) -> Iterator[None]:
    """A block whose checksum is wrong, or that is missing, becomes a DataProblem; all else passes through.

    Blocks are read, and their checksums verified, only when a query needs them: damage may show late.
    """
    try:
        yield
    except duckdb.Error as error:
        if not any(word in str(error) for word in _DAMAGE):
            raise
        raise _damaged(snapshot) from error


def _damaged(snapshot: str) -> DataProblem:
    return DataProblem(f"Snapshot {snapshot} cannot be read: it is damaged.", "Ingest the tenant again.")


def _text(query: str | Sql) -> str:
    return query.text if isinstance(query, Sql) else sql_file("queries", query)


@contextmanager
def open_snapshot(
    path: Path,
    snapshot: str,
    *,
    spill: Path,
    memory_mb: int,
    threads: int = 2,
    outside: Outside | None = None,
) -> Iterator[Snapshot]:
    """Open the snapshot file at `path` for one job; raises DataProblem if it is missing or damaged."""
    spill.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{min(BEGIN_MB, memory_mb)}MB",
            "temp_directory": str(spill),
            "threads": threads,
        },
    )
    try:
        if not path.is_file():
            raise DataProblem(f"Snapshot {snapshot} is gone from disk.", "Ingest the tenant again.")
        quoted = str(path).replace("'", "''")
        try:
            connection.execute(f"ATTACH '{quoted}' AS snapshot (READ_ONLY)")
            connection.execute("USE snapshot")
            reader = Snapshot(connection, snapshot, outside or Outside(datetime.now(UTC)), threads, memory_mb)
        except duckdb.Error as error:
            raise _damaged(snapshot) from error
        if reader.meta.get("format") != str(SNAPSHOT_FORMAT):
            raise DataProblem(
                f"Snapshot {snapshot} has format {reader.meta.get('format')}, this Waybill reads {SNAPSHOT_FORMAT}.",
                "Ingest the tenant again with this version.",
            )
        yield reader
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)
