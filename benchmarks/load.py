"""Load on loopback: some connections, one request each at a time, as fast as they are answered.

By wrk where it is installed, a program of its own (Debian: `apt-get install wrk`). Else, and where every answer
is to be looked at, by a generator of ours: it sends prepared bytes and reads only what it must, so that it
takes a fraction of the server's time.
"""

from __future__ import annotations

import select
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
WRK = shutil.which("wrk") or ""


@dataclass(frozen=True, slots=True)
class Load:
    """What came back: requests a second, and every request's seconds."""

    rate: float
    seconds: Sequence[float]

    def percentile(self, share: float) -> float:
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


@dataclass(frozen=True, slots=True)
class WrkLoad:
    """What wrk told: how many were answered, requests a second, seconds within which 95 of 100 were."""

    count: int
    rate: float
    p95: float


def run_wrk(url: str, headers: Mapping[str, str], seconds: int) -> WrkLoad:
    """GET `url` for some seconds. Raises ValueError if any answer failed (a status from 400 on, too)."""
    words = [WRK, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(Path(__file__).with_name("load.lua"))]
    for name, value in headers.items():
        words += ["-H", f"{name}: {value}"]
    out = subprocess.run([*words, url], check=True, capture_output=True, text=True).stdout
    told = next(line for line in out.splitlines() if line.startswith("told ")).split()
    count, micros, failed = map(int, told[1:4])
    if failed or not count:
        raise ValueError(f"{failed} of {count} requests failed")
    return WrkLoad(count, count / micros * 1e6, float(told[4]) / 1e6)


def run_load(port: int, requests: Sequence[bytes], status: int, connections: int = CONNECTIONS) -> Load:
    """Send every request once. Raises ValueError for an answer of another status."""
    waiting: Iterator[bytes] = iter(requests)
    wanted = b"HTTP/1.1 %d" % status
    lines = {
        line.fileno(): line for line in (_connected(port) for _ in range(min(connections, len(requests))))
    }
    poll, sent, parts, seconds = select.epoll(), dict[int, float](), dict[int, bytes](), list[float]()
    started = time.perf_counter()
    for number, line in lines.items():
        poll.register(number, select.EPOLLIN)
        line.sendall(next(waiting))
        sent[number] = time.perf_counter()
    while sent:
        for number, _ in poll.poll():
            got = parts.pop(number, b"") + lines[number].recv(65536)
            if not _whole(got):
                parts[number] = got
                continue
            if not got.startswith(wanted):
                raise ValueError(f"answered {got[:60]!r}")
            now = time.perf_counter()
            seconds.append(now - sent.pop(number))
            following = next(waiting, None)
            if following is not None:
                lines[number].sendall(following)
                sent[number] = now
    took = time.perf_counter() - started
    for line in lines.values():
        line.close()
    return Load(len(requests) / took, seconds)


def _connected(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _whole(got: bytes) -> bool:
    """Whether an answer has come whole: by its content-length; without one it has no body (304)."""
    head, end, body = got.partition(b"\r\n\r\n")
    if not end:
        return not got and _closed()
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line[15:])
    return True


def _closed() -> bool:
    raise ValueError("the server closed a connection")


def download(port: int, request: bytes) -> int:
    """The bytes of one answer's body, thrown away."""
    with _connected(port) as line:
        line.sendall(request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += line.recv(4096)
        head, _, body = got.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ValueError(f"answered {head[:60]!r}")
        length = next(
            int(one[15:]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")
        )
        left, room = length - len(body), bytearray(1 << 20)
        while left:
            taken = line.recv_into(room, min(left, len(room)))
            if not taken:
                raise ValueError("the answer is cut short")
            left -= taken
        return length
