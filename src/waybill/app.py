"""Wiring: the only file that knows every part. One `House` is one installation on one data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from starlette.types import ASGIApp

from waybill.api.oauth import oauth_routes
from waybill.api.server import build_app
from waybill.api.services import Services
from waybill.clock import SYSTEM_CLOCK, Clock
from waybill.control import open_control
from waybill.export import Export, Facts
from waybill.exports import CATALOG
from waybill.identity.service import Identity, open_identity
from waybill.jobs.produce import Means
from waybill.jobs.service import Jobs
from waybill.settings import Settings
from waybill.tenant.registry import Registry
from waybill.words import translated


@dataclass(frozen=True, slots=True)
class House:
    """Everything the faces (HTTP, command line) call. Parts are thread-safe."""

    settings: Settings
    clock: Clock
    control: sa.Engine
    registry: Registry
    identity: Identity
    jobs: Jobs
    catalog: tuple[Export, ...]

    def export(self, name: str) -> Export:
        """The export of that name; names come from the catalog itself."""
        return next(export for export in self.catalog if export.name == name)

    def open_facts(self, tenant: str, snapshot: str) -> AbstractContextManager[Facts]:
        return self.registry.open(tenant, snapshot)

    @contextmanager
    def open_latest(self, tenant: str) -> Iterator[Facts]:
        """The tenant's latest snapshot; raises Conflict if there is none yet."""
        with self.registry.open(tenant, self.registry.latest(tenant).id) as facts:
            yield facts

    def start_jobs(self) -> None:
        """Run jobs in this process, first those left behind. Raises Conflict if another process does."""
        self.jobs.start(
            Means(
                exports={export.name: export for export in self.catalog},
                open_facts=self.open_facts,
                translate=translated,
                work=self.settings.work_path,
                files=self.settings.files_path,
            )
        )

    def web(self) -> ASGIApp:
        """The whole HTTP side as one ASGI application."""
        services = Services(
            verify=self.identity.verifier.verify,
            jobs=self.jobs,
            open_latest=self.open_latest,
            clock=self.clock,
        )
        oauth = oauth_routes(
            self.identity.clients,
            self.identity.issuer,
            self.identity.keys,
            scopes=sorted({export.scope for export in self.catalog}),
            public_url=self.settings.public_url,
        )
        return build_app(self.catalog, services, self.settings, oauth)


def open_house(
    settings: Settings, clock: Clock = SYSTEM_CLOCK, catalog: tuple[Export, ...] = CATALOG
) -> House:
    """Open (or create) the data folder. Runs no jobs until `start_jobs`."""
    settings.data.mkdir(parents=True, exist_ok=True)
    control = open_control(settings.control_path)
    registry = Registry(
        control,
        settings.snapshots_path,
        settings.work_path / "spill",
        clock,
        report_memory_mb=settings.report_memory_mb,
        ingest_memory_mb=settings.ingest_memory_mb,
        report_lag_days=settings.report_lag_days,
    )
    identity = open_identity(
        control,
        settings.data / "sealing.key",
        clock,
        public_url=settings.public_url,
        token_seconds=settings.token_seconds,
    )
    return House(settings, clock, control, registry, identity, Jobs(control, settings, clock), catalog)
