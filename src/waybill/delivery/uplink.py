"""A session with storage in a thread of its own, for callers that are not asynchronous.

The caller may be busy for minutes (a heavy query between two files) without a request under way being
starved; and it may leave at any moment: what is under way is dropped then.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

from waybill.delivery.blob_calls import BlobCalls
from waybill.delivery.guard import Pinned, pin
from waybill.delivery.locations import Location
from waybill.delivery.network import Network

T = TypeVar("T")


class Uplink:
    """One event loop and one session with a container's host; a context manager."""

    def __init__(self, location: Location, network: Network) -> None:
        self._location = location
        self._network = network
        self._ready: Future[tuple[asyncio.AbstractEventLoop, BlobCalls]] = Future()
        self._leave = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="waybill-uplink", daemon=True)

    def __enter__(self) -> Self:
        """Resolve, check and pin the host. Raises LocationRefused, or OSError if it has no address."""
        self._thread.start()
        self._loop, self.calls = self._ready.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start `work` in the loop; its result comes in another thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the loop and wait for its result."""
        return self.begin(work).result()

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)  # told to the thread that waits for it

    async def _live(self) -> None:
        pinned = await self._pinned()
        async with BlobCalls(self._location, pinned, self._network) as calls:
            self._ready.set_result((asyncio.get_running_loop(), calls))
            await self._leave.wait()
            under_way = asyncio.all_tasks() - {asyncio.current_task()}
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _pinned(self) -> Pinned:
        """The host's addresses. Only a resolver that says "try again" is asked again; it may block here,
        where nothing else runs yet."""
        patience = self._network.patience
        for attempt in range(2, patience.tries + 1):
            try:
                return pin(self._location, self._network.resolve)
            except socket.gaierror as error:
                if error.errno != socket.EAI_AGAIN:
                    raise
            await patience.sleep(patience.wait_before(attempt, None))
        return pin(self._location, self._network.resolve)
