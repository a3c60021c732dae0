"""The ZIP that is delivered: one workbook, stored, since deflating an XLSX again costs much and gains 0.5 %.

The workbook is written straight into the ZIP's file, so it exists once on disk and a crash leaves one file
to sweep. Its writer goes back to patch sizes, so the checksum is not known while writing; the finished bytes
are read once for it and once for the SHA-256, both from the page cache, which is far cheaper than a second
copy.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Generic, NamedTuple, TypeVar

from waybill.errors import WaybillError
from waybill.files.archive import Archive

T = TypeVar("T")

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Packed(NamedTuple, Generic[T]):
    """A finished ZIP: what its writer returned, its size in bytes, and its SHA-256 in hex (the strong ETag)."""

    result: T
    size: int
    sha256: str


def package_zip(path: Path, entry_name: str, write: Callable[[BinaryIO], T], stamp: datetime) -> Packed[T]:
    """Make the ZIP at `path`, a temporary name the caller renames; it is synced to disk when this returns.

    `write` gets a seekable file that ends up as the entry. If anything fails, `path` is removed; a full disk
    becomes a WaybillError, all else passes through.
    """
    try:
        with path.open("w+b") as file:
            archive = Archive(file, stamp)
            result = archive.embed(entry_name, write)
            archive.close()
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise WaybillError(
                f"There is no room to write {entry_name}: {error.strerror}.",
                "Free space where Waybill keeps its data, then run the request again.",
            ) from error
        raise
    return Packed(result, size, digest)
