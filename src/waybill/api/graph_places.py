"""How many slow calls are worked on at a time: so many of one tenant, so many of all (graph.md 2.3, rows 8 to 10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio

from waybill.api.graph_errors import BUSY_RETRY_SECONDS, GraphProblem, too_many_requests

_OF_ONE_TENANT = "Too many storage locations of this tenant are being checked. Try again later."
_OF_ALL = "The server is checking too many storage locations. Try again later."


class Places:
    """Places for calls whose length a stranger's storage decides. Used inside one event loop.

    A call that gets no place within `patience` seconds is told to come again: one tenant's slow
    storage costs that tenant its own places, and nobody a thread to wait in.
    """

    def __init__(self, of_one_tenant: int = 4, of_all: int = 16, patience: float = 3) -> None:
        self._of_one_tenant = of_one_tenant
        self._patience = patience
        self._all = anyio.CapacityLimiter(of_all)
        self._tenants: dict[str, anyio.CapacityLimiter] = {}
        self.threads = anyio.CapacityLimiter(of_all)
        """What the work itself runs in: threads of its own, which the other calls do not miss."""

    @asynccontextmanager
    async def taken(self, tenant: str) -> AsyncIterator[None]:
        """Hold a place. Raises GraphProblem: 429 if the tenant's are taken, 503 if all are."""
        call = object()
        own = self._tenants.setdefault(tenant, anyio.CapacityLimiter(self._of_one_tenant))
        busy = too_many_requests(_OF_ONE_TENANT, BUSY_RETRY_SECONDS)
        await self._take(own, call, busy)
        try:
            headers = {"retry-after": str(BUSY_RETRY_SECONDS)}
            await self._take(self._all, call, GraphProblem(503, "ServiceUnavailable", _OF_ALL, headers))
            try:
                yield
            finally:
                self._all.release_on_behalf_of(call)
        finally:
            own.release_on_behalf_of(call)

    async def _take(self, limiter: anyio.CapacityLimiter, call: object, busy: GraphProblem) -> None:
        with suppress(anyio.WouldBlock):
            limiter.acquire_on_behalf_of_nowait(call)
            return
        with anyio.move_on_after(self._patience):
            await limiter.acquire_on_behalf_of(call)
            return
        raise busy
