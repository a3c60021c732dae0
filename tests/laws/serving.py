"""A real `waybill serve` process on a data folder, and a client of it that sends what it is told."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests import forks
from waybill.api.served import Listening, serve
from waybill.app import House
from waybill.export import Export, Received, Where

DEADLINE = 60.0
UNFINISHED = (1, 5)
_ANSWERS = re.compile(r"Waybill answers on (\S+) ")


def wait_until(what: Callable[[], object], why: str, every: float = 0.01) -> None:
    """Poll until `what` holds; fails with `why` after the deadline."""
    end = time.monotonic() + DEADLINE
    while not what():
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE} s: {why}")
        time.sleep(every)


def environment(**settings: str) -> dict[str, str]:
    """The environment of a child process: ours, with these settings of Waybill and no others."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    return mine | {f"WAYBILL_{name.upper()}": value for name, value in settings.items()}


def run_waybill(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command line, to its end."""
    return forks.run(*arguments, env=environment(**settings), timeout=DEADLINE)


class Server:
    """One `waybill serve` process. Its standard error goes to `log`, after what earlier ones wrote there."""

    def __init__(self, data: Path, log: Path, **settings: str) -> None:
        self.data, self.log = data, log
        before = log.stat().st_size if log.exists() else 0
        with log.open("ab") as stderr:
            self._process = forks.fork(
                "serve", "--port", "0", "--data", data,
                stdout=subprocess.DEVNULL, stderr=stderr, env=environment(**settings),
            )  # fmt: skip
        try:
            wait_until(lambda: self.said(_ANSWERS, before) or not self.is_alive(), "the server answers")
            found = self.said(_ANSWERS, before)
            assert found, log.read_text("utf-8")[-4000:]
        except BaseException:
            self.kill()
            raise
        self.url = found[1]

    def said(self, pattern: re.Pattern[str], start: int = 0) -> re.Match[str] | None:
        """What the log holds of this pattern from byte `start` on."""
        return pattern.search(self.log.read_bytes()[start:].decode("utf-8"))

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """kill -9, and the end of the process."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self._process.terminate()
        return self._process.wait(DEADLINE)


@contextmanager
def serving(data: Path, log: Path, **settings: str) -> Iterator[Server]:
    """A server that is gone at the end, whatever happened."""
    server = Server(data, log, **settings)
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def served_here(house: House) -> Iterator[str]:
    """The web side of a house in a thread of this process, whether or not its jobs run; its URL."""
    ready = threading.Event()
    found: list[Listening] = []

    def on_ready(listening: Listening) -> None:
        found.append(listening)
        ready.set()

    thread = threading.Thread(target=serve, args=(house.web(), "127.0.0.1", 0, on_ready, 2.0))
    thread.start()
    try:
        assert ready.wait(DEADLINE)
        yield found[0].url
    finally:
        for listening in found:
            listening.stop()
        thread.join(DEADLINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    url: str,
    target: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    sent_json: object = None,
) -> Answer:
    """Send one request byte for byte; a form or JSON makes it a POST."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=DEADLINE)
    sent = dict(headers or {})
    body = None
    if form is not None:
        method, body = "POST", urlencode(form)
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    if sent_json is not None:
        method, body = "POST", json.dumps(sent_json)
        sent["Content-Type"] = "application/json"
    try:
        connection.request(method, target, body=body, headers=sent)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())
    finally:
        connection.close()


def target_of(export: Export, received: Received) -> str:
    """Path and query of a request, encoded once."""
    path, query = export.path, []
    for field in export.fields:
        values = received.get(field.wire, ())
        if field.where is Where.PATH:
            path = path.replace("{" + field.wire + "}", quote(",".join(values), safe=""))
        else:
            query += [(field.wire, value) for value in values]
    return f"{path}?{urlencode(query)}"


def graph_target_of(export: Export, received: Received) -> str:
    """Path of a Graph call under the first of its versions."""
    path = export.path
    for field in export.fields:
        for value in received.get(field.wire, ()):
            if field.where is Where.PATH:
                path = path.replace("{" + field.wire + "}", quote(value, safe=""))
            elif field.where is Where.CALL:
                literal = f"'{value}'" if field.quoted else value
                path += f"({field.wire}={literal})"
    return f"/{export.versions[0]}{path}"


def graph_token(url: str, tenant: str, client_id: str, secret: str) -> str:
    """A token of the Entra-shaped endpoint, for everything the application may do."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    answer = ask(url, f"/{tenant}/oauth2/v2.0/token", form={**form, "scope": "api://waybill/.default"})
    assert answer.status == 200, answer.body
    return str(answer.json["access_token"])


@dataclass(frozen=True)
class Client:
    """An application at a server."""

    url: str
    client_id: str
    secret: str
    scope: str

    @cached_property
    def token(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": self.client_id}
        answer = ask(
            self.url, "/connect/token", form={**form, "client_secret": self.secret, "scope": self.scope}
        )
        assert answer.status == 200, answer.body
        return str(answer.json["access_token"])

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, target: str, method: str = "GET") -> Answer:
        return ask(self.url, target, method=method, headers=self.authorization)

    def start(self, export: Export, received: Received) -> int:
        """Ask for an export; its job number."""
        answer = self.get(target_of(export, received))
        assert answer.status == 200, answer.body
        return int(answer.json["jobId"])

    def status(self, number: int) -> dict[str, Any]:
        answer = self.get(f"/insights/job/{number}/exportstatus")
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json
        return found

    def wait(self, number: int) -> dict[str, Any]:
        """The status of the job once it has ended."""
        wait_until(lambda: self.status(number)["jobStatus"] not in UNFINISHED, f"job {number} ends", 0.05)
        return self.status(number)

    def file(self, number: int) -> Answer:
        return self.get(f"/insights/job/{number}/exportfile")
