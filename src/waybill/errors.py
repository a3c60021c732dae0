"""Errors that say what to do next; each API turns them into its own dialect, the CLI prints them."""

from __future__ import annotations

import errno
from enum import StrEnum


class WaybillError(Exception):
    """Something a person can act on. `message` says what is wrong, `hint` what to do next.

    Neither may hold a secret, a token or a SAS: both end up in logs, answers and pages.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class BadRequest(WaybillError):
    """The caller sent something that does not fit (HTTP 400). `field` is the wire name at fault."""

    def __init__(self, message: str, hint: str = "", field: str = "") -> None:
        super().__init__(message, hint)
        self.field = field


class NotFound(WaybillError):
    """There is no such thing for this tenant, whether or not another tenant has it (HTTP 404)."""


class Conflict(WaybillError):
    """The thing exists but is not in a state that allows this (HTTP 409)."""


class Gone(WaybillError):
    """It was there and has been deleted by retention (HTTP 410)."""


class Busy(WaybillError):
    """Try again later (HTTP 429 or 503)."""


class DataProblem(WaybillError):
    """Input files or stored data are damaged or of a kind this version does not read."""


class ContentMissing(WaybillError):
    """The bytes of a file cannot be had: not kept, or damaged. The bundle names it as a gap."""


class LocationFault(StrEnum):
    """Why a storageLocation is refused. The Graph face has Microsoft's code and message for each
    (graph.md 2.3, rows 2 and 5 to 11), in the order in which they are checked."""

    INVALID = "invalid"
    NO_SAS = "no SAS"
    ACCOUNT_SAS = "account SAS"
    NOT_A_CONTAINER = "not a container"
    MAY_LIST = "may list"
    USED = "used"
    NO_WRITE = "may not write"
    NO_APPEND_BLOBS = "no append blobs"
    MAY_READ = "may read"


class LocationRefused(WaybillError):
    """A storageLocation that we do not, or cannot, deliver to. Holds no part of its query."""

    def __init__(self, fault: LocationFault, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.fault = fault


class Cancelled(WaybillError):
    """A person asked this job to stop."""


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NO_ROOM_SAID = ("no space left on", "disk is full")  # DuckDB and SQLite, in errors of their own


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is that a disk has no room left."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return True
        if any(words in str(error).lower() for words in _NO_ROOM_SAID):
            return True
        error = error.__cause__
    return False
