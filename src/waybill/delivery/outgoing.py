"""What delivery is given and what it gives back: files to bring to a place, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from waybill.delivery.journal import Delivered, Journal
from waybill.errors import WaybillError

__all__ = ["Delivered", "DeliveryFailed", "Journal", "Outgoing", "Target", "Undelivered", "Wrote", "unfit"]

Wrote = Callable[[str, int], None]
"""(path, bytes): so many more bytes of this file have arrived; 0 says only that the work goes on."""

MAX_PATH = 1024
"""Characters of a blob's name, at most (Azure's rule)."""
_NEVER_IN_A_PATH = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff\ufffe\uffff]")
_NOT_KEPT = re.compile(r"^/|//|/\Z|\.(?:/|\Z)")
"""A part that is empty, or ends with a dot as "." and ".." do."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One file to bring to its place, "20/Memberships.json".

    size: bytes, as the source states it; what arrives is what `open` gives, and that is what is told.
    open: the bytes in chunks; may be called again and must then give the same; raises ContentMissing.
    """

    path: str
    size: int | None
    open: Callable[[], Iterator[bytes]]
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A file of which nothing arrived, because its source, or its name, does not allow it. Others go on."""

    path: str
    reason: str


class DeliveryFailed(WaybillError):
    """The destination refuses, or cannot be reached, so that no file can be delivered any more."""


class Target(Protocol):
    """A place that files are brought to."""

    def deliver(
        self, files: Iterator[Outgoing], journal: Journal, wrote: Wrote
    ) -> Iterator[Delivered | Undelivered]:
        """Bring each file to its place, whole or not at all, and say so in the order of their arrival.

        `files` are pulled, opened and read lazily in the calling thread, some dozens ahead, in bounded
        memory. Those `journal` knows as done are not opened again. `wrote` is called in the calling
        thread for every block and file that arrived, and about twice a second while nothing does; what
        it raises ends the delivery: requests under way are dropped, the next call takes it up.

        Raises DeliveryFailed in words that hold no query string, DataProblem if two files have one path.
        """


def unfit(path: str) -> str:
    """Why no file can have this path, in words; empty if one can.

    The rules are those of a blob's name that means the same to every client, and of a path that stays
    inside a folder.
    """
    if not path or len(path) > MAX_PATH:
        return f"Its path has {len(path)} characters; 1 to {MAX_PATH} are possible."
    if _NEVER_IN_A_PATH.search(path):
        return "Its path holds characters that a name in storage cannot have."
    if _NOT_KEPT.search(path):
        return "A part of its path is empty or ends with a dot, which storage does not keep."
    return ""
