"""Build one snapshot: an immutable DuckDB file, filled by ingest, completed with derived tables."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from pathlib import Path

import duckdb
import pyarrow as pa

from waybill.errors import DataProblem, is_disk_full
from waybill.tenant.levels import LEVELS

SNAPSHOT_FORMAT = 3
"""Version of schema.sql and derive/*.sql; part of every snapshot's identity."""

_MAX_DEPTH = 400
"""More nested than any SharePoint path (400 characters) or group chain can be: a stop for bad data."""


@dataclass(frozen=True, slots=True)
class SnapshotMeta:
    """What a snapshot says about itself. Times are UTC without zone."""

    tenant: str
    tenant_name: str
    as_of: datetime
    source: str
    default_domain: str = ""
    show_everyone_claim: bool = False
    show_all_users_claim: bool = False
    directory_complete: bool = False
    activity_until: date | None = None

    def items(self) -> Mapping[str, str]:
        def flag(value: bool) -> str:
            return "true" if value else "false"

        until = {} if self.activity_until is None else {"activity_until": self.activity_until.isoformat()}
        return {
            **until,
            "format": str(SNAPSHOT_FORMAT),
            "tenant": self.tenant,
            "tenant_name": self.tenant_name,
            "as_of": self.as_of.isoformat(sep=" "),
            "source": self.source,
            "default_domain": self.default_domain,
            "show_everyone_claim": flag(self.show_everyone_claim),
            "show_all_users_claim": flag(self.show_all_users_claim),
            "directory_complete": flag(self.directory_complete),
        }


def sql_file(folder: str, name: str) -> str:
    """The text of a named SQL file of this package."""
    return resources.files("waybill.tenant").joinpath(folder, f"{name}.sql").read_text("utf-8")


class SnapshotFile:
    """A snapshot file that is being written, under a temporary name.

    Ingest may use `connection` for its own staging tables; it drops them before the file is finished.
    """

    def __init__(self, path: Path, *, memory_mb: int = 2048) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._spill = path.with_suffix(".spill")
        self.connection = duckdb.connect(
            config={
                "memory_limit": f"{memory_mb}MB",
                "temp_directory": str(self._spill),
                "preserve_insertion_order": True,
                "threads": max(1, min(4, os.cpu_count() or 1)),
            },
        )
        try:
            # An unfinished file is thrown away, never recovered: a log of what is written to it, synced with
            # every statement, would serve nobody. `_complete` writes and syncs the whole.
            quoted = str(path).replace("'", "''")
            self.connection.execute(f"ATTACH '{quoted}' AS snapshot (RECOVERY_MODE no_wal_writes)")
            self.connection.execute("USE snapshot")
        except BaseException:
            self.connection.close()
            raise

    def add(self, table: str, rows: pa.Table | pa.RecordBatch) -> None:
        """Append rows by column name; columns not given are NULL."""
        batch = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
        self.connection.register("incoming", batch)
        self.connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
        self.connection.unregister("incoming")

    def count(self, table: str) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(row[0]) if row else 0

    def _complete(self, *, derive: bool) -> None:
        """Derive where asked, close and sync: the file is then whole, on disk, and never written again."""
        try:
            if derive:
                self._check()
                self._derive()
            self.connection.execute("CHECKPOINT")
        except duckdb.OutOfMemoryException as error:
            raise DataProblem(
                "Building the snapshot needs more memory than it may use.",
                "Raise WAYBILL_INGEST_MEMORY_MB (megabytes) and run the command again; nothing was published.",
            ) from error
        self.connection.close()
        handle = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        shutil.rmtree(self._spill, ignore_errors=True)

    def abandon(self) -> None:
        """Close and delete an unfinished file; harmless after a failed `finish`."""
        self.connection.close()
        for leftover in (self.path, self.path.with_name(self.path.name + ".wal")):
            leftover.unlink(missing_ok=True)
        shutil.rmtree(self._spill, ignore_errors=True)

    def _check(self) -> None:
        """The laws derived tables rely on; a source that breaks one is refused, not half loaded."""
        for part in sql_file("derive", "checks").split("-- rule: ")[1:]:
            name, _, statement = part.partition("\n")
            found = self.connection.execute(statement).fetchone()
            if found is not None:
                raise DataProblem(
                    f"The tenant data breaks a rule: {name} (first: {found}).",
                    "This is a fault of the ingest or its source; please report it with the line.",
                )

    def _derive(self) -> None:
        run = self.connection.execute
        run(sql_file("derive", "10_order"))
        run(sql_file("derive", "20_edges"))
        self._levels("closure", "closure_step", first=2)
        run(sql_file("derive", "30_people"))
        run(sql_file("derive", "40_places"))
        deepest = self._levels("place", "place_step", first=1)
        run(sql_file("derive", "50_places_done"))
        for level in range(deepest, 0, -1):
            run(sql_file("derive", "below_step"), {"level": level})
        run(sql_file("derive", "60_grants"))
        run(sql_file("derive", "70_described"))
        run(sql_file("derive", "80_group_reach"))

    def _levels(self, table: str, step: str, *, first: int) -> int:
        """Run a level-by-level statement until a level adds nothing; the last level that did."""
        statement = sql_file("derive", step)
        before = self.count(table)
        for level in range(first, _MAX_DEPTH):
            self.connection.execute(statement, {"level": level})
            after = self.count(table)
            if after == before:
                return level - 1
            before = after
        raise DataProblem(
            f"More than {_MAX_DEPTH} levels of nesting in {table}.", "Check the source for damage."
        )


class SnapshotBuilder(SnapshotFile):
    """Fills a new snapshot. `finish` derives, checks, closes and syncs it."""

    def __init__(self, path: Path, *, memory_mb: int = 2048) -> None:
        try:
            super().__init__(path, memory_mb=memory_mb)
        except duckdb.IOException as error:
            if is_disk_full(error):
                raise
            raise DataProblem(
                f"A snapshot cannot be written to {path.parent}.",
                "Check this account's rights to the data folder.",
            ) from error
        self.connection.execute(resources.files("waybill.tenant").joinpath("schema.sql").read_text("utf-8"))
        self.connection.executemany(
            "INSERT INTO level VALUES (?, ?, ?, ?)", [[x.id, x.name, x.rank, x.limited] for x in LEVELS]
        )

    def finish(self, meta: SnapshotMeta) -> None:
        """Derive, check and close. After this the file is complete, on disk, and never written again."""
        self.connection.executemany("INSERT INTO meta VALUES (?, ?)", [list(x) for x in meta.items().items()])
        self._complete(derive=True)
