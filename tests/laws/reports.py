"""Reports made without a server, by the same code as a job's, each once; and their parts, read back."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from tests.laws.tenants import LANGUAGE_WIRE, LAW_CATALOG, Practice, widened
from waybill.clock import SYSTEM_CLOCK
from waybill.control import open_control
from waybill.export import Batches, Export, Language, Produced, Received, Sheet
from waybill.jobs.produce import SHEET_ROWS, Means, produce
from waybill.jobs.service import Jobs
from waybill.jobs.table import request_text
from waybill.settings import Settings
from waybill.words import translated


class Unwatched:
    """Lets every batch pass."""

    def wrote(self, sheet: str, rows: int) -> None: ...

    def delivered(self, files: int, expected: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Made:
    """A finished report: its ZIP, the workbook in it, taken out, and what went in, before any translation.

    `sheets` are all the sheets of the file in order, with those the runner adds; `rows` their batches.
    """

    produced: Produced
    package: Path
    workbook: Path
    sheets: tuple[Sheet, ...]
    rows: tuple[tuple[pa.RecordBatch, ...], ...]


@dataclass(frozen=True, slots=True)
class _Tap:
    """Stands where reports are translated, and keeps what passes."""

    sheets: list[Sheet] = field(default_factory=list)
    rows: list[list[pa.RecordBatch]] = field(default_factory=list)

    def __call__(self, sheet: Sheet, language: Language) -> Sheet:
        kept: list[pa.RecordBatch] = []
        self.sheets.append(sheet)
        self.rows.append(kept)

        def rows() -> Batches:
            for batch in sheet.rows():
                kept.append(batch)
                yield batch

        return translated(replace(sheet, rows=rows), language)


@dataclass(frozen=True, slots=True)
class Press:
    """Runs exports over the first practice tenant, with a job table of its own that no engine looks at."""

    practice: Practice
    jobs: Jobs
    folder: Path
    _made: dict[tuple[str, str, int], Made] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def opened(cls, practice: Practice, folder: Path) -> Iterator[Press]:
        control = open_control(folder / "control.db")
        yield cls(practice, Jobs(control, Settings(data=folder), SYSTEM_CLOCK), folder)
        control.dispose()

    def wide(self, export: Export) -> Made:
        """The report over everything the tenant has."""
        with self.practice.facts() as facts:
            return self.make(export, widened(export, facts))

    def sample(self, export: Export, language: str = "", sheet_rows: int = SHEET_ROWS) -> Made:
        """The report on the export's own sample."""
        with self.practice.facts() as facts:
            received = dict(export.sample(facts))
        if language:
            received[LANGUAGE_WIRE] = (language,)
        return self.make(export, received, sheet_rows)

    def make(self, export: Export, received: Received, sheet_rows: int = SHEET_ROWS) -> Made:
        """The report on this request, made the first time it is asked for."""
        key = (export.name, request_text(received), sheet_rows)
        if key not in self._made:
            self._made[key] = self._make(export, received, sheet_rows)
        return self._made[key]

    def _make(self, export: Export, received: Received, sheet_rows: int) -> Made:
        guest = self.practice.guests[0]
        job = self.jobs.submit(guest.tenant, export.name, received, f"rows {sheet_rows}", guest.snapshot)
        tap = _Tap()
        means = Means(
            exports={one.name: one for one in LAW_CATALOG},
            open_facts=self.practice.house.open_facts,
            translate=tap,
            work=self.folder / "work",
            files=self.folder / "files",
            sheet_rows=sheet_rows,
        )
        produced = produce(job, means, Unwatched())
        package = Path(produced.path)
        workbook = unpacked(package, self.folder / f"{export.name}-{job.number}.xlsx")
        return Made(produced, package, workbook, tuple(tap.sheets), tuple(map(tuple, tap.rows)))


def unpacked(package: Path, target: Path) -> Path:
    """The one workbook of a ZIP, as a file of its own."""
    with zipfile.ZipFile(package) as outer:
        (name,) = outer.namelist()
        target.write_bytes(outer.read(name))
    return target
