"""A streaming ZIP writer: plain 32-bit headers, sizes patched afterwards, the same bytes every time.

LibreOffice refuses zip64 local headers and data descriptors (files-report.md 1), so a header is written
with zeros, and once its entry is complete it is written again with the true sizes. zip64 appears only in
the central directory, and only when an entry starts past 4 GiB. One entry never passes 4 GiB.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import BinaryIO, Self, TypeVar, cast

from isal import isal_zlib

from waybill.errors import WaybillError
from waybill.files.window import Window

T = TypeVar("T")

ENTRY_LIMIT = 0xFFFF_FFFE
"""Bytes an entry may have, before and after deflating; 0xFFFFFFFF would mean "look in zip64"."""

_BLOCK = 1 << 18
"""Bytes given to the compressor at a time. What it makes depends on how its input is cut (measured),
so the cut must not depend on the batches that happen to arrive."""

_LEVEL = 1
_FAR = 0xFFFF_FFFF
_MANY = 0xFFFF
_UTF8_NAME = 0x800
_STORED, _DEFLATED = 0, 8
_VERSION, _VERSION_ZIP64 = 20, 45


def _dos_time(stamp: datetime) -> tuple[int, int]:
    """DOS time and date of `stamp` in UTC; a naive one is UTC. The format knows 1980 to 2107, in steps of 2 s."""
    utc = stamp.astimezone(UTC) if stamp.tzinfo else stamp
    if utc.year < 1980:
        return 0, 1 << 5 | 1
    year = min(utc.year, 2107)
    date = (year - 1980) << 9 | utc.month << 5 | utc.day
    return utc.hour << 11 | utc.minute << 5 | utc.second // 2, date


class Archive:
    """One ZIP, written into `file` from its position 0.

    file: seekable, at position 0; empty and also readable if `embed` is used. It is not closed here.
    stamp: the time every entry carries.
    One entry at a time; an archive that was not closed is not a ZIP.
    """

    def __init__(self, file: BinaryIO, stamp: datetime) -> None:
        self._file = file
        self._time, self._date = _dos_time(stamp)
        self._entries: list[Entry] = []

    def entry(self, name: str, *, stored: bool = False) -> Entry:
        """Begin an entry, deflated unless `stored`. Close it before the next one begins."""
        entry = Entry(self._file, name, (self._time, self._date), _STORED if stored else _DEFLATED)
        self._entries.append(entry)
        return entry

    def add(self, name: str, data: bytes) -> None:
        """A small entry, whole."""
        with self.entry(name) as entry:
            entry.write(data)

    def embed(self, name: str, write: Callable[[BinaryIO], T]) -> T:
        """A stored entry that `write` fills by itself, seeking as it likes; returns what `write` returns."""
        entry = self.entry(name, stored=True)
        # Window has all that BinaryIO names, but typing.BinaryIO is a class of its own, not a protocol.
        result = write(cast(BinaryIO, Window(self._file)))
        entry.adopt()
        return result

    def close(self) -> None:
        """Write the central directory; leaves `file` open and unflushed."""
        start = self._file.tell()
        for entry in self._entries:
            self._file.write(entry.directory_record())
        end = self._file.tell()
        count, size = len(self._entries), end - start
        if count >= _MANY or start >= _FAR or size >= _FAR:
            version = _VERSION_ZIP64
            self._file.write(
                struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, version, version, 0, 0, count, count, size, start)
            )
            self._file.write(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
        shown = min(count, _MANY)
        self._file.write(
            struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, shown, shown, min(size, _FAR), min(start, _FAR), 0)
        )


class Entry:
    """One file in an archive: write, then close."""

    def __init__(self, file: BinaryIO, name: str, time: tuple[int, int], method: int) -> None:
        self._file = file
        self._name = name.encode()
        self._label = name
        self._time = time
        self._method = method
        self._deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -15, 9) if method else None
        self._rest = bytearray()
        self._crc = 0
        self._size = 0
        self._packed = 0
        self._offset = file.tell()
        file.write(self._header())
        self._body = file.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()

    def write(self, data: bytes | memoryview) -> None:
        """Append `data`. Raises WaybillError if the entry would pass 4 GiB."""
        view = memoryview(data).cast("B")
        self._grow(len(view))
        if self._rest:
            missing = _BLOCK - len(self._rest)
            self._rest += view[:missing]
            view = view[missing:]
            if len(self._rest) < _BLOCK:
                return
            self._put(self._rest)
            self._rest = bytearray()
        whole = len(view) - len(view) % _BLOCK
        for start in range(0, whole, _BLOCK):
            self._put(view[start : start + _BLOCK])
        self._rest += view[whole:]

    def close(self) -> None:
        """Write what is left, then the header again, now with the true sizes and checksum."""
        self._put(self._rest)
        self._rest = bytearray()
        if self._deflate is not None:
            self._out(self._deflate.flush())
        self._patch()

    def adopt(self) -> None:
        """Take everything after the header, to the end of the file, as this stored entry's content.

        The bytes are read once for the checksum: their writer may have changed them after writing.
        """
        self._grow(self._file.seek(0, os.SEEK_END) - self._body)
        self._packed = self._size
        self._file.seek(self._body)
        while block := self._file.read(_BLOCK):
            self._crc = isal_zlib.crc32(block, self._crc)
        self._patch()

    def directory_record(self) -> bytes:
        """This entry's record in the central directory (PKWARE APPNOTE 4.3.12)."""
        far = self._offset >= _FAR
        version = _VERSION_ZIP64 if far else _VERSION
        extra = struct.pack("<HHQ", 1, 8, self._offset) if far else b""
        numbers = (self._crc, self._packed, self._size, len(self._name), len(extra), 0, 0, 0, 0)
        fixed = (0x02014B50, version, version, _UTF8_NAME, self._method, *self._time)
        offset = _FAR if far else self._offset
        return struct.pack("<IHHHHHHIIIHHHHHII", *fixed, *numbers, offset) + self._name + extra

    def _header(self) -> bytes:
        fixed = (0x04034B50, _VERSION, _UTF8_NAME, self._method, *self._time)
        numbers = (self._crc, self._packed, self._size, len(self._name), 0)
        return struct.pack("<IHHHHHIIIHH", *fixed, *numbers) + self._name

    def _grow(self, count: int) -> None:
        self._size += count
        if self._size > ENTRY_LIMIT:
            raise WaybillError(
                f"{self._label} would be larger than 4 GiB, more than an entry of a ZIP file may be.",
                "Ask for less at once: fewer sites, or a report option with less detail.",
            )

    def _put(self, block: bytearray | memoryview) -> None:
        self._crc = isal_zlib.crc32(block, self._crc)
        self._out(self._deflate.compress(block) if self._deflate is not None else block)

    def _out(self, data: bytes | bytearray | memoryview) -> None:
        self._packed += len(data)
        self._file.write(data)

    def _patch(self) -> None:
        end = self._file.tell()
        self._file.seek(self._offset)
        self._file.write(self._header())
        self._file.seek(end)
