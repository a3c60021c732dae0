"""One route of the Graph face: its methods, its body, and the addresses its answers name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import orjson
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from waybill.api.graph_access import graph_match, graph_services, identify
from waybill.api.graph_errors import GraphProblem, method_not_allowed
from waybill.api.graph_paths import VERSION, GraphPattern
from waybill.api.graph_places import Places
from waybill.api.services import Services
from waybill.api.urls import origin

LONGEST_BODY = 64 * 1024
"""Bytes. The longest honest body holds one URL with its SAS."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Slow:
    """The rest of a call that may take long through no fault of ours: it is done once there is a place for it."""

    tenant: str
    rest: Callable[[], Response]


Handler = Callable[[Request, bytes], Response | Slow]
"""(request, its body) -> answer. Runs in a thread; raises GraphProblem or any WaybillError."""


class _Methods:
    """One path as an ASGI application: HEAD is GET, a method it does not have is 405.

    Nobody's body is read before their token is verified, and nobody without one waits for others.
    """

    def __init__(
        self, handlers: Mapping[str, Handler], services: Services, at_once: int | None, places: Places
    ) -> None:
        self._handlers = dict(handlers)
        self._services = services
        self._places = places
        if "GET" in self._handlers:
            self._handlers.setdefault("HEAD", self._handlers["GET"])
        self._limit = anyio.CapacityLimiter(at_once) if at_once else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        graph_match(request)
        handler = self._handlers.get(request.method)
        if handler is None:
            raise method_not_allowed(", ".join(self._handlers))
        await run_sync(identify, request, self._services)
        body = await _body(request)
        answer = await run_sync(handler, request, body, limiter=self._limit)
        if isinstance(answer, Slow):
            async with self._places.taken(answer.tenant):
                answer = await run_sync(answer.rest, limiter=self._places.threads)
        await answer(scope, receive, send)


def graph_route(
    pattern: GraphPattern,
    handlers: Mapping[str, Handler],
    services: Services,
    *,
    at_once: int | None = None,
    places: Places | None = None,
) -> Route:
    """The route of `pattern`: method -> handler.

    `at_once`: calls worked on at a time; others wait. `places`: for handlers whose answer may be `Slow`.
    """
    return Route(pattern.text, _Methods(handlers, services, at_once, places or Places()))


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise GraphProblem(
                413, "RequestEntityTooLarge", f"The body is larger than {LONGEST_BODY // 1024} KiB."
            )
    return body


def read_json(request: Request, body: bytes) -> Mapping[str, Any]:
    """The JSON object of a body; an empty body is an empty object. Raises GraphProblem (415, 400).

    A byte order mark before it is overlooked: some clients' frameworks write one.
    """
    body = body.removeprefix(_BYTE_ORDER_MARK)
    if not body:
        return {}
    _check_media_type(request.headers.get("content-type", "application/json"))
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:  # its text would repeat the body, which may hold a SAS
        raise GraphProblem(400, "BadRequest", "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise GraphProblem(400, "BadRequest", "The body is not a JSON object.")
    return value


def _check_media_type(header: str) -> None:
    kind, *parameters = (part.strip().lower() for part in header.split(";"))
    charsets = {part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")}
    if kind != "application/json" or not charsets <= {"utf-8", "utf8", "us-ascii"}:
        raise GraphProblem(415, "UnsupportedMediaType", "Send the body as application/json in UTF-8.")


def server_origin(request: Request, services: Services) -> str:
    """Scheme and host by which the client reaches us, for absolute addresses: "https://host:8400"."""
    public_url = graph_services(services).settings.public_url
    return origin(request.headers, request.url.scheme, public_url)


def version_root(request: Request, services: Services) -> str:
    """The version root that was called, absolute: "https://host:8400/v1.0"."""
    return f"{server_origin(request, services)}/{graph_match(request).values[VERSION]}"


def json_answer(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(value), status, headers, "application/json")
