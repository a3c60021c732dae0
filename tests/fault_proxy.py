"""A proxy in front of storage that makes chosen calls fail in chosen ways, over TLS.

It speaks https to the client and http to the emulator. Calls are told apart by what they are (a listing,
the creation of an append blob ...), counted, and the planned ones are spoilt; all others pass unchanged.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.local_tls import Certificate

HELD_SECONDS = 30.0
"""A call that is held ends by itself after so long, should the client never give up."""
DRIP_SECONDS = 0.05


class Call(StrEnum):
    LIST = "list"
    CREATE = "create append blob"
    APPEND = "append block"
    READ = "read"
    PUT = "put blob"
    BLOCK = "put block"
    BLOCK_LIST = "put block list"
    DELETE = "delete"


class Fault(StrEnum):
    TIME_OUT_BEFORE = "time-out before"
    TIME_OUT_AFTER = "time-out after done"
    ERROR_500 = "500"
    BUSY_503 = "503 with Retry-After"
    REFUSED_403 = "403"
    MISSING_404 = "404"
    CONFLICT_409 = "409"
    PRECONDITION_412 = "412"
    RESET = "reset after done"
    WRONG_CHECKSUM = "wrong checksum"
    SLOW_DRIP = "slow drip"
    TLS_BREAK = "TLS break"


@dataclass(frozen=True, slots=True)
class _Said:
    """One answer, ready to be sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


ANSWERS = {
    Fault.ERROR_500: _Said(500, (("x-ms-error-code", "InternalError"),)),
    Fault.BUSY_503: _Said(503, (("x-ms-error-code", "ServerBusy"), ("Retry-After", "1"))),
    Fault.REFUSED_403: _Said(403, (("x-ms-error-code", "AuthenticationFailed"),)),
    Fault.MISSING_404: _Said(404, (("x-ms-error-code", "ContainerNotFound"),)),
    Fault.CONFLICT_409: _Said(409, (("x-ms-error-code", "BlobAlreadyExists"),)),
    Fault.PRECONDITION_412: _Said(412, (("x-ms-error-code", "ConditionNotMet"),)),
}
MISMATCH = _Said(400, (("x-ms-error-code", "Md5Mismatch"),))


@dataclass(frozen=True, slots=True)
class Plan:
    """Spoil call number `first` of this kind (the first is 1), and `times` in a row."""

    call: Call
    fault: Fault
    first: int = 1
    times: int = 1


@dataclass(slots=True)
class FaultProxy:
    """One running proxy. spoilt: how many calls were; seen: how many of each kind came."""

    address: str
    plan: Plan
    upstream: str
    spoilt: int = 0
    seen: Counter[Call] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault_for(self, call: Call) -> Fault | None:
        with self.lock:
            self.seen[call] += 1
            plan = self.plan
            if call is not plan.call or not plan.first <= self.seen[call] < plan.first + plan.times:
                return None
            self.spoilt += 1
            return plan.fault


def call_of(method: str, target: str, headers: Any) -> Call:
    """What a request asks for."""
    comp = "".join(parse_qs(urlsplit(target).query).get("comp", []))
    if method == "PUT":
        named = {"appendblock": Call.APPEND, "block": Call.BLOCK, "blocklist": Call.BLOCK_LIST}
        if comp in named:
            return named[comp]
        return Call.CREATE if headers["x-ms-blob-type"] == "AppendBlob" else Call.PUT
    if method == "DELETE":
        return Call.DELETE
    return Call.LIST if comp == "list" else Call.READ


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: the request line holds a SAS."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.proxy.fault_for(call_of(self.command, self.path, self.headers))
        if fault is None:
            self._say(self._forward(body))
        elif fault in ANSWERS:
            self._say(ANSWERS[fault])
        elif fault is Fault.WRONG_CHECKSUM:
            self._say(self._forward(bytes([body[0] ^ 1]) + body[1:]) if body else MISMATCH)
        else:
            self._break(fault, body)

    def _break(self, fault: Fault, body: bytes) -> None:
        """The client gets no whole answer, and the connection is over."""
        self.close_connection = True
        if fault in (Fault.TIME_OUT_AFTER, Fault.RESET, Fault.SLOW_DRIP):
            said = self._forward(body)
        if fault in (Fault.TIME_OUT_BEFORE, Fault.TIME_OUT_AFTER):
            self._hold()
        elif fault is Fault.SLOW_DRIP:
            self._drip(b"HTTP/1.1 %d Done\r\nx-filler: " % said.status)
        else:
            self._cut(garbage=fault is Fault.TLS_BREAK)

    def _forward(self, body: bytes) -> _Said:
        connection = http.client.HTTPConnection(self.server.proxy.upstream, timeout=HELD_SECONDS)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            response = connection.getresponse()
            dropped = ("connection", "keep-alive", "transfer-encoding", "content-length")
            headers = tuple(pair for pair in response.getheaders() if pair[0].lower() not in dropped)
            return _Said(response.status, headers, response.read())
        finally:
            connection.close()

    def _say(self, said: _Said) -> None:
        self.send_response_only(said.status)
        for name, value in said.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        self.wfile.write(said.body)

    def _hold(self) -> None:
        """Say nothing until the client leaves."""
        self.connection.settimeout(HELD_SECONDS)
        with suppress(OSError):
            self.connection.recv(1)

    def _drip(self, start: bytes) -> None:
        """An answer that begins and never ends, byte by byte, until the client leaves."""
        end = time.monotonic() + HELD_SECONDS
        with suppress(OSError):
            self.connection.sendall(start)
            while time.monotonic() < end:
                self.connection.sendall(b"x")
                time.sleep(DRIP_SECONDS)

    def _cut(self, *, garbage: bool) -> None:
        """Break the connection below TLS: by bytes that are no TLS record, or by a reset."""
        raw = socket.socket(fileno=self.connection.detach())
        with suppress(OSError):
            if garbage:
                raw.sendall(b"\x17\x03\x03\x00\x20" + b"no TLS record has such bytes....")
                raw.settimeout(HELD_SECONDS)
                raw.recv(1)
            else:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: FaultProxy

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._tls = tls

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        # The handshake is left to the connection's own thread.
        return self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves in the middle is what these tests are about."""

    def shutdown_request(self, request: Any) -> None:
        with suppress(OSError):  # it may have been cut already
            super().shutdown_request(request)


@contextmanager
def fault_proxy(upstream: str, certificate: Certificate, plan: Plan) -> Iterator[FaultProxy]:
    """Run a proxy on a free port of loopback in front of `upstream` (host:port)."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.chain, certificate.key)
    with _Server(tls) as server:
        server.proxy = FaultProxy(f"127.0.0.1:{server.server_address[1]}", plan, upstream)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.proxy
        finally:
            server.shutdown()
            thread.join()
