"""A file inside a file: everything from the current position of an outer file to its end."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Window(io.BufferedIOBase):
    """A seekable file whose byte 0 is where `file` stands now.

    Bytes before that position cannot be reached, and closing the window leaves `file` open.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.tell()

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        return self._file.read(-1 if size is None else size)

    def write(self, data: ReadableBuffer, /) -> int:
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell() - self._start

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_SET:
            target = offset
        elif whence == os.SEEK_CUR:
            target = self.tell() + offset
        else:
            target = self._file.seek(0, os.SEEK_END) - self._start + offset
        if target < 0:
            raise ValueError(f"A position before the start of the window: {target}.")
        return self._file.seek(self._start + target) - self._start

    def flush(self) -> None:
        # A window that outlives its file is closed by the garbage collector; nothing is left to flush.
        if not self._file.closed:
            self._file.flush()
