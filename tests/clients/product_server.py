"""The whole product as a client meets it: the real exports on a practice tenant, behind a real server."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests import forks
from tests.clients.command_line import Run, environment
from tests.clients.insights_house import Answer
from tests.clients.product_reports import Book
from waybill.api.insights import SCOPE
from waybill.api.served import Listening, serve
from waybill.app import House, open_house
from waybill.identity.apps import AppCredentials
from waybill.settings import Settings

UNFINISHED = (1, 5)
DEADLINE_SECONDS = 60.0


@dataclass(frozen=True)
class Client:
    """One application's view of a server."""

    host: str
    port: int
    token: str = field(default="", repr=False)
    _jobs: dict[str, int] = field(default_factory=dict, repr=False)
    _books: dict[str, Book] = field(default_factory=dict, repr=False)

    def ask(
        self,
        target: str,
        method: str = "GET",
        *,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        token: str | None = "",
    ) -> Answer:
        """Send `target` byte for byte. `token`: "" = this client's own, None = none."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        sent = dict(headers or {})
        if token is not None and (token or self.token):
            sent["Authorization"] = f"Bearer {token or self.token}"
        try:
            connection.request(method, target, body=body, headers=sent)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def ask_token(self, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        sent = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.ask("/connect/token", "POST", headers=sent, body=urlencode(form), token=None)

    def signed_in(self, credentials: AppCredentials, scope: str = SCOPE) -> Client:
        """This server, asked by an application with its secret."""
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
            "scope": scope,
        }
        answer = self.ask_token(form)
        assert answer.status == 200, answer.body
        return Client(self.host, self.port, answer.json["access_token"])

    def status(self, job: int | str) -> dict[str, Any]:
        answer = self.ask(f"/insights/job/{job}/exportstatus")
        assert answer.status == 200, answer.body
        body: dict[str, Any] = answer.json
        return body

    def ended(self, job: int | str) -> int:
        """Poll until the job has ended; its final status number."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while (number := int(self.status(job)["jobStatus"])) in UNFINISHED:
            assert time.monotonic() < deadline, f"job {job} did not end in {DEADLINE_SECONDS:.0f} s"
            time.sleep(0.05)
        return number

    def file(self, job: int | str, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask(f"/insights/job/{job}/exportfile", headers=sent)

    def begin(self, targets: Iterable[str]) -> None:
        """Start the reports of these requests, each once a session, without waiting for them."""
        for target in targets:
            if target not in self._jobs:
                self._jobs[target] = self.ask(target).job

    def books(self, targets: Iterable[str]) -> dict[str, Book]:
        """The finished reports of these requests, run side by side; each request runs once a session."""
        wanted = list(targets)
        self.begin(wanted)
        for target in wanted:
            if target not in self._books:
                job = self._jobs[target]
                status = self.ended(job)
                assert status in (2, 4), self.status(job)
                self._books[target] = Book(status, self.file(job).body)
        return {target: self._books[target] for target in wanted}

    def book(self, target: str) -> Book:
        return self.books([target])[target]


@dataclass(frozen=True)
class Product:
    """The running product: one practice tenant, another one, and one that has no snapshot yet."""

    data: Path
    url: str
    tenant: str
    client: Client
    neighbour: Client
    outsider: Client
    empty: Client
    unscoped: Client
    credentials: AppCredentials = field(repr=False)
    other_tenant: str = ""


@dataclass(frozen=True)
class Practice:
    """A data folder with two practice tenants, and how the first one was made."""

    data: Path
    run: Run
    tenant: str
    other_tenant: str


@dataclass(frozen=True)
class Waiting:
    """The product whose jobs wait, as one tenant's two clients see it."""

    house: House
    client: Client
    neighbour: Client


@contextmanager
def serving(data: Path, log: Path) -> Iterator[str]:
    """`waybill serve` on a free port, as its own process; yields its URL, ends it by SIGTERM."""
    with log.open("w") as stderr:
        server = forks.fork("serve", "--port", "0", "--data", data, stderr=stderr, env=environment())
        try:
            yield _url(server, log)
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                code = server.wait(40)
            except subprocess.TimeoutExpired:
                server.kill()
                code = server.wait()
        assert code == 0, log.read_text()[-2000:]


def _url(server: forks.Fork, log: Path) -> str:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        found = re.search(r"answers on (http://\S+)", log.read_text())
        if found:
            return found[1]
        assert server.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)


def product_on(data: Path, tenant: str, other_tenant: str, url: str) -> Product:
    """Applications of both tenants, of an empty one, and one without the needed scope, all signed in."""
    house = open_house(Settings(data=data))
    empty = house.registry.ensure_tenant("never loaded").id
    create = house.identity.apps.create
    apps = [
        create(name, where, (scope,))
        for name, where, scope in (
            ("client", tenant, SCOPE),
            ("neighbour", tenant, SCOPE),
            ("outsider", other_tenant, SCOPE),
            ("empty", empty, SCOPE),
            ("unscoped", tenant, "other.read"),
        )
    ]
    house.control.dispose()
    host, _, port = url.removeprefix("http://").partition(":")
    anonymous = Client(host, int(port))
    client, neighbour, outsider, nothing = (anonymous.signed_in(app) for app in apps[:4])
    unscoped = anonymous.signed_in(apps[4], "")
    return Product(data, url, tenant, client, neighbour, outsider, nothing, unscoped, apps[0], other_tenant)


@contextmanager
def waiting_house(data: Path) -> Iterator[tuple[House, Listening]]:
    """The product in this process, without its engine: jobs wait until `house.start_jobs()`."""
    house = open_house(Settings(data=data))
    ready = threading.Event()
    found: list[Listening] = []

    def on_ready(listening: Listening) -> None:
        found.append(listening)
        ready.set()

    thread = threading.Thread(target=serve, args=(house.web(), "127.0.0.1", 0, on_ready, 2.0))
    thread.start()
    try:
        assert ready.wait(20)
        yield house, found[0]
    finally:
        for listening in found:
            listening.stop()
        thread.join(20)
        house.jobs.shutdown(grace=20)
        house.control.dispose()
        assert not thread.is_alive()


def message(answer: Answer, status: int) -> str:
    """Check an export's refusal (insights.md 1.2); its message."""
    assert answer.status == status, (answer.status, answer.body)
    body = json.loads(answer.body)
    assert {**body, "message": "", "traceId": ""} == {
        "jobId": None,
        "status": status,
        "message": "",
        "traceId": "",
    }
    assert answer.headers["content-type"] == "application/json"
    return str(body["message"])
