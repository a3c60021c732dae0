"""The few calls of Azure's Blob service that a delivery needs, spoken directly: a SAS needs no signing.

Each call is one try and gives the service's answer, whatever it is; `insist` tries again where that
makes sense. Where no answer came, the call may have been done all the same: the next try is told so.
A request's head holds the SAS: no error of ours holds a request.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_base64
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import quote

from waybill.clock import Clock
from waybill.delivery.connection import Part
from waybill.delivery.connections import Connections
from waybill.delivery.guard import Pinned, trust
from waybill.delivery.http_answer import Head
from waybill.delivery.locations import Location
from waybill.delivery.network import Network
from waybill.delivery.patience import Patience

API_VERSION = "2023-11-03"
"""The version of the REST protocol we speak; the SAS's own version is its field `sv`."""
_CODE = re.compile("[A-Za-z0-9]{1,64}")
"""What an error code looks like: it is shown to people, so nothing else of a stranger's is taken."""
_PLAIN = re.compile("[A-Za-z0-9._~/-]*")
"""A path that stands for itself in a URL."""
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
_NOT_DONE = frozenset({429, 503})
"""Answers of a service that did not begin; the other temporary ones may come after the deed."""


class Answer(NamedTuple):
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


class Outcome(NamedTuple):
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


class Body(NamedTuple):
    """What is sent: its parts, their size in bytes together, and their MD5 in base64 (Content-MD5), which
    the service compares with what it received."""

    parts: tuple[Part, ...]
    size: int
    md5: str


def body_of(parts: Sequence[Part]) -> Body:
    """A body of these parts, which are not copied."""
    digest, size = hashlib.md5(usedforsecurity=False), 0
    for part in parts:
        digest.update(part)
        size += len(part)
    return Body(tuple(parts), size, b2a_base64(digest.digest(), newline=False).decode())


class BlobCalls:
    """Calls to one container. Used inside one event loop; an async context manager."""

    def __init__(self, location: Location, pinned: Pinned, network: Network) -> None:
        self._location = location
        self._sas = location.sas.query
        self._clock: Clock = network.clock
        self._patience = network.patience
        self._pinned = pinned
        self._ca = network.ca
        self._connections: Connections | None = None
        authority, _, root = location.safe_url.partition("://")[2].partition("/")
        self._root = f"/{root}"
        self._count = 0
        self._every = (
            f" HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: waybill\r\nx-ms-version: {API_VERSION}\r\n"
            f"x-ms-client-request-id: {self._clock.guid()}"
        )
        """What follows the query in every request, up to the number that tells this call's from another's id."""

    async def __aenter__(self) -> Self:
        tls = trust(self._ca) if self._location.scheme == "https" else None
        self._connections = Connections(self._pinned, self._location.port, tls, self._patience)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connections is not None:
            await self._connections.close()

    async def list_blobs(self) -> Answer:
        """Ask for at most one name of the container."""
        return await self._call("GET", "", "restype=container&comp=list&maxresults=1")

    async def read_byte(self, path: str, *, signed: bool = True) -> Answer:
        """Ask for the first byte of a blob, with the SAS or as anybody could."""
        return await self._call("GET", path, "", (("Range", "bytes=0-0"),), signed=signed)

    async def delete(self, path: str) -> Answer:
        return await self._call("DELETE", path, "")

    async def create_append_blob(self, path: str, media_type: str) -> Answer:
        """Make an empty append blob that is not there yet (else 409)."""
        fields = (("x-ms-blob-type", "AppendBlob"), ("Content-Type", media_type), _FRESH)
        return await self._call("PUT", path, "", fields)

    async def append_at_start(self, path: str, data: bytes) -> Answer:
        """Append to a blob that is still empty (else 412)."""
        fields = (("x-ms-blob-condition-appendpos", "0"),)
        return await self._call("PUT", path, "comp=appendblock", fields, body_of((data,)))

    def put_blob(self, path: str, body: Body, media_type: str, *, fresh: bool) -> Awaitable[Answer]:
        """Write a whole blob. fresh: only if there is none (else 409)."""
        return self._call("PUT", path, "", _blob_fields(media_type, fresh), body)

    def begin_put_blob(
        self, path: str, body: Body, media_type: str, then: Callable[[Answer | Lost], None], *, fresh: bool
    ) -> bool:
        """`put_blob` of a small file without a task of its own, if a connection is free; else False.

        body: of one part. then: is told the answer, later, in the loop.
        """
        if self._connections is None:
            raise RuntimeError("the calls are used outside their session")

        def ended(told: Head | OSError) -> None:
            then(
                Lost(type(told).__name__)
                if isinstance(told, OSError)
                else _answer(told, with_body=body.size > 0)
            )

        sent = self._request("PUT", path, f"?{self._sas}", _blob_fields(media_type, fresh), body)
        return self._connections.begin(sent, body.parts[0], ended)

    def put_block(self, path: str, block_id: str, body: Body) -> Awaitable[Answer]:
        """Leave a block for a later `put_block_list`; nothing is visible before that."""
        return self._call("PUT", path, f"comp=block&blockid={quote(block_id, safe='')}", (), body)

    async def put_block_list(
        self, path: str, block_ids: Sequence[str], media_type: str, *, fresh: bool
    ) -> Answer:
        """Make the blob of these blocks, in one moment. fresh: only if there is none (else 409)."""
        items = "".join(f"<Latest>{block_id}</Latest>" for block_id in block_ids)
        text = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{items}</BlockList>'
        fields = (("Content-Type", "application/xml"), ("x-ms-blob-content-type", media_type))
        return await self._call(
            "PUT", path, "comp=blocklist", (*fields, _FRESH) if fresh else fields, body_of((text.encode(),))
        )

    async def _call(
        self,
        method: str,
        path: str,
        query: str,
        fields: tuple[tuple[str, str], ...] = (),
        body: Body | None = None,
        *,
        signed: bool = True,
    ) -> Answer:
        if self._connections is None:
            raise RuntimeError("the calls are used outside their session")
        members = [part for part in (query, self._sas if signed else "") if part]
        sent = self._request(method, path, f"?{'&'.join(members)}" if members else "", fields, body)
        parts, size = (body.parts, body.size) if body is not None else ((), 0)
        try:
            head = await self._connections.call(sent, parts, size)
        except OSError as error:  # a TimeoutError and those of TLS among them
            raise Lost(type(error).__name__) from None
        return _answer(head, with_body=size > 0)

    def _request(
        self, method: str, path: str, members: str, fields: tuple[tuple[str, str], ...], body: Body | None
    ) -> bytes:
        """A request's head, with the empty line that ends it. members: the query, with its question mark."""
        self._count += 1
        plain = "" if not path else f"/{path if _PLAIN.fullmatch(path) else quote(path)}"
        if body is not None:
            length = f"Content-MD5: {body.md5}\r\nContent-Length: {body.size}\r\n"
        else:
            length = "Content-Length: 0\r\n" if method == "PUT" else ""
        return (
            f"{method} {self._root}{plain}{members}{self._every}/{self._count}\r\n{_connections(fields)}{length}\r\n"
        ).encode("ascii")


_FRESH = ("If-None-Match", "*")


@lru_cache(64)
def _blob_fields(media_type: str, fresh: bool) -> tuple[tuple[str, str], ...]:
    fields = (("x-ms-blob-type", "BlockBlob"), ("Content-Type", media_type))
    return (*fields, _FRESH) if fresh else fields


@lru_cache(64)
def _connections(fields: tuple[tuple[str, str], ...]) -> str:
    """Header lines. Raises ValueError where a value could become more than that."""
    for name, value in fields:
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"the value of {name} cannot be sent")
    return "".join(f"{name}: {value}\r\n" for name, value in fields)


def _answer(head: Head, *, with_body: bool) -> Answer:
    """What an answer's head says. Its body says nothing we need.

    with_body: the request had one. Bodies of ours are well-formed, so a 400 to one says that it was
    damaged on its way, whether storage noticed by the MD5 (Md5Mismatch) or by what it then could not read.
    """
    wait, code = head.retry_after, head.code
    return Answer(
        head.status,
        code if _CODE.fullmatch(code) else "",
        float(wait) if wait.isascii() and wait.isdigit() else None,
        head.status == 400 and (with_body or code == "Md5Mismatch"),
    )
