"""Records as one JSON file: an array of `{"time", "correlationId", "properties"}`, a record a line (graph.md 8)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from waybill.errors import WaybillError

MEDIA_TYPE = "application/json"
_AT_ONCE = 1 << 18
"""Bytes collected before they are written; memory does not grow with the file."""
_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finished file of records: how many, its size in bytes, its SHA-256 in hex."""

    rows: int
    size: int
    sha256: str


def write_records(
    path: Path,
    rows: Iterator[tuple[datetime, Mapping[str, Any]]],
    correlation: str,
    wrote: Callable[[int], None],
) -> Recorded | None:
    """Write the rows to `path` as they come; None, and no file, if there are none.

    UTF-8 without a byte order mark; times in UTC with a Z, and a naive one is UTC. `wrote` is told how
    many rows went out since it was last called, and may raise. Raises WaybillError for a value that
    JSON cannot hold.
    """
    first = next(rows, None)
    if first is None:
        return None
    digest, size, count, told = hashlib.sha256(), 0, 0, 0
    with path.open("wb") as file:
        chunk = bytearray(b"[\n" + _line(first, correlation))
        count = 1
        for row in rows:
            chunk += b",\n"
            chunk += _line(row, correlation)
            count += 1
            if len(chunk) >= _AT_ONCE:
                digest.update(chunk)
                size += file.write(chunk)
                chunk.clear()
                wrote(count - told)
                told = count
        chunk += b"\n]\n"
        digest.update(chunk)
        size += file.write(chunk)
    wrote(count - told)
    return Recorded(count, size, digest.hexdigest())


def _line(row: tuple[datetime, Mapping[str, Any]], correlation: str) -> bytes:
    time, properties = row
    record = {"time": time.astimezone(UTC) if time.tzinfo else time, "correlationId": correlation}
    try:
        return orjson.dumps({**record, "properties": properties}, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        raise WaybillError(
            f"A record cannot be written as JSON: {type(error).__name__}.",
            "This is a fault of the export; report it with the name of the export.",
        ) from None
