"""Deliver a bundle: its parts in order, then the index page, then the manifest, and nothing twice.

It may be run again from the top at any time. The same operation gives the same bytes, and what its
journal says has arrived is not sent again; records are made again for their count alone. The manifest
comes last: where it lies, everything it lists lies too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from waybill import log
from waybill.delivery.journal import Journal
from waybill.delivery.outgoing import Delivered, Outgoing, Target, Undelivered
from waybill.errors import ContentMissing, DataProblem
from waybill.export import Bundle, Content, Facts, Gap, Produced, Records, SheetCount
from waybill.files import index_page, records_json
from waybill.files.manifest import (
    INDEX,
    MANIFEST,
    REQUEST_INFO,
    Contents,
    Empty,
    Entry,
    Origin,
    write_manifest,
)
from waybill.files.record_view import Sample, keeping_first
from waybill.jobs.table import Job
from waybill.jobs.watch import Watch

_CHUNK = 1 << 18
_RESERVED = frozenset((INDEX, MANIFEST, REQUEST_INFO))
_THIS_EXPORT = "About this export"
_MADE_HERE = "Made by Waybill for this export"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where one operation's bundle goes, and what its row says of it. `submitted` is aware, UTC."""

    operation: str
    user_id: str
    submitted: datetime
    request_info: bytes
    target: Target
    journal: Path


class Deliveries(Protocol):
    """Where the bundles of jobs go."""

    def delivery_of(self, job: Job) -> Delivery:
        """The delivery of this job, made anew for each of its runs. Raises WaybillError."""

    def delivery_over(self, guid: str) -> None:
        """The job has ended: what was kept to take its delivery up again goes."""


def deliver_bundle(bundle: Bundle, facts: Facts, delivery: Delivery, scratch: Path, watch: Watch) -> Produced:
    """Deliver everything; `Produced` has the size of all files, the manifest's SHA-256 and as many
    exceptions as there are gaps.

    Raises DeliveryFailed in words for the caller, and what the export or `watch` raise.
    """
    with Journal(delivery.journal) as journal:
        sending = _Sending(bundle, facts, delivery, journal, scratch, watch)
        sending.send_parts()
        return sending.send_manifest()


@dataclass(frozen=True, slots=True)
class _Part:
    """A part on its way. order: its place in the bundle. temporary: a file of records, until it has arrived."""

    order: int
    entry: Entry
    stated: int | None = None
    temporary: Path | None = None


class _Sending:
    """One run of one operation's delivery."""

    def __init__(
        self,
        bundle: Bundle,
        facts: Facts,
        delivery: Delivery,
        journal: Journal,
        scratch: Path,
        watch: Watch,
    ) -> None:
        self._bundle = bundle
        self._facts = facts
        self._delivery = delivery
        self._journal = journal
        self._scratch = scratch
        self._watch = watch
        self._log = log.get(__name__)
        self._under_way: dict[str, _Part] = {}
        self._arrived: list[tuple[int, Entry]] = []
        self._empty: list[Empty] = []
        self._samples: dict[str, Sample] = {}
        self._gaps: list[tuple[int, Gap]] = []
        # An earlier run got to the end: what it did not deliver must not come after its manifest.
        self._closed = journal.arrived(MANIFEST) is not None

    # The parts

    def send_parts(self) -> None:
        with self._deliver(self._outgoing()) as outcomes:
            for outcome in outcomes:
                part = self._under_way.pop(outcome.path)
                if part.temporary is not None:
                    part.temporary.unlink()
                if isinstance(outcome, Undelivered):
                    self._gaps.append((part.order, Gap(outcome.path, outcome.reason)))
                else:
                    self._note_arrival(part, outcome)
                self._tell_progress()

    @contextmanager
    def _deliver(self, files: Iterator[Outgoing]) -> Iterator[Iterator[Delivered | Undelivered]]:
        outcomes = self._delivery.target.deliver(
            files, self._journal, lambda path, _size: self._watch.wrote(path, 0)
        )
        try:
            yield outcomes
        finally:
            if isinstance(outcomes, Generator):
                outcomes.close()  # what is under way is dropped now, not when somebody collects it

    def _outgoing(self) -> Iterator[Outgoing]:
        for order, part in enumerate(self._bundle.parts()):
            if part.path in _RESERVED:
                raise DataProblem(f"An export may not have a file named {part.path}.")
            try:
                made = self._outgoing_of(order, part)
            except ContentMissing as error:
                self._gaps.append((order, Gap(part.path, str(error))))
                continue
            if made is not None:
                yield made
            self._tell_progress()

    def _outgoing_of(self, order: int, part: Records | Content) -> Outgoing | None:
        """The part, ready to be sent; None if there is nothing of it."""
        as_of = part.as_of or self._facts.as_of
        entry = Entry(part.path, 0, "", None, part.product, part.title, part.source, as_of)
        if isinstance(part, Records):
            temporary = self._scratch / f"{order}.json"
            sample = Sample(part.wording, [])
            made = records_json.write_records(
                temporary,
                keeping_first(part.rows(), sample),
                self._delivery.operation,
                lambda rows: self._watch.wrote(part.path, rows),
            )
            if made is None:
                self._empty.append(Empty(part.path, part.product, part.title, part.source))
                return None
            entry = replace(entry, size=made.size, sha256=made.sha256, rows=made.rows)
            self._samples[part.path] = sample
            self._under_way[part.path] = _Part(order, entry, made.size, temporary)
            return Outgoing(part.path, made.size, _reading(temporary), records_json.MEDIA_TYPE)
        if self._closed and self._journal.arrived(part.path) is None:
            raise ContentMissing("It could not be read when this export was made.")
        self._under_way[part.path] = _Part(order, entry, part.size)
        return Outgoing(part.path, part.size, part.open)

    def _note_arrival(self, part: _Part, outcome: Delivered) -> None:
        entry = replace(part.entry, size=outcome.size, sha256=outcome.sha256)
        if part.temporary is not None and outcome.sha256 != part.entry.sha256:
            # Delivered by an earlier version of Waybill, in its form: the count may not be that file's.
            self._log.warning("an earlier run delivered other bytes", path=outcome.path)
            entry = replace(entry, rows=None)
        elif part.stated is not None and part.stated != outcome.size:
            reason = f"Its source states {part.stated} bytes, and gave {outcome.size}, which are delivered."
            self._gaps.append((part.order, Gap(outcome.path, reason)))
        self._arrived.append((part.order, entry))

    def _tell_progress(self) -> None:
        done = len(self._arrived) + len(self._empty) + len(self._gaps)
        self._watch.delivered(done, max(1, self._bundle.expected) + 2)  # the index page and the manifest

    # What comes after them

    def send_manifest(self) -> Produced:
        contents = self._contents()
        index = self._scratch / INDEX
        with index.open("w", encoding="utf-8", newline="\n") as page:
            index_page.write_index(page, contents)
        listed = self._send_one(index, index_page.MEDIA_TYPE)
        told = Entry(
            INDEX,
            listed.size,
            listed.sha256,
            None,
            _THIS_EXPORT,
            "The page for people",
            _MADE_HERE,
            self._delivery.submitted,
        )
        contents = replace(contents, files=(told, *contents.files))
        manifest = self._scratch / MANIFEST
        with manifest.open("wb") as file:
            write_manifest(file, contents)
        closing = self._send_one(manifest, records_json.MEDIA_TYPE)
        counts = [SheetCount(entry.path, entry.rows) for entry in contents.files if entry.rows is not None]
        size = closing.size + sum(entry.size for entry in contents.files)
        files = SheetCount("Files", len(contents.files) + 1)
        return Produced("", size, closing.sha256, (files, *counts), len(contents.gaps))

    def _send_one(self, path: Path, media_type: str) -> Delivered:
        outgoing = Outgoing(path.name, path.stat().st_size, _reading(path), media_type)
        with self._deliver(iter((outgoing,))) as outcomes:
            (outcome,) = outcomes
        if isinstance(outcome, Undelivered):
            raise DataProblem(f"{outcome.path} could not be delivered: {outcome.reason}")
        return outcome

    def _contents(self) -> Contents:
        info = self._delivery.request_info
        request = Entry(
            REQUEST_INFO,
            len(info),
            hashlib.sha256(info).hexdigest(),
            None,
            _THIS_EXPORT,
            "What was asked for, and when",
            _MADE_HERE,
            self._delivery.submitted,
        )
        parts = [entry for _, entry in sorted(self._arrived, key=lambda one: one[0])]
        gaps = [gap for _, gap in sorted(self._gaps, key=lambda one: one[0])]
        return Contents(
            origin=Origin(
                self._delivery.operation,
                self._facts.tenant,
                self._delivery.user_id,
                self._bundle.display_name,
                self._facts.snapshot,
                self._facts.as_of,
                self._delivery.submitted,
                self._bundle.organisation,
            ),
            files=(request, *parts),
            empty=tuple(self._empty),
            gaps=(*gaps, *self._bundle.gaps()),
            about=self._bundle.about(),
            samples=self._samples,
            not_covered=self._bundle.not_covered,
        )


def _reading(path: Path) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    return chunks
