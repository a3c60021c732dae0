"""A server for the tests of the Insights wire: real identity, real jobs table, echoing exports.

No engine runs, so a job stays as a test puts it. The exports do nothing but keep what they received,
which the tests read back from the job. The same tests run against the whole product by giving the
fixture `house` another value of this kind.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from waybill.api.insights import SCOPE
from waybill.api.oauth import oauth_routes
from waybill.api.served import Listening, serve
from waybill.api.server import build_app
from waybill.api.services import Services
from waybill.clock import Clock
from waybill.control import open_control
from waybill.errors import BadRequest, Conflict, DataProblem, NotFound
from waybill.export import Batches, Column, Export, Facts, Family, Field, Received, Report, Sql, Where
from waybill.identity.service import Identity, open_identity
from waybill.identity.tokens import INSIGHTS_AUDIENCE, TokenIssuer
from waybill.jobs.produce import file_folder
from waybill.jobs.service import Jobs
from waybill.jobs.table import UNFINISHED, Job, State, end, job_table, move
from waybill.settings import Settings

CONTOSO, FABRIKAM, EMPTY = "contoso", "fabrikam", "never-ingested"
GROUPS = "/insights/groups/{id}/access/export?exportOptionType=3&dataSources=OneDrive"
SITES = "/insights/sites/permission/export"
SOURCES = ("Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group")
HIDDEN_CAUSE = "the-cause-is-for-the-log-only"


@dataclass(frozen=True, slots=True)
class EchoFacts:
    """A snapshot that holds nothing."""

    tenant: str
    snapshot: str = "20261121T000000Z-0badcafe"
    as_of: datetime = datetime(2026, 11, 21, tzinfo=UTC)
    today: date = date(2026, 11, 21)
    latest_day: date = date(2026, 11, 19)

    def stage(self, query: str | Sql, **parameters: Any) -> None:
        raise NotImplementedError

    def rows(self, query: str | Sql, columns: tuple[Column, ...], **parameters: Any) -> Batches:
        raise NotImplementedError

    def table(self, query: str | Sql, **parameters: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def content(self, key: str) -> Iterator[bytes]:
        raise NotImplementedError


def _read(received: Received) -> Received:
    if received.get("exportOptionType") == ("9",):
        raise BadRequest("exportOptionType is 9.", "Use 1, 2 or 3.", field="exportOptionType")
    return received


def _admit(request: Received, _facts: Facts) -> None:
    match request.get("groupId", ("",))[0]:
        case "ec34726b-f692-424f-aaf0-f6a478a1b9fc7":
            raise NotFound("There is no such group.", "Use an id of this tenant.")
        case "fails":
            raise RuntimeError(HIDDEN_CAUSE)
        case "damaged":
            raise DataProblem(HIDDEN_CAUSE)


def _report(_request: Received, _facts: Facts) -> Report:
    raise NotImplementedError


def _sample(_facts: Facts) -> Received:
    return {}


def _echo(name: str, path: str, *fields: Field) -> Export:
    return Export(
        name=name, title=f"Echo {name}", description="Keeps what it was asked.", family=Family.INSIGHTS, path=path,
        file_stem="Echo", fields=fields, read=_read, admit=_admit, report=_report, sample=_sample,
    )  # fmt: skip


CATALOG = (
    _echo(
        "group-access",
        "/insights/groups/{groupId}/access/export",
        Field("groupId", "group", "Which group; leave it out for all.", where=Where.PATH),
        Field(
            "exportOptionType", "option", "How much.", required=True, integer=True, choices=("1", "2", "3")
        ),
        Field("dataSources", "source", "Where to look.", many=True, required=True, choices=SOURCES),
        Field("siteUrls", "site", "Which sites <only>.", many=True),
        Field("language", "language", "Words.", choices=("en-US", "ja-JP", "fr-FR"), hidden=True),
    ),
    _echo("site-permissions", SITES, Field("siteUrls", "site", "Which sites.", many=True, required=True)),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def job(self) -> int:
        """The number of the job this answer accepted."""
        assert self.status == 200, (self.status, self.body)
        return int(self.json["jobId"])


@dataclass(frozen=True, slots=True)
class House:
    """A running server with its parts, and tokens for it."""

    listening: Listening
    settings: Settings
    control: sa.Engine
    identity: Identity
    jobs: Jobs
    tokens: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False)

    def token(self, tenant: str = CONTOSO, scopes: tuple[str, ...] = (SCOPE,), age: float = 0) -> str:
        """A token of an app of `tenant`, issued `age` seconds ago for an hour."""
        key = (tenant, *scopes, str(age))
        if key not in self.tokens:
            made = self.identity.apps.create("test", tenant, scopes)
            app = self.identity.apps.find(made.client_id)
            assert app is not None
            issued_at = Clock(now=lambda: datetime.now(UTC) - timedelta(seconds=age))
            issuer = TokenIssuer(self.identity.keys, issued_at, 3600)
            self.tokens[key] = issuer.issue(app, scopes, "https://issuer.test", INSIGHTS_AUDIENCE).value
        return self.tokens[key]

    def ask(
        self,
        target: str,
        method: str = "GET",
        *,
        token: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send `target` byte for byte. `token`: "" = a good one of contoso, None = none."""
        connection = http.client.HTTPConnection(self.listening.host, self.listening.port, timeout=20)
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.token()}"
        try:
            connection.request(method, target, headers=sent)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def received(self, target: str) -> Received:
        """What the export got from a request with this target."""
        return self.jobs.get(CONTOSO, self.ask(target).job).received

    def put(self, number: int, state: State, *, tenant: str = CONTOSO, **values: Any) -> Job:
        """Move a queued job into `state`, as the engine would have."""
        job = self.jobs.get(tenant, number)
        final = state not in UNFINISHED and state is not State.EXPIRED
        with self.control.begin() as connection:
            if final:
                moved = end(connection, job.guid, UNFINISHED, state, datetime.now(UTC), **values)
            else:
                moved = move(connection, job.guid, tuple(State), state, **values)
        assert moved is not None
        return moved

    def finished(self, content: bytes, *, exceptions: int = 0, name: str = "Echo_1.zip") -> Job:
        """A job of contoso with a published file of this content."""
        target = (
            f"{SITES}?siteUrls=https://x/{hashlib.sha256(content + name.encode()).hexdigest()}-{exceptions}"
        )
        job = self.jobs.get(CONTOSO, self.ask(target).job)
        if job.state is not State.QUEUED:
            return job
        folder = file_folder(self.settings.files_path, CONTOSO, job.guid)
        folder.mkdir(parents=True)
        (folder / name).write_bytes(content)
        state = State.FINISHED_WITH_EXCEPTIONS if exceptions else State.FINISHED
        return self.put(
            job.number, state, exceptions=exceptions, file_name=name, size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip

    def file_path(self, job: Job) -> Path:
        return file_folder(self.settings.files_path, job.tenant, job.guid) / job.file_name

    def forget(self, number: int) -> None:
        """Remove a job's row, as retention does in the end."""
        with self.control.begin() as connection:
            connection.execute(sa.delete(job_table).where(job_table.c.number == number))


@contextmanager
def _open_latest(tenant: str) -> Iterator[Facts]:
    if tenant == EMPTY:
        raise Conflict("This tenant has no snapshot yet.", "Load one with `waybill ingest mgdc`.")
    yield EchoFacts(tenant)


@contextmanager
def running_house(folder: Path, **settings: Any) -> Iterator[House]:
    """A house on a free port, in a thread of this process; stopped and closed at the end."""
    chosen = Settings(data=folder, **settings)
    clock = Clock()
    control = open_control(chosen.control_path)
    identity = open_identity(control, folder / "sealing.key", clock)
    jobs = Jobs(control, chosen, clock)
    services = Services(identity.verifier.verify, jobs, _open_latest, clock)
    tokens = oauth_routes(identity.clients, identity.issuer, identity.keys, scopes=(SCOPE,))
    app = build_app(CATALOG, services, chosen, tokens)
    ready = threading.Event()
    found: list[Listening] = []

    def on_ready(listening: Listening) -> None:
        found.append(listening)
        ready.set()

    thread = threading.Thread(target=serve, args=(app, "127.0.0.1", 0, on_ready, 2.0), name="server")
    thread.start()
    try:
        assert ready.wait(20)
        yield House(found[0], chosen, control, identity, jobs)
    finally:
        for listening in found:
            listening.stop()
        thread.join(20)
        control.dispose()
        assert not thread.is_alive()
