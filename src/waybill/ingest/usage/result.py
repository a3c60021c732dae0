"""What an ingest of usage reports says when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from waybill.errors import DataProblem
from waybill.ingest.usage.reading import Skipped


@dataclass(frozen=True, slots=True)
class ReportCount:
    """Where every row of one report went: rows = taken + superseded + concealed + unmatched + rejected.

    taken: rows that are in the snapshot; superseded: another file, newer or the same, has their report
    of that date and period; concealed: the source hid the person's name, so that nobody can say whose
    row it is; unmatched: nobody, or more than one, of the tenant has that user principal name; rejected:
    cannot be read; replaced: rows the snapshot before held (not among `rows`).
    """

    rows: int
    taken: int
    superseded: int
    concealed: int
    unmatched: int
    rejected: int
    replaced: int


@dataclass(frozen=True, slots=True)
class UsageResult:
    """A published snapshot and what went into it. `notes` are sentences for people.

    The rejects file tells each rejected and each unmatched row with file, line and reason.
    """

    tenant: str
    tenant_name: str
    snapshot: str
    reports: Mapping[str, ReportCount]
    skipped_files: tuple[Skipped, ...]
    notes: tuple[str, ...]
    rejects_file: Path


def checked(report: str, count: ReportCount) -> ReportCount:
    """The same counts. Raises DataProblem if a single row is unaccounted for."""
    if count.rows != count.taken + count.superseded + count.concealed + count.unmatched + count.rejected:
        raise DataProblem(
            f"{report}: {count.rows} rows were found but not all are accounted for ({count}).",
            "This is a fault of Waybill; nothing was published. Please report it with these numbers.",
        )
    return count
