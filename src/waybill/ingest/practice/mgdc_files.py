"""Write a snapshot out as Microsoft Graph Data Connect files, so that the reader is exercised at any size.

What such files cannot say, and a reader of them therefore cannot know: channel rosters, who holds a
directory role, names of folders, libraries and list items apart from their addresses, passwords of links,
links for people with existing access, last sign-ins, names of licence plans, home tenants; of activity all
but what was done with files; of a OneDrive all but the files of its library that are objects here.
Deleted people and groups are simply missing: people come back as active, groups as unresolved; groups of
other tenants come back as unresolved ones of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path

import duckdb

from waybill.errors import DataProblem
from waybill.tenant.build import SNAPSHOT_FORMAT

DATASETS = (
    "SharePointSites", "SharePointPermissions", "SharePointGroups", "SharePointFiles", "SharePointFileActions",
    "GroupDetails", "GroupMembers", "GroupOwners", "User", "Manager",
)  # fmt: skip

_ENTRIES_PER_PART = 400_000
"""About so many access list entries go into one file: a few hundred MB of work at a time."""
_MAX_DEPTH = 400

Progress = Callable[[str, float], None]
"""Called with the dataset being written and the share of the whole that is done, 0 to 1."""


def write_mgdc(
    snapshot: Path,
    folder: Path,
    *,
    compress: bool = True,
    parts: int = 0,
    memory_mb: int = 2048,
    progress: Progress | None = None,
) -> Mapping[str, int]:
    """Write `<folder>/<Dataset>/part-00000.json.gz`, ...; one JSON object per line, as in tenant-data.md 1.

    snapshot: a finished snapshot file, read only. parts: files per dataset, at most; 0 = by the number of grants.
    Returns the rows written per dataset. Raises DataProblem if the snapshot or the folder is unfit.
    """  # fmt: skip
    if folder.exists() and any(folder.iterdir()):
        raise DataProblem(
            f"The folder {folder.name} is not empty.", "Give a new or empty folder, so that runs do not mix."
        )
    spill = folder / ".spill"
    connection = duckdb.connect(
        ":memory:", config={"memory_limit": f"{memory_mb}MB", "temp_directory": str(spill), "threads": 2}
    )
    try:
        facts = _attach(connection, snapshot)
        _stage(connection, facts)
        ranges = _ranges(connection, parts)
        tell = progress or (lambda _what, _share: None)
        written: dict[str, int] = {}
        for dataset in DATASETS:
            written[dataset] = _write(connection, dataset, folder / dataset, ranges, compress, tell)
        return written
    except duckdb.Error as error:
        raise DataProblem(
            f"The MGDC files could not be written: {error}",
            "Check the free space of the disk, then try again.",
        ) from error
    finally:
        connection.close()
        if spill.is_dir():
            spill.rmdir()


def _attach(connection: duckdb.DuckDBPyConnection, snapshot: Path) -> Mapping[str, str]:
    if not snapshot.is_file():
        raise DataProblem(f"There is no snapshot {snapshot.name}.", "Build one with `waybill practice`.")
    quoted = str(snapshot).replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS snapshot (READ_ONLY)")
    connection.execute("USE snapshot")
    facts = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    if facts.get("format") != str(SNAPSHOT_FORMAT):
        raise DataProblem(
            f"Snapshot {snapshot.name} is not finished or of another version.", "Build it again."
        )
    return facts


def _stage(connection: duckdb.DuckDBPyConnection, facts: Mapping[str, str]) -> None:
    day = f"{facts['as_of'][:10]}T00:00:00Z"
    connection.execute("SET VARIABLE ptenant = ?", [facts["tenant"]])
    connection.execute("SET VARIABLE snapshot_date = ?", [day])
    connection.execute(_sql("recipients"))
    connection.execute(_sql("spots_begin"))
    for level in range(1, _MAX_DEPTH):
        added = connection.execute(_sql("spots_next"), {"level": level}).fetchone()
        if not added or not added[0]:
            break
    connection.execute(_sql("places"))


def _ranges(connection: duckdb.DuckDBPyConnection, parts: int) -> list[tuple[int, int]]:
    """First and last site of each part: about equally many entries, at least two parts."""
    counts = connection.execute(
        "SELECT s.id, 1 + count(a.site) FROM site s LEFT JOIN acl a ON a.site = s.id GROUP BY s.id ORDER BY s.id"
    ).fetchall()
    total = sum(count for _, count in counts)
    wanted = parts or max(2, 1 + total // _ENTRIES_PER_PART)
    ranges: list[tuple[int, int]] = []
    begin = seen = 0
    for site, count in counts:
        seen += count
        if seen * wanted >= total * (len(ranges) + 1):
            ranges.append((begin, site))
            begin = site + 1
    return ranges


def _write(
    connection: duckdb.DuckDBPyConnection, dataset: str, folder: Path, ranges: Sequence[tuple[int, int]], compress: bool,
    tell: Progress,
) -> int:  # fmt: skip
    """All parts of one dataset; the rows written."""
    folder.mkdir(parents=True)
    statement = _sql(dataset)
    rows = 0
    for part, (low, high) in enumerate(ranges):
        # What belongs to sites is parted by site, the directory by number.
        for name, value in (("low", low), ("high", high), ("part", part), ("parts", len(ranges))):
            connection.execute(f"SET VARIABLE {name} = {value}")
        target = folder / f"part-{part:05}.json{'.gz' if compress else ''}"
        quoted = str(target).replace("'", "''")
        kind = "gzip" if compress else "uncompressed"
        written = connection.execute(
            f"COPY ({statement}) TO '{quoted}' (FORMAT json, COMPRESSION {kind})"
        ).fetchone()
        rows += int(written[0]) if written else 0
        tell(dataset, (DATASETS.index(dataset) + (part + 1) / len(ranges)) / len(DATASETS))
    return rows


def _sql(name: str) -> str:
    return resources.files("waybill.ingest.practice").joinpath("mgdc", f"{name}.sql").read_text("utf-8")
