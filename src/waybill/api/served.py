"""Run the web application with granian inside this process, where the jobs live (docs/decisions/0003)."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.server.embed import Server
from starlette.types import ASGIApp

from waybill import log
from waybill.errors import WaybillError

GRACE_SECONDS = 10.0
START_SECONDS = 30.0
TURN_SECONDS = 0.0005

Tls = tuple[Path, Path]
"""PEM files: the server's certificate, then those that vouch for it; and its private key."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = log.get(__name__)


class CannotListen(WaybillError):
    """The address is taken or not ours, or the server did not come up."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A server that answers. `stop` may be called from any thread, more than once."""

    host: str
    port: int
    stop: Callable[[], None]
    secure: bool = False

    @property
    def url(self) -> str:
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def serve(
    app: ASGIApp,
    host: str,
    port: int,
    on_ready: Callable[[Listening], None] = lambda _listening: None,
    grace_seconds: float = GRACE_SECONDS,
    tls: Tls | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or `Listening.stop`; requests under way may finish within the grace.

    With `tls`, HTTPS (1.2 and later) and nothing else. Port 0 takes a free one, told to `on_ready`.
    Signals are handled only in the main thread. What must run before or after (jobs) belongs around
    this call, since a stop whose grace is over skips the end of ASGI's lifespan. Raises CannotListen.
    """
    address, free_port = _checked_address(host, port)
    with _short_turns():
        asyncio.run(_serve(app, address, free_port, on_ready, grace_seconds, tls))


@contextmanager
def _short_turns() -> Iterator[None]:
    """Threads that compute give way to one that waits after TURN_SECONDS, not after Python's 5 milliseconds.

    Jobs run in this process: a request takes the interpreter's lock some ten times, and each time it may
    have to wait for a whole turn of a job (docs/performance.md).
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _checked_address(host: str, port: int) -> tuple[str, int]:
    """The numeric address and the port to listen on.

    granian listens with SO_REUSEPORT: a second server on the same port would not fail but run
    beside it. A plain bind beforehand finds that out. Raises CannotListen.
    """
    try:
        family, kind, _, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            bound = probe.getsockname()
    except OSError as error:
        raise CannotListen(
            f"Cannot listen on {host} port {port}: {error.strerror or error}.",
            "Stop what uses it, or choose another with --host and --port.",
        ) from error
    return str(bound[0]), int(bound[1])


async def _serve(
    app: ASGIApp,
    host: str,
    port: int,
    on_ready: Callable[[Listening], None],
    grace_seconds: float,
    tls: Tls | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Its own logging set-up is switched off: requests are logged by waybill.api.edge, without queries.
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        log_enabled=False,
        ssl_cert=tls[0] if tls else None,
        ssl_key=tls[1] if tls else None,
        ssl_protocol_min=SSLProtocols.tls12,
    )
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop.set)

    def stop_from_anywhere() -> None:
        with suppress(RuntimeError):  # the loop is closed: it has stopped already
            loop.call_soon_threadsafe(stop.set)

    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    ready = asyncio.create_task(_answers(host, port, tls))
    try:
        await asyncio.wait({serving, stopping, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done() and not stopping.done():
            ready.result()
            on_ready(Listening(host, port, stop_from_anywhere, tls is not None))
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done() and not stopping.done():
            raise CannotListen(
                "The web server ended by itself.", "The log says why; start it again."
            ) from serving.exception()
    finally:
        ready.cancel()
        stopping.cancel()
        await _end(server, serving, grace_seconds)


async def _end(server: Server, serving: asyncio.Task[None], grace_seconds: float) -> None:
    """No new connections; requests under way get the grace; then what is left is cut off."""
    if serving.done():
        return
    server.stop()  # type: ignore[no-untyped-call]  # granian ships no types for it
    done, _ = await asyncio.wait({serving}, timeout=grace_seconds)
    if not done:
        _log.warning("requests cut off at stop", grace_seconds=grace_seconds)
        asyncio.get_running_loop().set_exception_handler(_after_the_cut)
        for worker in server.wrks:
            worker.kill()  # type: ignore[no-untyped-call]  # granian ships no types for it
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


def _after_the_cut(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """granian still reports the end of a worker that was just cancelled; that alone is no news."""
    if not isinstance(context.get("exception"), asyncio.InvalidStateError):
        loop.default_exception_handler(context)


async def _answers(host: str, port: int, tls: Tls | None) -> None:
    """Return once the server answers a request. Raises CannotListen after half a minute."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  names of "any", not a bind
    context = _own_certificate(tls[0]) if tls else None
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(name, port, ssl=context)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            await reader.readexactly(len(b"HTTP/1.1"))
            writer.close()
            return
        await asyncio.sleep(0.02)
    raise CannotListen(f"The web server did not answer within {START_SECONDS:.0f} seconds.", "See the log.")


def _own_certificate(certificate: Path) -> ssl.SSLContext:
    """Trusts this very certificate, by whatever name: the server may be listening on any address."""
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
