"""DBOS behind four verbs: it queues job GUIDs, runs them by tenant and brings them back after kill -9.

What the measurements ask for (design.md, "Jobs"): one process on SQLite, connections of our own
(WAL, FULL, busy timeout), a pinned application version, a stable executor id, JSON and never pickle,
a poll every 0.1 s. DBOS knows nothing of a job but its GUID; how it stands is said by the job row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID

from waybill.control import sqlite_engine
from waybill.errors import DataProblem

QUEUE = "exports"
WORKFLOW = "export_job"
WORKFLOW_FORMAT = "waybill-jobs-1"
"""Changes only if a job recorded by an older version could not be taken up by this one. Never the hash
of the source, which DBOS takes by default: an upgrade would strand every accepted job."""
EXECUTOR = "waybill-single"
POLL_SECONDS = 0.1
WORKERS = 8
"""Jobs that run at once over all tenants, at least; one tenant never has them all."""

_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_MANY = 500


class Engine:
    """The one engine of this process: DBOS is global to it. Methods block: call them off an event loop."""

    def __init__(self, path: Path, run: Callable[[str], None], *, per_tenant: int) -> None:
        """Start, and go on with what an earlier process left. `run` gets a job's GUID in a worker thread.

        Raising BaseException from `run` leaves the job pending for the next process. Raises DataProblem
        if the file at `path` is damaged.
        """
        _quiet()
        self._sql = _engine(path)
        config: DBOSConfig = {
            "name": "waybill",
            "system_database_url": f"sqlite:///{path}",
            "system_database_engine": self._sql,
            "application_version": WORKFLOW_FORMAT,
            "executor_id": EXECUTOR,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "enable_otlp": False,
            "use_listen_notify": False,
            # Its thread sleeps that long at a time, and the end of every process waits for it.
            "notification_listener_polling_interval_sec": POLL_SECONDS,
        }
        try:
            DBOS(config=config)
            # The runner counts attempts itself, in the job row, where leaving in good order does not count
            # and the last one ends the job as failed; DBOS would park it without a word.
            self._workflow = DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(_workflow(run))
            DBOS.launch()
            DBOS.register_queue(
                QUEUE,
                worker_concurrency=max(WORKERS, per_tenant + 3),
                partition_concurrency=per_tenant,
                polling_interval_sec=POLL_SECONDS,
                on_conflict="always_update",
            )
        except BaseException as error:
            self.stop()
            if isinstance(error, sa.exc.DatabaseError):
                raise DataProblem(
                    f"The job queue in {path.name} cannot be used: {error.orig}.",
                    f"Delete {path.name} with its -wal and -shm; no job is lost, since the control store "
                    "has them all and queues them again at the next start.",
                ) from error
            raise

    def enqueue(self, guid: str, tenant: str, number: int) -> None:
        """Queue the job behind those of its tenant with smaller numbers; a second time does nothing."""
        # The number as priority, since on SQLite the engine's own order has a resolution of one second.
        options = SetEnqueueOptions(queue_partition_key=tenant, priority=number)
        with SetWorkflowID(guid), options:
            DBOS.enqueue_workflow(QUEUE, self._workflow, guid)

    def known(self, guids: Iterable[str]) -> set[str]:
        """Those of `guids` the engine has a record of."""
        found: set[str] = set()
        for some in _chunks(guids):
            statuses = DBOS.list_workflows(workflow_ids=some, load_input=False, load_output=False)
            found.update(status.workflow_id for status in statuses)
        return found

    def ended(self) -> list[str]:
        """GUIDs of all jobs the engine is done with and still has records of."""
        statuses = DBOS.list_workflows(status=_ENDED, load_input=False, load_output=False)
        return [status.workflow_id for status in statuses]

    def forget(self, guids: Iterable[str]) -> None:
        """Delete the engine's records of these jobs, which it must be done with."""
        for some in _chunks(guids):
            DBOS.delete_workflows(some)

    def stop(self) -> None:
        """Shut the engine down at once; what still runs stays pending."""
        DBOS.destroy(destroy_registry=True)
        self._sql.dispose()


def _workflow(run: Callable[[str], None]) -> Callable[[str], None]:
    # No DBOS steps inside: a job is one unit that may run again from the top, and its own row already
    # records how far it came. A second record could only disagree.
    def export_job(guid: str) -> None:
        run(guid)

    return export_job


def _engine(path: Path) -> sa.Engine:
    engine = sqlite_engine(path)

    @sa.event.listens_for(engine, "connect")
    def _immediate(connection: Any, _record: Any) -> None:
        # As DBOS does on connections of its own: writers wait their turn instead of failing half-way.
        connection.isolation_level = "IMMEDIATE"

    return engine


def _quiet() -> None:
    """Send DBOS's log through ours: with a handler in place it adds none of its own."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _chunks(guids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(guids)
    while some := list(islice(rest, _MANY)):
        yield some
