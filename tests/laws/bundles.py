"""Bundles delivered into folders without a server, by the same code as a job's; and what lies there, read back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.laws.reports import Unwatched
from tests.laws.tenants import Practice
from waybill.delivery.tree import Tree, claim
from waybill.export import Bundle, Export, Facts, Family, Produced, Received
from waybill.exports import CATALOG
from waybill.files.manifest import MANIFEST, REQUEST_INFO
from waybill.jobs.bundle import Delivery, deliver_bundle
from waybill.jobs.operations import request_info
from waybill.jobs.watch import Watch

BUNDLES = tuple(export for export in CATALOG if export.family is Family.GRAPH_OPERATION)
OPERATION = "0badcafe-0000-4000-8000-00000000000b"
SUBMITTED = datetime(2026, 6, 3, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A folder that took an export, and what delivering it gave back."""

    folder: Path
    produced: Produced

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / MANIFEST).read_bytes())
        return found

    def files(self) -> dict[str, bytes]:
        return files_below(self.folder)


def faults_of(folder: Path) -> list[str]:
    """How a folder differs from its manifest, file by file, computed anew from the bytes."""
    files = files_below(folder)
    manifest = json.loads(files.pop(MANIFEST))
    listed = {one["path"]: (one["size"], one["sha256"]) for one in manifest["files"]}
    found = {path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in files.items()}
    return sorted(path for path in listed.keys() | found.keys() if listed.get(path) != found.get(path))


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file in the folder by its path from there, "/" between the parts."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sample(practice: Practice, export: Export, guest: int = 0) -> Received:
    with practice.facts(guest) as facts:
        return export.sample(facts)


def deliver(
    practice: Practice,
    export: Export,
    received: Received,
    folder: Path,
    watch: Watch | None = None,
    operation: str = OPERATION,
) -> Delivered:
    """Deliver the bundle into `folder`, or go on with it there, as an operation of a fixed id and time."""
    guest = practice.guests[0]
    with practice.facts() as facts:
        subject = subject_of(export, received, facts)
        info = request_info(operation, guest.tenant, subject, SUBMITTED).encode()
        if not (folder / REQUEST_INFO).exists():
            claim(folder, info)
        bundle = export.report(export.read(received), facts)
        assert isinstance(bundle, Bundle)
        scratch = folder.with_name(folder.name + ".work")
        scratch.mkdir(exist_ok=True)
        journal = folder.with_name(folder.name + ".journal")
        delivery = Delivery(operation, subject, SUBMITTED, info, Tree(folder), journal)
        return Delivered(folder, deliver_bundle(bundle, facts, delivery, scratch, watch or Unwatched()))


def subject_of(export: Export, received: Received, facts: Facts) -> str:
    assert export.subject is not None
    return export.subject(export.read(received), facts)


class Stop(BaseException):
    """What ends a process in the middle of its work, for tests that cannot die themselves."""


class StopAt:
    """A watch that stops the work when it is told something for the nth time."""

    def __init__(self, number: int) -> None:
        self._left = number

    def wrote(self, sheet: str, rows: int) -> None:
        del sheet, rows
        self._left -= 1
        if self._left < 0:
            raise Stop

    def delivered(self, files: int, expected: int) -> None:
        del files, expected


class Count:
    """A watch that counts what it is told."""

    def __init__(self) -> None:
        self.told = 0
        self.progress: list[tuple[int, int]] = []

    def wrote(self, sheet: str, rows: int) -> None:
        del sheet, rows
        self.told += 1

    def delivered(self, files: int, expected: int) -> None:
        self.progress.append((files, expected))


def records_in(delivered: Delivered) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """(what the manifest says, the records) of each file of records."""
    for entry in delivered.manifest["files"]:
        if entry["rows"] is not None:
            yield entry, json.loads((delivered.folder / entry["path"]).read_bytes())
