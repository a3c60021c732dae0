"""The job table: one row a job in the control store, which alone says how the job stands.

Every change of state is one guarded UPDATE (`WHERE state IN ...`), so a job has exactly one ending
however often its work is run, cancelled or recovered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from waybill.control import metadata
from waybill.export import Received, SheetCount
from waybill.jobs.operation_table import erase_location


class State(StrEnum):
    """How a job stands. `expired` is a finished job whose file retention has deleted."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    FINISHED = "finished"
    FINISHED_WITH_EXCEPTIONS = "finished_with_exceptions"
    FAILED = "failed"
    STOPPED = "stopped"
    EXPIRED = "expired"


UNFINISHED = (State.QUEUED, State.RUNNING, State.STOPPING)
WITH_FILE = (State.FINISHED, State.FINISHED_WITH_EXCEPTIONS)
WITHOUT_FILE = (State.FAILED, State.STOPPED)

job_table = sa.Table(
    "job",
    metadata,
    sa.Column("guid", sa.Text, primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("export", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("snapshot", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("ended_as", sa.Text),
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("started", sa.Text),
    sa.Column("finished", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, default=False),
    sa.Column("progress_sheet", sa.Text, nullable=False, default=""),
    sa.Column("progress_rows", sa.BigInteger, nullable=False, default=0),
    sa.Column("counts", sa.Text, nullable=False, default="[]"),
    sa.Column("exceptions", sa.BigInteger, nullable=False, default=0),
    sa.Column("file_name", sa.Text, nullable=False, default=""),
    sa.Column("size", sa.BigInteger, nullable=False, default=0),
    sa.Column("sha256", sa.Text, nullable=False, default=""),
    sa.Column("error", sa.Text, nullable=False, default=""),
    sa.Column("process_peak_memory_mb", sa.Integer, nullable=False, default=0),
    sa.UniqueConstraint("tenant", "number"),
    sa.Index("job_state", "tenant", "state"),
)

# The last number given to each tenant. Kept apart from the jobs, so that a number is never given
# again, not even after retention has removed the row of the job that had it.
number_table = sa.Table(
    "job_number",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it stood when it was read. Times are aware, UTC.

    number      small, positive, counted per tenant: the job id of the Insights API (insights.md 1.2)
    received    the request as it came in; `Export.read` understands it
    ended_as    the final state, kept when the file expires; None while unfinished
    sheet, rows progress: the sheet being written, and the data rows written so far over all sheets
    exceptions  rows on the Exceptions sheet
    file_name, size (bytes), sha256 (hex): of the published file; empty before and when there is none
    error       why it failed, in words a client may see
    process_peak_memory_mb  highest resident memory of the whole process when this job ended
    """

    guid: str
    tenant: str
    number: int
    export: str
    received: Received
    client_id: str
    snapshot: str
    state: State
    ended_as: State | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    attempts: int
    cancel_requested: bool
    sheet: str
    rows: int
    counts: tuple[SheetCount, ...]
    exceptions: int
    file_name: str
    size: int
    sha256: str
    error: str
    process_peak_memory_mb: int


def to_text(moment: datetime) -> str:
    """A time as the control store keeps it: ISO 8601 in UTC, all of one length, so that text order is time order."""
    return moment.isoformat(timespec="microseconds")


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def job_of(row: Any) -> Job:
    """The value of one row of `job_table`, its columns being attributes."""
    received = {name: tuple(values) for name, values in json.loads(row.request).items()}
    return Job(
        guid=row.guid,
        tenant=row.tenant,
        number=row.number,
        export=row.export,
        received=MappingProxyType(received),
        client_id=row.client_id,
        snapshot=row.snapshot,
        state=State(row.state),
        ended_as=None if row.ended_as is None else State(row.ended_as),
        created=datetime.fromisoformat(row.created),
        started=_time(row.started),
        finished=_time(row.finished),
        attempts=row.attempts,
        cancel_requested=bool(row.cancel_requested),
        sheet=row.progress_sheet,
        rows=row.progress_rows,
        counts=tuple(SheetCount(name, rows, parts) for name, rows, parts in json.loads(row.counts)),
        exceptions=row.exceptions,
        file_name=row.file_name,
        size=row.size,
        sha256=row.sha256,
        error=row.error,
        process_peak_memory_mb=row.process_peak_memory_mb,
    )


def next_number(connection: sa.Connection, tenant: str) -> int:
    """The tenant's next job number.

    Being a write, it must be the first statement of its transaction: on SQLite it takes the write
    lock, so that what the transaction then reads (identical jobs, length of the queue) stays true.
    """
    dialect: Any = connection.dialect.name
    from sqlalchemy.dialects import postgresql, sqlite

    insert = (postgresql if dialect == "postgresql" else sqlite).insert(number_table)
    upsert = insert.values(tenant=tenant, last=1).on_conflict_do_update(
        index_elements=[number_table.c.tenant], set_={"last": number_table.c.last + 1}
    )
    number: int = connection.execute(upsert.returning(number_table.c.last)).scalar_one()
    return number


def by_guid(connection: sa.Connection, guid: str) -> Job | None:
    """The job with this GUID, whoever's it is."""
    row = connection.execute(sa.select(job_table).where(job_table.c.guid == guid)).first()
    return None if row is None else job_of(row)


def move(
    connection: sa.Connection, guid: str, allowed: tuple[State, ...], to: State, **values: object
) -> Job | None:
    """Put the job into state `to` if it is in one of `allowed` now; the job as it became, else None."""
    statement = (
        sa.update(job_table)
        .where(job_table.c.guid == guid, job_table.c.state.in_(allowed))
        .values(state=to, **values)
        .returning(job_table)
    )
    row = connection.execute(statement).first()
    return None if row is None else job_of(row)


def end(
    connection: sa.Connection,
    guid: str,
    allowed: tuple[State, ...],
    to: State,
    now: datetime,
    **values: object,
) -> Job | None:
    """Like `move`, for the one ending of a job. `allowed` may hold unfinished states only.

    Whatever the ending, an operation's sealed location is erased with it.
    """
    if not set(allowed) <= set(UNFINISHED):
        raise ValueError("A final state is never overwritten.")
    job = move(connection, guid, allowed, to, ended_as=to, finished=to_text(now), **values)
    if job is not None:
        erase_location(connection, guid)
    return job


def counts_text(counts: tuple[SheetCount, ...]) -> str:
    """Rows per sheet as the column `counts` holds them."""
    return json.dumps([[count.name, count.rows, count.parts] for count in counts])


def request_text(received: Mapping[str, tuple[str, ...]]) -> str:
    """A request as the column `request` holds it, whatever the order of its names."""
    return json.dumps({name: list(received[name]) for name in sorted(received)}, ensure_ascii=False)
