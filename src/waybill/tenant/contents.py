"""Keep file contents by their SHA-256: written whole or not at all, verified whenever they are read.

One file lies at `<folder>/<first two hex digits>/<sha256 in hex>`. Its key, `sha256:<hex>:<size in
bytes>`, says all that is needed to tell whether the bytes are still those that were put in.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from io import FileIO
from pathlib import Path

from waybill.errors import ContentMissing
from waybill.tenant.snapshot import OpenContent

SCHEME = "sha256"
CHUNK = 1024 * 1024
"""Bytes of a chunk, at most."""

GRACE = timedelta(days=1)
"""What is younger is never swept: an ingest may be about to publish the snapshot that names it."""

_KEY = re.compile(r"sha256:([0-9a-f]{64}):(0|[1-9][0-9]{0,18})")
_INCOMING = "incoming"


class ContentStore:
    """A folder of contents. Several processes may add, read and sweep at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unsettled: set[Path] = set()

    def add(self, stream: Iterable[bytes]) -> str:
        """Store the bytes and return their key; at most one chunk is held in memory.

        What is there already is written anew: this also mends a damaged copy, and tells `sweep` that
        it is wanted. Call `settle` before a key is published. Raises what `stream` raises, and OSError.
        """
        incoming = self._folder / _INCOMING
        incoming.mkdir(parents=True, exist_ok=True)
        temporary = incoming / f"{uuid.uuid4()}.tmp"
        hashed, size = hashlib.sha256(), 0
        try:
            # Only this account may read what people keep in their drives.
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for chunk in stream:
                    hashed.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            final = self._path(hashed.hexdigest())
            final.parent.mkdir(exist_ok=True)
            temporary.replace(final)
        finally:
            temporary.unlink(missing_ok=True)
        self._unsettled.add(final.parent)
        return f"{SCHEME}:{hashed.hexdigest()}:{size}"

    def settle(self) -> None:
        """Make sure that the names of all contents added so far survive a loss of power."""
        for folder in (*sorted(self._unsettled), self._folder):
            if folder.is_dir():
                _sync_folder(folder)
        self._unsettled.clear()

    def open(self, key: str) -> Iterator[bytes]:
        """The bytes of `key` in chunks of at most 1 MiB.

        Raises ContentMissing before the first chunk if the key is none, or the content is not here or
        not what was put in: the whole is read and hashed once before any of it is given out.
        """
        found = _KEY.fullmatch(key)
        if found is None:
            raise ContentMissing(f"{key!r} names no stored content.")
        wanted, size = found.group(1), int(found.group(2))
        try:
            with self._path(wanted).open("rb", buffering=0) as file:
                if os.fstat(file.fileno()).st_size != size:
                    raise _damaged()
                # A small file stays in memory between the two readings.
                first = file.read(CHUNK)
                hashed = hashlib.sha256(first)
                for chunk in _chunks(file):
                    hashed.update(chunk)
                if hashed.hexdigest() != wanted:
                    raise _damaged()
                if first:
                    yield first
                file.seek(len(first))
                yield from _chunks(file)
        except FileNotFoundError as error:
            raise ContentMissing("The contents of this file are not kept here any more.") from error
        except OSError as error:
            raise ContentMissing(f"The contents of this file cannot be read ({error.strerror}).") from error

    def sweep(self, in_use: Collection[str], now: datetime, grace: timedelta = GRACE) -> int:
        """Delete contents whose key is not `in_use`, and what interrupted ingests left; how many files.

        `now` is aware; what was added or added again within `grace` before it stays.
        """
        wanted = {found.group(1) for key in in_use if (found := _KEY.fullmatch(key))}
        oldest = (now - grace).timestamp()
        swept = 0
        for path in sorted(self._folder.glob("*/*")):
            if path.name not in wanted and path.stat().st_mtime < oldest:
                swept += self._remove(path, oldest)
        return swept

    def _remove(self, path: Path, oldest: float) -> int:
        """Delete one file, unless it was added again since it was looked at; 1 if it is gone."""
        aside = self._folder / _INCOMING / f"{uuid.uuid4()}.swept"
        aside.parent.mkdir(exist_ok=True)
        try:
            path.rename(aside)
        except FileNotFoundError:  # another sweep was faster
            return 0
        added_again = aside.stat().st_mtime >= oldest
        if added_again:
            with suppress(FileExistsError):  # and even once more: that one is as good
                path.hardlink_to(aside)
        aside.unlink()
        return 0 if added_again else 1

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest


def contents_of(openers: Mapping[str, OpenContent]) -> OpenContent:
    """One opener for all kinds of keys: `openers` by scheme, what stands before the first colon.

    Raises ContentMissing, at the first chunk, for a key of another scheme.
    """

    def open_content(key: str) -> Iterator[bytes]:
        opener = openers.get(key.partition(":")[0])
        if opener is None:
            raise ContentMissing("The contents of this file are kept in a way this Waybill does not read.")
        yield from opener(key)

    return open_content


def _damaged() -> ContentMissing:
    return ContentMissing("The stored contents of this file are damaged.", "Ingest the files again.")


def _chunks(file: FileIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
