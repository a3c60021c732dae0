"""One answer of an export, from a pinned snapshot to where it is asked for: the work of a job, which knows no database.

A report becomes one verified file, a bundle is delivered file by file. It may be run again from the top
at any time: it works in a folder of its own and publishes by one rename, and the same request on the
same snapshot gives the same bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from waybill.delivery import folder
from waybill.errors import DataProblem
from waybill.export import (
    Batches,
    Bundle,
    Export,
    Facts,
    Language,
    Produced,
    Report,
    Sheet,
    SheetCount,
    Table,
)
from waybill.files.names import download_name, entry_name
from waybill.files.package import package_zip
from waybill.files.workbook import Workbook, Written
from waybill.jobs.bundle import Deliveries, Delivery, deliver_bundle
from waybill.jobs.findings import about_sheet, exceptions_sheet
from waybill.jobs.table import Job
from waybill.jobs.watch import Watch

OpenFacts = Callable[[str, str], AbstractContextManager[Facts]]
"""(tenant, snapshot) -> the snapshot, opened for this reader alone."""
Translate = Callable[[Sheet, Language], Sheet]
SHEET_ROWS = 1_000_000
"""insights.md 2.3; the format itself ends at 1,048,576."""


class _Nowhere:
    """The deliveries of a process that has none."""

    def delivery_of(self, job: Job) -> Delivery:
        raise DataProblem(f"{job.export} cannot be delivered by this process.", "Request it from a server.")

    def delivery_over(self, guid: str) -> None: ...


_NOWHERE = _Nowhere()


@dataclass(frozen=True, slots=True)
class Means:
    """What producing a report takes, given by app.py: the catalog by name, snapshots, translations, folders.

    `work` and `files` must be on one file system. `sheet_rows`: data rows of a sheet before it is
    split. `deliveries`: where bundles go (Operations). `sweeps`: what else housekeeping clears away
    from time to time.
    """

    exports: Mapping[str, Export]
    open_facts: OpenFacts
    translate: Translate
    work: Path
    files: Path
    sheet_rows: int = SHEET_ROWS
    deliveries: Deliveries = _NOWHERE
    sweeps: tuple[Callable[[], object], ...] = ()


def work_folder(work: Path, guid: str) -> Path:
    """Where the unfinished files of a job lie."""
    return work / f"job-{guid}"


def file_folder(files: Path, tenant: str, guid: str) -> Path:
    """Where the published file of a job lies, alone."""
    return files / (quote(tenant, safe="").replace(".", "%2E") or "%") / guid


def produce(job: Job, means: Means, watch: Watch) -> Produced:
    """Do the work of `job`: write, publish and verify its file, or deliver its bundle.

    Raises what the export raises, Cancelled through `watch`, DataProblem for a snapshot or a
    published file that cannot be read back, DeliveryFailed, OSError when the disk is full. Leaves no half file.
    """
    export = means.exports.get(job.export)
    if export is None:
        raise DataProblem(
            f"This version of Waybill has no export named {job.export!r}.",
            "Request one of those listed at /docs.",
        )
    scratch = work_folder(means.work, job.guid)
    shutil.rmtree(scratch, ignore_errors=True)  # what an interrupted run left
    scratch.mkdir(parents=True)
    try:
        with means.open_facts(job.tenant, job.snapshot) as facts:
            answer = export.report(export.read(job.received), facts)
            if isinstance(answer, Bundle):
                return deliver_bundle(answer, facts, means.deliveries.delivery_of(job), scratch, watch)
            if isinstance(answer, Table):  # waybill.jobs.prepared makes those while the caller waits
                raise DataProblem(f"{job.export} is not made by a job.", "Ask for it by its report call.")
            temporary = scratch / "package.zip"
            pages, size, sha256 = package_zip(
                temporary,
                entry_name(export.file_stem),
                lambda file: _write(file, answer, facts, means, watch),
                facts.as_of,
            )
        name = download_name(export.file_stem, job.number, job.created)
        final = file_folder(means.files, job.tenant, job.guid) / name
        folder.publish(temporary, final)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    folder.verify(final, size, sha256)
    return Produced(str(final), size, sha256, pages.counts, pages.exceptions)


@dataclass(frozen=True, slots=True)
class _Pages:
    counts: tuple[SheetCount, ...]
    exceptions: int


def _write(file: BinaryIO, report: Report, facts: Facts, means: Means, watch: Watch) -> _Pages:
    counts: list[SheetCount] = []
    written: list[Written] = []
    with Workbook(file, stamp=facts.as_of, max_rows=means.sheet_rows) as book:

        def add(sheet: Sheet) -> Written:
            shown = means.translate(sheet, report.language)
            done = book.add(shown, _watched(shown.rows(), sheet.name, watch))
            counts.append(SheetCount(sheet.name, done.rows, done.parts))
            return done

        for sheet in report.sheets:
            written.append(add(sheet))
        exceptions = add(exceptions_sheet(report, written))
        add(about_sheet(report, tuple(counts), exceptions))
    return _Pages(tuple(counts), exceptions.rows)


def _watched(rows: Batches, sheet: str, watch: Watch) -> Batches:
    watch.wrote(sheet, 0)
    for batch in rows:
        watch.wrote(sheet, batch.num_rows)
        yield batch
        del batch  # or it would lie in memory while the next one is made
