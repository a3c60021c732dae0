"""Wiring: the only file that knows every part. One `House` is one installation on one data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from starlette.types import ASGIApp

from waybill import log
from waybill.api.entra import entra_routes
from waybill.api.oauth import oauth_routes
from waybill.api.server import build_app
from waybill.api.services import GraphServices, Services
from waybill.clock import SYSTEM_CLOCK, Clock
from waybill.control import open_control
from waybill.delivery.destinations import Destinations
from waybill.delivery.links import Links
from waybill.delivery.locations import StorageRules
from waybill.delivery.network import Network
from waybill.errors import DataProblem, NotFound
from waybill.export import Export, Facts, Family
from waybill.exports import CATALOG
from waybill.identity.service import GraphRules, Identity, open_identity
from waybill.jobs.operations import Operations
from waybill.jobs.prepared import Prepared
from waybill.jobs.produce import Means
from waybill.jobs.removals import Removals
from waybill.jobs.report_settings import ReportSettings
from waybill.jobs.service import Jobs
from waybill.jobs.storage import DeliveryStorage
from waybill.sealing import open_sealer
from waybill.settings import Settings
from waybill.tenant.contents import ContentStore, contents_of
from waybill.tenant.held import HeldSnapshots
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
    contents: ContentStore
    destinations: Destinations
    operations: Operations
    report_settings: ReportSettings
    prepared: Prepared
    links: Links
    removals: Removals
    held: HeldSnapshots

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
                deliveries=self.operations,
                sweeps=(self.prepared.sweep, self.held.sweep),
            )
        )

    def sweep(self) -> int:
        """Remove what interrupted ingests left, and file contents no snapshot names; how many files."""
        removed = self.registry.sweep()
        try:
            used = self.registry.contents_in_use()
        except DataProblem as error:  # nobody knows what a damaged snapshot names: nothing may be deleted
            log.get(__name__).warning("file contents were not swept", reason=str(error))
            return removed
        return removed + self.contents.sweep(used, self.clock.now())

    def web(self) -> ASGIApp:
        """The whole HTTP side as one ASGI application."""
        services = Services(
            verify=self.identity.verifier.verify,
            recall=self.identity.verifier.recall,
            jobs=self.jobs,
            open_latest=self.open_latest,
            ask_latest=self.held.latest,
            clock=self.clock,
            graph=GraphServices(
                verify_graph=self.identity.graph_verifier.verify,
                operations=self.operations,
                prepared=self.prepared,
                links=self.links,
                report_settings=self.report_settings,
                removals=self.removals,
                settings=self.settings,
            ),
        )
        oauth = oauth_routes(
            self.identity.clients,
            self.identity.issuer,
            self.identity.keys,
            scopes=sorted({export.scope for export in self.catalog if export.family is Family.INSIGHTS}),
            public_url=self.settings.public_url,
        )
        entra = entra_routes(
            self.identity.clients,
            self.identity.graph_issuer,
            self.identity.keys,
            self._tenant_id,
            self.clock,
            app_id_uri=self.settings.app_id_uri,
            public_url=self.settings.public_url,
        )
        return build_app(self.catalog, services, self.settings, [*oauth, *entra])

    def _tenant_id(self, name_or_id: str) -> str | None:
        try:
            return self.registry.tenant(name_or_id).id
        except NotFound:
            return None


def open_house(
    settings: Settings, clock: Clock = SYSTEM_CLOCK, catalog: tuple[Export, ...] = CATALOG
) -> House:
    """Open (or create) the data folder. Runs no jobs until `start_jobs`."""
    settings.data.mkdir(parents=True, exist_ok=True)
    control = open_control(settings.control_path)
    contents = ContentStore(settings.contents_path)
    registry = Registry(
        control,
        settings.snapshots_path,
        settings.work_path / "spill",
        clock,
        report_memory_mb=settings.report_memory_mb,
        ingest_memory_mb=settings.ingest_memory_mb,
        report_lag_days=settings.report_lag_days,
        contents=contents_of({"practice": _open_practice, "sha256": contents.open}),
    )
    sealing_key = settings.data / "sealing.key"
    identity = open_identity(
        control,
        sealing_key,
        clock,
        public_url=settings.public_url,
        token_seconds=settings.token_seconds,
        graph=_graph_rules(settings, registry),
    )
    sealer = open_sealer(sealing_key)
    jobs = Jobs(control, settings, clock)
    rules = StorageRules(settings.storage_hosts, settings.storage_emulators, settings.storage_ca)
    destinations = Destinations(control, sealer, rules, clock)
    storage = DeliveryStorage(rules, destinations, Network(clock, ca=settings.storage_ca))
    report_settings = ReportSettings(control, sealer, clock)
    return House(
        settings=settings,
        clock=clock,
        control=control,
        registry=registry,
        identity=identity,
        jobs=jobs,
        catalog=catalog,
        contents=contents,
        destinations=destinations,
        operations=Operations(control, settings, clock, sealer, storage, jobs.enqueue),
        report_settings=report_settings,
        prepared=Prepared(settings.reports_path, report_settings, clock),
        links=Links(control, sealer, clock, settings.download_link_seconds),
        removals=Removals(control, clock),
        held=HeldSnapshots(registry, clock),
    )


def _open_practice(key: str) -> Iterator[bytes]:
    from waybill.ingest.practice.contents import open_practice  # the generator: no real tenant needs it

    return open_practice(key)


def _graph_rules(settings: Settings, registry: Registry) -> GraphRules:
    def is_tenant(tenant: str) -> bool:
        return any(known.id == tenant for known in registry.tenants())

    def is_practice(tenant: str) -> bool:
        found = registry.snapshots(tenant)
        # What was loaded on top ("practice tiny, seed 1 + ...") may be real: nobody is impersonated then.
        return bool(found) and found[0].source.startswith("practice ") and "+" not in found[0].source

    return GraphRules(
        app_id_uri=settings.app_id_uri,
        entra_tenants=settings.entra_tenants,
        entra_authority=settings.entra_authority,
        entra_audiences=settings.entra_audiences,
        is_tenant=is_tenant,
        is_practice=is_practice,
    )
