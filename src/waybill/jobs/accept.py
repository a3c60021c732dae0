"""Accept a request: one transaction that writes the job, its audit line and the pin on its snapshot."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import sqlalchemy as sa

from waybill import audit
from waybill.clock import Clock
from waybill.errors import Busy
from waybill.export import Received
from waybill.jobs.table import Job, State, job_of, job_table, next_number, request_text, to_text
from waybill.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for which export of which snapshot. `received` has passed `Export.read` and `admit`."""

    tenant: str
    export: str
    received: Received
    client_id: str
    snapshot: str


def accept(control: sa.Engine, settings: Settings, clock: Clock, asked: Asked) -> Job:
    """The new job, committed; or, with `join_identical`, the client's unfinished job of the same request.

    Raises Busy if `queue_limit` jobs of the tenant wait already.
    """
    fingerprint = _fingerprint(asked)
    with control.connect() as connection, connection.begin() as transaction:
        number = next_number(connection, asked.tenant)  # first: it takes the write lock
        twin = _twin(connection, asked.tenant, fingerprint) if settings.join_identical else None
        if twin is not None:
            transaction.rollback()  # the number was not used
            return twin
        _check_queue(connection, asked.tenant, settings.queue_limit)
        return _insert(connection, clock, asked, number, fingerprint)


def _fingerprint(asked: Asked) -> str:
    parts = (asked.tenant, asked.client_id, asked.export, request_text(asked.received), asked.snapshot)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _twin(connection: sa.Connection, tenant: str, fingerprint: str) -> Job | None:
    row = connection.execute(
        sa.select(job_table)
        .where(
            job_table.c.tenant == tenant,
            job_table.c.state.in_((State.QUEUED, State.RUNNING)),
            job_table.c.fingerprint == fingerprint,
        )
        .order_by(job_table.c.number)
    ).first()
    return None if row is None else job_of(row)


def _check_queue(connection: sa.Connection, tenant: str, limit: int) -> None:
    waiting = connection.execute(
        sa.select(sa.func.count()).where(job_table.c.tenant == tenant, job_table.c.state == State.QUEUED)
    ).scalar_one()
    if waiting >= limit:
        raise Busy(
            f"{waiting} exports of this tenant are waiting already.",
            "Try again when some of them have finished.",
        )


def _insert(connection: sa.Connection, clock: Clock, asked: Asked, number: int, fingerprint: str) -> Job:
    now = clock.now()
    statement = job_table.insert().values(
        guid=clock.guid(),
        tenant=asked.tenant,
        number=number,
        export=asked.export,
        request=request_text(asked.received),
        client_id=asked.client_id,
        snapshot=asked.snapshot,
        fingerprint=fingerprint,
        state=State.QUEUED,
        created=to_text(now),
    )
    job = job_of(connection.execute(statement.returning(job_table)).one())
    detail = {"number": number, "export": asked.export, "snapshot": asked.snapshot}
    audit.record(connection, audit.Entry(now, asked.tenant, asked.client_id, "job.submit", job.guid, detail))
    return job
