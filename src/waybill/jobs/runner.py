"""Run one job from `queued` to its one ending, as often as it takes: the engine may call it twice.

The row in the control store is the only truth. Whatever happened before (a kill, a full disk, a
cancellation while nobody ran), `run` reads the row and does what is left to do, possibly nothing.
"""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from structlog.contextvars import bound_contextvars

from waybill import log
from waybill.clock import Clock
from waybill.delivery import folder
from waybill.errors import Cancelled, WaybillError, is_disk_full
from waybill.export import Produced
from waybill.jobs.produce import Means, file_folder, produce
from waybill.jobs.progress import Interrupted, Progress
from waybill.jobs.table import UNFINISHED, Job, State, by_guid, counts_text, end, job_table, move, to_text

MAX_ATTEMPTS = 4
"""A job that ended the process this many times is given up (a poison job)."""
SUSPECT_AFTER = 2
"""From so many such endings on, a job runs alone among its like, so that others do not fail with it."""

_GIVEN_UP = (
    f"This export was cut short {MAX_ATTEMPTS} times, each time with the whole service, so it was given up. "
    "Ask for less at once (fewer sites, or the summary only), or give the server more memory."
)
_DISK_FULL = (
    "The disk of the server is full; no file was made. Ask its operator to free space, then request again."
)


class Runner:
    """Runs jobs in the calling thread; several threads may call it."""

    def __init__(self, control: sa.Engine, means: Means, clock: Clock) -> None:
        self._control = control
        self._means = means
        self._clock = clock
        self._log = log.get(__name__)
        self._leaving = threading.Event()
        self._closed = threading.Event()
        self._idle = threading.Condition()
        self._running: set[str] = set()
        self._one_suspect = threading.Lock()

    def run(self, guid: str) -> None:
        """Do what is left of the job. Raises Interrupted if this process ends first, else nothing
        but trouble with the control store itself."""
        if self._closed.is_set():
            raise Interrupted
        with self._idle:
            if guid in self._running:
                return
            self._running.add(guid)
        try:
            with bound_contextvars(job=guid):
                self._run(guid)
        finally:
            with self._idle:
                self._running.discard(guid)
                self._idle.notify_all()

    def leave(self, grace: float) -> bool:
        """Begin nothing new, let running jobs finish for `grace` seconds, then interrupt them.

        False if one is still busy inside one long query 10 seconds later; the process may end all the same.
        """
        self._closed.set()
        with self._idle:
            self._idle.wait_for(lambda: not self._running, grace)
            self._leaving.set()
            return self._idle.wait_for(lambda: not self._running, 10)

    def _run(self, guid: str) -> None:
        with self._control.connect() as connection:
            job = by_guid(connection, guid)
        if job is None or job.state not in UNFINISHED:
            return
        with self._alone_if_suspect(job):
            begun = self._begin(guid)
            if begun is not None:
                self._work(begun)

    @contextmanager
    def _alone_if_suspect(self, job: Job) -> Iterator[None]:
        if job.attempts < SUSPECT_AFTER:
            yield
            return
        while not self._one_suspect.acquire(timeout=0.2):
            if self._leaving.is_set():
                raise Interrupted
        try:
            yield
        finally:
            self._one_suspect.release()

    def _begin(self, guid: str) -> Job | None:
        """Count the attempt before anything that may end the process. None: there is nothing to run."""
        now = self._clock.now()
        with self._control.begin() as connection:
            job = move(
                connection,
                guid,
                (State.QUEUED, State.RUNNING),
                State.RUNNING,
                attempts=job_table.c.attempts + 1,
                started=sa.func.coalesce(job_table.c.started, to_text(now)),
                progress_sheet="",
                progress_rows=0,
            )
            if job is not None and job.attempts > MAX_ATTEMPTS:
                end(connection, guid, (State.RUNNING,), State.FAILED, now, error=_GIVEN_UP)
        if job is None:  # a cancellation came first
            self._stop(guid)
            return None
        if job.attempts > MAX_ATTEMPTS:
            self._log.error("job given up", attempts=job.attempts - 1)
            return None
        return job

    def _work(self, job: Job) -> None:
        try:
            made = produce(job, self._means, Progress(self._control, self._clock, job.guid, self._leaving))
        except Interrupted:
            self._release(job.guid)
            raise
        except Cancelled:
            self._stop(job.guid)
        except WaybillError as error:
            self._fail(job, str(error))
            self._log.warning("job failed", reason=str(error))
        except Exception as error:  # noqa: BLE001  # whatever an export raises ends its job, not the service
            self._fail(job, _explain(error, job.guid))
            self._log.exception("job failed")
        else:
            self._finish(job, made)
        self._means.deliveries.delivery_over(job.guid)  # only now: an ending that was not kept is run again

    def _finish(self, job: Job, made: Produced) -> None:
        """Only now, with the file verified where people fetch it, the job is done."""
        to = State.FINISHED_WITH_EXCEPTIONS if made.exceptions else State.FINISHED
        ended = self._end(
            job.guid,
            (State.RUNNING,),
            to,
            progress_sheet="",
            progress_rows=sum(count.rows for count in made.counts),
            counts=counts_text(made.counts),
            exceptions=made.exceptions,
            file_name=Path(made.path).name,
            size=made.size,
            sha256=made.sha256,
        )
        if ended is None:
            self._stop(job.guid)
        else:
            self._log.info("job finished", state=str(to), size=made.size, exceptions=made.exceptions)

    def _fail(self, job: Job, message: str) -> None:
        folder.remove(file_folder(self._means.files, job.tenant, job.guid))
        if self._end(job.guid, (State.RUNNING,), State.FAILED, error=message) is None:
            self._stop(job.guid)

    def _stop(self, guid: str) -> None:
        with self._control.connect() as connection:
            job = by_guid(connection, guid)
        if job is not None and job.state is State.STOPPING:
            folder.remove(file_folder(self._means.files, job.tenant, guid))
            self._end(guid, (State.STOPPING,), State.STOPPED)
            self._log.info("job stopped")

    def _end(self, guid: str, allowed: tuple[State, ...], to: State, **values: object) -> Job | None:
        peak = peak_memory_mb()
        with self._control.begin() as connection:
            return end(
                connection, guid, allowed, to, self._clock.now(), process_peak_memory_mb=peak, **values
            )

    def _release(self, guid: str) -> None:
        """Back to the queue: leaving in good order is no attempt that failed."""
        with self._control.begin() as connection:
            move(
                connection,
                guid,
                (State.RUNNING,),
                State.QUEUED,
                attempts=job_table.c.attempts - 1,
                progress_sheet="",
                progress_rows=0,
            )


def _explain(error: Exception, reference: str) -> str:
    """What a client may know of an unforeseen error: nothing of its text, which may hold anything."""
    if is_disk_full(error):
        return _DISK_FULL
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":
        return "The export needs more memory than a job may use. Ask for less at once, or raise report_memory_mb."
    return f"The export failed for a reason the server did not foresee. Its log tells more under {reference}."


def peak_memory_mb() -> int:
    """Highest resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024) if sys.platform == "darwin" else peak // 1024
