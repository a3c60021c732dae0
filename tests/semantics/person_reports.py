"""A person's bundle on a small tenant, as plain records: what the tests of personal data read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.semantics.reports import _Tables
from tests.semantics.small_tenant import AS_OF, TENANT_ID, Principal, Tenant
from waybill.export import Bundle, Content, Export, Facts, Gap, Records
from waybill.exports.personal_data import EXPORT as PERSONAL_DATA
from waybill.exports.shared_profile_data import EXPORT as SHARED_PROFILE_DATA
from waybill.tenant.build import SnapshotBuilder, SnapshotMeta
from waybill.tenant.snapshot import Outside, open_snapshot

Record = Mapping[str, Any]
Tables = _Tables


def bundle_of(facts: Facts, person: Principal, guid: str = "") -> Bundle:
    """The bundle as a job gets it; `guid` where a snapshot has another id than a small tenant makes up."""
    export = SHARED_PROFILE_DATA if person.user_type == "B2B direct" else PERSONAL_DATA
    return ask(export, facts, guid or person.entra_id or "")


def ask(export: Export, facts: Facts, given: str) -> Bundle:
    """Read, admitted, reported."""
    request = export.read({export.fields[0].wire: (given,)})
    export.admit(request, facts)
    made = export.report(request, facts)
    assert isinstance(made, Bundle)
    return made


@dataclass
class Pulled:
    """All of a bundle, pulled in order as the runner does."""

    records: dict[str, list[tuple[datetime, Record]]]
    contents: list[Content]
    gaps: list[Gap]

    def __getitem__(self, path: str) -> list[Record]:
        return [record for _, record in self.records[path]]

    def reasons(self, path: str) -> list[str]:
        return [gap.reason for gap in self.gaps if gap.path == path]


def pull(bundle: Bundle, wanted: Sequence[str] = ()) -> Pulled:
    """Everything, or only the record files `wanted` (and no contents and gaps)."""
    found = Pulled({}, [], [])
    for part in bundle.parts():
        if isinstance(part, Content):
            if wanted:
                break
            found.contents.append(part)
        elif not wanted or part.path in wanted:
            assert isinstance(part, Records)
            found.records[part.path] = list(part.rows())
    if not wanted:
        found.gaps = list(bundle.gaps())
    return found


class People:
    """Bundles about people of one open snapshot; each with a fresh reader, as each job has."""

    def __init__(self, path: Path, spill: Path) -> None:
        self._path, self._spill = path, spill

    @contextmanager
    def facts(self) -> Iterator[Facts]:
        outside = Outside(datetime(2026, 6, 1, tzinfo=UTC), contents=_contents)
        with open_snapshot(self._path, "small", spill=self._spill, memory_mb=256, outside=outside) as facts:
            yield facts

    def of(self, person: Principal, wanted: Sequence[str] = ()) -> Pulled:
        """The pulled bundle of a person of a small tenant."""
        with self.facts() as facts:
            return pull(bundle_of(facts, person), wanted)


def _contents(key: str) -> Iterator[bytes]:
    yield f"bytes of {key}".encode()


Amend = Callable[[Tables], None]
"""Changes the rows of the tables before they are built: what a small tenant has no words for."""


@contextmanager
def open_people(*tenants: Tenant, amend: Amend | None = None, **meta: Any) -> Iterator[People]:
    """Small tenants as one snapshot; its bundles can be read until the block ends."""
    with tempfile.TemporaryDirectory(prefix="person-") as folder:
        path = Path(folder) / "small.duckdb"
        tables = Tables(tenants)
        if amend is not None:
            amend(tables)
        builder = SnapshotBuilder(path, memory_mb=256)
        for table, rows in tables.rows.items():
            builder.add(table, pa.Table.from_pylist(rows))
        builder.finish(SnapshotMeta(TENANT_ID, "contoso", AS_OF, "small tenant", "contoso.com", **meta))
        yield People(path, Path(folder) / "spill")
