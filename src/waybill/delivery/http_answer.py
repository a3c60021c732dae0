"""Read HTTP/1.1 answers by a strict grammar of our own: what does not fit it is no answer.

We send a handful of fixed requests and need little of what comes back, so this reads the status, five
fields and where the answer ends, and nothing else. What two readers could understand differently (folded
lines, two lengths, a length beside chunks) is refused, or ends the connection (RFC 9112).
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_HEAD = 16 * 1024
MAX_BODY = 16 * 1024
"""Bytes of an answer's body that are read so that its connection can be used again; with more it is left."""

UNKNOWN = -1
"""A body that ends with its connection."""
CHUNKED = -2

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HEAD = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n\0]*)?(?:\r\n" + _TOKEN + rb":[^\r\n\0]*)*")
_FIELDS = re.compile(
    rb"\r\n(content-length|transfer-encoding|connection|retry-after|x-ms-error-code):[ \t]*([^\r]*)",
    re.IGNORECASE,
)
_LENGTH = re.compile(rb"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


class NoAnswer(OSError):
    """What came is no answer of HTTP/1.1. Holds nothing of it."""


class Head(NamedTuple):
    """The head of an answer. body: its bytes, UNKNOWN or CHUNKED. lasts: the connection may be used again.

    retry_after, code: the fields Retry-After and x-ms-error-code, as they came; empty without them.
    """

    status: int
    body: int = 0
    lasts: bool = True
    retry_after: str = ""
    code: str = ""


def read_head(head: bytes) -> Head:
    """The head `head`, without the empty line that ends it. Raises NoAnswer."""
    found = _HEAD.fullmatch(head)
    if found is None:
        raise NoAnswer("not an answer of HTTP/1.1")
    minor, status = found.groups()
    fields: dict[bytes, bytes] = {}
    for name, value in _FIELDS.findall(head):
        text = value.rstrip()
        if fields.setdefault(name.lower(), text) != text:
            raise NoAnswer("a field comes twice")
    get = fields.get
    body = _body(int(status), get(b"content-length"), get(b"transfer-encoding"))
    lasts = minor == b"1" and body != UNKNOWN
    if b"connection" in fields:
        options = fields[b"connection"].lower().replace(b" ", b"").split(b",")
        lasts = lasts and b"close" not in options
    wait, code = get(b"retry-after", b""), get(b"x-ms-error-code", b"")
    return Head(int(status), body, lasts, wait.decode("latin-1"), code.decode("latin-1"))


def _body(status: int, length: bytes | None, coding: bytes | None) -> int:
    if coding is not None:
        if length is not None or coding.lower() != b"chunked":
            raise NoAnswer("the end of its body cannot be told")
        return CHUNKED
    if status < 200 or status in (204, 304):
        return 0
    if length is None:
        return UNKNOWN
    if not _LENGTH.fullmatch(length):
        raise NoAnswer("its length is not a number")
    return int(length)


def end_of_body(head: Head, data: bytes, start: int) -> int | None:
    """Where in `data` the body that begins at `start` ends; None if it has not come whole. Raises NoAnswer."""
    if head.body >= 0:
        return start + head.body if len(data) - start >= head.body else None
    return None if head.body == UNKNOWN else _end_of_chunks(data, start)


def _end_of_chunks(data: bytes, at: int) -> int | None:
    while True:
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            return None
        found = _CHUNK_SIZE.fullmatch(data, at, line_end + 2)
        if found is None:
            raise NoAnswer("a chunk of its body has no size")
        at, size = line_end + 2, int(found[1], 16)
        if size == 0:
            return _end_of_trailers(data, at)
        if data[at + size : at + size + 2] not in (b"\r\n", b"\r", b""):
            raise NoAnswer("a chunk of its body does not end where it should")
        if len(data) < at + size + 2:
            return None
        at += size + 2


def _end_of_trailers(data: bytes, at: int) -> int | None:
    """Where the empty line after the last chunk ends; fields before it are not read."""
    while (line_end := data.find(b"\r\n", at)) != at:
        if line_end < 0:
            return None
        at = line_end + 2
    return at + 2
