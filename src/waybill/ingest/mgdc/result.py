"""What an ingest of MGDC files says when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from waybill.errors import DataProblem
from waybill.ingest.mgdc.find import Skipped
from waybill.ingest.mgdc.merge import Fates
from waybill.ingest.mgdc.staging import Tally


@dataclass(frozen=True, slots=True)
class DatasetCount:
    """Where every object of one dataset went: objects = read + repeated + removed + rejected, always.

    read: distinct rows that are in the snapshot; repeated: the same key again, identical or older;
    removed: deleted by a delta, or missing from a newer full pull; carried: rows the snapshot before
    held and no file replaced (not among `objects`); warnings: values read leniently or as NULL.
    """

    objects: int
    read: int
    repeated: int
    removed: int
    rejected: int
    warnings: int
    carried: int


@dataclass(frozen=True, slots=True)
class IngestResult:
    """A published snapshot and what went into it. `warnings` are sentences for people."""

    tenant: str
    tenant_name: str
    snapshot: str
    datasets: Mapping[str, DatasetCount]
    skipped_files: tuple[Skipped, ...]
    warnings: tuple[str, ...]
    rejects_file: Path


def counted(dataset: str, tally: Tally, fates: Fates) -> DatasetCount:
    """The counts of one dataset. Raises DataProblem if a single object is unaccounted for."""
    count = DatasetCount(
        tally.objects, fates.read, fates.repeated, fates.removed, fates.rejected + tally.unreadable,
        tally.warnings, fates.carried,
    )  # fmt: skip
    if count.objects != count.read + count.repeated + count.removed + count.rejected:
        raise DataProblem(
            f"{dataset}: {count.objects} objects were found but not all are accounted for ({count}).",
            "This is a fault of Waybill; nothing was published. Please report it with these numbers.",
        )
    return count
