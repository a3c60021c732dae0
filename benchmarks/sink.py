"""A storage that keeps nothing: answers every call as Azure's Blob service would, and sums up what it was sent.

Run: `python -m benchmarks.sink [CERTIFICATE KEY]`; it prints its port, then serves until it is ended. `GET /sums`
answers files, bytes and the sum of all bytes since it was asked last.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from dataclasses import dataclass

import numpy as np

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Sums:
    """What arrived: whole files (by one call, or by their list of blocks), bytes, and the sum of the bytes."""

    files: int = 0
    bytes: int = 0
    sum: int = 0


class _Storage(asyncio.Protocol):
    def __init__(self, sums: Sums) -> None:
        self._sums = sums
        self._head = b""
        self._left = 0
        self._counts = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.WriteTransport):
            raise TypeError(transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            if self._left:
                taken = view[: self._left]
                self._left -= len(taken)
                view = view[len(taken) :]
                if self._counts:
                    self._sums.bytes += len(taken)
                    self._sums.sum += int(np.frombuffer(taken, np.uint8).sum(dtype=np.uint64))
                if not self._left:
                    self._transport.write(CREATED)
                continue
            self._head += view
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head, view = b"", memoryview(rest)
            self._begin(head)

    def _begin(self, head: bytes) -> None:
        lines = head.lower().split(b"\r\n")
        if lines[0].startswith(b"get /sums"):
            body = json.dumps(vars(self._sums)).encode()
            self._sums.files = self._sums.bytes = self._sums.sum = 0
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        block_list = b"comp=blocklist" in lines[0]
        self._counts = not block_list
        self._sums.files += b"comp=block&" not in lines[0] + b"&"
        self._left = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        if any(line == b"expect: 100-continue" for line in lines):
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self._left:
            self._transport.write(CREATED)


async def _serve(tls: ssl.SSLContext | None) -> None:
    sums = Sums()
    server = await asyncio.get_running_loop().create_server(lambda: _Storage(sums), "127.0.0.1", 0, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    context = None
    if len(sys.argv) > 1:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    asyncio.run(_serve(context))
