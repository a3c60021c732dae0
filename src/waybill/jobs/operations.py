"""Operations: personal-data exports into a container of the caller's, each a job with a destination (graph.md 2 to 4).

Everything that may refuse a destination is done before the caller gets an answer; what is accepted is
one transaction, and is kept. The whole location, with its SAS, exists sealed until the job ends, and in
memory while it is used; what is shown, logged or audited is the location without its query.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from waybill.clock import Clock
from waybill.delivery.outgoing import Target
from waybill.errors import DataProblem, NotFound
from waybill.export import Received
from waybill.jobs.accept import Asked, accept_operation, check_queue
from waybill.jobs.bundle import Delivery
from waybill.jobs.operation_table import Destined, destined_of, operation_table, sealed_row
from waybill.jobs.storage import Storage
from waybill.jobs.table import UNFINISHED, WITH_FILE, Job, State, job_of, job_table
from waybill.sealing import CannotOpen, Sealer
from waybill.settings import Settings

DESCRIPTION = (
    "Waybill claimed this container for one export of the personal data of one person. While this file is "
    "here, no other export is written into the container."
)
_ALMOST = 99.9
"""Progress of an operation whose files are all delivered and which has not ended yet."""


class Status(StrEnum):
    """How an operation stands, in the words of the wire (graph.md 4); it never goes back."""

    NOT_STARTED = "notStarted"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as it stood when it was read. Times are aware, UTC.

    id                the GUID of its job
    number            the number of its job, by which Jobs.cancel stops it
    user_id           object id of the person
    storage_location  without a query; None for a folder of this machine
    completed         set if, and only if, the status is complete or failed
    progress          0.0 to 100.0, files delivered over files expected; 100.0 says complete
    error             why it failed, in words a client may see
    gaps              what belongs into the export and could not be read; the manifest names each
    """

    id: str
    number: int
    tenant: str
    user_id: str
    storage_location: str | None
    submitted: datetime
    completed: datetime | None
    status: Status
    progress: float
    error: str
    client_id: str
    export: str
    gaps: int = 0


class Operations:
    """Begin operations and look at them. Methods block on disk and network: call them off an event loop."""

    def __init__(
        self,
        control: sa.Engine,
        settings: Settings,
        clock: Clock,
        sealer: Sealer,
        storage: Storage,
        enqueue: Callable[[Job], None],
    ) -> None:
        """`enqueue` brings an accepted job to the engine (Jobs.enqueue)."""
        self._control = control
        self._settings = settings
        self._clock = clock
        self._sealer = sealer
        self._storage = storage
        self._enqueue = enqueue

    # Beginning

    def check(self, tenant: str, storage_location: str) -> None:
        """Whether this can be a location at all (row 2 of graph.md 2.3); cheap. Raises LocationRefused."""
        self._storage.check(tenant, storage_location)

    def begin(
        self,
        tenant: str,
        export: str,
        subject: str,
        received: Received,
        client_id: str,
        snapshot: str,
        storage_location: str,
    ) -> Operation:
        """Claim the container and accept the export; what is returned is kept, whatever happens next.

        `received` has passed `Export.read` and `admit`; `subject` is the person's object id. Raises
        LocationRefused (rows 2 and 5 to 11) and Busy; then nothing of ours stays in the container.
        """
        with self._control.connect() as connection:  # before anything is written far away
            check_queue(connection, tenant, self._settings.queue_limit)
        located = self._storage.locate(tenant, storage_location)
        guid, now = self._clock.guid(), self._clock.now()
        info = request_info(guid, tenant, subject, now)
        self._storage.claim(located, info.encode())
        sealed = self._sealer.seal(located.whole.encode(), sealed_row(guid))
        destined = Destined(subject, located.shown, "", sealed, info)
        asked = Asked(tenant, export, received, client_id, snapshot)
        return self._accept(asked, guid, now, destined, lambda: self._storage.release(located))

    def begin_local(
        self,
        tenant: str,
        export: str,
        subject: str,
        received: Received,
        client_id: str,
        snapshot: str,
        folder: Path,
    ) -> Operation:
        """The same into a folder of this machine, for the command line; the caller may name any folder.

        Raises LocationRefused if an export lies there already, and Busy.
        """
        whole = folder.absolute()
        guid, now = self._clock.guid(), self._clock.now()
        info = request_info(guid, tenant, subject, now)
        self._storage.claim_folder(whole, info.encode())
        destined = Destined(subject, "", str(whole), None, info)
        asked = Asked(tenant, export, received, client_id, snapshot)
        return self._accept(asked, guid, now, destined, lambda: self._storage.release_folder(whole))

    def _accept(
        self, asked: Asked, guid: str, now: datetime, destined: Destined, release: Callable[[], None]
    ) -> Operation:
        try:
            job = accept_operation(self._control, self._settings, asked, guid, now, destined)
        except BaseException:
            release()
            raise
        self._enqueue(job)
        return self.get(asked.tenant, guid)

    # Looking

    def get(self, tenant: str, id: str) -> Operation:  # noqa: A002  # the wire's own word
        """The tenant's operation of that id, in any letter case. Raises NotFound, in the same words
        whether or not another tenant has it."""
        query = _query(tenant).where(job_table.c.guid == id.lower())
        with self._control.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(
                "There is no such operation.",
                "Use the id at the end of the Location that the export returned.",
            )
        return _operation_of(row)

    def list(self, tenant: str) -> builtins.list[Operation]:
        """All operations of the tenant that retention has kept, newest first."""
        query = _query(tenant).order_by(job_table.c.created.desc(), job_table.c.number.desc())
        with self._control.connect() as connection:
            return [_operation_of(row) for row in connection.execute(query)]

    # Running

    def delivery_of(self, job: Job) -> Delivery:
        """What the runner needs to deliver this job's bundle; each run of a job builds it anew.

        Raises DataProblem if its location cannot be opened any more, LocationRefused if it is not
        allowed any more.
        """
        with self._control.connect() as connection:
            destined = destined_of(connection, job.guid)
        if destined is None:
            raise DataProblem(f"{job.export} has no destination.", "Request it with a storage location.")
        return Delivery(
            operation=job.guid,
            user_id=destined.user_id,
            submitted=job.created,
            request_info=destined.request_info.encode(),
            target=self._target(job, destined),
            journal=self._journal(job.guid),
        )

    def delivery_over(self, guid: str) -> None:
        self._journal(guid).unlink(missing_ok=True)

    def _journal(self, guid: str) -> Path:
        return self._settings.deliveries_path / f"{guid}.journal"

    def _target(self, job: Job, destined: Destined) -> Target:
        if destined.folder:
            return self._storage.folder_target(Path(destined.folder))
        try:
            whole = self._sealer.open(destined.sealed or b"", sealed_row(job.guid)).decode()
        except CannotOpen:
            raise DataProblem(
                "The storage location of this export cannot be opened any more: the sealing key was changed.",
                "Request the export again, into an empty container.",
            ) from None
        return self._storage.target(whole)


def request_info(guid: str, tenant: str, user_id: str, now: datetime) -> str:
    """The text of RequestInfo.json (graph.md 8): indented JSON with a final newline.

    One GUID is enough to find everything: it is the operation's, the command's and the correlation's.
    """
    told = {
        "Description": DESCRIPTION,
        "CorrelationId": guid,
        "CommandId": guid,
        "Subject": {"TenantId": tenant, "ObjectId": user_id},
        "Timestamp": now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "RequestGuid": guid,
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _query(tenant: str) -> sa.Select[Any]:
    joined = job_table.join(operation_table, operation_table.c.guid == job_table.c.guid)
    ours = (
        operation_table.c.user_id,
        operation_table.c.location,
        operation_table.c.done,
        operation_table.c.expected,
    )
    return sa.select(job_table, *ours).select_from(joined).where(operation_table.c.tenant == tenant)


def _operation_of(row: sa.Row[Any]) -> Operation:
    job = job_of(row)
    status = _status(job)
    return Operation(
        id=job.guid,
        number=job.number,
        tenant=job.tenant,
        user_id=row.user_id,
        storage_location=row.location or None,
        submitted=job.created,
        completed=job.finished,
        status=status,
        progress=_progress(status, row.done, row.expected),
        error=job.error
        or ("This export was stopped by an operator." if job.ended_as is State.STOPPED else ""),
        client_id=job.client_id,
        export=job.export,
        gaps=job.exceptions,
    )


def _status(job: Job) -> Status:
    if job.state in UNFINISHED:
        # A job that goes back to the queue, because its server was told to end, has begun all the same.
        return Status.NOT_STARTED if job.started is None else Status.RUNNING
    return Status.COMPLETE if job.ended_as in WITH_FILE else Status.FAILED


def _progress(status: Status, done: int, expected: int) -> float:
    if status is Status.COMPLETE:
        return 100.0
    return min(_ALMOST, round(100.0 * done / expected, 1)) if expected else 0.0
