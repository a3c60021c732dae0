"""Answers are read by one strict grammar: what two readers could take differently is no answer."""

from __future__ import annotations

import pytest

from waybill.delivery.http_answer import CHUNKED, UNKNOWN, Head, NoAnswer, end_of_body, read_head

AZURE = (
    b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nContent-MD5: sQqNsWTgdUEFt6mb5y4/5Q==\r\n"
    b'ETag: "0x8DB14C6F0F5A4A2"\r\nServer: Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0\r\n'
    b"x-ms-request-id: 5f5f5f5f-301e-0000-4a2a-1b1b1b000000\r\nDate: Fri, 01 May 2026 10:00:00 GMT"
)


@pytest.mark.parametrize(
    ("head", "means"),
    [
        (AZURE, Head(201)),
        (b"HTTP/1.1 201\r\ncontent-length:0", Head(201)),
        (b"HTTP/1.1 201 \r\nTransfer-Encoding: Chunked", Head(201, CHUNKED)),
        (b"HTTP/1.1 204 No Content", Head(204)),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7", Head(304)),
        (b"HTTP/1.1 100 Continue", Head(100)),
        (
            b"HTTP/1.1 403 No\r\nContent-Length: 12\r\nconnection: Keep-Alive, Close",
            Head(403, 12, lasts=False),
        ),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 12", Head(200, 12, lasts=False)),
        (b"HTTP/1.1 200 OK", Head(200, UNKNOWN, lasts=False)),
        (
            b"HTTP/1.1 503 Busy\r\nRetry-After: 7 \r\nX-MS-Error-Code:\tServerBusy\r\nContent-Length: 3",
            Head(503, 3, True, "7", "ServerBusy"),
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length: 5", Head(200, 5)),
    ],
)
def test_what_an_answer_says(head: bytes, means: Head) -> None:
    """Status, five fields in any spelling of their names, and where the body ends."""
    assert read_head(head) == means


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/2 200 OK",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 999 OK",
        b"ICY 200 OK",
        b" HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\nContent-Length: 0",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\nX: y",
        b"HTTP/1.1 200 OK\r\n folded: line",
        b"HTTP/1.1 200 OK\r\nX: y\r\n folded",
        b"HTTP/1.1 200 OK\r\nContent-Length : 0",
        b"HTTP/1.1 200 OK\r\nno colon",
        b"HTTP/1.1 200 OK\r\nX: \0",
        b"HTTP/1.1 200 OK\r\n: nameless",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x5",
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb2",
        b"HTTP/1.1 200 OK\r\nContent-Length:",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity",
    ],
)
def test_what_is_no_answer(head: bytes) -> None:
    """Folded or nameless fields, bare line ends, two lengths, a length beside chunks, other protocols."""
    with pytest.raises(NoAnswer):
        read_head(head)


@pytest.mark.parametrize(
    "body",
    [
        b"0\r\n\r\n",
        b"00\r\n\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"5;name=value\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n",
        b"5\r\n0\r\n\r\n\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n",
    ],
)
def test_chunks_end_where_they_end(body: bytes) -> None:
    """A body in chunks is whole with its last byte, not before, and what follows is not part of it."""
    head = Head(200, CHUNKED)
    assert [end_of_body(head, body[:count], 0) for count in range(len(body))] == [None] * len(body)
    assert end_of_body(head, body + b"HTTP/1.1", 0) == len(body)


@pytest.mark.parametrize(
    "body",
    [b"\r\n", b"x\r\n", b"-1\r\n", b" 5\r\n", b"5\r\nhelloXX", b"123456789\r\n", b"0x5\r\n", b"5\nhello\r\n"],
)
def test_what_is_no_chunk(body: bytes) -> None:
    """A size that is none, or a chunk that is longer than it says."""
    with pytest.raises(NoAnswer):
        end_of_body(Head(200, CHUNKED), body, 0)


def test_a_body_of_a_length_and_one_without() -> None:
    """A length is counted; a body without one ends with its connection."""
    assert [end_of_body(Head(200, 3), b"ab"[:count], 0) for count in range(3)] == [None] * 3
    assert end_of_body(Head(200, 3), b"abcd", 0) == 3
    assert end_of_body(Head(200, 0), b"", 0) == 0
    assert end_of_body(Head(200, UNKNOWN), b"abc", 0) is None
