"""Graph calls to a running Waybill by three clients: msgraph-sdk, our own command line, and the standard library.

What is measured is the client: whole processes, imports included; the server's work is the same for all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from benchmarks.case_cold_start import COMMAND
from benchmarks.child import work
from benchmarks.model import Answer, Contender, Given, Plan, Role
from benchmarks.place import ROOT, Place
from benchmarks.servers import start_server, token_from

TITLE = "Graph calls: msgraph-sdk beside our command line and a plain client"
PERIOD = "D180"
REPORT = f"/v1.0/reports/getOffice365GroupsActivityDetail(period='{PERIOD}')"


def plan(place: Place, stack: ExitStack) -> Plan:
    polls = 100 if place.quick else 300
    up = _server(stack, _own_data(place), place.scratch / "graph-person")
    given: Given = {**up, "polls": polls, "out": str(place.scratch / "groups.csv")}
    _warm(given)

    def one(name: str, title: str, role: Role, check: str, rounds: int = 0) -> Contender:
        return Contender(name, title, role, given, rounds, check)

    poll = f"an operation's status, {polls} times"
    return Plan(
        contenders=(
            one("waybill", "waybill export groups-activity --server", Role.OURS, "report"),
            one("msgraph", "msgraph-sdk: the same report as CSV", Role.PEER, "report", 2),
            one("plain", "Plain client: the same report", Role.LIMIT, "report"),
            one("msgraph-poll", f"msgraph-sdk: {poll}", Role.PEER, "status", 2),
            one("plain-poll", f"Plain client: {poll}", Role.LIMIT, "status"),
        ),
        targets=(),
        main_title="CPU seconds of the client, imports included",
        facts=(
            f"{place.tenant} practice tenant; the server is another process and is not counted",
            "the plain client is Python's http.client, with a token it has been given",
            "no figure is set for these calls: they show what a client costs",
        ),
    )


def _warm(given: Given) -> None:
    """The report is made, and the SDK's modules are compiled, before anybody is measured."""
    compiling = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for name in ("plain", "msgraph", "msgraph-poll"):
        told = json.dumps({**given, "polls": 1})
        words = [sys.executable, "-m", "benchmarks.child", "graph_clients", name, "contend", told]
        subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, env=compiling)


def _own_data(place: Place) -> Path:
    """The tenant's data folder with a control store of its own: this case makes an application and a job there."""
    given, own = place.data(place.tenant), place.scratch / "graph-data"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    for file in (*given.glob("control.db*"), given / "sealing.key"):
        shutil.copy(file, own)
    (own / "snapshots").symlink_to(given.resolve() / "snapshots")
    return own


def _server(stack: ExitStack, data: Path, folder: Path) -> dict[str, str]:
    shutil.rmtree(folder, ignore_errors=True)
    stack.callback(shutil.rmtree, data, ignore_errors=True)
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    up = start_server(stack, "benchmarks.graph_server", str(data), str(folder))
    address = f"{up['url']}/{up['tenant']}/oauth2/v2.0/token"
    up["token"] = token_from(address, up["client"], up["secret"], "https://graph.microsoft.com/.default")
    return up


def contend(name: str, given: Given) -> Answer:
    ways = {
        "waybill": _command,
        "msgraph": _msgraph_report,
        "plain": _plain_report,
        "msgraph-poll": _msgraph_polls,
        "plain-poll": _plain_polls,
    }
    with work() as done:
        answer = ways[name](given)
    if name.endswith("-poll"):
        polls = int(str(given["polls"]))
        return Answer(polls, answer.decode(), done.wall, done.cpu, {"call_ms": done.cpu / polls * 1000})
    return Answer(len(answer.splitlines()), hashlib.sha256(answer).hexdigest()[:16], done.wall, done.cpu)


def _command(given: Given) -> bytes:
    """The command as people run it: it signs in, asks, follows the redirect and saves the file."""
    out = Path(str(given["out"]))
    signed_in = ["--client-id", str(given["client"]), "--client-secret", str(given["secret"])]
    words = ["export", "groups-activity", "--period", PERIOD, "--server", str(given["url"]), *signed_in]
    words += ["--tenant", str(given["tenant"]), "-o", str(out)]
    subprocess.run([sys.executable, "-c", COMMAND, *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    content = out.read_bytes()
    out.unlink()
    return content


def _plain_report(given: Given) -> bytes:
    with _Plain(given) as line:
        answer = line.ask(REPORT, line.headers)
        place = answer.headers["location"]
        answer.read()
        return line.ask(place[len(str(given["url"])) :] if "://" in place else place, {}).read()


def _plain_polls(given: Given) -> bytes:
    status = b""
    with _Plain(given) as line:
        for _ in range(int(str(given["polls"]))):
            answer = line.ask(f"/v1.0/dataPolicyOperations/{given['operation']}", line.headers)
            status = json.loads(answer.read())["status"].encode()
    return status


class _Plain:
    """One connection and a token."""

    def __init__(self, given: Given) -> None:
        self._line = HTTPConnection(urllib.parse.urlsplit(str(given["url"])).netloc)
        self.headers = {"Authorization": f"Bearer {given['token']}"}

    def __enter__(self) -> _Plain:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def ask(self, path: str, headers: dict[str, str]) -> HTTPResponse:
        """Raises ValueError for a refusal."""
        self._line.request("GET", path, headers=headers)
        answer = self._line.getresponse()
        if answer.status >= 400:
            raise ValueError(f"answered {answer.status}: {answer.read(200)!r}")
        return answer


def _msgraph_report(given: Given) -> bytes:
    async def ask(client: Any) -> bytes:
        call = client.reports.get_office365_groups_activity_detail_with_period(PERIOD)
        return await call.get() or b""

    return _by_msgraph(given, ask)


def _msgraph_polls(given: Given) -> bytes:
    async def ask(client: Any) -> bytes:
        operation = client.data_policy_operations.by_data_policy_operation_id(str(given["operation"]))
        for _ in range(int(str(given["polls"]))):
            found = await operation.get()
        return str(found.status.value).encode()

    return _by_msgraph(given, ask)


def _by_msgraph(given: Given, ask: Any) -> bytes:
    """What `ask(client)` gives, by the SDK as it is, told where we are and given a token."""
    import asyncio

    from kiota_abstractions.authentication import (
        AccessTokenProvider,
        AllowedHostsValidator,
        BaseBearerTokenAuthenticationProvider,
    )
    from msgraph import GraphRequestAdapter, GraphServiceClient

    class Token(AccessTokenProvider):
        async def get_authorization_token(
            self, uri: str, additional_authentication_context: dict[str, Any] | None = None
        ) -> str:
            del uri, additional_authentication_context
            return str(given["token"])

        def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
            return AllowedHostsValidator([])

    async def run() -> bytes:
        adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(Token()))
        adapter.base_url = f"{given['url']}/v1.0"
        content: bytes = await ask(GraphServiceClient(request_adapter=adapter))
        return content

    return asyncio.run(run())
