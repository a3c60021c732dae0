"""The outermost layer of the web faces: request ids, canonical paths, headers, one log line, last resort.

It sits in front of routing because routers see decoded paths and collapse what must be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waybill import log
from waybill.api.errors import error_answer, problem_of
from waybill.api.urls import Match, Pattern, decode, find, raw_path, split
from waybill.api.visit import Visit, attach
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

_log = log.get(__name__)


class Edge:
    """ASGI middleware around the whole application.

    A raw path that fits one of `patterns` is routed by the pattern's own text; the values of its
    segments travel in the visit (waybill.api.visit), never through a router's decoding.
    """

    def __init__(self, app: ASGIApp, patterns: tuple[Pattern, ...], clock: Clock) -> None:
        self._app = app
        self._patterns = patterns
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = raw_path(scope)
        match = find(self._patterns, path)
        visit = Visit(self._clock.guid(), self._clock.now(), match)
        routed = _routed(scope, match)
        attach(routed, visit)
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _finish_headers(message, visit)
            await send(message)

        try:
            await self._app(routed, receive, send_on)
        except Exception as error:  # noqa: BLE001  the last resort: whatever it was, one envelope and one log line
            _log.exception("request failed", trace_id=visit.trace_id)
            if not status:
                await error_answer(problem_of(error), visit)(routed, receive, send_on)
        finally:
            self._write_line(scope, path, visit, status)

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


def _routed(scope: Scope, match: Match | None) -> Scope:
    if match is None:
        return dict(scope)
    return {**scope, "path": match.pattern, "raw_path": quote(match.pattern, safe="/").encode("ascii")}


def _finish_headers(message: Message, visit: Visit) -> None:
    headers = MutableHeaders(raw=message.setdefault("headers", []))
    headers["request-id"] = visit.trace_id
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)


def _printable(path: bytes) -> str:
    text = "/".join(decode(segment) for segment in split(path))
    return quote(f"/{text}"[:_LOGGED_PATH], safe="/")
