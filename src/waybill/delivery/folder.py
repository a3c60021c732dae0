"""Deliver into a folder of this machine: publish by one rename, verify by reading again, remove for good."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from waybill.errors import DataProblem


def publish(temporary: Path, final: Path) -> None:
    """Move the whole file `temporary` to `final` so that a crash shows either nothing or all of it.

    The bytes are on disk before the name appears, and the name before this returns. Both paths must
    be on one file system. A file already at `final` is replaced: a job that runs twice publishes twice.
    """
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    _make_folder(final.parent)
    temporary.replace(final)
    sync_folder(final.parent)


def verify(final: Path, size: int, sha256: str) -> None:
    """Read the published file again; raises DataProblem unless it has `size` bytes and the hex `sha256`."""
    try:
        found = final.stat().st_size
        with final.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataProblem(
            f"The file {final.name} cannot be read after it was written ({error.strerror}).",
            "Check the disk of the data folder, then request the export again.",
        ) from error
    if (found, digest) != (size, sha256):
        raise DataProblem(
            f"The file {final.name} is not what was written: {found} bytes where {size} were expected, "
            "or other contents.",
            "Check the disk of the data folder, then request the export again.",
        )


def remove(folder: Path) -> None:
    """Delete one job's folder with all it holds, for good; nothing there is fine."""
    if folder.is_dir():
        shutil.rmtree(folder)
        sync_folder(folder.parent)


def _make_folder(folder: Path) -> None:
    missing = [folder, *folder.parents]
    missing = missing[: next((n for n, path in enumerate(missing) if path.is_dir()), len(missing))]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
