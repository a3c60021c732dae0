"""A server for the tests of the report calls: real identity, snapshots and files, on a clock the test moves."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.clients.insights_house import Answer
from tests.semantics.activity_tenant import TENANT_ID, TODAY, ActivityTenant
from waybill.api.served import Listening, serve
from waybill.api.server import build_app
from waybill.api.services import GraphServices, Services
from waybill.clock import Clock
from waybill.control import open_control
from waybill.delivery.links import Links
from waybill.export import Facts
from waybill.exports.groups_activity import EXPORT
from waybill.identity.apps import App
from waybill.identity.service import GraphRules, Identity, open_identity
from waybill.jobs.prepared import Prepared
from waybill.jobs.report_settings import ReportSettings
from waybill.jobs.service import Jobs
from waybill.sealing import open_sealer
from waybill.settings import Settings
from waybill.tenant.registry import Registry

REPORT = "/reports/getOffice365GroupsActivityDetail"
D7 = f"/v1.0{REPORT}(period='D7')"
BETA_D7 = f"/beta{REPORT}(period='D7')"
SETTINGS = "/v1.0/admin/reportSettings"
EMPTY_TENANT = "7e57ab1e-0000-4000-8000-00000000000e"
REPORTS = "Reports.Read.All"
READ_SETTINGS, CHANGE_SETTINGS = "ReportSettings.Read.All", "ReportSettings.ReadWrite.All"


ELSEWHERE: Any = None
"""What the other calls of the Graph face need; nothing here calls them."""


@dataclass
class ReportsHouse:
    """A running server, tokens for it, and its clock, which stands still until it is moved."""

    settings: Settings
    now: datetime = TODAY
    listening: Listening = field(init=False)
    identity: Identity = field(init=False, repr=False)
    registry: Registry = field(init=False)
    report_settings: ReportSettings = field(init=False)
    prepared: Prepared = field(init=False)
    control: sa.Engine = field(init=False)
    _apps: dict[tuple[str, ...], App] = field(default_factory=dict, repr=False)
    _asked: int = 0

    @property
    def url(self) -> str:
        return self.listening.url

    def begin(self, *, conceal: bool) -> None:
        """Make this the start of a test: every window of time is over, and the setting is this."""
        self.now += timedelta(minutes=10)
        if self.report_settings.conceals(TENANT_ID) != conceal:
            self.report_settings.set_conceals(TENANT_ID, conceal, "the-test")

    def token(self, *permissions: str, tenant: str = TENANT_ID, app: str = "one") -> str:
        """An application's token with these permissions; `app` tells applications apart."""
        key = (tenant, app, *permissions)
        if key not in self._apps:
            made = self.identity.apps.create(f"test {app}", tenant, permissions)
            known = self.identity.apps.find(made.client_id)
            assert known is not None
            self._apps[key] = known
        issuer = self.identity.graph_issuer
        return issuer.issue(self._apps[key], "2.0", "https://issuer.test", by_certificate=False).value

    def _unthrottled(self) -> str:
        """A token of an application that has not asked often."""
        self._asked += 1
        return self.token(REPORTS, app=f"number {self._asked // 10}")

    def person(self, scope: str, *roles: str) -> str:
        """A delegated token of somebody with these directory roles (display names)."""
        user = "7e57ab1e-0000-4000-8000-0000000000aa"
        minted = self.identity.practice_tokens.mint(TENANT_ID, user, "p@contoso.com", (scope,), roles)
        return minted.value

    def ask(
        self,
        target: str,
        method: str = "GET",
        *,
        token: str | None = "",
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Answer:
        """Send `target` byte for byte. `token`: "" = one that may read reports, None = none."""
        connection = http.client.HTTPConnection(self.listening.host, self.listening.port, timeout=20)
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self._unthrottled()}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        try:
            content = body if isinstance(body, str) or body is None else json.dumps(body)
            connection.request(method, target.removeprefix(self.url), body=content, headers=sent)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def fetch(self, target: str = D7, **headers: str) -> Answer:
        """The CSV behind the redirect, fetched without a token."""
        answer = self.ask(target, headers=headers)
        assert answer.status == 302, (answer.status, answer.body)
        return self.ask(answer.headers["location"], token=None)

    def publish(self, tenant: ActivityTenant, digest: str) -> None:
        """Make `tenant` the latest snapshot of the test's tenant."""
        known = self.registry.ensure_tenant(TENANT_ID)
        builder = self.registry.begin(known, memory_mb=256)
        self.registry.publish(known, builder, tenant.fill(builder), digest)


@contextmanager
def running_reports(
    folder: Path, tenant: ActivityTenant, tls: tuple[Path, Path] | None = None, **settings: Any
) -> Iterator[ReportsHouse]:
    """A house on a free port, in a thread of this process; stopped and closed at the end.

    `tls`: certificate and key to serve HTTPS with.
    """
    house = ReportsHouse(Settings(data=folder, **settings))
    ready = threading.Event()

    def on_ready(listening: Listening) -> None:
        house.listening = listening
        ready.set()

    app = build_app((EXPORT,), _wired(house), house.settings)
    house.publish(tenant, "0badcafe")
    thread = threading.Thread(
        target=serve, args=(app, "127.0.0.1", 0, on_ready, 2.0), kwargs={"tls": tls}, name="server"
    )
    thread.start()
    try:
        assert ready.wait(20)
        yield house
    finally:
        if ready.is_set():
            house.listening.stop()
        thread.join(20)
        house.control.dispose()
        assert not thread.is_alive()


def _wired(house: ReportsHouse) -> Services:
    chosen, clock = house.settings, Clock(now=lambda: house.now)
    house.control = open_control(chosen.control_path)
    key_file = chosen.data / "sealing.key"
    house.identity = open_identity(
        house.control, key_file, clock, graph=GraphRules(is_practice=lambda _t: True)
    )
    house.registry = Registry(house.control, chosen.snapshots_path, chosen.work_path / "spill", clock)
    sealer = open_sealer(key_file)
    house.report_settings = ReportSettings(house.control, sealer, clock)
    house.prepared = Prepared(chosen.data / "reports", house.report_settings, clock)

    @contextmanager
    def open_latest(tenant: str) -> Iterator[Facts]:
        with house.registry.open(tenant, house.registry.latest(tenant).id) as facts:
            yield facts

    graph = GraphServices(
        verify_graph=house.identity.graph_verifier.verify,
        operations=ELSEWHERE,
        prepared=house.prepared,
        links=Links(house.control, sealer, clock, chosen.download_link_seconds),
        report_settings=house.report_settings,
        removals=ELSEWHERE,
        settings=chosen,
    )
    jobs = Jobs(house.control, chosen, clock)
    return Services(house.identity.verifier.verify, jobs, open_latest, clock, graph=graph)
