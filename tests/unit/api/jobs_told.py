"""A job's value, for tests of what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType

from waybill.jobs.table import Job, State

JOB = Job(
    guid="g1",
    tenant="t1",
    number=7,
    export="toy",
    received=MappingProxyType({}),
    client_id="c1",
    snapshot="s1",
    state=State.RUNNING,
    ended_as=None,
    created=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    started=datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
    finished=None,
    attempts=1,
    cancel_requested=False,
    sheet="People",
    rows=3,
    counts=(),
    exceptions=0,
    file_name="",
    size=0,
    sha256="",
    error="",
    process_peak_memory_mb=0,
)
