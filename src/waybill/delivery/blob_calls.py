"""The few calls of Azure's Blob service that a delivery needs, spoken directly: a SAS needs no signing.

Each call is one try and gives the service's answer, whatever it is; `insist` tries again where that
makes sense. Where no answer came, the call may have been done all the same: the next try is told so.
An error of the HTTP library may hold the URL, and with it the SAS: none leaves this module.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import quote
from weakref import WeakSet

from aiohttp import (
    ClientError,
    ClientHandlerType,
    ClientOSError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
)
from yarl import URL

from waybill.clock import Clock
from waybill.delivery.guard import Pinned, closed, guarded_connector
from waybill.delivery.locations import Location
from waybill.delivery.network import Network
from waybill.delivery.patience import Patience

API_VERSION = "2023-11-03"
"""The version of the REST protocol we speak; the SAS's own version is its field `sv`."""
MAX_ANSWER = 16 * 1024
_CODE = re.compile("[A-Za-z0-9]{1,64}")
"""What an error code looks like: it is shown to people, so nothing else of a stranger's is taken."""
_SLICE = 256 * 1024
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
_NOT_DONE = frozenset({429, 503})
"""Answers of a service that did not begin; the other temporary ones may come after the deed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What storage said: the HTTP status, its own error code ("BlobAlreadyExists") and Retry-After in seconds.

    damaged: the body did not arrive as it was sent, so nothing was done.
    """

    status: int
    code: str = ""
    retry_after: float | None = None
    damaged: bool = False

    @property
    def well(self) -> bool:
        return 200 <= self.status < 300

    @property
    def temporary(self) -> bool:
        return self.status in _TEMPORARY or self.damaged


class Lost(Exception):
    """No answer came: the call may have been done or not. Says how it ended, and nothing of the call."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The last answer to a call. `unsure`: an earlier try got no answer and may have been done."""

    answer: Answer
    unsure: bool


Try = Callable[[bool], Awaitable[Answer]]
"""One try of a call; the argument says that an earlier try may have been done."""


async def insist(call: Try, patience: Patience) -> Outcome:
    """Try `call` until storage gives an answer that is not temporary, or patience ends: then the last
    answer, or Lost if none came at all."""
    unsure = False
    retry_after: float | None = None
    for attempt in range(1, patience.tries + 1):
        if attempt > 1:
            await patience.sleep(patience.wait_before(attempt, retry_after))
        try:
            answer = await call(unsure)
        except Lost:
            if attempt == patience.tries:
                raise
            unsure, retry_after = True, None
            continue
        if not answer.temporary or attempt == patience.tries:
            break
        retry_after = answer.retry_after
        unsure = unsure or (answer.status not in _NOT_DONE and not answer.damaged)
    return Outcome(answer, unsure)


class BlobCalls:
    """Calls to one container. Used inside one event loop; an async context manager."""

    def __init__(self, location: Location, pinned: Pinned, network: Network) -> None:
        self._base = f"{location.safe_url}"
        self._sas = location.sas.query
        self._clock: Clock = network.clock
        self._patience = network.patience
        self._pinned = pinned
        self._ca = network.ca
        self._opened: WeakSet[socket.socket] = WeakSet()
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        patience = self._patience
        self._session = ClientSession(
            connector=guarded_connector(self._pinned, self._ca, self._opened),
            timeout=ClientTimeout(total=None, sock_connect=patience.connect, sock_read=patience.silence),
            cookie_jar=DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            middlewares=(_send_once,),
            headers={"User-Agent": "waybill", "x-ms-version": API_VERSION},
            skip_auto_headers=("Accept-Encoding", "Content-Type", "Accept"),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
        await closed(self._opened)

    async def list_blobs(self) -> Answer:
        """Ask for at most one name of the container."""
        return await self._call("GET", "", "restype=container&comp=list&maxresults=1")

    async def read_byte(self, path: str, *, signed: bool = True) -> Answer:
        """Ask for the first byte of a blob, with the SAS or as anybody could."""
        return await self._call("GET", path, "", {"Range": "bytes=0-0"}, signed=signed)

    async def delete(self, path: str) -> Answer:
        return await self._call("DELETE", path, "")

    async def create_append_blob(self, path: str, media_type: str) -> Answer:
        """Make an empty append blob that is not there yet (else 409)."""
        headers = {"x-ms-blob-type": "AppendBlob", "Content-Type": media_type, "If-None-Match": "*"}
        return await self._call("PUT", path, "", headers)

    async def append_at_start(self, path: str, data: bytes) -> Answer:
        """Append to a blob that is still empty (else 412)."""
        headers = {"x-ms-blob-condition-appendpos": "0", "Content-MD5": md5_text(data)}
        return await self._call("PUT", path, "comp=appendblock", headers, data)

    async def put_blob(self, path: str, data: bytes, media_type: str, *, fresh: bool) -> Answer:
        """Write a whole blob. fresh: only if there is none (else 409)."""
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": media_type, "Content-MD5": md5_text(data)}
        if fresh:
            headers["If-None-Match"] = "*"
        return await self._call("PUT", path, "", headers, data)

    async def put_block(self, path: str, block_id: str, data: bytes) -> Answer:
        """Leave a block for a later `put_block_list`; nothing is visible before that."""
        query = f"comp=block&blockid={quote(block_id, safe='')}"
        return await self._call("PUT", path, query, {"Content-MD5": md5_text(data)}, data)

    async def put_block_list(
        self, path: str, block_ids: Sequence[str], media_type: str, *, fresh: bool
    ) -> Answer:
        """Make the blob of these blocks, in one moment. fresh: only if there is none (else 409)."""
        items = "".join(f"<Latest>{block_id}</Latest>" for block_id in block_ids)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{items}</BlockList>'.encode()
        headers = {
            "Content-Type": "application/xml",
            "Content-MD5": md5_text(body),
            "x-ms-blob-content-type": media_type,
        }
        if fresh:
            headers["If-None-Match"] = "*"
        return await self._call("PUT", path, "comp=blocklist", headers, body)

    async def _call(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        signed: bool = True,
    ) -> Answer:
        if self._session is None:
            raise RuntimeError("the calls are used outside their session")
        place = f"{self._base}/{quote(path)}" if path else self._base
        members = "&".join(part for part in (query, self._sas if signed else "") if part)
        sent = {"x-ms-client-request-id": self._clock.guid(), **(headers or {})}
        if method == "PUT":
            sent["Content-Length"] = str(len(body))
        try:
            async with (
                asyncio.timeout(self._patience.whole),
                self._session.request(
                    method,
                    URL(f"{place}?{members}" if members else place, encoded=True),
                    headers=sent,
                    data=body if len(body) <= _SLICE else _slices(body),
                    allow_redirects=False,
                ) as response,
            ):
                return await _answer(response, with_body=bool(body))
        except (ClientError, OSError, TimeoutError, ssl.SSLError) as error:
            raise Lost(type(error).__name__) from None


async def _send_once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Keep the library from sending a PUT again by itself when a connection breaks: it would not tell, and
    what the first sending did would be met as a stranger's."""
    try:
        return await handler(request)
    except (ClientOSError, ServerDisconnectedError) as error:
        raise ClientError(type(error).__name__) from None


async def _answer(response: ClientResponse, *, with_body: bool) -> Answer:
    """The answer in a response's head. Its body says nothing we need: read so far as to reuse the
    connection, and dropped if it is long, slow or broken.

    with_body: the request had one. Bodies of ours are well-formed, so a 400 to one says that it was
    damaged on its way, whether storage noticed by the MD5 (Md5Mismatch) or by what it then could not read.
    """
    wait = response.headers.get("Retry-After", "")
    code = response.headers.get("x-ms-error-code", "")
    answer = Answer(
        response.status,
        code if _CODE.fullmatch(code) else "",
        float(wait) if wait.isascii() and wait.isdigit() else None,
        response.status == 400 and (with_body or code == "Md5Mismatch"),
    )
    try:
        read = 0
        while chunk := await response.content.read(MAX_ANSWER):
            read += len(chunk)
            if read > MAX_ANSWER:
                response.close()
                break
    except (ClientError, OSError, TimeoutError):
        response.close()
    return answer


async def _slices(body: bytes) -> AsyncIterator[memoryview]:
    """A large body in pieces, so that none is copied whole on its way out."""
    view = memoryview(body)
    for start in range(0, len(body), _SLICE):
        yield view[start : start + _SLICE]


def md5_text(data: bytes) -> str:
    """Content-MD5 of `data`, which the service compares with what it received."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
