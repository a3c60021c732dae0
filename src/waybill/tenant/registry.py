"""Tenants and their published snapshots: rows in the control store, files beside it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import sqlalchemy as sa

from waybill.clock import Clock
from waybill.control import metadata
from waybill.errors import BadRequest, Conflict, DataProblem, NotFound
from waybill.tenant.amend import PLUS, Amendment, Change
from waybill.tenant.build import SnapshotBuilder, SnapshotMeta
from waybill.tenant.snapshot import OpenContent, Outside, Snapshot, holds_nothing, open_snapshot

tenant_table = sa.Table(
    "tenant",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("created", sa.Text, nullable=False),
)
snapshot_table = sa.Table(
    "snapshot",
    metadata,
    sa.Column("tenant", sa.Text, sa.ForeignKey("tenant.id"), primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("as_of", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("published", sa.Text, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
)

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[\w][\w .\-]{0,62}")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant by its Entra id (lower-case GUID) and the short name people type."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Published:
    """One published snapshot; times are UTC."""

    tenant: str
    id: str
    as_of: datetime
    source: str
    published: datetime

    @property
    def origin(self) -> str:
        """What the snapshot was first read from, "mgdc", without what was added to it since."""
        return self.source.partition(PLUS)[0]


class Registry:
    """Finds tenants and snapshots, and publishes new ones: rename first, then one row."""

    def __init__(
        self,
        control: sa.Engine,
        folder: Path,
        spill: Path,
        clock: Clock,
        *,
        report_memory_mb: int = 512,
        ingest_memory_mb: int = 2048,
        report_lag_days: int = 2,
        contents: OpenContent = holds_nothing,
    ) -> None:
        self._control = control
        self._folder = folder
        self._spill = spill
        self._clock = clock
        self._memory_mb = report_memory_mb
        self._ingest_memory_mb = ingest_memory_mb
        self._lag_days = report_lag_days
        self._contents = contents

    def tenants(self) -> list[Tenant]:
        with self._control.connect() as connection:
            rows = connection.execute(
                sa.select(tenant_table.c.id, tenant_table.c.name).order_by(tenant_table.c.name)
            )
            return [Tenant(row.id, row.name) for row in rows]

    def tenant(self, name_or_id: str) -> Tenant:
        """By name (any letter case) or id. Raises NotFound."""
        wanted = name_or_id.strip().casefold()
        for known in self.tenants():
            if wanted in (known.id, known.name.casefold()):
                return known
        raise NotFound(
            f"No tenant is called {name_or_id!r}.",
            "Load one with `waybill ingest mgdc PATH --tenant NAME` or `waybill practice`.",
        )

    def ensure_tenant(self, name_or_id: str, tenant_id: str = "") -> Tenant:
        """The tenant, registered on first use. `tenant_id`: its Entra id, where the data tells it."""
        try:
            return self.tenant(name_or_id)
        except NotFound:
            pass
        name = name_or_id.strip()
        if not _NAME.fullmatch(name):
            raise BadRequest(
                f"{name_or_id!r} cannot name a tenant.",
                "Use letters, digits, blanks, dots and dashes, at most 63.",
            )
        lowered = name.casefold()
        guid = lowered if _GUID.fullmatch(lowered) else (tenant_id.lower() or self._clock.guid())
        created = Tenant(guid, name)
        with self._control.begin() as connection:
            if connection.execute(sa.select(tenant_table.c.name).where(tenant_table.c.id == guid)).first():
                guid = self._clock.guid()
                created = Tenant(guid, name)
            connection.execute(
                tenant_table.insert().values(id=guid, name=name, created=self._clock.now().isoformat())
            )
        return created

    def begin(self, tenant: Tenant, *, memory_mb: int | None = None) -> SnapshotBuilder:
        """A builder under a temporary name on the same disk as the published files."""
        return SnapshotBuilder(self._building(tenant), memory_mb=memory_mb or self._ingest_memory_mb)

    def amend(self, tenant: Tenant, *, memory_mb: int | None = None) -> Amendment:
        """A copy of the tenant's latest snapshot, to be changed and given to `publish_amended`.

        Raises Conflict if there is none yet, DataProblem if it cannot be read.
        """
        latest = self.latest(tenant.id)
        return Amendment(
            self._building(tenant),
            self.path(tenant.id, latest.id),
            latest.id,
            memory_mb=memory_mb or self._ingest_memory_mb,
        )

    def publish(
        self,
        tenant: Tenant,
        builder: SnapshotBuilder,
        meta: SnapshotMeta,
        digest: str,
        *,
        after: str | None = None,
    ) -> Published:
        """Finish the builder, rename its file, then write the one row that makes it the latest.

        `digest` (8 or more hex digits) tells sources apart: the same data as of the same time is the
        same snapshot, and publishing it again only makes it the latest again. `after`: the snapshot
        that things were carried over from; raises Conflict if it is not the latest any more.
        """
        builder.finish(meta)
        return self._release(tenant, builder.path, meta.as_of, meta.source, digest, after=after)

    def publish_amended(self, tenant: Tenant, amendment: Amendment, change: Change, digest: str) -> Published:
        """Finish the amendment and publish it as `publish` does.

        `digest` tells what was put in; the same on top of the same snapshot is the same snapshot.
        Raises Conflict if another ingest published meanwhile: what it brought would be lost.
        """
        amendment.finish(change)
        made = hashlib.sha256(f"amended {amendment.snapshot} {change.added} {digest}".encode()).hexdigest()
        as_of = datetime.fromisoformat(amendment.meta["as_of"])
        source = amendment.meta["source"]
        return self._release(tenant, amendment.path, as_of, source, made, after=amendment.snapshot)

    def _building(self, tenant: Tenant) -> Path:
        folder = self._folder / tenant.id
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self._clock.guid()}.{os.getpid()}.building"

    def _release(
        self,
        tenant: Tenant,
        path: Path,
        as_of: datetime,
        source: str,
        digest: str,
        *,
        after: str | None = None,
    ) -> Published:
        """Rename, then the row, both or neither. `after`: the snapshot that must still be the latest."""
        snapshot = f"{as_of:%Y%m%dT%H%M%SZ}-{digest[:8]}"
        final = self.path(tenant.id, snapshot)
        now = self._clock.now()
        mine = snapshot_table.c.tenant == tenant.id
        with self._control.begin() as connection:
            # A write that changes nothing takes the lock first, so that what is read next stays true.
            connection.execute(
                sa.update(tenant_table).where(tenant_table.c.id == tenant.id).values(id=tenant.id)
            )
            newest = snapshot_table.c.sequence.desc()
            latest = connection.execute(sa.select(snapshot_table.c.id).where(mine).order_by(newest)).scalar()
            if after is not None and (latest or "") != after:
                raise Conflict(
                    "Another ingest published a snapshot of this tenant meanwhile; this one published nothing.",
                    "Run the command again: it goes on from the newest snapshot.",
                )
            connection.execute(sa.delete(snapshot_table).where(mine, snapshot_table.c.id == snapshot))
            path.replace(final)
            _sync_folder(final.parent)
            last = connection.execute(sa.select(sa.func.max(snapshot_table.c.sequence))).scalar() or 0
            connection.execute(
                snapshot_table.insert().values(
                    tenant=tenant.id, id=snapshot, as_of=as_of.isoformat(), source=source,
                    published=now.isoformat(), sequence=last + 1,
                )
            )  # fmt: skip
        return Published(tenant.id, snapshot, as_of, source, now)

    def path(self, tenant: str, snapshot: str) -> Path:
        return self._folder / tenant / f"{snapshot}.duckdb"

    def snapshots(self, tenant: str | None = None) -> list[Published]:
        """Newest first."""
        query = sa.select(snapshot_table).order_by(snapshot_table.c.sequence.desc())
        if tenant is not None:
            query = query.where(snapshot_table.c.tenant == tenant)
        with self._control.connect() as connection:
            return [
                Published(
                    row.tenant,
                    row.id,
                    datetime.fromisoformat(row.as_of),
                    row.source,
                    datetime.fromisoformat(row.published),
                )
                for row in connection.execute(query)
            ]

    def latest(self, tenant: str) -> Published:
        """The newest published snapshot. Raises Conflict if nothing was ingested yet."""
        found = self.snapshots(tenant)
        if not found:
            raise Conflict(
                "This tenant has no snapshot yet.",
                "Load one with `waybill ingest mgdc PATH --tenant NAME`, then ask again.",
            )
        return found[0]

    def contents_in_use(self) -> set[str]:
        """The keys of all file contents that any published snapshot names, for `ContentStore.sweep`.

        Raises DataProblem if a snapshot cannot be read: then nobody knows what may be deleted.
        """
        keys: set[str] = set()
        for published in self.snapshots():
            path = self.path(published.tenant, published.id)
            with _readable(published.id), duckdb.connect(str(path), read_only=True) as connection:
                held = connection.execute(
                    "SELECT 1 FROM duckdb_columns() WHERE table_name = 'drive_item' AND column_name = 'content' LIMIT 1"
                ).fetchone()
                if held is not None:  # snapshots of older formats have no such table
                    found = connection.execute(
                        "SELECT DISTINCT content FROM drive_item WHERE content IS NOT NULL"
                    )
                    keys.update(key for (key,) in found.fetchall())
        return keys

    @contextmanager
    def open(self, tenant: str, snapshot: str) -> Iterator[Snapshot]:
        """Open a published snapshot for one reader."""
        spill = self._spill / self._clock.guid()
        outside = Outside(self._clock.now(), self._lag_days, self._contents)
        with open_snapshot(
            self.path(tenant, snapshot), snapshot, spill=spill, memory_mb=self._memory_mb, outside=outside
        ) as facts:
            if facts.tenant != tenant:
                raise DataProblem("This snapshot belongs to another tenant.", "Ingest the tenant again.")
            yield facts

    def sweep(self) -> int:
        """Delete what interrupted ingests left behind, never what a living process builds; how many files."""
        leftovers = [
            path for path in self._folder.glob("*/*.building*") if not _is_alive(path.name.split(".")[1])
        ]
        for path in leftovers:
            path.unlink(missing_ok=True)
        for folder in self._folder.glob("*/*.spill"):
            if not _is_alive(folder.name.split(".")[1]):
                shutil.rmtree(folder, ignore_errors=True)
        return len(leftovers)


def _is_alive(process: str) -> bool:
    """Whether a process of this number runs; a reused number only means that the file stays longer."""
    if not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _readable(snapshot: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise DataProblem(
            f"Snapshot {snapshot} cannot be read: it is missing or damaged.", "Ingest the tenant again."
        ) from error
