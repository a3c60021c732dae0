"""Processes that die or are told to end: no accepted job is lost, no half file is seen, each job ends once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import forks
from tests.unit.jobs.host import REFUSED
from tests.unit.jobs.toy import TOY, feed, jobs_in, received, wait_until
from waybill.control import open_control
from waybill.jobs.runner import MAX_ATTEMPTS
from waybill.jobs.service import Jobs
from waybill.jobs.table import Job, State, job_table
from waybill.settings import Settings

Start = Callable[..., forks.Fork]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def jobs(settings: Settings) -> Jobs:
    """Jobs without an engine: what is submitted here is run by a host process."""
    return jobs_in(settings)


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Starts host processes on the data folder and ends them with the test."""
    started: list[forks.Fork] = []

    def begin(grace: float = 0) -> forks.Fork:
        host = forks.fork(settings.data, str(grace), call="tests.unit.jobs.host:run", stdout=subprocess.PIPE)
        started.append(host)
        return host

    yield begin
    for host in started:
        host.kill()
        host.wait()
        if host.stdout is not None:
            host.stdout.close()


def first_line(host: forks.Fork) -> str:
    assert host.stdout is not None
    return host.stdout.readline().strip()


def submit(jobs: Jobs, gate: Path | None, client: str, mode: str = "", batches: int = 8) -> Job:
    return jobs.submit("t1", TOY.name, received(gate, batches=batches, mode=mode), client, "s1")


def open_gate(gate: Path, batches: int) -> None:
    for number in range(batches):
        (gate / str(number)).touch()


def ended(jobs: Jobs, job: Job) -> Job:
    wait_until(lambda: jobs.find(job.guid).finished is not None, f"job {job.number} ends")
    return jobs.find(job.guid)


def test_a_job_survives_kill_and_its_bytes_do_not_change(
    settings: Settings, jobs: Jobs, start: Start, tmp_path: Path
) -> None:
    """After kill -9 in the middle of a job and a restart, the job finishes by itself, with the bytes of an
    undisturbed run, once; meanwhile a second process is refused."""
    gate = tmp_path / "gate"
    gate.mkdir()
    job = submit(jobs, gate, "c1")
    first = start()
    assert first_line(first) == "ready"
    second = start()
    open_gate(gate, 4)
    wait_until((gate / "toy-asked-4").exists, "four batches are written")
    assert "--server" in first_line(second)
    assert second.wait() == REFUSED
    assert list(settings.work_path.glob("*/*"))  # a half file, under a working name
    first.kill()
    first.wait()
    assert jobs.find(job.guid).state is State.RUNNING
    assert not list(settings.files_path.rglob("*.zip"))

    (gate / "open").touch()
    undisturbed = submit(jobs, gate, "c2")
    start()
    after, other = ended(jobs, job), ended(jobs, undisturbed)
    assert [(one.state, one.attempts) for one in (after, other)] == [(State.FINISHED, 2), (State.FINISHED, 1)]
    assert jobs.file_of(after).read_bytes() == jobs.file_of(other).read_bytes()
    assert not list(settings.work_path.iterdir())


def test_a_server_told_to_end_hands_its_jobs_on(jobs: Jobs, start: Start, tmp_path: Path) -> None:
    """SIGTERM ends the process in good order: a job that cannot finish within the grace is queued again,
    without an attempt counted, and the next start finishes it."""
    job = submit(jobs, tmp_path, "c1", batches=900)
    host = start()
    wait_until((tmp_path / "toy-asked-0").exists, "the job runs")
    assert first_line(host) == "ready"
    host.terminate()
    feeding = feed(tmp_path)
    wait_until(lambda: feeding() or host.poll() is not None, "the process ends")
    assert host.returncode == 0
    waiting = jobs.find(job.guid)
    assert (waiting.state, waiting.attempts) == (State.QUEUED, 0)
    (tmp_path / "open").touch()
    start()
    assert ended(jobs, job).state is State.FINISHED


def test_a_poison_job_fails_and_the_rest_goes_on(settings: Settings, jobs: Jobs, start: Start) -> None:
    """A job that ends the process each time it runs ends as failed; a job that ran beside it finishes."""
    poison = submit(jobs, None, "c1", mode="die")
    # As after all of its attempts but one, and one death of its neighbour.
    beside = submit(jobs, None, "c2")
    with open_control(settings.control_path).begin() as connection:
        for guid, attempts in ((poison.guid, MAX_ATTEMPTS - 1), (beside.guid, 1)):
            connection.execute(
                sa.update(job_table)
                .where(job_table.c.guid == guid)
                .values(state=State.RUNNING, attempts=attempts)
            )
    assert start().wait() < 0
    start()
    given_up = ended(jobs, poison)
    assert (given_up.state, "given up" in given_up.error) == (State.FAILED, True)
    assert ended(jobs, beside).state is State.FINISHED


def test_a_damaged_queue_is_refused_and_can_be_deleted(settings: Settings, jobs: Jobs, start: Start) -> None:
    """A damaged store of the engine stops the start with what to do; doing it loses no job."""
    job = submit(jobs, None, "c1")
    settings.engine_path.write_bytes(b"garbage" * 1_000)
    refused = start()
    assert "Delete engine.db" in first_line(refused)
    assert refused.wait() == REFUSED
    settings.engine_path.unlink()
    start()
    assert ended(jobs, job).state is State.FINISHED
