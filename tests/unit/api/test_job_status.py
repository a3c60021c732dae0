"""The text that is told of a job: the vendor's members and ours."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.unit.api.jobs_told import JOB
from waybill.api.job_status import status_text
from waybill.export import SheetCount
from waybill.jobs.table import State


def test_a_job_is_told_as_it_stands() -> None:
    """Under way it is 1, done it is 2 and its rows per sheet are told."""
    running = json.loads(status_text(JOB, plain=False))
    assert (running["jobStatus"], running["progress"]["rows"]) == (1, 3)
    assert running["progress"]["requested"] == "2026-01-02T03:04:05Z"
    done = replace(JOB, state=State.FINISHED, ended_as=State.FINISHED, counts=(SheetCount("People", 4, 1),))
    told = json.loads(status_text(done, plain=False))
    assert (told["jobStatus"], told["progress"]["sheets"]) == (2, {"People": 4})


def test_exceptions_may_be_told_as_finished() -> None:
    """For clients that know no 4, a job with exceptions is finished."""
    job = replace(
        JOB, state=State.FINISHED_WITH_EXCEPTIONS, ended_as=State.FINISHED_WITH_EXCEPTIONS, exceptions=2
    )
    assert json.loads(status_text(job, plain=False))["jobStatus"] == 4
    assert json.loads(status_text(job, plain=True))["jobStatus"] == 2
