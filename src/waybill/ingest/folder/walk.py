"""Walk one person's folder without ever leaving it, and read its files as they are at one moment.

Names are looked up relative to open folders and never through a symlink, so that nothing that is moved
or linked while we read can lead to a file outside.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

MAX_DEPTH = 200
"""Folders inside each other: SharePoint's 400 characters of path allow no more."""

CHUNK = 1024 * 1024


class Unreadable(Exception):
    """The bytes of a file cannot be had whole; the text says why."""


@dataclass(frozen=True, slots=True)
class Item:
    """A folder or a regular file. `path`: from the person's folder, with slashes. `modified`: UTC without zone."""

    path: str
    is_folder: bool
    size: int
    modified: datetime
    parent: int  # an open folder; valid until the next item is asked for
    name: str

    def read(self) -> Iterator[bytes]:
        """The bytes of a file, in chunks; raises Unreadable, at the end if it changed meanwhile."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(self.name, flags, dir_fd=self.parent), "rb", buffering=0) as file:
                before = os.fstat(file.fileno())
                done = 0
                while chunk := file.read(CHUNK) if stat.S_ISREG(before.st_mode) else b"":
                    done += len(chunk)
                    yield chunk
                after = os.fstat(file.fileno())
        except OSError as error:
            raise Unreadable(f"it cannot be read ({error.strerror})") from error
        if done != before.st_size or _state(before) != _state(after) or not stat.S_ISREG(after.st_mode):
            raise Unreadable("it changed while it was read")


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Something that is neither folder nor regular file, or cannot be looked at, and why.

    `hidden`: what is there, and below, could not be seen; an earlier look at it may still hold.
    """

    path: str
    reason: str
    hidden: bool = False


def _state(told: os.stat_result) -> tuple[int, int, int]:
    return (told.st_size, told.st_mtime_ns, told.st_ctime_ns)


def open_folder(folder: Path) -> int:
    """A handle on a person's folder, which must be no symlink; the caller closes it. Raises OSError."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def walk(handle: int) -> Iterator[Item | NotTaken]:
    """Everything below an open folder, parents before children, names in order."""
    return _walk(handle, "", 1)


def _walk(handle: int, above: str, depth: int) -> Iterator[Item | NotTaken]:
    try:
        names = sorted(os.listdir(handle))
    except OSError as error:
        yield NotTaken(above.rstrip("/"), f"the folder cannot be read ({error.strerror})", hidden=True)
        return
    for name in names:
        path = above + name
        try:
            reason, told = _judge(handle, name, depth)
        except OSError as error:
            yield NotTaken(path, f"it cannot be looked at ({error.strerror})", hidden=True)
            continue
        if told is None:
            yield NotTaken(path, reason)
            continue
        is_folder = stat.S_ISDIR(told.st_mode)
        modified = datetime.fromtimestamp(told.st_mtime, UTC).replace(tzinfo=None)
        yield Item(path, is_folder, told.st_size, modified, handle, name)
        if is_folder:
            yield from _enter(handle, name, path, depth)


def _enter(handle: int, name: str, path: str, depth: int) -> Iterator[Item | NotTaken]:
    try:
        inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
    except OSError as error:
        yield NotTaken(path, f"the folder cannot be read ({error.strerror})", hidden=True)
        return
    try:
        yield from _walk(inside, path + "/", depth + 1)
    finally:
        os.close(inside)


def _judge(handle: int, name: str, depth: int) -> tuple[str, os.stat_result | None]:
    """(why not, what it is). Raises OSError if it cannot be looked at."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8", None
    told = os.stat(name, dir_fd=handle, follow_symlinks=False)
    if stat.S_ISLNK(told.st_mode):
        return "a symlink", None
    if stat.S_ISDIR(told.st_mode):
        return ("", told) if depth < MAX_DEPTH else (f"more than {MAX_DEPTH} folders inside each other", None)
    return ("", told) if stat.S_ISREG(told.st_mode) else ("neither a file nor a folder", None)


def shown(path: str) -> str:
    """A path for people and logs: what cannot be printed, or is not UTF-8, is escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in path
    )
