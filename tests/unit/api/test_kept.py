"""What is made of a job is kept while nothing changes, never beyond."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.api.jobs_told import JOB
from waybill.api.kept import JOBS, Kept
from waybill.errors import Gone
from waybill.jobs.table import Job


def test_the_same_value_is_made_once() -> None:
    """Asked for again, the very same value of a job is not made anew."""
    made: list[int] = []
    kept = Kept(lambda job: made.append(job.rows))
    for _ in range(3):
        kept.of(JOB)
    assert made == [3]


def test_another_value_is_made_at_once() -> None:
    """Of the same job another value, however little differs, is made anew; so is the old one after it."""
    kept = Kept(lambda job: job.rows)
    other = replace(JOB, rows=4)
    assert [kept.of(job) for job in (JOB, other, other, JOB)] == [3, 4, 4, 3]


def test_jobs_are_told_apart() -> None:
    """However many jobs are asked for in turn, each has its own."""
    kept = Kept(lambda job: job.rows)
    jobs = [replace(JOB, guid=f"g{number}", rows=number) for number in range(2 * JOBS + 1)]
    for _ in range(2):
        assert [kept.of(job) for job in jobs] == [job.rows for job in jobs]


def test_a_refusal_is_not_kept() -> None:
    """What could not be made is tried again, and does not bring back what was made before."""
    there = [True, False, True]

    def make(job: Job) -> int:
        if not there.pop(0):
            raise Gone("It is not there.")
        return job.rows

    kept = Kept(make)
    assert kept.of(JOB) == 3
    changed = replace(JOB, rows=5)
    with pytest.raises(Gone):
        kept.of(changed)
    assert kept.of(changed) == 5
