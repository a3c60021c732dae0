"""Amend a snapshot: a copy of a published one, in which some base tables are written anew.

The published file is never touched. The copy is made under a temporary name and published like any
other snapshot, so a crash or a full disk leaves only a file that `Registry.sweep` removes.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from pathlib import Path

import duckdb

from waybill.errors import DataProblem, is_disk_full
from waybill.tenant.build import SNAPSHOT_FORMAT, SnapshotFile

PLUS = " + "
"""Between the parts of a snapshot's source: `mgdc + usage reports` was read by MGDC, then amended."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an amendment says of itself when it is published.

    added: words for the snapshot's source ("usage reports"), told once however often it is amended
    activity_until: the new last day of activity; None = as it was
    as_of: the new time of the whole (UTC without zone); None = as it was
    derive: base tables that derived ones are made from were changed: compute them anew
    """

    added: str
    activity_until: date | None = None
    as_of: datetime | None = None
    derive: bool = False


class Amendment(SnapshotFile):
    """A copy of the snapshot `source`, open for writing.

    Without `Change.derive` only tables that nothing is derived from may be changed: usage_report,
    person_usage, drive_item, activity_event, person_day, unified_group, group_day, group_file_day, ...
    """

    def __init__(self, path: Path, source: Path, snapshot: str, *, memory_mb: int = 2048) -> None:
        """Copy and open. Raises DataProblem if the source is gone, damaged or of another format."""
        self.snapshot = snapshot
        if not source.is_file():
            raise DataProblem(f"Snapshot {snapshot} is gone from disk.", "Ingest the tenant again.")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source, path)
            super().__init__(path, memory_mb=memory_mb)
        except duckdb.Error as error:
            path.unlink(missing_ok=True)
            if is_disk_full(error):
                raise
            raise _damaged(snapshot) from error
        except OSError:
            path.unlink(missing_ok=True)
            raise
        try:
            self.meta: dict[str, str] = dict(
                self.connection.execute("SELECT key, value FROM meta").fetchall()
            )
        except duckdb.Error as error:
            self.abandon()
            raise _damaged(snapshot) from error
        if self.meta.get("format") != str(SNAPSHOT_FORMAT):
            self.abandon()
            raise DataProblem(
                f"Snapshot {snapshot} has format {self.meta.get('format')}, this Waybill writes {SNAPSHOT_FORMAT}.",
                "Ingest the tenant again with this version.",
            )

    @property
    def origin(self) -> str:
        """The source without what was added since."""
        return self.meta["source"].partition(PLUS)[0]

    @property
    def activity_until(self) -> date | None:
        told = self.meta.get("activity_until")
        return None if told is None else date.fromisoformat(told)

    def finish(self, change: Change) -> None:
        """Write down what was changed, derive if asked, close and sync."""
        parts = self.meta["source"].split(PLUS)
        self.meta["source"] = PLUS.join(parts if change.added in parts else [*parts, change.added])
        if change.as_of is not None:
            self.meta["as_of"] = change.as_of.isoformat(sep=" ")
        if change.activity_until is not None:
            self.meta["activity_until"] = change.activity_until.isoformat()
        # Deleting and inserting one key within a transaction would break the table's primary key.
        self.connection.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", [list(item) for item in self.meta.items()]
        )
        if change.derive:
            self._drop_derived()
        self._complete(derive=change.derive)

    def _drop_derived(self) -> None:
        """All that is not a base table: what `_derive` makes, and nothing of an ingest's own schema."""
        schema = resources.files("waybill.tenant").joinpath("schema.sql").read_text("utf-8")
        base = set(re.findall(r"^CREATE TABLE (\w+)", schema, re.MULTILINE))
        here = "database_name = current_database() AND schema_name = 'main' AND NOT internal"
        for (name,) in self.connection.execute(
            f"SELECT table_name FROM duckdb_tables() WHERE {here} AND NOT temporary"
        ).fetchall():
            if name not in base:
                self.connection.execute(f'DROP TABLE "{name}"')
        for (name,) in self.connection.execute(
            f"SELECT type_name FROM duckdb_types() WHERE {here} AND logical_type = 'ENUM'"
        ).fetchall():
            self.connection.execute(f'DROP TYPE IF EXISTS "{name}"')


def _damaged(snapshot: str) -> DataProblem:
    return DataProblem(f"Snapshot {snapshot} cannot be read: it is damaged.", "Ingest the tenant again.")
