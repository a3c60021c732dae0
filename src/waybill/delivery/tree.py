"""Deliver files into a folder of this machine, for the command line, by the rules of a container.

A folder takes one export: it must be empty or not there, and RequestInfo.json claims it. Each file is
written under a temporary name, forced to disk and renamed, so that it is there whole or not at all.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Generator, Iterator
from pathlib import Path

from waybill.delivery.folder import publish, sync_folder
from waybill.delivery.journal import Delivered, Journal
from waybill.delivery.outgoing import DeliveryFailed, Outgoing, Undelivered, Wrote, unfit
from waybill.delivery.probe import REQUEST_INFO
from waybill.errors import ContentMissing, DataProblem, LocationFault, LocationRefused, is_disk_full

_TEMPORARY = ".waybill-unfinished"
_NAME_DOES_NOT_FIT = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ENOTDIR, errno.EISDIR)


def claim(folder: Path, request_info: bytes) -> None:
    """Make `folder` ours: RequestInfo.json with these bytes stands in it, alone.

    Raises LocationRefused: USED if anything is there, NO_WRITE if this account may not write there.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _make_private(folder)
        if any(folder.iterdir()):
            raise LocationRefused(
                LocationFault.USED,
                f"The folder {folder} is not empty.",
                "Name a new folder; each export has one of its own.",
            )
        handle = os.open(folder / REQUEST_INFO, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(request_info)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if is_disk_full(error):
            raise
        raise LocationRefused(
            LocationFault.NO_WRITE,
            f"The folder {folder} cannot be used ({error.strerror}).",
            "Name a folder that this account may write to.",
        ) from error


def release(folder: Path) -> bool:
    """Delete RequestInfo.json, and the folder if nothing else is in it. False if that did not work."""
    try:
        (folder / REQUEST_INFO).unlink(missing_ok=True)
        folder.rmdir()
    except OSError:
        return False
    return True


class Tree:
    """A `Target`: a claimed folder, of which sub-folders and files are open to this account alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(
        self, files: Iterator[Outgoing], journal: Journal, wrote: Wrote
    ) -> Iterator[Delivered | Undelivered]:
        """See `Target.deliver`. An OSError of a full disk is passed on as it is."""
        seen: set[str] = set()
        for file in files:
            if file.path in seen:
                raise DataProblem(f"The export has two files named {file.path}.", "Report this as a bug.")
            seen.add(file.path)
            result = self._known(file, journal) or self._write(file, journal, wrote)
            wrote(file.path, 0)
            yield result

    def _known(self, file: Outgoing, journal: Journal) -> Delivered | Undelivered | None:
        why = unfit(file.path)
        return Undelivered(file.path, why) if why else journal.arrived(file.path)

    def _write(self, file: Outgoing, journal: Journal, wrote: Wrote) -> Delivered | Undelivered:
        final = self._folder / file.path
        again = journal.was_begun(file.path)
        journal.begun([file.path])
        temporary = self._folder / _TEMPORARY
        try:
            if not again and final.exists():
                raise DeliveryFailed(
                    f"The folder has a file {file.path} that this export did not write.",
                    "Request the export again, into an empty folder.",
                )
            delivered = _copy(file, temporary, wrote)
            _make_private(final.parent)
            publish(temporary, final)
        except ContentMissing as error:
            if again:
                final.unlink(missing_ok=True)
            return Undelivered(file.path, str(error))
        except OSError as error:
            if error.errno in _NAME_DOES_NOT_FIT:
                return Undelivered(file.path, "Its name does not fit this folder's file system.")
            if is_disk_full(error):
                raise
            raise DeliveryFailed(
                f"The folder {self._folder} cannot be written to ({error.strerror}).",
                "Check its disk and rights, then request the export again, into a new folder.",
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
        journal.done(delivered)
        return delivered


def _make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this account alone."""
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def _copy(file: Outgoing, temporary: Path, wrote: Wrote) -> Delivered:
    size, digest = 0, hashlib.sha256()
    chunks = file.open()
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as output:
            for chunk in chunks:
                output.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                wrote(file.path, len(chunk))
    finally:
        if isinstance(chunks, Generator):
            chunks.close()
    return Delivered(file.path, size, digest.hexdigest())
