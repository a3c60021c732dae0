"""Fixtures of the job tests: a data folder, the jobs in it, and a runner without an engine."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog

from tests.unit.jobs.toy import Hands, means
from waybill import log
from waybill.control import open_control
from waybill.export import Received
from waybill.jobs.runner import Runner
from waybill.jobs.service import Jobs
from waybill.jobs.table import Job
from waybill.settings import Settings


@dataclass(frozen=True, slots=True)
class Bench:
    """Jobs and a runner that the test calls itself, where no engine is needed."""

    settings: Settings
    control: sa.Engine
    hands: Hands
    jobs: Jobs
    runner: Runner

    def submit(self, received: Received, tenant: str = "t1", client: str = "c1") -> Job:
        return self.jobs.submit(tenant, "toy", received, client, "s1")

    def run(self, received: Received) -> Job:
        """Submit and run to the end, in this thread."""
        job = self.submit(received)
        self.runner.run(job.guid)
        return self.jobs.find(job.guid)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    settings = Settings(data=tmp_path, queue_limit=3)
    control = open_control(settings.control_path)
    hands = Hands()
    jobs = Jobs(control, settings, hands.clock)
    yield Bench(settings, control, hands, jobs, Runner(control, means(settings), hands.clock))
    control.dispose()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All logs of the test as JSON lines."""
    stream = io.StringIO()
    before = logging.getLogger().level, list(logging.getLogger().handlers)
    log.set_up(as_json=True, stream=stream)
    yield stream
    logging.getLogger().setLevel(before[0])
    logging.getLogger().handlers[:] = before[1]
    structlog.reset_defaults()
