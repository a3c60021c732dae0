"""The outermost layer of the web faces: request ids, canonical paths, headers, one log line, last resort.

It sits in front of routing because routers see decoded paths and collapse what must be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waybill import log
from waybill.api.urls import Match, decode, raw_path, split
from waybill.api.visit import Face, Visit, attach
from waybill.clock import Clock

SECURITY_HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Set where a route has not said otherwise."""

_LOGGED_PATH = 200
_WORD = re.compile(r"[A-Za-z]{1,32}|v1\.0|", re.ASCII)
_SANE_ID = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?", re.ASCII)
"""Printable, 128 characters at most: GUIDs come in braces, and other clients' ids as they like."""

BODY_SECONDS = 30.0
"""How long a request's body may take to come, however it drips in."""
CLIENT_GONE = 499
"""What the log calls a request whose client left before it had sent everything; nobody is answered."""

_log = log.get(__name__)


class Edge:
    """ASGI middleware around the whole application.

    The first of `faces` that owns a raw path brings it to a canonical route, by whose own text it is
    then routed; the values of its segments travel in the visit (waybill.api.visit), never through a
    router's decoding. The last face owns whatever is left, and must say so.
    """

    def __init__(
        self, app: ASGIApp, faces: tuple[Face, ...], clock: Clock, body_seconds: float = BODY_SECONDS
    ) -> None:
        self._app = app
        self._faces = faces
        self._clock = clock
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = raw_path(scope)
        visit = self._visit(scope, path)
        routed = _routed(scope, visit.match)
        attach(routed, visit)
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _finish_headers(message, visit)
            await send(message)

        try:
            await self._app(routed, _bounded(receive, self._body_seconds), send_on)
        except ClientDisconnect:  # its right, and no error of ours
            status = CLIENT_GONE
        except Exception as error:  # noqa: BLE001  the last resort: whatever it was, one envelope and one log line
            _log.exception("request failed", trace_id=visit.trace_id)
            if not status:
                await visit.face.refuse(error, visit)(routed, receive, send_on)
        finally:
            self._write_line(scope, path, visit, status)

    def _visit(self, scope: Scope, path: bytes) -> Visit:
        face = next(face for face in self._faces if face.owns(path))
        request_id = self._clock.guid()
        return Visit(
            trace_id=request_id,
            started=self._clock.now(),
            match=face.find(path),
            face=face,
            client_request_id=_client_request_id(Headers(scope=scope), request_id),
        )

    def _write_line(self, scope: Scope, path: bytes, visit: Visit, status: int) -> None:
        """No query and no token; of a known route its pattern, since ids may name people."""
        milliseconds = (self._clock.now() - visit.started).total_seconds() * 1000
        _log.info(
            "request",
            method=scope["method"],
            route=visit.match.pattern if visit.match else _printable(path),
            status=status,
            milliseconds=round(milliseconds, 1),
            trace_id=visit.trace_id,
            client_id=visit.client_id,
            tenant=visit.tenant,
        )


def _bounded(receive: Receive, seconds: float) -> Receive:
    """`receive`, which gives up (408) when the body has not come whole within `seconds` of the first call."""
    end: float | None = None
    whole = False

    async def receive_on() -> Message:
        nonlocal end, whole
        if whole:  # what may follow is the client's leaving, whenever that is
            return await receive()
        end = anyio.current_time() + seconds if end is None else end
        with anyio.CancelScope(deadline=end):
            message = await receive()
            whole = not message.get("more_body", False)
            return message
        raise HTTPException(408, "The body of the request did not come in time")

    return receive_on


def _routed(scope: Scope, match: Match | None) -> Scope:
    if match is None:
        return dict(scope)
    return {**scope, "path": match.pattern, "raw_path": _quoted(match.pattern)}


@lru_cache(maxsize=256)
def _quoted(pattern: str) -> bytes:
    return quote(pattern, safe="/").encode("ascii")


def _client_request_id(headers: Headers, request_id: str) -> str:
    """The caller's own id of the request if it can be one, else ours again (graph.md 1.2)."""
    sent = headers.get("client-request-id", "")
    return sent if _SANE_ID.fullmatch(sent) else request_id


def _finish_headers(message: Message, visit: Visit) -> None:
    headers = MutableHeaders(raw=message.setdefault("headers", []))
    headers["request-id"] = visit.trace_id
    for name, value in visit.face.headers(visit).items():
        headers[name] = value
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)


def _printable(path: bytes) -> str:
    """An unknown path, for the log: words as they are; what may be an id, a name or a token is left out."""
    words = [decode(segment) for segment in split(path)]
    shown = [word if _WORD.fullmatch(word) else "..." for word in words]
    return quote(f"/{'/'.join(shown)}"[:_LOGGED_PATH], safe="/")
