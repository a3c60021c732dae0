"""One connection to a storage host: a request is one write, its answer is read by `http_answer`.

A general HTTP library costs more than all else that a small file needs; this does what our few fixed
requests need. A request is sent once: whether it may be sent again is for the caller to know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from time import monotonic

from waybill.delivery.http_answer import MAX_BODY, MAX_HEAD, Head, NoAnswer, end_of_body, read_head

Then = Callable[[Head | OSError], None]
"""Is told how a call ended: by the head of its answer, or without one."""
Part = bytes | memoryview
"""A piece of a body; bodies are not put together, so that large ones are not copied."""

PIECE = 256 * 1024
"""Bytes given to a connection at once."""
_ANSWER = 16 * 1024
"""Bytes of an answer that are received at once."""


class Connection(asyncio.BufferedProtocol):
    """One connection. Whoever starts a call has it alone until the call is over.

    free: no call is under way, and another may be made. began: when the call began; moved: when a byte
    of it last moved, by the monotonic clock.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        over: Callable[[Connection], None],
        gone: Callable[[Connection], None],
    ) -> None:
        self._loop = loop
        self._over = over
        self._gone = gone
        self._transport: asyncio.Transport | None = None
        self._space = bytearray(_ANSWER)
        self._view = memoryview(self._space)
        self._got = b""
        self._head: Head | None = None
        self._then: Then | None = None
        self._room: asyncio.Future[None] | None = None
        self._full = False
        self._sent = True
        self.free = False
        self.began = self.moved = monotonic()

    def start(self, began: float, then: Then) -> None:
        """Take the connection for a call; `then` is told how it ended, once."""
        self._got, self._head, self._then = b"", None, then
        self.free, self._sent = False, True
        self.began, self.moved = began, monotonic()

    def write(self, request: bytes) -> None:
        """Give the connection a request, whole."""
        if self._transport is None:
            self.end(ConnectionResetError("the connection is over"))
        else:
            self._transport.write(request)

    async def send(self, head: bytes, parts: Sequence[Part]) -> None:
        """Give it a large request as fast as it takes it, unless the answer comes first."""
        self._sent = False
        for piece in chain((head,), _pieces(parts)):
            if self._transport is None or self._then is None:
                return
            self._transport.write(piece)
            if self._full:
                self._room = self._loop.create_future()
                await self._room
            self.moved = monotonic()
        self._sent = True

    def cut(self) -> None:
        """End the connection at once."""
        self.free = False
        if self._transport is not None:
            self._transport.abort()

    def leave(self) -> None:
        """End the connection: politely if no call is under way."""
        if self.free and self._transport is not None:
            self.free = False
            self._transport.close()
        else:
            self.end(ConnectionAbortedError("the connection was ended"))

    def end(self, why: OSError) -> None:
        """End the call under way. An answer whose head is there stands; its body says nothing we need."""
        self.free = False
        if self._then is not None:
            self._tell(why if self._head is None else self._head)
        self.cut()

    def _tell(self, told: Head | OSError) -> None:
        then, self._then = self._then, None
        self._wake()
        self._over(self)
        if then is not None:
            then(told)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        self._transport = transport

    def get_buffer(self, _hint: int) -> bytearray:
        return self._space

    def buffer_updated(self, count: int) -> None:
        self.moved = monotonic()
        if self._then is None:
            self.free = False
            self.cut()  # bytes that nobody asked for
            return
        data = bytes(self._view[:count])
        self._got = self._got + data if self._got else data
        try:
            self._read()
        except NoAnswer as error:
            self.end(error)

    def _read(self) -> None:
        while self._head is None:
            end = self._got.find(b"\r\n\r\n")
            if end > MAX_HEAD or (end < 0 and len(self._got) > MAX_HEAD):
                raise NoAnswer("its head is too long")
            if end < 0:
                return
            head, self._got = read_head(self._got[:end]), self._got[end + 4 :]
            if head.status == 101:
                raise NoAnswer("it speaks of another protocol")
            if head.status >= 200:
                self._head = head
        end_at = end_of_body(self._head, self._got, 0)
        if end_at is None and self._head.body <= MAX_BODY and len(self._got) <= MAX_BODY:
            return
        self.free = self._sent and self._head.lasts and end_at == len(self._got)
        self._tell(self._head)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self.moved = monotonic()
        self._wake()

    def _wake(self) -> None:
        """Let the sender of a large body go on."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        lost = error if isinstance(error, OSError) else ConnectionResetError("the connection was closed")
        self.end(lost)
        self._gone(self)


def _pieces(parts: Sequence[Part]) -> Iterator[Part]:
    """The parts in pieces of some size: large parts are cut, small ones joined."""
    small: list[Part] = []
    held = 0
    for part in parts:
        if len(part) >= PIECE // 4:
            if small:
                yield b"".join(small)
                small, held = [], 0
            view = memoryview(part)
            for start in range(0, len(view), PIECE):
                yield view[start : start + PIECE]
            continue
        small.append(part)
        held += len(part)
        if held >= PIECE:
            yield b"".join(small)
            small, held = [], 0
    if small:
        yield b"".join(small)
