"""Accept a request: one transaction that writes the job, its audit line and the pin on its snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from waybill import audit
from waybill.clock import Clock
from waybill.errors import Busy
from waybill.export import Received
from waybill.jobs import operation_table
from waybill.jobs.operation_table import Destined
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
        check_queue(connection, asked.tenant, settings.queue_limit)
        job = _insert(connection, asked, number, clock.guid(), clock.now(), fingerprint)
        detail = {"number": number, "export": asked.export, "snapshot": asked.snapshot}
        _record(connection, job, "job.submit", detail)
        return job


def accept_operation(
    control: sa.Engine, settings: Settings, asked: Asked, guid: str, now: datetime, destined: Destined
) -> Job:
    """The new job of an operation with its own row, committed. Two alike are two: each has a container.

    Raises Busy like `accept`. `destined` holds no secret but the sealed one.
    """
    with control.begin() as connection:
        number = next_number(connection, asked.tenant)  # first: it takes the write lock
        check_queue(connection, asked.tenant, settings.queue_limit)
        job = _insert(connection, asked, number, guid, now, fingerprint=guid)
        operation_table.insert(connection, guid, asked.tenant, destined)
        detail = {
            "export": asked.export,
            "snapshot": asked.snapshot,
            "user": destined.user_id,
            "location": destined.location or "a folder of the server",
        }
        _record(connection, job, "operation.submit", detail)
        return job


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


def check_queue(connection: sa.Connection, tenant: str, limit: int) -> None:
    """Raises Busy if so many jobs of the tenant wait already."""
    waiting = connection.execute(
        sa.select(sa.func.count()).where(job_table.c.tenant == tenant, job_table.c.state == State.QUEUED)
    ).scalar_one()
    if waiting >= limit:
        raise Busy(
            f"{waiting} exports of this tenant are waiting already.",
            "Try again when some of them have finished.",
        )


def _insert(
    connection: sa.Connection, asked: Asked, number: int, guid: str, now: datetime, fingerprint: str
) -> Job:
    statement = job_table.insert().values(
        guid=guid,
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
    return job_of(connection.execute(statement.returning(job_table)).one())


def _record(connection: sa.Connection, job: Job, action: str, detail: Mapping[str, object]) -> None:
    audit.record(connection, audit.Entry(job.created, job.tenant, job.client_id, action, job.guid, detail))
