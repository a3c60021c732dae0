"""One ingest while it is under way: stage and land each dataset, keep the counts, tell what is odd."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path

import duckdb

from waybill.errors import Conflict, DataProblem
from waybill.ingest.mgdc.carry import Carried, Loaded, carry_loaded
from waybill.ingest.mgdc.datasets import DATASETS, Dataset
from waybill.ingest.mgdc.find import DatasetFile, Found
from waybill.ingest.mgdc.merge import LANDED_FORMAT, Landing
from waybill.ingest.mgdc.rejects import RejectsFile
from waybill.ingest.mgdc.result import DatasetCount, counted
from waybill.ingest.mgdc.staging import Progress, Stager, Tally, reread
from waybill.tenant.build import SnapshotBuilder


@dataclass(frozen=True, slots=True)
class Before:
    """The snapshot a delta pull starts from."""

    snapshot: str
    path: Path


@dataclass(slots=True)
class Run:
    """`wall`: the only tenant let in; None = the one most rows of a dataset name."""

    builder: SnapshotBuilder
    found: Found
    rejects: RejectsFile
    before: Before | None
    wall: str | None
    any_tenant: bool
    progress: Progress
    counts: dict[str, DatasetCount] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _hashes: dict[str, str] = field(default_factory=dict)
    _majorities: dict[str, str] = field(default_factory=dict)
    _full: set[str] = field(default_factory=set)
    _carried: bool = False
    _loaded: str = ""

    def take_in(self) -> None:
        """Stage and land every dataset; those no file has are carried over."""
        self._attach()
        landing = Landing(self.builder.connection, self.found.files, before=self.before is not None)
        done = 0
        for dataset in DATASETS.values():
            numbered = [(n, f) for n, f in enumerate(self.found.files) if f.dataset == dataset.name]
            if numbered:
                tally = self._stage(dataset, numbered, done)
                self._land(landing, dataset, tally)
                done += sum(file.size for _, file in numbered)
            else:
                self._carried |= landing.carry(dataset) > 0
        self._compare_tenants()
        self._refuse_hollow(landing)

    def carry(self, loaded: Loaded) -> Carried:
        """Take over what was loaded beside MGDC files; after the canonical tables are there."""
        same = self.before is not None and self.before.path == loaded.path
        carried = carry_loaded(self.builder.connection, loaded, "previous" if same else None)
        self.warnings += carried.sentences()
        self._loaded = loaded.snapshot if carried.rows else ""
        return carried

    def close(self) -> None:
        """Drop what only the ingest needed; the schema `landed` stays."""
        run = self.builder.connection.execute
        for kind, listing in (
            ("VIEW", "SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal"),
            ("TABLE", "SELECT table_name FROM duckdb_tables() WHERE temporary"),
        ):
            for (name,) in run(listing).fetchall():
                run(f'DROP {kind} temp."{name}"')
        if self.before is not None:
            run("DETACH previous")

    def newest(self) -> datetime | None:
        """The newest day any landed row tells."""
        days = " UNION ALL ".join(f"SELECT max(SnapshotDate) AS day FROM landed.{name}" for name in DATASETS)
        newest: datetime | None = self.builder.connection.execute(
            f"SELECT max(day) FROM ({days})"
        ).fetchall()[0][0]
        return newest

    def digest(self) -> str:
        """Hex SHA-256: the same files, on top of the same rows carried over, give the same one."""
        made = hashlib.sha256()
        for file in self.found.files:
            made.update(f"{file.name}\0{file.size}\0{self._hashes[file.name]}\n".encode("utf-8", "replace"))
        if self._carried and self.before is not None:
            made.update(f"after {self.before.snapshot}\n".encode())
        if self._loaded:
            made.update(f"beside {self._loaded}\n".encode())
        made.update(f"let in {self.wall or ''} {self.any_tenant}\n".encode())
        return made.hexdigest()

    def _attach(self) -> None:
        if self.before is None:
            return
        run = self.builder.connection.execute
        quoted = str(self.before.path).replace("'", "''")
        try:
            run(f"ATTACH '{quoted}' AS previous (READ_ONLY)")
        except duckdb.Error as error:
            raise DataProblem(
                f"Snapshot {self.before.snapshot}, from which this pull would go on, cannot be read: it is damaged.",
                "Ingest a full pull with --fresh.",
            ) from error
        if run(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = 'previous' AND schema_name = 'landed'"
        ).fetchall():
            version = run("SELECT value FROM previous.landed.about WHERE key = 'format'").fetchall()
            if version == [(LANDED_FORMAT,)]:
                return
        run("DETACH previous")
        self.before = None
        self.warnings.append("The snapshot before is of another format: nothing was carried over from it.")

    def _stage(self, dataset: Dataset, numbered: Iterable[tuple[int, DatasetFile]], done: int) -> Tally:
        def refuse(number: int, line: int, reason: str, raw: bytes) -> None:
            self.rejects.add(dataset.name, self.found.files[number].name, line, reason, raw)

        stager = Stager(self.builder.connection, dataset, refuse)
        total = sum(file.size for file in self.found.files)
        for number, file in numbered:
            self._hashes[file.name] = stager.read(number, file, self.progress, done, total)
            done += file.size
        stager.finish()
        self.warnings += [f"{dataset.name}: {sentence}" for sentence in stager.tally.sentences()]
        return stager.tally

    def _land(self, landing: Landing, dataset: Dataset, tally: Tally) -> None:
        """Land the staged rows, write the rejects down, count."""
        tenants = landing.tenants(dataset)
        majority = tenants[0][0] if tenants else None
        if majority is not None:
            self._majorities[dataset.name] = majority
            if dataset.name == "SharePointSites":
                self._same_tenant_as_before(majority)
        nameless = sum(count for name, count in tenants if name is None)
        if nameless:
            self.warnings.append(f"{dataset.name}: {nameless} rows name no tenant; they were taken.")
        fates = landing.judge(
            dataset, None if self.any_tenant else self.wall or majority, frozenset(self._full)
        )
        for number, rows in groupby(landing.refused(dataset), key=lambda row: row[0]):
            file = self.found.files[number]
            for piece, reason in reread(file, ((row[1], row[2]) for row in rows)):
                self.rejects.add(dataset.name, file.name, piece.line, reason, piece.raw)
        landing.land(dataset, fates)
        self.counts[dataset.name] = counted(dataset.name, tally, fates)
        self._carried |= fates.carried > 0
        if fates.full:
            self._full.add(dataset.name)
        elif dataset.key and fates.read and not fates.carried:
            self.warnings.append(
                f"{dataset.name}: changes alone, and no earlier pull to apply them to; what did not change is unknown."
            )

    def _same_tenant_as_before(self, majority: str) -> None:
        if self.before is None or self.any_tenant or self.wall:
            return
        known = self.builder.connection.execute(
            "SELECT ptenant FROM previous.landed.SharePointSites WHERE ptenant IS NOT NULL "
            "GROUP BY ptenant ORDER BY count(*) DESC, ptenant LIMIT 1"
        ).fetchall()
        if known and known[0][0] != majority:
            raise Conflict(
                f"These files are of tenant {majority}, but this tenant's last snapshot is of {known[0][0]}.",
                "Give another --tenant name, or let all tenants in if both are one.",
            )

    def _compare_tenants(self) -> None:
        if len(set(self._majorities.values())) > 1:
            told = "; ".join(f"{dataset} {tenant}" for dataset, tenant in self._majorities.items())
            self.warnings.append(
                f"The datasets name different tenants ({told}): they may not belong together."
            )

    def _refuse_hollow(self, landing: Landing) -> None:
        """Nothing at all, or permissions without sites, is no snapshot."""
        taken = sum(landing.count(dataset) for dataset in DATASETS.values())
        lost = self.counts.get("SharePointPermissions")
        if taken == 0:
            raise DataProblem(
                "Not one row of these files could be taken; no snapshot was made.",
                f"Rejected: {sum(count.rejected for count in self.counts.values())}. Check --tenant and the files.",
            )
        if lost is not None and lost.rejected and landing.count(DATASETS["SharePointSites"]) == 0:
            raise DataProblem(
                "There are permission rows, but no SharePointSites to place them on; no snapshot was made.",
                "Put the SharePointSites files into the same folder.",
            )
