"""Retention: what is past its time is really deleted, and crashes leave nothing behind for good."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from waybill import audit
from waybill.delivery import folder
from waybill.jobs.produce import file_folder
from waybill.jobs.table import UNFINISHED, WITH_FILE, Job, State, job_of, job_table, move, to_text

ROWS_KEPT = timedelta(days=365)
"""How long a job's row outlives its file, so that "was deleted" (410) differs from "never was" (404)."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did: files that expired, job rows deleted, leftovers of crashes removed."""

    expired: int
    rows: int
    leftovers: int


def sweep(
    control: sa.Engine, files: Path, work: Path, deliveries: Path, now: datetime, keep: timedelta
) -> Swept:
    """Expire files finished more than `keep` ago, drop rows a year after that, remove leftovers.

    What was delivered into somebody's container is theirs: such a job has nothing here that expires.
    """
    expired = 0
    old = job_table.c.finished <= to_text(now - keep)
    for job in _jobs(control, job_table.c.state.in_(WITH_FILE), job_table.c.file_name != "", old):
        expired += _expire(control, job, now)
    # Also for those marked by a sweep that died before it deleted; the name is cleared last.
    for job in _jobs(control, job_table.c.state == State.EXPIRED, job_table.c.file_name != ""):
        folder.remove(file_folder(files, job.tenant, job.guid))
        with control.begin() as connection:
            move(connection, job.guid, (State.EXPIRED,), State.EXPIRED, file_name="")
    with control.begin() as connection:
        rows = connection.execute(
            sa.delete(job_table).where(
                job_table.c.state.not_in(UNFINISHED),
                sa.or_(job_table.c.state.not_in(WITH_FILE), job_table.c.file_name == ""),
                job_table.c.finished <= to_text(now - keep - ROWS_KEPT),
            )
        ).rowcount
    return Swept(expired, rows, _remove_leftovers(control, files, work, deliveries))


def _jobs(control: sa.Engine, *conditions: sa.ColumnElement[bool]) -> list[Job]:
    with control.connect() as connection:
        return [job_of(row) for row in connection.execute(sa.select(job_table).where(*conditions))]


def _expire(control: sa.Engine, job: Job, now: datetime) -> bool:
    with control.begin() as connection:
        done = move(connection, job.guid, WITH_FILE, State.EXPIRED) is not None
        if done:
            audit.record(
                connection,
                audit.Entry(now, job.tenant, "", "job.expire", job.guid, {"number": job.number}),
            )
    return done


def _remove_leftovers(control: sa.Engine, files: Path, work: Path, deliveries: Path) -> int:
    """What jobs have no use for: working files and journals of the ended, files of the failed or unknown."""
    # Folders first, rows second: a job accepted in between must not look unknown.
    working, published = list(_folders(work, "job-*")), list(_folders(files, "*/*"))
    journals = list(deliveries.glob("*.journal"))
    states = _states(control)
    useless = [path for path in working if states.get(path.name.removeprefix("job-")) not in UNFINISHED]
    # A running job publishes before its row says so, hence "unfinished" keeps its folder too.
    useless += [path for path in published if states.get(path.name) not in (*UNFINISHED, *WITH_FILE)]
    for path in useless:
        with suppress(FileNotFoundError):  # a job that has just ended removes its own
            shutil.rmtree(path)
    over = [path for path in journals if states.get(path.stem) not in UNFINISHED]
    for path in over:
        path.unlink(missing_ok=True)
    return len(useless) + len(over)


def _states(control: sa.Engine) -> dict[str, str]:
    with control.connect() as connection:
        rows = connection.execute(sa.select(job_table.c.guid, job_table.c.state))
        return {row.guid: row.state for row in rows}


def remove_work(work: Path) -> None:
    """Remove the working files of all jobs, at start, when none runs: each begins again from the top.

    What their queries had spilled to disk when the process died lies beside them.
    """
    for path in (*_folders(work, "job-*"), *_folders(work, "spill")):
        shutil.rmtree(path)


def _folders(root: Path, pattern: str) -> Iterator[Path]:
    return (path for path in root.glob(pattern) if path.is_dir())
