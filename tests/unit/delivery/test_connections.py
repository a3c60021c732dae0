"""Connections carry one call after another, and are used again only where both sides agree where each ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from tests.unit.delivery.delivery_parts import PATIENT, content
from waybill.delivery.connection import PIECE
from waybill.delivery.connections import Connections
from waybill.delivery.guard import Pinned
from waybill.delivery.http_answer import Head, NoAnswer
from waybill.delivery.patience import Patience

HERE = Pinned("storage.example", ("127.0.0.1",))
WELL = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
HASTY = replace(PATIENT, silence=0.3, whole=0.6)


@dataclass
class Script:
    """A server that says these pieces, one by one, to each request; it counts connections and keeps bodies."""

    answers: list[Sequence[bytes]]
    connections: int = 0
    bodies: tuple[bytes, ...] = ()
    closes: bool = False
    reads: bool = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                said = self.answers.pop(0)
                if self.reads:
                    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
                    self.bodies += (await reader.readexactly(length),)
                for piece in said:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.01)
                if self.closes:
                    return
            await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def connections_to(script: Script, patience: Patience = PATIENT) -> AsyncIterator[Connections]:
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    async with server:
        connections = Connections(HERE, server.sockets[0].getsockname()[1], None, patience)
        try:
            yield connections
        finally:
            await connections.close()


def played(script: Script, calls: int = 1, body: bytes = b"", patience: Patience = PATIENT) -> list[Head]:
    """The heads of so many answers, one call after another."""

    async def play() -> list[Head]:
        request = b"PUT / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
        async with connections_to(script, patience) as connections:
            return [await connections.call(request, (body,), len(body)) for _ in range(calls)]

    return asyncio.run(play())


@pytest.mark.parametrize(
    "said",
    [
        (WELL,),
        tuple(bytes([byte]) for byte in b"HTTP/1.1 201 C\r\nContent-Length: 2\r\n\r\nab"),
        (b"HTTP/1.1 201 C\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", WELL),
        (b"HTTP/1.1 204 No Content\r\n\r\n",),
    ],
)
def test_a_connection_is_used_again(said: Sequence[bytes]) -> None:
    """However an answer is cut into pieces, the connection carries the next call after its last byte."""
    script = Script([said, (WELL,)])
    assert [head.status // 100 for head in played(script, 2)] == [2, 2]
    assert script.connections == 1


@pytest.mark.parametrize(
    "said",
    [
        (b"HTTP/1.0 201 Created\r\nContent-Length: 0\r\n\r\n",),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",),
        (WELL + b"x",),
        (WELL + WELL,),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 99999\r\n\r\n",),
        (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n" + b"x" * 17_000,),
    ],
)
def test_a_connection_is_not_used_again(said: Sequence[bytes]) -> None:
    """Where an answer's end is the connection's, or too far, or not where the other side thinks, the next
    call goes by a new connection; the answer stands."""
    script = Script([said, (WELL,)])
    assert [head.status for head in played(script, 2)] == [201, 201]
    assert script.connections == 2


@pytest.mark.parametrize(
    "said",
    [
        (b"SSH-2.0-server\r\n\r\n",),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000,),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n",),
    ],
)
def test_what_is_no_answer_is_told_only_if_its_head_is_not(said: Sequence[bytes]) -> None:
    """No answer ends the call; after a good head a bad body ends only the connection."""
    if b"chunked" in said[0]:
        assert played(Script([said]))[0].status == 200
    else:
        with pytest.raises(NoAnswer):
            played(Script([said]))


def test_a_head_stands_when_its_body_never_comes() -> None:
    """A body that breaks off or stands still takes nothing from the answer, and time for it is bounded."""
    half = b"HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 9\r\n\r\nab"
    for closes in (True, False):
        assert played(Script([(half,)], closes=closes), patience=HASTY)[0] == Head(503, 9, True, "2")


def test_silence_and_dripping_end() -> None:
    """A connection that says nothing, or drips without end, is given up."""
    for said in ((), (b"HTTP/1.1 201 Created\r\nX: ", *[b"x"] * 200)):
        with pytest.raises(TimeoutError):
            played(Script([said]), patience=HASTY)


def test_a_closed_connection_is_told() -> None:
    """Without an answer, a connection that ends is an error of the call."""
    with pytest.raises(ConnectionError):
        played(Script([()], closes=True))


def test_large_bodies_arrive_as_they_are() -> None:
    """Parts of all sizes are joined or cut on their way, and every byte is there once, in order."""
    sizes = (1, PIECE // 4 - 1, 0, PIECE // 4, 3 * PIECE + 1, 5, 17, PIECE, 1000)
    parts = [content(size, number) for number, size in enumerate(sizes)]
    parts += [content(100, number) for number in range(5000)]
    script = Script([(WELL,)])

    async def play() -> Head:
        whole = sum(map(len, parts))
        async with connections_to(script) as connections:
            return await connections.call(
                b"PUT / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % whole, parts, whole
            )

    assert asyncio.run(play()).status == 201
    assert script.bodies == (b"".join(parts),)


def test_an_answer_before_the_end_of_the_body_is_taken() -> None:
    """Storage may refuse a large body before it has read it: the rest is not sent, and the call ends."""
    refused = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
    assert played(Script([(refused,)], reads=False), body=bytes(64 * PIECE))[0].status == 403


def test_a_small_body_needs_a_free_connection() -> None:
    """`begin` sends by a connection that is free, once, and says so; it makes none."""
    script = Script([(WELL,)] * 3)

    async def play() -> list[Head | OSError]:
        told: asyncio.Queue[Head | OSError] = asyncio.Queue()
        request = b"PUT / HTTP/1.1\r\nContent-Length: 2\r\n\r\n"
        async with connections_to(script) as connections:
            assert not connections.begin(request, b"ab", told.put_nowait)
            first = await connections.call(request, (b"ab",), 2)
            assert connections.begin(request, b"cd", told.put_nowait)
            assert not connections.begin(request, b"no", told.put_nowait)
            return [first, await told.get()]

    assert asyncio.run(play()) == [Head(201), Head(201)]
    assert (script.connections, script.bodies) == (1, (b"ab", b"cd"))
