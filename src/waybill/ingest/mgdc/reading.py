"""Stream one file's pieces: decompressed where needed, hashed and counted on the way."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from isal import igzip, isal_zlib

from waybill.errors import DataProblem
from waybill.ingest.mgdc.find import DatasetFile
from waybill.ingest.mgdc.splitter import Piece, Splitter

CHUNK = 1024 * 1024
"""Bytes read at a time."""

_GZIP = b"\x1f\x8b"
_DAMAGED: Any = (EOFError, igzip.BadGzipFile, isal_zlib.error, zlib.error)  # isal has no types
_gunzip: Any = igzip.open
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


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

    def __init__(self, file: DatasetFile, chunk: int = CHUNK) -> None:
        self._file = file
        self._chunk = chunk
        self._measured: _Measured | None = None
        self.sha256 = ""

    @property
    def done(self) -> int:
        """Bytes of the file on disk that were read."""
        return self._measured.done if self._measured else 0

    def pieces(self, tick: Callable[[], None] = lambda: None) -> Iterator[Piece]:
        """Yield pieces; `tick` is called after each chunk. Raises DataProblem if the file cannot be read to its end."""
        try:
            with self._file.path.open("rb") as raw:
                self._measured = _Measured(raw)
                yield from self._split(io.BufferedReader(self._measured, self._chunk), tick)
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

    def _split(self, plain: io.BufferedReader, tick: Callable[[], None]) -> Iterator[Piece]:
        start = plain.peek(2)[:2]
        source: Any = plain
        if start != _GZIP and self._file.path.name.lower().endswith(".gz"):
            raise DataProblem(
                f"{self._file.name} is named as a gzip file but is none; nothing was changed.",
                "Copy it again from the storage account, or take .gz off the name of a plain file.",
            )
        if start == _GZIP:
            source = _gunzip(plain, "rb")
            start = b""
        elif start in _UTF16:
            yield Piece(1, start, None, "UTF-16, not UTF-8: save the file again as UTF-8")
            while plain.read(self._chunk):
                tick()
            return
        splitter = Splitter()
        while chunk := source.read(self._chunk):
            yield from splitter.feed(chunk)
            tick()
        yield from splitter.finish()
        while plain.read(self._chunk):  # what follows the last gzip member is part of the file's hash
            tick()
