"""Storage that says nothing, and clients that say half: who must wait for them, and who must not."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from tests.clients.graph_house import ADELE, EXPORT, GraphHouse
from tests.clients.product_server import Practice
from tests.laws.serving import Answer, ask, graph_token, serving, wait_until
from waybill.api.edge import Edge
from waybill.api.graph_errors import GraphProblem
from waybill.api.graph_places import Places
from waybill.api.urls import Match
from waybill.api.visit import Face, Visit
from waybill.app import open_house
from waybill.clock import Clock
from waybill.exports import personal_data
from waybill.identity.directory_roles import GRAPH_APP_ROLES
from waybill.settings import Settings

EXPORT_PATH = f"/v1.0/users/{ADELE}/exportPersonalData"
HALF = 'POST {} HTTP/1.1\r\nHost: localhost\r\n{}Content-Type: {}\r\nContent-Length: 100\r\n\r\n{{"storage'


@dataclass
class Silent:
    """A storage host that takes connections and never answers."""

    listening: socket.socket
    taken: list[socket.socket] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listening.getsockname()[1]}"

    def take(self) -> None:
        with suppress(OSError):  # closed: the end
            while True:
                self.taken.append(self.listening.accept()[0])

    def end(self) -> None:
        """Cut everybody off; whoever comes again is refused."""
        with suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for each in self.taken:
            each.close()


@contextmanager
def silent() -> Iterator[Silent]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        storage = Silent(listening)
        thread = threading.Thread(target=storage.take, daemon=True)
        thread.start()
        try:
            yield storage
        finally:
            storage.end()
            thread.join(10)


def test_a_silent_storage_costs_its_own_tenant_places_and_nobody_else(
    practice: Practice, tmp_path: Path
) -> None:
    """While eight calls of two tenants hang on their storage, others on that route are answered; one more of
    these tenants is told when to come again, and whoever proves nothing is told so without any wait."""
    shutil.copytree(practice.data, tmp_path / "data")
    settings = Settings(data=tmp_path / "data")
    house = open_house(settings)
    apps, people = [], []
    for tenant in (practice.tenant, practice.other_tenant):
        apps.append((tenant, house.identity.apps.create("graph", tenant, GRAPH_APP_ROLES)))
        with house.open_latest(tenant) as facts:
            people.append(personal_data.EXPORT.sample(facts)["id"][0])
    house.control.dispose()
    with (
        silent() as storage,
        ThreadPoolExecutor(8) as pool,
        serving(settings.data, settings.data / "log", storage_emulators=storage.address) as server,
    ):
        tokens = [graph_token(server.url, tenant, app.client_id, app.client_secret) for tenant, app in apps]
        location = f"http://{storage.address}/devstoreaccount1/con?sv=2021-08-06&sr=c&sp=acw&sig=abc"

        def export(which: int) -> Answer:
            return ask(
                server.url,
                f"/v1.0/users/{people[which]}/exportPersonalData",
                sent_json={"storageLocation": location},
                headers={"Authorization": f"Bearer {tokens[which]}"},
            )

        hanging: list[Future[Answer]] = [pool.submit(export, which) for which in (0, 1) * 4]
        try:
            wait_until(lambda: len(storage.taken) >= 8, "eight calls hang")
            for target in ("/v1.0/me/exportPersonalData", f"/v1.0/users/{people[0]}/exportPersonalData"):
                assert ask(server.url, target, sent_json={}).status == 401
            ninth = export(0)
            assert (ninth.status, ninth.json["error"]["code"]) == (429, "TooManyRequests")
            assert int(ninth.headers["retry-after"]) >= 1
            assert not any(call.done() for call in hanging)
        finally:
            storage.end()
        assert {call.result().json["error"]["code"] for call in hanging} == {"StorageLocationInvalid"}


def test_places_are_counted_for_each_tenant_and_for_all() -> None:
    """A tenant whose places are taken is told 429; when all are taken everybody is told 503; left places are free."""

    async def story() -> list[int]:
        places = Places(of_one_tenant=2, of_all=3, patience=0)
        told: list[int] = []
        waits: list[int] = []

        async def one_more(tenant: str) -> None:
            try:
                async with places.taken(tenant):
                    told.append(200)
            except GraphProblem as problem:
                told.append(problem.status)
                waits.append(int(problem.headers["retry-after"]))

        async with places.taken("a"), places.taken("a"):
            await one_more("a")
            async with places.taken("b"):
                await one_more("b")
            await one_more("b")
        await one_more("a")
        assert min(waits) >= 1
        return told

    assert asyncio.run(story()) == [429, 503, 200, 200]


def half(house: GraphHouse, target: str, headers: str = "", kind: str = "application/json") -> socket.socket:
    """A connection on which a request was begun whose body does not come."""
    made = socket.create_connection((house.listening.host, house.listening.port), timeout=20)
    made.sendall(HALF.format(target, headers, kind).encode())
    return made


def test_a_body_is_not_waited_for_without_a_token(graph_house: GraphHouse) -> None:
    """Whoever proves nothing is answered 401 before their body has come."""
    with half(graph_house, EXPORT_PATH) as connection:
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 401


@pytest.mark.parametrize("known", [True, False])
def test_a_client_that_leaves_in_the_middle_is_no_error(graph_house: GraphHouse, known: bool) -> None:
    """A body that breaks off is one line of the log at info, with status 499, and no traceback."""
    before = len(graph_house.log.getvalue())

    def logged() -> str:
        return graph_house.log.getvalue()[before:]

    if known:
        connection = half(graph_house, EXPORT_PATH, f"Authorization: Bearer {graph_house.token(EXPORT)}\r\n")
        wait_until(lambda: graph_house.ask("/healthz").status == 200, "the server has begun to read")
    else:
        connection = half(graph_house, EXPORT_PATH)
    connection.close()
    wait_until(lambda: EXPORT_PATH.rpartition("/")[2] in logged(), "the request is logged")
    assert '"status": 499' in logged() if known else '"status": 4' in logged()
    assert "Traceback" not in logged()
    assert '"level": "error"' not in logged()


def test_a_body_that_never_comes_is_cut_off() -> None:
    """A body that is not whole within its time is answered 408 by the face that owns the path."""

    async def read(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    def refuse(error: Exception, _visit: Visit) -> Response:
        assert isinstance(error, HTTPException)
        return PlainTextResponse("cut", error.status_code)

    face = Face(lambda _path: True, lambda _path: Match("/read", {}), refuse)
    edge = Edge(
        Starlette(routes=[Route("/read", read, methods=["POST"])]), (face,), Clock(), body_seconds=0.1
    )
    sent: list[Message] = []

    async def drip() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/read", "raw_path": b"/read", "query_string": b"",
        "headers": [], "http_version": "1.1", "scheme": "http", "server": ("localhost", 1), "root_path": "",
    }  # fmt: skip
    asyncio.run(edge(scope, drip, send))
    assert sent[0]["status"] == 408
