"""The server in this process: where it listens, and how it stops (docs/decisions/0003)."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from tests.clients.insights_house import House
from waybill.api.served import CannotListen, Listening, serve

SLOW = """
import pathlib, sys, time, threading
from waybill.api.served import serve
folder = pathlib.Path(sys.argv[1])

async def app(scope, receive, send):
    import anyio
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind.endswith("shutdown"):
                (folder / "lifespan-ended").touch()
                return
    if scope["path"] == "/slow":
        (folder / "arrived").touch()
        while not (folder / "go").exists():
            await anyio.sleep(0.01)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})

serve(app, "127.0.0.1", 0, lambda listening: print(listening.port, flush=True), float(sys.argv[2]))
(folder / "returned").touch()
"""


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "nothing happened within 20 s"
        time.sleep(0.01)


def _refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return True
    return False


def _started(folder: Path, grace: float) -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, "-c", SLOW, str(folder), str(grace)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_by_signal(tmp_path: Path, number: signal.Signals) -> None:
    """At a signal no new connection is taken, requests under way are answered, and serve returns."""
    process, port = _started(tmp_path, 20)
    with process:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/slow")
        _wait_for((tmp_path / "arrived").exists)
        process.send_signal(number)
        _wait_for(lambda: _refused(port))
        assert process.poll() is None
        (tmp_path / "go").touch()
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"done")
        connection.close()
        assert process.wait(20) == 0
    assert (tmp_path / "lifespan-ended").exists()
    assert (tmp_path / "returned").exists()


def test_stop_with_a_request_that_never_ends(tmp_path: Path) -> None:
    """A request that outlives the grace is cut off: serve returns all the same, without a traceback."""
    process, port = _started(tmp_path, 0.2)
    with process:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/slow")
        _wait_for((tmp_path / "arrived").exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        connection.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert (tmp_path / "returned").exists()
    assert not (tmp_path / "lifespan-ended").exists(), "if this ever changes, correct decision 0003"


def test_port_in_use(house: House) -> None:
    """A second server on a port is refused with words; it never runs beside the first one."""
    answered: list[Listening] = []
    with pytest.raises(CannotListen, match=f"port {house.listening.port}"):
        serve(_nothing, "127.0.0.1", house.listening.port, answered.append)
    assert answered == []


def test_foreign_address() -> None:
    """An address that is not this machine's is refused with words."""
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1"):
        serve(_nothing, "192.0.2.1", 0)


async def _nothing(_scope: object, _receive: object, _send: object) -> None:
    return None


def test_failing_start() -> None:
    """An application whose start fails ends serve with an error, not a server that answers nothing."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(CannotListen, match="ended by itself"):
        serve(app, "127.0.0.1", 0)


def test_urls() -> None:
    """The URL of an IPv6 address has brackets."""
    assert Listening("::1", 8400, lambda: None).url == "http://[::1]:8400"


def test_turns_are_short_while_serving() -> None:
    """While the server runs, threads that compute give way within a millisecond; afterwards as before."""
    before, usual, seen = sys.getswitchinterval(), 0.005, list[float]()

    def ready(listening: Listening) -> None:
        seen.append(sys.getswitchinterval())
        listening.stop()

    sys.setswitchinterval(usual)  # another server of these tests may be running
    try:
        serve(_nothing, "127.0.0.1", 0, ready)
        assert seen[0] <= 0.001
        assert sys.getswitchinterval() == usual
    finally:
        sys.setswitchinterval(before)
