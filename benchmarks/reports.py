"""What the report cases share: a report from request to finished ZIP, and the same rows written again.

`finish` does what a job does (`waybill.jobs.produce`): pinned snapshot, all sheets, published by a rename, read
back and hashed. `keep` stores the finished rows in a DuckDB file, `rewrite` reads them from there and
writes them with our own writer: the same bytes must come out.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.model import Given
from waybill.export import Column, Export, Facts, Kind, Language, Produced, Report, Sheet, SheetCount
from waybill.exports import CATALOG
from waybill.files.names import entry_name
from waybill.files.package import package_zip
from waybill.files.workbook import Workbook, Written
from waybill.jobs.bundle import Deliveries
from waybill.jobs.findings import about_sheet, exceptions_sheet
from waybill.jobs.produce import SHEET_ROWS, Means, produce
from waybill.jobs.table import Job, State
from waybill.settings import Settings
from waybill.tenant.snapshot import OpenContent, Outside, holds_nothing, open_snapshot
from waybill.words import translated

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SOURCES = ["Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group"]


class Silent:
    def wrote(self, sheet: str, rows: int) -> None:
        """Nobody watches."""

    def delivered(self, files: int, expected: int) -> None:
        """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in, on one snapshot file; `scratch` is this contender's own folder."""

    export: str
    received: Mapping[str, tuple[str, ...]]
    snapshot: Path
    scratch: Path


def asked(given: Given) -> Asked:
    """What a contender was given: export, received (JSON), snapshot, scratch."""
    received = json.loads(str(given["received"]))
    return Asked(
        str(given["export"]),
        {name: tuple(values) for name, values in received.items()},
        Path(str(given["snapshot"])),
        Path(str(given["scratch"])),
    )


def export_of(name: str) -> Export:
    return next(export for export in CATALOG if export.name == name)


@contextmanager
def facts_of(snapshot: Path, spill: Path, contents: OpenContent = holds_nothing) -> Iterator[Facts]:
    """The snapshot as a job opens it, with the memory a job has by default."""
    memory = Settings(data=spill).report_memory_mb
    outside = Outside(datetime.now(UTC), contents=contents)
    with open_snapshot(snapshot, snapshot.stem, spill=spill, memory_mb=memory, outside=outside) as facts:
        yield facts


def finish(
    request: Asked, contents: OpenContent = holds_nothing, deliveries: Deliveries | None = None
) -> Produced:
    """The whole work of the job of this request. contents, deliveries: what exports of a person's data need."""

    def opened(_tenant: str, _snapshot: str) -> AbstractContextManager[Facts]:
        return facts_of(request.snapshot, request.scratch / "spill", contents)

    shutil.rmtree(request.scratch, ignore_errors=True)
    request.scratch.mkdir(parents=True)
    means = Means(
        exports={export.name: export for export in CATALOG},
        open_facts=opened,
        translate=translated,
        work=request.scratch / "work",
        files=request.scratch / "files",
    )
    if deliveries is not None:
        means = replace(means, deliveries=deliveries)
    return produce(job_of(request), means, Silent())


def job_of(request: Asked) -> Job:
    return Job(
        guid="benchmark",
        tenant="benchmark",
        number=1,
        export=request.export,
        received=request.received,
        client_id="benchmark",
        snapshot=request.snapshot.stem,
        state=State.RUNNING,
        ended_as=None,
        created=NOW,
        started=NOW,
        finished=None,
        attempts=1,
        cancel_requested=False,
        sheet="",
        rows=0,
        counts=(),
        exceptions=0,
        file_name="",
        size=0,
        sha256="",
        error="",
        process_peak_memory_mb=0,
    )


def report_of(request: Asked, facts: Facts) -> Report:
    export = export_of(request.export)
    made = export.report(export.read(request.received), facts)
    if not isinstance(made, Report):
        raise TypeError(f"{request.export} is no report")
    return made


def keep(path: Path, request: Asked) -> None:
    """All rows of the report's sheets, in order, as tables sheet_0, sheet_1, ... of a DuckDB file."""
    with facts_of(request.snapshot, path.with_suffix(".spill")) as facts, duckdb.connect(str(path)) as kept:
        kept.execute("CREATE TABLE sheet (place INTEGER, name VARCHAR, columns VARCHAR, as_of TIMESTAMP)")
        report = report_of(request, facts)
        counts: list[Written] = []

        def add(sheet: Sheet) -> None:
            place = len(counts)
            columns = json.dumps([[one.name, one.kind, one.width] for one in sheet.columns])
            kept.execute("INSERT INTO sheet VALUES (?, ?, ?, ?)", [place, sheet.name, columns, facts.as_of])
            rows = 0
            for number, batch in enumerate(sheet.rows()):
                named = batch.rename_columns([f"c{index}" for index in range(batch.num_columns)])
                kept.register("batch", named)
                kept.execute(
                    f"{'INSERT INTO' if number else 'CREATE TABLE'} sheet_{place} {'' if number else 'AS'} FROM batch"
                )
                kept.unregister("batch")
                rows += batch.num_rows
            if not rows:
                _empty(kept, place, sheet.columns)
            # The writer will split it, and the report says so.
            counts.append(Written(sheet.name, rows, max(1, -(-rows // SHEET_ROWS)), (), 0, 0))

        for sheet in report.sheets:
            add(translated(sheet, Language.EN))
        add(exceptions_sheet(report, counts))
        listed = tuple(SheetCount(one.name, one.rows, one.parts) for one in counts)
        add(about_sheet(report, listed, counts[-1]))


def _empty(kept: duckdb.DuckDBPyConnection, place: int, columns: tuple[Column, ...]) -> None:
    kinds = {Kind.INT: "BIGINT", Kind.BOOL: "BOOLEAN", Kind.TIME: "TIMESTAMP", Kind.DATE: "DATE"}
    told = ", ".join(f"c{index} {kinds.get(one.kind, 'VARCHAR')}" for index, one in enumerate(columns))
    kept.execute(f"CREATE TABLE IF NOT EXISTS sheet_{place} ({told})")


def rewrite(path: Path, out: Path, export: str) -> tuple[int, str]:
    """Write the kept rows as the ZIP of that export; how many rows, and the SHA-256 of the ZIP."""
    memory = Settings(data=out.parent).report_memory_mb
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory}MB",
        "threads": 2,
        "temp_directory": str(out.with_suffix(".spill")),
    }
    kept = duckdb.connect(config=config)
    quoted = str(path).replace("'", "''")
    kept.execute(f"ATTACH '{quoted}' AS kept (READ_ONLY)")
    kept.execute("USE kept")
    sheets = kept.execute("SELECT place, name, columns, as_of FROM sheet ORDER BY place").fetchall()
    rows = 0

    def write(file: object) -> None:
        nonlocal rows
        with Workbook(file, stamp=sheets[0][3], max_rows=SHEET_ROWS) as book:  # type: ignore[arg-type]  # package_zip gives a BinaryIO
            for place, name, told, _ in sheets:
                columns = tuple(Column(title, Kind(kind), width) for title, kind, width in json.loads(told))
                reader = kept.sql(f"FROM sheet_{place}").to_arrow_reader(10_240)
                rows += book.add(Sheet(name, columns, lambda: iter(())), reader).rows

    out.parent.mkdir(parents=True, exist_ok=True)
    packed = package_zip(out, entry_name(export_of(export).file_stem), write, sheets[0][3])
    kept.close()
    return rows, packed.sha256
