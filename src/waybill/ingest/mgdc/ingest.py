"""The way of an MGDC pull into a published snapshot: find, stage, land, make canonical, publish."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path

import duckdb

from waybill.clock import SYSTEM_CLOCK, Clock
from waybill.errors import DataProblem
from waybill.ingest.mgdc.canonical import Canonical
from waybill.ingest.mgdc.carry import Carried, Loaded, joined_source
from waybill.ingest.mgdc.find import Found, find
from waybill.ingest.mgdc.reading import FileReader
from waybill.ingest.mgdc.rejects import RejectsFile
from waybill.ingest.mgdc.result import DatasetCount, IngestResult
from waybill.ingest.mgdc.run import Before, Run
from waybill.ingest.mgdc.staging import Progress
from waybill.tenant.build import SnapshotBuilder, SnapshotMeta
from waybill.tenant.registry import Registry, Tenant

SOURCE = "mgdc"
"""What snapshots of this ingest say as their source."""

_PEEKED = 10_000
"""Objects looked at to learn the tenant's id before anything is built."""


def _silent(_file: str, _done: int, _total: int, _rows: int) -> None:
    pass


def ingest_mgdc(
    path: Path,
    tenant_name_or_id: str,
    registry: Registry,
    *,
    data: Path,
    any_tenant: bool = False,
    show_everyone_claim: bool = False,
    show_all_users_claim: bool = False,
    fresh: bool = False,
    progress: Progress = _silent,
    clock: Clock = SYSTEM_CLOCK,
    memory_mb: int = 2048,
) -> IngestResult:
    """Read the MGDC files at `path` (a file or a folder tree) and publish a snapshot of the tenant.

    Rows of another tenant are rejected: those that do not name the GUID given, or else the one most of
    their dataset names; `any_tenant` lets all in. What no file replaces is carried over from the tenant's
    latest MGDC snapshot (so a delta pull finds its base), and usage reports and files that were loaded beside
    them from its latest snapshot of any kind; `fresh` starts from nothing instead. Rejects go
    to `data`/rejects/<tenant>/<snapshot>.jsonl. If anything fails nothing is published, and the snapshot
    before stays: DataProblem says why, Conflict if the files are plainly another tenant's.
    """  # fmt: skip
    found = find(path)
    with clear_errors():
        tenant = registry.ensure_tenant(tenant_name_or_id, _peek(found))
        wall = tenant.id if tenant_name_or_id.strip().lower() == tenant.id else None
        before = None if fresh else _latest(registry, tenant)
        rejects = RejectsFile(data / "rejects" / tenant.id, clock.guid())
        builder: SnapshotBuilder | None = None
        try:
            builder = registry.begin(tenant, memory_mb=memory_mb)
            run = Run(builder, found, rejects, before, wall, any_tenant, progress)
            run.take_in()
            canonical = Canonical(builder.connection, tenant.id)
            canonical.build()
            loaded = None if fresh else _loaded(registry, tenant)
            carried = None if loaded is None else run.carry(loaded)
            as_of = run.newest() or clock.now().replace(tzinfo=None, microsecond=0)
            meta = SnapshotMeta(
                tenant.id, tenant.name, as_of, joined_source(SOURCE, loaded, carried),
                default_domain=canonical.default_domain(),
                activity_until=_until(canonical.activity_until(), carried),
                show_everyone_claim=show_everyone_claim, show_all_users_claim=show_all_users_claim,
            )  # fmt: skip
            run.close()
            _tell_rejects(builder, run.counts)
            after = loaded.snapshot if loaded else None
            published = registry.publish(tenant, builder, meta, run.digest(), after=after)
            kept = rejects.publish(published.id)
        except BaseException:
            if builder is not None:
                builder.abandon()
            rejects.abandon()
            raise
    return IngestResult(
        tenant.id, tenant.name, published.id, run.counts, found.skipped, tuple(run.warnings), kept
    )


def _tell_rejects(builder: SnapshotBuilder, counts: Mapping[str, DatasetCount]) -> None:
    """A report on a pull that lost rows says so: on its Exceptions, and with status 4."""
    for name, count in counts.items():
        if count.warnings:
            message = (
                f"{count.warnings} values of this dataset could not be read as they stand and may be blank: "
                "a link whose expiry is blank is shown as live. The loading told file and line of each."
            )
            builder.connection.execute(
                "INSERT INTO source_problem VALUES ('Warning', NULL, ?, NULL, 'VALUES_UNREAD', ?)",
                [name, message],
            )
    lost = {name: count.rejected for name, count in counts.items() if count.rejected}
    for name, rejected in lost.items():
        message = (
            f"{rejected} rows of this dataset were rejected when the data was loaded: access may be missing. "
            "The rejects file tells each row and its reason."
        )
        builder.connection.execute(
            "INSERT INTO source_problem VALUES ('Warning', NULL, ?, NULL, 'ROWS_REJECTED', ?)",
            [name, message],
        )


def _peek(found: Found) -> str:
    """The tenant id most of the first sites name; where there are no sites, most of the first rows."""
    sites = [file for file in found.files if file.dataset == "SharePointSites"]
    seen: Counter[str] = Counter()
    for file in sites or found.files:
        for piece in islice(FileReader(file).pieces(), _PEEKED):
            for key, value in (piece.found or {}).items():
                if key.lower() == "ptenant" and isinstance(value, str):
                    seen[value.lower()] += 1
        if seen.total() >= _PEEKED or (seen and not sites):
            break
    return min(seen, key=lambda name: (-seen[name], name), default="")


def _latest(registry: Registry, tenant: Tenant) -> Before | None:
    for published in registry.snapshots(tenant.id):
        path = registry.path(tenant.id, published.id)
        if published.origin == SOURCE and path.is_file():
            return Before(published.id, path)
    return None


def _loaded(registry: Registry, tenant: Tenant) -> Loaded | None:
    for published in registry.snapshots(tenant.id):
        path = registry.path(tenant.id, published.id)
        return Loaded(published.id, path, published.source) if path.is_file() else None
    return None


def _until(own: date | None, carried: Carried | None) -> date | None:
    """Usage reports that reach further than the activity by day do not move its end: the days between
    would count as idle."""
    if own is not None:
        return own
    return None if carried is None else carried.until


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn what the disk and the engine say into something a person can act on."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full() from error
        raise DataProblem(
            f"A file could not be read or written: {error.strerror or error} ({error.filename or 'no name given'}).",
            "Nothing was published. Give this account the rights it needs, then ingest again.",
        ) from error
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise _disk_full() from error
        first = str(error).partition("\n")[0]
        raise DataProblem(
            f"The snapshot could not be built: {first}",
            "Nothing was published. If the disk has room, please report this with the line.",
        ) from error


def _disk_full() -> DataProblem:
    return DataProblem(
        "The disk is full; nothing was published and the snapshot before stays.",
        "Make room (about twice the size of the uncompressed files) and ingest again.",
    )
