"""Turn the facts about one person into a bundle: record files, the person's own files, gaps.

What is in it: docs/personal-data.md; layout: graph.md 8. Queries: tenant/queries/person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from waybill.export import AboutLine, Bundle, Content, Facts, Gap, Kind, Records
from waybill.exports.person_files import (
    INBOUND_FILES,
    INBOUND_FILES_AT_HOME,
    PERSON_FILES,
    PRODUCTS,
    Loaded,
    RecordFile,
)
from waybill.exports.person_gaps import drive_files, gaps_of, what_is_known
from waybill.exports.person_paths import delivered_path
from waybill.exports.person_request import Person
from waybill.exports.person_words import WORDINGS

BATCH_ROWS = 20_000
"""Grants that are put into words at once: memory is bounded by this, not by what a person reaches."""

_NOT_COVERED = (
    "The contents of mail, chats, calendars and of files outside the person's own OneDrive: "
    "those are found by an eDiscovery content search."
)

Record = tuple[datetime, Mapping[str, Any]]


def person_bundle(person: Person, facts: Facts, *, title: str, inbound: bool) -> Bundle:
    """All that the snapshot tells of `person`. Nothing large is computed before its file is pulled."""
    run = _Run(person, facts, title=title, inbound=inbound)
    return Bundle(
        subject=person.guid,
        display_name=person.name,
        expected=run.expected,
        parts=run.parts,
        gaps=run.gaps,
        about=run.about,
        organisation=run.organisation,
        not_covered=_NOT_COVERED,
    )


class _Run:
    """One bundle in the making: its temporary tables are staged when the first file is pulled."""

    def __init__(self, person: Person, facts: Facts, *, title: str, inbound: bool) -> None:
        self._person = person
        self._facts = facts
        self._title = title
        self._inbound = inbound
        self._staged = False
        self._known = what_is_known(facts, person.key)
        self._as_of = facts.as_of.replace(tzinfo=UTC)
        of_profile = INBOUND_FILES_AT_HOME if self._known.at_home else INBOUND_FILES
        wanted = of_profile if inbound else PERSON_FILES
        self._files = tuple(file for file in wanted if self._known.has(file.needs))

    @property
    def expected(self) -> int:
        return len(self._files) + self._known.contents

    def _stage(self) -> None:
        if self._staged:
            return
        self._staged = True
        facts = self._facts
        facts.stage("shared/words")
        facts.stage("person/begin", person=self._person.key)
        level = 1
        while facts.table("person/climbed", level=level)[0][0]:
            level += 1
            facts.stage("person/climb", level=level)
        facts.stage("person/reach")
        facts.stage("person/hits", batch_rows=BATCH_ROWS)
        facts.stage("person/drive_stage")

    def parts(self) -> Iterator[Records | Content]:
        for file in self._files:
            yield Records(
                path=file.path,
                product=file.product,
                title=file.title,
                source=file.source,
                rows=partial(self._records, file),
                wording=WORDINGS[file.path],
                as_of=self._as_of_source(file.needs),
            )
        if self._known.contents:
            yield from self._contents()

    def _contents(self) -> Iterator[Content]:
        self._stage()
        for _, path, copy, size, key in drive_files(self._facts, held=True):
            yield Content(
                path=delivered_path(path, copy),
                product=PRODUCTS["50"],
                title=path,
                source="OneDrive file contents",
                size=size,
                open=partial(self._facts.content, str(key)),
                as_of=self._as_of_source(Loaded.DRIVES),
            )

    def _records(self, file: RecordFile) -> Iterator[Record]:
        self._stage()
        if not file.batched:
            yield from self._read(file)
            return
        for batch in range(int(self._facts.table("person/batches", **file.parameters)[0][0])):
            yield from self._read(file, batch=batch)

    def _read(self, file: RecordFile, **more: int) -> Iterator[Record]:
        stamps = tuple(column.name for column in file.columns if column.kind in (Kind.TIME, Kind.DATE))
        for batch in self._facts.rows(file.query, file.columns, **file.parameters, **more):
            # Positional: a record batch of a large site holds 10,000 rows, small enough to be held twice.
            for members in batch.to_pylist():
                when = _moment(members[file.time]) if file.time else None
                for name in stamps:
                    members[name] = _stamp(members[name])
                yield when or self._as_of, file.shape(members)

    def gaps(self) -> Iterator[Gap]:
        self._stage()
        return gaps_of(self._known, self._facts, inbound=self._inbound)

    def _as_of_source(self, source: Loaded) -> datetime | None:
        """The time of what was loaded apart from the rest; a day's activity is complete at its end."""
        known = self._known
        if source is Loaded.DRIVES:
            newest = _moment(known.drive_newest)  # later than the snapshot where files were loaded later
            return newest if newest and newest > self._as_of else None
        if source is Loaded.USAGE:
            return _end_of(known.usage_until)
        if source in (Loaded.EVENTS, Loaded.DAYS) and known.activity_until:
            end = _end_of(date.fromisoformat(known.activity_until))
            return end and min(end, self._as_of)
        return None

    @property
    def organisation(self) -> str:
        return str(dict(self._facts.table("shared/settings")).get("tenant_name", ""))

    def about(self) -> tuple[AboutLine, ...]:
        settings = dict(self._facts.table("shared/settings"))
        lines = [
            AboutLine("Export", "Export", self._title),
            AboutLine("Export", "Person", self._person.name),
            AboutLine("Export", "Object id", self._person.guid),
            AboutLine("Export", "Not covered", _NOT_COVERED),
            AboutLine("Snapshot", "Snapshot", self._facts.snapshot),
            AboutLine("Snapshot", "Tenant", f"{settings.get('tenant_name', '')} ({self._facts.tenant})"),
            AboutLine("Snapshot", "As of (UTC)", f"{self._as_of:%Y-%m-%d %H:%M:%S}"),
            AboutLine("Snapshot", "Source", settings.get("source", "")),
            AboutLine("Snapshot", "Activity complete until", settings.get("activity_until", "not loaded")),
            AboutLine("Claim settings", "ShowEveryoneClaim", settings.get("show_everyone_claim", "false")),
            AboutLine("Claim settings", "ShowAllUsersClaim", settings.get("show_all_users_claim", "false")),
        ]
        if not self._known.directory_complete:
            told = "Not complete: accounts and groups that it does not list may be deleted; they are not shown as such."
            lines.append(AboutLine("Snapshot", "Directory", told))
        return tuple(lines)


def _moment(value: datetime | date | None) -> datetime | None:
    """A record's own time, aware; a day begins at midnight UTC."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value.replace(tzinfo=UTC)


def _end_of(day: date | None) -> datetime | None:
    """The midnight, UTC, at which a day ends."""
    return None if day is None else datetime.combine(day + timedelta(days=1), time(), UTC)


def _stamp(value: datetime | date | None) -> str | None:
    """ISO 8601: times with Z, days as they are."""
    if value is None:
        return None
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else value.isoformat()
