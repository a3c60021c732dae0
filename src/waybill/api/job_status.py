"""What the status call tells of a job: the vendor's three members, and `progress` for people (insights.md 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from waybill.api.bodies import JobStatus, Progress
from waybill.jobs.table import Job, State

FINISHED, WITH_EXCEPTIONS = 2, 4
_STATUS: Mapping[State, int] = {
    State.QUEUED: 1,  # documented clients know no 0
    State.RUNNING: 1,
    State.FINISHED: FINISHED,
    State.FAILED: 3,
    State.FINISHED_WITH_EXCEPTIONS: WITH_EXCEPTIONS,
    State.STOPPING: 5,
    State.STOPPED: 6,
    State.EXPIRED: FINISHED,  # only if the row does not say how it ended
}


def status_text(job: Job, *, plain: bool) -> str:
    """The answer's JSON. `plain`: a job with exceptions is told as finished (setting `plain_status`)."""
    return _body(job, plain=plain).model_dump_json()


def _body(job: Job, *, plain: bool) -> JobStatus:
    """An expired job keeps the number it ended with."""
    number = _STATUS[job.ended_as or job.state]
    if number == WITH_EXCEPTIONS and plain:
        number = FINISHED
    progress = Progress(
        state=job.state,
        sheet=job.sheet,
        rows=job.rows,
        exceptions=job.exceptions,
        requested=_to_second(job.created),
        started=job.started and _to_second(job.started),
        finished=job.finished and _to_second(job.finished),
        snapshot=job.snapshot,
        sheets={count.name: count.rows for count in job.counts},
        peak_memory_mb=job.process_peak_memory_mb or None,
    )
    return JobStatus(job_status=number, message=_message(job), progress=progress)


def _to_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _message(job: Job) -> str:
    match job.state:
        case State.FINISHED_WITH_EXCEPTIONS:
            return f"Finished; {job.exceptions} row(s) on the sheet Exceptions say what to know."
        case State.FAILED:
            return job.error or "The export failed."
        case State.STOPPING:
            return "The job was asked to stop."
        case State.STOPPED:
            return "The job was stopped; there is no file."
        case State.EXPIRED:
            return "The file was deleted when its time was over; request the export again."
        case _:
            return ""
