"""Stream one file's pieces: decompressed where needed, hashed and counted on the way."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

from isal import igzip, isal_zlib

from waybill.errors import DataProblem
from waybill.ingest.mgdc.bulk import Bulk
from waybill.ingest.mgdc.convert import Values
from waybill.ingest.mgdc.find import DatasetFile
from waybill.ingest.mgdc.splitter import Piece, Splitter

CHUNK = 1024 * 1024
"""Bytes read at a time."""

BLOCK = 8 * 1024 * 1024
"""Bytes of text read at a time where whole blocks are parsed at once; a line longer than this is scanned."""

_GZIP = b"\x1f\x8b"
_DAMAGED: Any = (EOFError, igzip.BadGzipFile, isal_zlib.error, zlib.error)  # isal has no types
_gunzip: Any = igzip.open
_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that were parsed at once: one object a line, `line` the first one's."""

    line: int
    rows: int
    columns: Mapping[str, Values]


class _Measured(io.RawIOBase):
    """A raw file that remembers how much of it was read, and its hash."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.done = 0
        self.hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is wider; io gives a memoryview
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self.done += len(data)
        self.hash.update(data)
        return len(data)


class FileReader:
    """The pieces of one file, in order. After the last one `sha256` is that of the file as it lies on disk."""

    def __init__(self, file: DatasetFile, chunk: int = CHUNK, block: int = BLOCK) -> None:
        self._file = file
        self._chunk = chunk
        self._whole = block
        self._measured: _Measured | None = None
        self.sha256 = ""

    @property
    def done(self) -> int:
        """Bytes of the file on disk that were read."""
        return self._measured.done if self._measured else 0

    def pieces(self, tick: Callable[[], None] = lambda: None) -> Iterator[Piece]:
        """Yield pieces; `tick` is called after each chunk. Raises DataProblem if the file cannot be read to its end."""
        splitter = Splitter()
        for chunk in self._chunks(self._chunk):
            yield from splitter.feed(chunk) if isinstance(chunk, bytes) else [chunk]
            tick()
        yield from splitter.finish()

    def blocks(self, bulk: Bulk) -> Iterator[Block | list[Piece]]:
        """The same objects in the same order: parsed at once where `bulk` takes them, else as pieces."""
        splitter, rest = Splitter(), b""
        for chunk in ahead(self._chunks(self._whole), 1):
            if not isinstance(chunk, bytes):
                yield [chunk]
                continue
            # A line that does not end is handed over: whoever scans it holds no more of it than they must.
            cut = chunk.rfind(b"\n") + 1 if splitter.between else len(chunk)
            if cut == 0 and len(rest) < self._whole:
                rest += chunk
                continue
            # Joined from a view: cutting first would copy the block once more.
            whole, rest = (
                b"".join((rest, memoryview(chunk)[: cut or len(chunk)])),
                chunk[cut:] if cut else b"",
            )
            yield self._block(whole, splitter, bulk)
        last = [*splitter.feed(rest), *splitter.finish()]
        bulk.learn([piece.found for piece in last if piece.found is not None])
        yield last

    def _block(self, whole: bytes, splitter: Splitter, bulk: Bulk) -> Block | list[Piece]:
        if splitter.between and whole.endswith(b"\n"):
            line, columns = splitter.line, bulk.columns(whole)
            if columns is not None:
                rows = len(next(iter(columns.values())))  # one a line
                splitter.passed(rows)
                return Block(line, rows, columns)
        pieces = list(splitter.feed(whole))
        bulk.learn([piece.found for piece in pieces if piece.found is not None])
        return pieces

    def _chunks(self, size: int) -> Iterator[bytes | Piece]:
        """The text, unpacked; a piece in its place where the file holds none. Sets `sha256` after the last."""
        try:
            with self._file.path.open("rb") as raw:
                self._measured = _Measured(raw)
                yield from self._unpacked(io.BufferedReader(self._measured, self._chunk), size)
                self.sha256 = self._measured.hash.hexdigest()
        except _DAMAGED as error:
            raise DataProblem(
                f"{self._file.name} is a damaged gzip file ({error}); nothing was changed.",
                "Copy it again from the storage account, then ingest again.",
            ) from error
        except PermissionError as error:
            raise DataProblem(
                f"{self._file.name} may not be read ({error.strerror}).", "Give this account read access."
            ) from error

    def _unpacked(self, plain: io.BufferedReader, size: int) -> Iterator[bytes | Piece]:
        start = plain.peek(2)[:2]
        source: Any = plain
        if start != _GZIP and self._file.path.name.lower().endswith(".gz"):
            raise DataProblem(
                f"{self._file.name} is named as a gzip file but is none; nothing was changed.",
                "Copy it again from the storage account, or take .gz off the name of a plain file.",
            )
        if start == _GZIP:
            source = _gunzip(plain, "rb")
        elif start in _UTF16:
            yield Piece(1, start, None, "UTF-16, not UTF-8: save the file again as UTF-8")
            source = io.BytesIO()
        while chunk := source.read(size):
            yield chunk
        while plain.read(self._chunk):  # what follows the last gzip member is part of the file's hash
            pass


def ahead(items: Iterator[_Item], depth: int) -> Iterator[_Item]:
    """The items, up to `depth` of them made in a thread of their own while one is used. None is no item."""
    with ThreadPoolExecutor(1, "waybill-read") as pool:
        coming = deque(pool.submit(next, items, None) for _ in range(depth))
        while (item := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, items, None))
            yield item
