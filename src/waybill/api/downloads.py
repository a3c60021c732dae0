"""Finished files over HTTP: whole, in part, or not at all when the client has them (RFC 9110 §13, §14).

Starlette's FileResponse moves the bytes (by the server's own file sending where it can). What it
lacks or does otherwise is decided here first: strong ETags by content, 304, 412, ranges that are
not understood are ignored, 416 in our own envelope.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from waybill.errors import Gone, WaybillError

CHUNK = 1 << 20

_RANGE = re.compile(r"bytes=\s*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))\s*", re.ASCII | re.IGNORECASE)
_PLAIN = re.compile(r"[^A-Za-z0-9._-]")


class Unsatisfiable(WaybillError):
    """No byte of the file is in the range asked for (HTTP 416)."""


@dataclass(frozen=True, slots=True)
class Download:
    """A finished file as jobs recorded it: `size` in bytes, `sha256` in hex, the name clients save."""

    path: Path
    size: int
    sha256: str
    name: str
    media_type: str = "application/zip"

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'


def disposition(name: str) -> str:
    """Content-Disposition with a plain name for old clients and the exact one (RFC 6266, RFC 8187)."""
    return f"attachment; filename=\"{_PLAIN.sub('_', name)}\"; filename*=UTF-8''{quote(name, safe='')}"


def wanted_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(first byte, last byte) of a single range; None = send the whole file.

    A malformed or multiple range is ignored, as RFC 9110 §14.2 allows. Raises Unsatisfiable.
    """
    found = _RANGE.fullmatch(header or "")
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        start, end = max(size - int(suffix), 0), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise Unsatisfiable(f"The file has {size} bytes; the range starts behind its end.")
    return start, end


def download_answer(
    download: Download, asked: Headers, on_unsatisfiable: Callable[[str], Response]
) -> Response:
    """The answer to a GET or HEAD with these request headers. Raises Gone if the file was removed meanwhile."""
    if not _allowed(asked.get("if-match"), download.etag):
        return Response(status_code=412, headers={"etag": download.etag, "cache-control": "no-store"})
    if has_it(asked.get("if-none-match"), download.etag):
        return Response(status_code=304, headers={"etag": download.etag, "cache-control": "no-store"})
    stat = _checked(download)
    part: tuple[int, int] | None = None
    if asked.get("if-range") in (None, download.etag):
        try:
            part = wanted_range(asked.get("range"), download.size)
        except Unsatisfiable as error:
            refusal = on_unsatisfiable(str(error))
            refusal.headers["content-range"] = f"bytes */{download.size}"
            return refusal
    headers = {
        "etag": download.etag,
        "cache-control": "no-store",
        "content-disposition": disposition(download.name),
        "x-content-type-options": "nosniff",
    }
    return _Sent(download, stat, headers, part)


def _checked(download: Download) -> os.stat_result:
    try:
        stat = download.path.stat()
    except FileNotFoundError as error:
        raise Gone("The file is no longer there.", "Request the export again.") from error
    if stat.st_size != download.size:
        raise OSError(f"{download.path.name}: {stat.st_size} bytes on disk, {download.size} recorded.")
    return stat


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def _allowed(if_match: str | None, etag: str) -> bool:
    """If-Match compares strongly: a weak tag never matches."""
    return if_match is None or if_match.strip() == "*" or etag in {tag.strip() for tag in if_match.split(",")}


def has_it(if_none_match: str | None, etag: str) -> bool:
    """Whether If-None-Match (a list, or `*`; compared weakly) says that the client has these bytes."""
    return if_none_match is not None and (if_none_match.strip() == "*" or etag in _tags(if_none_match))


class _Sent(FileResponse):
    """A FileResponse that sees only the range we decided on."""

    chunk_size = CHUNK

    def __init__(
        self, download: Download, stat: os.stat_result, headers: dict[str, str], part: tuple[int, int] | None
    ) -> None:
        super().__init__(download.path, headers=headers, media_type=download.media_type, stat_result=stat)
        self._part = part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = [pair for pair in scope["headers"] if pair[0].lower() not in (b"range", b"if-range")]
        if self._part is not None:
            kept.append((b"range", f"bytes={self._part[0]}-{self._part[1]}".encode("ascii")))
        await super().__call__({**scope, "headers": kept}, receive, send)
