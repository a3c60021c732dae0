"""manifest.json: every file of a personal-data export with size, SHA-256, source and age, and what is not in it.

The manifest is delivered last, so that its presence says that everything it lists is there. It depends
on the request, the snapshot and the operation's own row alone: written again, it is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson

from waybill import __version__
from waybill.export import AboutLine, Gap
from waybill.files.record_view import Sample

REQUEST_INFO = "RequestInfo.json"
INDEX = "index.html"
MANIFEST = "manifest.json"
FORMAT = 1
"""Raised when a member changes its meaning or goes; new members may come without."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file that was delivered.

    size in bytes; sha256 in hex; rows: records in it, None for a file that is as it is. `as_of`: the
    time the data is of. product and title are for people; source says where it was read.
    """

    path: str
    size: int
    sha256: str
    rows: int | None
    product: str
    title: str
    source: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Empty:
    """Something that was looked for, and there is none of it."""

    path: str
    product: str
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose data it is, out of which snapshot, and who asked for it when. Times are aware.

    `organisation`: the tenant's name, "" if it is not known.
    """

    operation: str
    tenant: str
    user_id: str
    display_name: str
    snapshot: str
    as_of: datetime
    submitted: datetime
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything the manifest and the index page tell. `files` in the order in which people read them.

    For the page alone: `samples`, the first records of files by their paths, and `not_covered`.
    """

    origin: Origin
    files: Sequence[Entry]
    empty: Sequence[Empty]
    gaps: Sequence[Gap]
    about: Sequence[AboutLine]
    samples: Mapping[str, Sample] = field(default_factory=dict)
    not_covered: str = ""


def write_manifest(file: BinaryIO, contents: Contents) -> None:
    """Write the manifest, a file a line."""
    head = orjson.dumps(_head(contents), option=orjson.OPT_INDENT_2)
    file.write(head.removesuffix(b"\n}"))
    submitted = contents.origin.submitted
    _write_list(file, "gaps", [{"path": gap.path, "reason": gap.reason} for gap in contents.gaps])
    _write_list(file, "empty", [_empty(one) for one in contents.empty])
    file.write(b',\n  "files": [')
    for number, entry in enumerate(contents.files):
        file.write(b",\n    " if number else b"\n    ")
        file.write(orjson.dumps(_entry(entry, submitted)))
    file.write(b"\n  ]\n}\n")


def _write_list(file: BinaryIO, name: str, values: list[dict[str, Any]]) -> None:
    lines = b",".join(b"\n    " + orjson.dumps(value) for value in values)
    file.write(f',\n  "{name}": ['.encode() + lines + (b"\n  ]" if values else b"]"))


def _head(contents: Contents) -> dict[str, Any]:
    origin = contents.origin
    return {
        "format": FORMAT,
        "generator": {"name": "Waybill", "version": __version__},
        "operation": {"id": origin.operation, "submitted": utc_text(origin.submitted)},
        "subject": {
            "tenantId": origin.tenant,
            "objectId": origin.user_id,
            "displayName": origin.display_name,
        },
        "snapshot": {
            "id": origin.snapshot,
            "asOf": utc_text(origin.as_of),
            "ageInSeconds": age_in_seconds(origin.as_of, origin.submitted),
        },
        "about": [
            {"section": line.section, "item": line.item, "value": line.value} for line in contents.about
        ],
        "counts": {
            "files": len(contents.files),
            "bytes": sum(entry.size for entry in contents.files),
            "records": sum(entry.rows or 0 for entry in contents.files),
            "empty": len(contents.empty),
            "gaps": len(contents.gaps),
        },
        "note": f"Everything this export wrote is listed under files, but {MANIFEST} itself.",
    }


def _entry(entry: Entry, submitted: datetime) -> dict[str, Any]:
    return {
        "path": entry.path,
        "size": entry.size,
        "sha256": entry.sha256,
        "rows": entry.rows,
        "product": entry.product,
        "title": entry.title,
        "source": entry.source,
        "asOf": utc_text(entry.as_of),
        "ageInSeconds": age_in_seconds(entry.as_of, submitted),
    }


def _empty(one: Empty) -> dict[str, Any]:
    return {"path": one.path, "product": one.product, "title": one.title, "source": one.source}


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC to the second, with a Z; a naive time is UTC."""
    utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return utc.isoformat(timespec="seconds").replace("+00:00", "Z")


def age_in_seconds(as_of: datetime, submitted: datetime) -> int:
    """How old the data was when it was asked for; 0 for what was made then."""
    first = as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    return max(0, int((submitted - first).total_seconds()))
