"""Calls that clients repeat every few seconds, answered by their canonical route alone, without a router.

The edge has already found the route of a raw path. Routers would find it again, behind a stack of
middlewares that these calls have no use for, and that costs more than what the calls do (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from waybill.api.visit import visit_of
from waybill.errors import WaybillError

Call = Callable[[Request], Awaitable[Response]]
"""Answers one request on the event loop, and does not hold it up."""

OnError = Callable[[Request, Exception], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Direct:
    """ASGI between the edge and the routed application: a GET or HEAD of one of `calls` (canonical route -> call).

    Everything else goes on to `app`, which therefore has these routes too, to refuse other methods in
    its words. Errors that we raise are answered by `on_error`, as `app` does; others are the edge's.
    """

    app: ASGIApp
    calls: Mapping[str, Call]
    on_error: OnError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = self._call(scope)
        if call is None:
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            answer = await call(request)
        except (WaybillError, HTTPException) as error:
            answer = await self.on_error(request, error)
        await answer(scope, receive, send)

    def _call(self, scope: Scope) -> Call | None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return None
        match = visit_of(scope).match
        return None if match is None else self.calls.get(match.pattern)
