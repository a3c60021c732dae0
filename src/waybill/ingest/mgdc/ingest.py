"""The way of an MGDC pull into a published snapshot: find, stage, land, make canonical, publish."""

from __future__ import annotations

import errno
import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path

import duckdb

from waybill.clock import SYSTEM_CLOCK, Clock
from waybill.errors import Conflict, DataProblem
from waybill.ingest.mgdc.canonical import Canonical
from waybill.ingest.mgdc.datasets import DATASETS, Dataset
from waybill.ingest.mgdc.find import DatasetFile, Found, find
from waybill.ingest.mgdc.merge import LANDED_FORMAT, Landing
from waybill.ingest.mgdc.reading import FileReader
from waybill.ingest.mgdc.rejects import RejectsFile
from waybill.ingest.mgdc.result import DatasetCount, IngestResult, counted
from waybill.ingest.mgdc.staging import Progress, Stager, Tally, reread
from waybill.tenant.build import SnapshotBuilder, SnapshotMeta
from waybill.tenant.registry import Registry, Tenant

_PEEKED = 10_000
"""Sites looked at to learn the tenant's id before anything is built."""


def _silent(_file: str, _done: int, _total: int, _rows: int) -> None:
    pass


def ingest_mgdc(
    path: Path, tenant_name_or_id: str, registry: Registry, *, data: Path, any_tenant: bool = False,
    show_everyone_claim: bool = False, show_all_users_claim: bool = False, fresh: bool = False,
    progress: Progress = _silent, clock: Clock = SYSTEM_CLOCK, memory_mb: int = 2048,
) -> IngestResult:
    """Read the MGDC files at `path` (a file or a folder tree) and publish a snapshot of the tenant.

    Rows of another tenant are rejected: those that do not name the GUID given, or else the one most of
    their dataset names; `any_tenant` lets all in. What no file replaces is carried over from the tenant's
    latest MGDC snapshot (so a delta pull finds its base); `fresh` starts from nothing instead. Rejects go
    to `data`/rejects/<tenant>/<snapshot>.jsonl. If anything fails, nothing is published: DataProblem.
    """  # fmt: skip
    found = find(path)
    tenant = registry.ensure_tenant(tenant_name_or_id, _peek(found))
    before = None if fresh else _latest(registry, tenant)
    rejects = RejectsFile(data / "rejects" / tenant.id, clock.guid())
    builder: SnapshotBuilder | None = None
    try:
        with _clear_errors():
            builder = registry.begin(tenant, memory_mb=memory_mb)
            wall = tenant.id if tenant_name_or_id.strip().lower() == tenant.id else None
            run = _Run(builder, found, rejects, before, wall, any_tenant, progress)
            run.take_in()
            as_of = run.newest() or clock.now().replace(tzinfo=None, microsecond=0)
            canonical = Canonical(builder.connection, tenant.id)
            canonical.build()
            run.close()
            meta = SnapshotMeta(
                tenant.id, tenant.name, as_of, "mgdc", default_domain=canonical.default_domain,
                show_everyone_claim=show_everyone_claim, show_all_users_claim=show_all_users_claim,
            )  # fmt: skip
            published = registry.publish(tenant, builder, meta, run.digest())
            rejects_file = rejects.publish(published.id)
    except BaseException:
        if builder is not None:
            builder.abandon()
        raise
    finally:
        rejects.abandon()
    warnings = (*run.warnings, *canonical.warnings)
    return IngestResult(tenant.id, tenant.name, published.id, run.counts, found.skipped, warnings, rejects_file)


@dataclass(slots=True)
class _Run:
    """One ingest while it is under way."""

    builder: SnapshotBuilder
    found: Found
    rejects: RejectsFile
    before: tuple[str, Path] | None
    wall: str | None
    any_tenant: bool
    progress: Progress
    counts: dict[str, DatasetCount] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _hashes: dict[str, str] = field(default_factory=dict)
    _majorities: dict[str, str] = field(default_factory=dict)
    _carried: bool = False

    def take_in(self) -> None:
        """Stage and land every dataset; those no file has are carried over."""
        connection = self.builder.connection
        if self.before is not None:
            quoted = str(self.before[1]).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS previous (READ_ONLY)")
            version = connection.execute("SELECT value FROM previous.landed.about WHERE key = 'format'").fetchone()
            if version != (LANDED_FORMAT,):
                self.before = None
                self.warnings.append("The snapshot before is of another format: nothing was carried over from it.")
        landing = Landing(connection, self.found.files, before=self.before is not None)
        full: frozenset[str] = frozenset()
        done, total = 0, sum(file.size for file in self.found.files)
        for dataset in DATASETS.values():
            numbered = [(n, f) for n, f in enumerate(self.found.files) if f.dataset == dataset.name]
            if not numbered:
                self._carried |= landing.carry(dataset) > 0
                continue
            tally = self._stage(dataset, numbered, done, total)
            done += sum(file.size for _, file in numbered)
            if self._land(landing, dataset, tally):
                full |= {dataset.name}
        self._compare_tenants()
        self._refuse_empty(landing)

    def close(self) -> None:
        """Drop what only the ingest needed."""
        self.builder.connection.execute("DROP SCHEMA IF EXISTS scratch CASCADE")
        for (name,) in self.builder.connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE temporary"
        ).fetchall():
            self.builder.connection.execute(f'DROP TABLE temp."{name}"')
        if self.before is not None:
            self.builder.connection.execute("DETACH previous")

    def newest(self) -> datetime | None:
        """The newest day any landed row tells."""
        days = " UNION ALL ".join(f"SELECT max(SnapshotDate) AS day FROM landed.{name}" for name in DATASETS)
        row = self.builder.connection.execute(f"SELECT max(day) FROM ({days})").fetchone()
        newest: datetime | None = row[0] if row else None
        return newest

    def digest(self) -> str:
        """The same files (and the same rows carried over) give the same snapshot id."""
        made = hashlib.sha256()
        for file in self.found.files:
            made.update(f"{file.name}\0{file.size}\0{self._hashes[file.name]}\n".encode("utf-8", "replace"))
        if self._carried and self.before is not None:
            made.update(f"after {self.before[0]}\n".encode())
        made.update(f"any tenant: {self.any_tenant}, {self.wall}\n".encode())
        return made.hexdigest()

    def _stage(
        self, dataset: Dataset, numbered: list[tuple[int, DatasetFile]], done: int, total: int
    ) -> Tally:
        def refuse(number: int, _object: int, line: int, reason: str, raw: bytes) -> None:
            self.rejects.add(dataset.name, self.found.files[number].name, line, reason, raw)

        stager = Stager(self.builder.connection, dataset, refuse)
        for number, file in numbered:
            self._hashes[file.name] = stager.read(number, file, self.progress, done, total)
            done += file.size
        stager.flush()
        self._tell(dataset.name, stager.tally)
        return stager.tally

    def _land(self, landing: Landing, dataset: Dataset, tally: Tally) -> bool:
        """Land the staged rows, write down the rejects, count. True if it was a full pull."""
        tenants = landing.tenants()
        majority = tenants[0][0] if tenants else None
        if majority is not None:
            self._majorities[dataset.name] = majority
        nameless = sum(count for name, count in tenants if name is None)
        if nameless:
            self.warnings.append(f"{dataset.name}: {nameless} rows name no tenant; they were taken.")
        fates = landing.land(dataset, None if self.any_tenant else self.wall or majority, self._full())
        for number, rows in groupby(landing.refused(), key=lambda row: row[0]):
            file = self.found.files[number]
            for piece, reason in reread(file, ((row[1], row[2]) for row in rows)):
                self.rejects.add(dataset.name, file.name, piece.line, reason, piece.raw)
        self.counts[dataset.name] = counted(dataset.name, tally, fates)
        self._carried |= fates.carried > 0
        if not fates.full and fates.read and not fates.carried and dataset.key:
            self.warnings.append(
                f"{dataset.name}: only changes, and no earlier pull to apply them to; what did not change is unknown."
            )
        return fates.full
