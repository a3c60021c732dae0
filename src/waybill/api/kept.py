"""What is made of a job's value, kept as long as the job stays as it is: clients ask many times between two changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from waybill.jobs.table import Job

Made = TypeVar("Made")

JOBS = 256
"""Jobs of which something is kept, as many as jobs whose value is (waybill.jobs.glance)."""


class Kept(Generic[Made]):
    """What `make` made of each of the jobs asked for last, for one thread (the event loop's).

    It serves while the very same value is asked for: one object, which whoever reads jobs gives again
    only if the row says the same. So `make` must need nothing but the job. What it raises is not kept.
    """

    def __init__(self, make: Callable[[Job], Made]) -> None:
        self._make = make
        self._made: dict[str, tuple[Job, Made]] = {}

    def of(self, job: Job) -> Made:
        """What is made of this value of the job."""
        known = self._made.get(job.guid)
        if known is not None and known[0] is job:
            return known[1]
        made = self._make(job)
        if len(self._made) >= JOBS:
            self._made.clear()
        self._made[job.guid] = job, made
        return made
