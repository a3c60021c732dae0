"""The connections to one storage host: dialled at pinned addresses, kept for the next call, watched over.

One timer watches over all of them. There are no redirects, no proxies and no cookies.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from weakref import WeakSet

from waybill.delivery.connection import PIECE, Connection, Part, Then
from waybill.delivery.guard import Pinned, closed, open_socket
from waybill.delivery.http_answer import Head
from waybill.delivery.patience import Patience

_KEEP_IDLE = 4.0
"""Seconds a connection is kept unused; shorter than storage keeps it, so that few are lost at reuse."""
_NEXT_ADDRESS = 0.25
"""Seconds after which a host's next address is tried beside one that has not answered (RFC 8305)."""


class Connections:
    """The connections to one host, as many as are in use at once. Used inside one event loop."""

    def __init__(self, pinned: Pinned, port: int, tls: ssl.SSLContext | None, patience: Patience) -> None:
        self._pinned = pinned
        self._port = port
        self._tls = tls
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._opened: WeakSet[socket.socket] = WeakSet()
        self._all: set[Connection] = set()
        self._idle: list[Connection] = []
        self._tick = min(1.0, patience.silence / 10, patience.whole / 10)
        self._watch = self._loop.call_later(self._tick, self._look)

    def begin(self, head: bytes, body: bytes | memoryview, then: Then) -> bool:
        """Send a request with a small body, once, if a connection is free at this moment; else False.

        For the many small files: no task or future of their own.
        then: gets the head of the answer, later, in the loop, or the OSError that `call` would raise.
        """
        connection = self._unused() if len(body) <= PIECE else None
        if connection is None:
            return False
        connection.start(monotonic(), then)
        connection.write(head + body)
        return True

    async def call(self, head: bytes, parts: Sequence[Part], size: int) -> Head:
        """Send a request, once, and give the head of its answer; the answer's body is passed over.

        head: ends with its empty connection. parts: the body, of `size` bytes. Raises OSError (its time-outs and
        those of TLS among them) if no whole head came: then the request may have been done or not.
        """
        began = monotonic()
        connection = self._unused() or await self._dial()
        answered: asyncio.Future[Head | OSError] = self._loop.create_future()
        connection.start(began, lambda told: None if answered.done() else answered.set_result(told))
        try:
            if size <= PIECE:
                connection.write(b"".join((head, *parts)))
            else:
                await connection.send(head, parts)
            told = await answered
        except BaseException:
            connection.cut()
            raise
        if isinstance(told, OSError):
            raise told
        return told

    async def close(self) -> None:
        """End all connections, politely where nothing is under way, and wait until they are closed."""
        self._watch.cancel()
        for connection in list(self._all):
            connection.leave()
        await closed(self._opened)

    def _unused(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.free:
                return connection
        return None

    def _look(self) -> None:
        now, patience = monotonic(), self._patience
        for connection in list(self._all):
            if connection.free:
                if now - connection.moved > _KEEP_IDLE:
                    connection.leave()
            elif now - connection.moved > patience.silence or now - connection.began > patience.whole:
                connection.end(TimeoutError("the time for an answer is over"))
        self._watch = self._loop.call_later(self._tick, self._look)

    def _over(self, connection: Connection) -> None:
        """A call is over."""
        if connection.free:
            self._idle.append(connection)
        else:
            connection.cut()

    def _gone(self, connection: Connection) -> None:
        self._all.discard(connection)
        with suppress(ValueError):  # in use
            self._idle.remove(connection)

    async def _dial(self) -> Connection:
        connection = Connection(self._loop, self._over, self._gone)
        async with asyncio.timeout(self._patience.whole):
            # From here on the connection is the loop's, which closes it if TLS does not come to be.
            await self._loop.create_connection(
                lambda: connection,
                sock=await self._connected(),
                ssl=self._tls,
                server_hostname=None if self._tls is None else self._pinned.host,
                ssl_handshake_timeout=None if self._tls is None else self._patience.whole,
            )
        self._all.add(connection)
        return connection

    async def _connected(self) -> socket.socket:
        """A connection to the first of the pinned addresses that answers."""
        trying: set[asyncio.Task[socket.socket]] = set()
        left = list(self._pinned.addresses)
        try:
            while True:
                if left:
                    trying.add(self._loop.create_task(self._connect(left.pop(0))))
                done, trying = await asyncio.wait(
                    trying,
                    timeout=_NEXT_ADDRESS if left else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                well = [task.result() for task in done if task.exception() is None]
                for more in well[1:]:
                    more.close()
                if well:
                    return well[0]
                if done and not left and not trying:
                    return done.pop().result()
        finally:
            for task in trying:
                task.cancel()
                task.add_done_callback(_drop)

    async def _connect(self, address: str) -> socket.socket:
        made = open_socket(self._pinned, address, self._opened)
        try:
            async with asyncio.timeout(self._patience.connect):
                await self._loop.sock_connect(made, (address, self._port))
        except BaseException:
            made.close()
            raise
        return made


def _drop(task: asyncio.Task[socket.socket]) -> None:
    """Close what a try of another address has brought too late."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()
