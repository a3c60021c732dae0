"""What the web faces need from the rest of the house; app.py passes the real parts in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from waybill.clock import SYSTEM_CLOCK, Clock
from waybill.export import Facts, Received
from waybill.identity.tokens import INSIGHTS_AUDIENCE, Caller
from waybill.jobs.table import Job


class Jobs(Protocol):
    """The durable jobs, as a protocol that hands out numbers sees them (waybill.jobs.service)."""

    def submit(self, tenant: str, export: str, received: Received, client_id: str, snapshot: str) -> Job:
        """Accept a job, or give the identical unfinished one. Raises Busy when the queue is full."""

    def get(self, tenant: str, number: int) -> Job:
        """Raises NotFound for an unknown number and for another tenant's, alike."""

    def file_of(self, job: Job) -> Path:
        """The finished file. Raises NotReady before the end, Conflict if there is none, Gone after retention."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything passed in. Frozen; the parts themselves are thread-safe, calls come from many threads.

    verify(token, audience) -> Caller; raises waybill.identity.tokens.TokenRefused.
    open_latest(tenant)     -> the tenant's latest snapshot, open; raises Conflict, with what to do,
                               when nothing has been ingested for the tenant yet.
    """

    verify: Callable[[str, str], Caller] = field(repr=False)
    jobs: Jobs
    open_latest: Callable[[str], AbstractContextManager[Facts]]
    clock: Clock = SYSTEM_CLOCK
    audience: str = INSIGHTS_AUDIENCE
