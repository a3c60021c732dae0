"""A session with storage in a thread of its own, for callers that are not asynchronous.

The caller may be busy for minutes (a heavy query between two files) without a request under way being
starved; and it may leave at any moment: what is under way is dropped then.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar

from waybill.delivery.blob_calls import BlobCalls
from waybill.delivery.guard import Pinned, pin
from waybill.delivery.locations import Location
from waybill.delivery.network import Network
from waybill.delivery.patience import Patience

T = TypeVar("T")
Start = Callable[[], None]

_TOGETHER = 0.01
"""Seconds in which the loop is told once of what is begun: two threads in turn cost less than in step."""


class Uplink:
    """One event loop and one session with a container's host; a context manager.

    at_once: how much of what was begun is under way at one time; the rest waits.
    """

    def __init__(self, location: Location, network: Network, at_once: int = 1) -> None:
        self._at_once = at_once
        self._location = location
        self._network = network
        self._ready: Future[tuple[asyncio.AbstractEventLoop, BlobCalls]] = Future()
        self._leave = asyncio.Event()
        self._waiting: deque[Start] = deque()
        self._flushed = 0.0
        self._under_way = 0
        self._woken = False
        self._leaving = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="waybill-uplink", daemon=True)

    def __enter__(self) -> Self:
        """Resolve, check and pin the host. Raises LocationRefused, or OSError if it has no address or its
        lookup takes longer than `patience.all`."""
        self._thread.start()
        self._loop, self.calls = self._ready.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()

    def begin(self, start: Start) -> None:
        """Let `start` be called in the loop, in turn; it raises nothing, and what it starts ends with `over`.

        Of many things begun in a row the loop is told together, some milliseconds late at most while the
        caller goes on beginning; a caller that does anything else calls `flush` first.
        """
        self._waiting.append(start)
        if monotonic() - self._flushed > _TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Wake the loop for what was begun, if it has nothing to wait for that wakes it anyhow."""
        self._flushed = monotonic()
        if self._waiting and self._under_way < self._at_once and not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._wake)

    def task(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, which raises nothing and ends with `over`; to be called in the loop."""
        if self._leaving:
            work.close()
            return
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def over(self) -> None:
        """One of the things begun is over; to be called in the loop."""
        self._under_way -= 1
        self._go_on()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _wake(self) -> None:
        self._woken = False  # before the looking: what comes after it wakes the loop again
        self._go_on()

    def _go_on(self) -> None:
        """Start what waits. Something begun in this moment, in another thread, is either seen here, or its
        thread sees that less is under way than may be, and wakes the loop."""
        while self._waiting and self._under_way < self._at_once and not self._leaving:
            self._under_way += 1
            self._waiting.popleft()()

    async def in_time(self, work: Coroutine[Any, Any, T]) -> T:
        """`work`, ended with TimeoutError when `patience.all` has passed since this uplink began."""
        async with asyncio.timeout_at(self._end):
            return await work

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)  # told to the thread that waits for it

    async def _live(self) -> None:
        self._end = asyncio.get_running_loop().time() + self._network.patience.all
        pinned = await self.in_time(self._pinned(self._network.patience))
        async with BlobCalls(self._location, pinned, self._network) as calls:
            self._ready.set_result((asyncio.get_running_loop(), calls))
            await self._leave.wait()
            self._leaving = True
            under_way = asyncio.all_tasks() - {asyncio.current_task()}
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _pinned(self, patience: Patience) -> Pinned:
        """The host's addresses. Only a resolver that says "try again" is asked again."""
        for attempt in range(2, patience.lookups + 1):
            try:
                return await self._looked_up()
            except socket.gaierror as error:
                if error.errno != socket.EAI_AGAIN:
                    raise
            await patience.sleep(patience.wait_before(attempt, None))
        return await self._looked_up()

    async def _looked_up(self) -> Pinned:
        """One lookup, in a thread of its own: no resolver can be stopped, but it can be left alone."""
        found: Future[Pinned] = Future()
        found.set_running_or_notify_cancel()  # whoever stops waiting does not take the place of its end

        def look_up() -> None:
            try:
                found.set_result(pin(self._location, self._network.resolve))
            except BaseException as error:  # noqa: BLE001  told to whoever still waits for it
                found.set_exception(error)

        threading.Thread(target=look_up, name="waybill-lookup", daemon=True).start()
        return await asyncio.wrap_future(found)
