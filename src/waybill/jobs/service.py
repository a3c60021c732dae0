"""Jobs as the rest of the program sees them: submit, look, cancel, fetch, and the engine's life."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue

import sqlalchemy as sa

from waybill import audit, log
from waybill.clock import Clock
from waybill.errors import Conflict, Gone, NotFound
from waybill.export import Received
from waybill.jobs import retention
from waybill.jobs.accept import Asked, accept
from waybill.jobs.engine import Engine
from waybill.jobs.glance import Glance
from waybill.jobs.lock import DataLock
from waybill.jobs.produce import Means, file_folder
from waybill.jobs.runner import Runner
from waybill.jobs.table import (
    UNFINISHED,
    WITH_FILE,
    Job,
    State,
    by_guid,
    end,
    job_of,
    job_table,
    move,
)
from waybill.settings import Settings

RETRY_AFTER_SECONDS = 5
HOUSEKEEPING_SECONDS = 60.0
"""How often what fell between two stools is picked up, and retention is looked after."""
_LARGEST_NUMBER = 2**31 - 1


class NotReady(Conflict):
    """The file is not there yet; ask again after `retry_after` seconds."""

    def __init__(self, message: str, hint: str = "", retry_after: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class _Running:
    """What exists only while this process runs jobs."""

    lock: DataLock
    runner: Runner
    engine: Engine
    leaving: threading.Event
    threads: tuple[threading.Thread, ...]
    accepted: SimpleQueue[Job | None]
    """Jobs on their way to the engine; None is the last."""


class Jobs:
    """All methods but `glance` block on disk: call them from a thread, not from an event loop.

    Without `start`, in any process, everything works but the running of jobs: what is submitted waits
    in the control store, and a running job of another process stops when it is cancelled here.
    """

    def __init__(self, control: sa.Engine, settings: Settings, clock: Clock) -> None:
        self._control = control
        self._settings = settings
        self._clock = clock
        self._log = log.get(__name__)
        self._running: _Running | None = None
        self._glance = Glance(control)

    # The engine's life

    def start(self, means: Means) -> None:
        """Run jobs in this process from now on, first those an earlier process accepted or left.

        Raises Conflict if another process already does on this data folder.
        """
        if self._running is not None:
            raise Conflict("This process already runs jobs.")
        lock = DataLock(self._settings.data)
        try:
            retention.remove_work(means.work)
            runner = Runner(self._control, means, self._clock)
            engine = Engine(self._settings.engine_path, runner.run, per_tenant=self._settings.jobs_per_tenant)
        except BaseException:
            lock.release()
            raise
        leaving, accepted = threading.Event(), SimpleQueue[Job | None]()
        work: dict[str, tuple[Callable[..., None], tuple[object, ...]]] = {
            "jobs-housekeeping": (self._keep_house, (leaving, means.sweeps)),
            "jobs-queueing": (self._queue, (engine, accepted)),
        }
        threads = tuple(
            threading.Thread(target=target, args=args, name=name, daemon=True)
            for name, (target, args) in work.items()
        )
        self._running = _Running(lock, runner, engine, leaving, threads, accepted)
        for thread in threads:
            thread.start()

    def shutdown(self, grace: float = 0) -> bool:
        """Stop running jobs: none begins, running ones get `grace` seconds to finish, then go back to
        the queue for the next start. Nothing is lost.

        False if a job was still inside one long query: its thread keeps Python from exiting, so the
        caller ends the process with os._exit, which is as safe as kill -9.
        """
        if self._running is None:
            return True
        running, self._running = self._running, None
        running.leaving.set()
        idle = running.runner.leave(grace)
        running.accepted.put(None)
        for thread in running.threads:
            thread.join(timeout=10)
        running.engine.stop()
        if idle:  # else its thread may still write to the job's row, and no other process may run it
            running.lock.release()
        return idle

    def recover(self) -> int:
        """Bring the engine in line with the job rows, which are the truth; returns how many jobs it got.

        An accepted job the engine has never heard of (a kill between row and queue), or has given up,
        is queued; what has ended is forgotten by the engine.
        """
        running = self._running
        if running is None:
            return 0
        engine = running.engine
        ended = engine.ended()  # read before the rows: what ended in good order has its final row by then
        unfinished = self._unfinished()
        engine.forget(ended)
        known = engine.known(job.guid for job in unfinished)
        missing = [job for job in unfinished if job.guid not in known]
        for job in missing:
            engine.enqueue(job.guid, job.tenant, job.number)
        return len(missing)

    def _unfinished(self) -> builtins.list[Job]:
        query = sa.select(job_table).where(job_table.c.state.in_(UNFINISHED)).order_by(job_table.c.created)
        with self._control.connect() as connection:
            return [job_of(row) for row in connection.execute(query)]

    def _keep_house(self, leaving: threading.Event, sweeps: tuple[Callable[[], object], ...]) -> None:
        while True:
            try:
                self.recover()
                self.sweep()
                for sweep in sweeps:
                    sweep()
            except Exception:  # noqa: BLE001  # a full disk today must not end housekeeping for good
                self._log.exception("housekeeping failed; it will be tried again")
            if leaving.wait(HOUSEKEEPING_SECONDS):
                return

    def sweep(self) -> retention.Swept:
        """Apply retention now: files, working files, rows; the engine's records go by `recover`."""
        swept = retention.sweep(
            self._control,
            self._settings.files_path,
            self._settings.work_path,
            self._settings.deliveries_path,
            self._clock.now(),
            timedelta(days=self._settings.retention_days),
        )
        if swept.expired or swept.rows or swept.leftovers:
            self._log.info("swept", expired=swept.expired, rows=swept.rows, leftovers=swept.leftovers)
        return swept

    # Asking for work

    def submit(self, tenant: str, export: str, received: Received, client_id: str, snapshot: str) -> Job:
        """Accept a request that `Export.read` and `admit` have passed, pinned to `snapshot`.

        One transaction writes the job, the audit line and the pin; what is returned is kept, whatever
        happens next. With `join_identical`, the client's unfinished job of the same request on the
        same snapshot is returned instead. Raises Busy if the tenant's queue is full.
        """
        asked = Asked(tenant, export, received, client_id, snapshot)
        job = accept(self._control, self._settings, self._clock, asked)
        self.enqueue(job)
        return job

    def enqueue(self, job: Job) -> None:
        """Let an accepted job be brought to the engine, if this process runs jobs; housekeeping does it otherwise.

        Whoever asked for the job does not wait for that: it is kept already, and the engine's own commit
        would be a second one before the answer.
        """
        if self._running is not None:
            self._running.accepted.put(job)

    def _queue(self, engine: Engine, accepted: SimpleQueue[Job | None]) -> None:
        while (job := accepted.get()) is not None:
            try:
                engine.enqueue(job.guid, job.tenant, job.number)
            except Exception:  # noqa: BLE001  # the job is accepted; housekeeping will queue it
                self._log.exception("not queued yet; it will be tried again", job=job.guid)

    def cancel(self, tenant: str, number: int, client_id: str = "") -> Job:
        """Ask a job to stop: one that waits is `stopped` at once, one that runs is `stopping` and ends
        within a batch of rows. Twice is as good as once.

        Raises NotFound, and Conflict if it has ended otherwise.
        """
        guid = self.get(tenant, number).guid
        now = self._clock.now()
        with self._control.begin() as connection:
            job = end(connection, guid, (State.QUEUED,), State.STOPPED, now, cancel_requested=True)
            job = job or move(connection, guid, (State.RUNNING,), State.STOPPING, cancel_requested=True)
            if job is not None:
                line = audit.Entry(now, tenant, client_id, "job.cancel", guid, {"number": number})
                audit.record(connection, line)
        if job is None:
            job = self.get(tenant, number)
            if job.state not in (State.STOPPING, State.STOPPED):
                raise Conflict(f"Job {number} cannot be stopped: it is {_words(job.state)}.")
        return job

    # Looking

    def get(self, tenant: str, number: int) -> Job:
        """The tenant's job of that number. Raises NotFound, in the same words whether or not another
        tenant has such a number (insights.md 1.2)."""
        if 0 < number <= _LARGEST_NUMBER:
            query = sa.select(job_table).where(job_table.c.tenant == tenant, job_table.c.number == number)
            with self._control.connect() as connection:
                row = connection.execute(query).first()
            if row is not None:
                return job_of(row)
        raise NotFound("There is no such job.", "Use the jobId that the export request returned.")

    def glance(self, keys: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Job]:
        """What `get` gives for each (tenant, number), as it stands now, without waiting. For one that is not
        in the answer ask `get`: there may be none."""
        return self._glance.jobs(keys)

    def find(self, guid: str) -> Job:
        """A job by its GUID, of any tenant: for operators. Raises NotFound."""
        with self._control.connect() as connection:
            job = by_guid(connection, guid)
        if job is None:
            raise NotFound("There is no such job.", "List them with `waybill jobs list`.")
        return job

    def list(self, tenant: str | None = None, limit: int = 100) -> builtins.list[Job]:
        """The newest `limit` jobs, newest first, of one tenant or (for operators) of all."""
        query = sa.select(job_table).order_by(job_table.c.created.desc(), job_table.c.number.desc())
        if tenant is not None:
            query = query.where(job_table.c.tenant == tenant)
        with self._control.connect() as connection:
            return [job_of(row) for row in connection.execute(query.limit(limit))]

    def pinned_snapshots(self) -> frozenset[tuple[str, str]]:
        """(tenant, snapshot) of every unfinished job: these snapshots must not be deleted."""
        query = sa.select(job_table.c.tenant, job_table.c.snapshot).where(job_table.c.state.in_(UNFINISHED))
        with self._control.connect() as connection:
            return frozenset((row.tenant, row.snapshot) for row in connection.execute(query))

    def file_of(self, job: Job) -> Path:
        """The job's published, verified file.

        Raises NotReady (with `retry_after` seconds) before the end, Conflict if the job failed, was
        stopped or delivered elsewhere, Gone once retention has deleted the file.
        """
        if job.state in UNFINISHED:
            raise NotReady(f"Job {job.number} has not finished yet.", "Ask again later.")
        if job.state is State.FAILED:
            raise Conflict(f"Job {job.number} failed and has no file: {job.error}")
        if job.state is State.STOPPED:
            raise Conflict(f"Job {job.number} was stopped and has no file.", "Request the export again.")
        if job.state in WITH_FILE and not job.file_name:
            raise Conflict(f"Job {job.number} has no file here: it was delivered where its request said.")
        path = file_folder(self._settings.files_path, job.tenant, job.guid) / job.file_name
        if job.state not in WITH_FILE or not path.is_file():
            raise Gone(
                f"The file of job {job.number} has been deleted: files are kept for "
                f"{self._settings.retention_days:g} days.",
                "Request the export again.",
            )
        return path


def _words(state: State) -> str:
    return str(state).replace("_", " ")
