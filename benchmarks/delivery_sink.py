"""Files a second, MiB a second and peak memory of a delivery into a sink on loopback.

Run: `python benchmarks/delivery_sink.py`. The sink is a process of its own that answers every call as storage
would and throws the bodies away. Numbers depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from waybill.delivery.container import Container
from waybill.delivery.journal import Journal
from waybill.delivery.locations import StorageRules, parse_location
from waybill.delivery.network import Network
from waybill.delivery.outgoing import Outgoing

SAS = "sv=2023-11-03&sr=c&sp=acw&se=2100-01-01T00:00:00Z&sig=c2luaw%3D%3D"
CHUNK = bytes(range(256)) * 4096
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


class _Sink(asyncio.Protocol):
    """Counts a request's bytes and answers 201 after the last."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.WriteTransport):
            raise TypeError(transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        while data:
            if self._left:
                taken = min(self._left, len(data))
                self._left -= taken
                data = data[taken:]
            else:
                self._head += data
                head, end, data = self._head.partition(b"\r\n\r\n")
                if not end:
                    return
                self._head = b""
                lines = head.lower().split(b"\r\n")
                self._left = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
            if not self._left:
                self._transport.write(CREATED)


def _serve(told: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Sink, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def _files(count: int, size: int) -> Iterator[Outgoing]:
    def chunks() -> Iterator[bytes]:
        for start in range(0, size, len(CHUNK)):
            yield CHUNK[: size - start]

    for number in range(count):
        yield Outgoing(f"20/{number}.bin", size, chunks)


def _measure(name: str, port: int, count: int, size: int) -> None:
    rules = StorageRules(emulators=(f"127.0.0.1:{port}",))
    location = parse_location(f"http://127.0.0.1:{port}/devstoreaccount1/container?{SAS}", rules)
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "journal") as journal:
        wall, used = time.perf_counter(), time.process_time()
        target = Container(location, Network())
        arrived = sum(1 for _ in target.deliver(_files(count, size), journal, lambda _path, _size: None))
        wall, used = time.perf_counter() - wall, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {arrived} files, {arrived / wall:,.0f} files/s, {count * size / wall / 2**20:,.0f} MiB/s, "
        f"{wall:.1f} s, CPU {used:.1f} s ({count / used:,.0f} files a CPU second), peak {peak:,.0f} MiB"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, default=10_000, help="small files of 10 KiB")
    arguments.add_argument("--mib", type=int, default=1024, help="size of the large file")
    chosen = arguments.parse_args()
    ours, theirs = multiprocessing.Pipe()
    sink = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    sink.start()
    port = ours.recv()
    _measure("small", port, chosen.files, 10 * 1024)
    _measure("large", port, 1, chosen.mib * 2**20)
    sink.terminate()


if __name__ == "__main__":
    main()
