"""Calls answered without a router: which ones, and whose errors are whose."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from waybill.api.direct import Direct
from waybill.api.urls import Match
from waybill.api.visit import Face, Visit, attach
from waybill.errors import NotFound

PATTERN = "/job/{jobId}/status"


@dataclass
class Routed:
    """The application behind, which notes what it is given and answers 299."""

    given: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.given.append(scope.get("method", scope["type"]))
        await Response(status_code=299)(scope, receive, send)


async def call(request: Request) -> Response:
    """Answers with the job it was asked for; some are not there."""
    match request.scope["path"]:
        case "/none":
            raise NotFound("There is no such job.")
        case "/http":
            raise HTTPException(418)
        case "/broken":
            raise KeyError("ours to find")
    return Response(b"direct", status_code=201)


async def on_error(_request: Request, error: Exception) -> Response:
    return Response(str(type(error).__name__), status_code=444)


def asked(direct: Direct, method: str, pattern: str | None, path: str = "/here") -> tuple[int, bytes]:
    """Status and body of the answer to a request whose path the edge has found to be of `pattern`."""
    scope: Scope = {"type": "http", "method": method, "path": path, "headers": []}
    face = Face(lambda _path: True, lambda _path: None, lambda _error, _visit: Response())
    match = None if pattern is None else Match(pattern, {})
    attach(scope, Visit("id", datetime(2026, 1, 1, tzinfo=UTC), match, face, "id"))
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("these calls have no body")

    asyncio.run(direct(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_direct_call_never_meets_the_router(method: str) -> None:
    """GET and HEAD of a canonical route that has a call are answered by it alone."""
    routed = Routed()
    assert asked(Direct(routed, {PATTERN: call}, on_error), method, PATTERN) == (201, b"direct")
    assert routed.given == []


@pytest.mark.parametrize(
    ("method", "pattern"),
    [("POST", PATTERN), ("OPTIONS", PATTERN), ("DELETE", PATTERN), ("GET", "/other"), ("GET", None)],
)
def test_everything_else_is_routed(method: str, pattern: str | None) -> None:
    """Other methods, other routes and paths that are none go to the application, which refuses or answers them."""
    routed = Routed()
    assert asked(Direct(routed, {PATTERN: call}, on_error), method, pattern)[0] == 299
    assert routed.given == [method]


def test_what_is_no_request_is_passed_on() -> None:
    """The lifespan of the server is the application's."""
    routed = Routed()

    async def ignored(*_: object) -> None: ...

    asyncio.run(Direct(routed, {PATTERN: call}, on_error)({"type": "lifespan"}, ignored, ignored))  # type: ignore[arg-type]  # never called
    assert routed.given == ["lifespan"]


@pytest.mark.parametrize(("path", "name"), [("/none", b"NotFound"), ("/http", b"HTTPException")])
def test_our_errors_are_answered(path: str, name: bytes) -> None:
    """An error that we or Starlette raise on purpose is answered where the application's errors are."""
    assert asked(Direct(Routed(), {PATTERN: call}, on_error), "GET", PATTERN, path) == (444, name)


def test_an_unforeseen_error_is_the_edges() -> None:
    """What nobody foresaw goes up, to the one place that logs it and answers."""
    with pytest.raises(KeyError):
        asked(Direct(Routed(), {PATTERN: call}, on_error), "GET", PATTERN, "/broken")
