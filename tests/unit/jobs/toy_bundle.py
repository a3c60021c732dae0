"""A toy export of one person's data, and containers in memory to deliver it to."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from waybill.delivery.journal import Delivered, Journal
from waybill.delivery.outgoing import DeliveryFailed, Outgoing, Target, Undelivered, Wrote
from waybill.errors import ContentMissing, LocationFault, LocationRefused
from waybill.export import AboutLine, Bundle, Content, Export, Facts, Family, Gap, Received, Records
from waybill.files.manifest import REQUEST_INFO
from waybill.jobs.storage import Located

PERSON = "11111111-2222-3333-4444-555555555555"
NAME = 'Eve "<script>alert(1)</script>" \u202eO\'Hara'
WHEN = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECRET = "sig=ToyCanary0123456789"
LOCATION = f"https://toy.blob.example/box?{SECRET}"


def records(path: str, count: int, title: str = "Things") -> Records:
    def rows() -> Iterator[tuple[datetime, Mapping[str, Any]]]:
        for number in range(count):
            yield WHEN, {"number": number, "name": NAME, "nothing": None}

    return Records(path, "Toys", title, "the toy box", rows)


def content(path: str, size: int, stated: int | None = None) -> Content:
    def chunks() -> Iterator[bytes]:
        for start in range(0, size, 1 << 16):
            yield bytes(byte % 251 for byte in range(start, min(size, start + (1 << 16))))

    return Content(path, "Toy files", "A file", "the toy box", size if stated is None else stated, chunks)


def missing(path: str) -> Content:
    def refuse() -> Iterator[bytes]:
        raise ContentMissing("The bytes are not kept.")

    return Content(path, "Toy files", "A lost file", "the toy box", 5, refuse)


Parts = Callable[[], Iterator[Records | Content]]


def usual_parts() -> Iterator[Records | Content]:
    """Two files of records, one that is empty, and three files as they are, one of them of no bytes."""
    yield records("20/Things.json", 3)
    yield records("20/None.json", 0, "Nothing")
    yield records("20/Many.json", 30_000)
    for number, size in enumerate((10, 200_000, 0)):
        yield content(f"21/Files/file {number} ü#%.bin", size)


def parts_with_gaps() -> Iterator[Records | Content]:
    yield from usual_parts()
    yield missing("21/Files/lost.bin")
    yield content("21/Files/shorter.bin", 10, stated=12)


def export_of(parts: Parts, *gaps: Gap) -> Export:
    """The toy as an export; its request is one person."""
    return Export(
        name="toy-bundle",
        title="Toy data",
        description="All toys of a person.",
        family=Family.GRAPH_OPERATION,
        path="/users/{id}/exportToys",
        file_stem="Toys",
        fields=(),
        read=lambda received: received["id"][0],
        admit=lambda _request, _facts: None,
        report=lambda request, _facts: Bundle(
            subject=request,
            display_name=NAME,
            expected=6,
            parts=parts,
            gaps=lambda: iter(gaps),
            about=lambda: (AboutLine("Request", "What", "toys"),),
        ),
        sample=lambda _facts: received(),
        subject=lambda request, _facts: str(request),
    )


def received() -> Received:
    return {"id": (PERSON,)}


@dataclass
class Box:
    """A container: what is in it, how often each path was sent, what it is to do before the next files,
    and how many deliveries are open.

    Some files are on their way together, and the last of them arrives first.
    """

    blobs: dict[str, bytes] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    together: int = 3
    open: int = 0
    before: Callable[[Outgoing], None] = lambda _outgoing: None

    def deliver(
        self, files: Iterator[Outgoing], journal: Journal, wrote: Wrote
    ) -> Iterator[Delivered | Undelivered]:
        self.open += 1
        try:
            while some := list(itertools.islice(files, self.together)):
                fresh = [one.path for one in some if journal.arrived(one.path) is None]
                journal.begun(fresh)
                for outgoing in reversed(some):
                    yield journal.arrived(outgoing.path) or self._send(outgoing, journal, wrote)
        finally:
            self.open -= 1

    def _send(self, outgoing: Outgoing, journal: Journal, wrote: Wrote) -> Delivered | Undelivered:
        self.before(outgoing)
        try:
            data = b"".join(outgoing.open())
        except ContentMissing as error:
            return Undelivered(outgoing.path, str(error))
        self.blobs[outgoing.path] = data
        self.sent[outgoing.path] = self.sent.get(outgoing.path, 0) + 1
        wrote(outgoing.path, len(data))
        delivered = Delivered(outgoing.path, len(data), hashlib.sha256(data).hexdigest())
        journal.done(delivered)
        return delivered


@dataclass
class Boxes:
    """Containers by their URL without a query, made when they are first named. A `Storage`."""

    boxes: dict[str, Box] = field(default_factory=dict)
    folders: dict[Path, Box] = field(default_factory=dict)
    released: list[str] = field(default_factory=list)

    def check(self, tenant: str, text: str) -> None:
        if not text.startswith("https://"):
            raise LocationRefused(LocationFault.INVALID, f"{tenant} cannot deliver there.")

    def locate(self, tenant: str, text: str) -> Located:
        self.check(tenant, text)
        if "?" not in text:
            raise LocationRefused(LocationFault.NO_SAS, "There is no SAS.")
        return Located(text, text.partition("?")[0])

    def claim(self, located: Located, request_info: bytes) -> None:
        box = self.boxes.setdefault(located.shown, Box())
        if REQUEST_INFO in box.blobs:
            raise LocationRefused(LocationFault.USED, "It was used already.")
        box.blobs[REQUEST_INFO] = request_info

    def release(self, located: Located) -> None:
        self.released.append(located.shown)
        self.boxes[located.shown].blobs.pop(REQUEST_INFO)

    def target(self, whole: str) -> Target:
        return self.boxes[whole.partition("?")[0]]

    def claim_folder(self, folder: Path, request_info: bytes) -> None:
        self.folders.setdefault(folder, Box()).blobs[REQUEST_INFO] = request_info

    def release_folder(self, folder: Path) -> None:
        self.folders[folder].blobs.pop(REQUEST_INFO)

    def folder_target(self, folder: Path) -> Target:
        return self.folders[folder]


def fail_at(path: str, error: BaseException) -> Callable[[Outgoing], None]:
    """Raise `error`, once, when the file of that path is about to be sent."""
    left = [error]

    def before(outgoing: Outgoing) -> None:
        if outgoing.path == path and left:
            raise left.pop()

    return before


EXPIRED = DeliveryFailed("The SAS expired at 2026-01-01T00:00:00Z.", "Ask for a new export with a new SAS.")


def facts_named(tenant: str, snapshot: str) -> Facts:
    from tests.unit.jobs.toy import ToyFacts

    return ToyFacts(tenant, snapshot)
