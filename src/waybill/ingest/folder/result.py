"""What an ingest of people's files says when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DriveCount:
    """What one person's drive has now. `not_held`: files that are listed but whose bytes could not be
    had; exports name each of them. `replaced`: items the snapshot before had."""

    files: int
    bytes: int
    folders: int
    not_held: int
    replaced: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Something below the folder that was not taken, or not whole, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class FilesResult:
    """A published snapshot and what went into it, by user principal name as the snapshot spells it."""

    tenant: str
    tenant_name: str
    snapshot: str
    drives: Mapping[str, DriveCount]
    refused: tuple[Refused, ...]
