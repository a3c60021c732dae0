"""The jobs with their engine, in this process: queues, limits, recovery, and what is stored."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.jobs.toy import TOY, jobs_in, means, received, wait_until
from waybill.errors import Conflict
from waybill.jobs.service import Jobs
from waybill.jobs.table import State
from waybill.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data=tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="module")
def jobs(settings: Settings) -> Iterator[Jobs]:
    """Jobs whose engine runs; every test uses tenants of its own."""
    jobs = jobs_in(settings)
    # Accepted, and then the process died before the engine heard of it.
    jobs.submit("early", TOY.name, received(), "c1", "s1")
    jobs.start(means(settings))
    yield jobs
    assert jobs.shutdown()


def in_state(jobs: Jobs, tenant: str, *states: State) -> Callable[[], bool]:
    """Whether all jobs of the tenant are in one of `states`."""
    return lambda: all(job.state in states for job in jobs.list(tenant))


def submit(jobs: Jobs, tenant: str, gate: Path | None, name: str) -> int:
    return jobs.submit(tenant, TOY.name, received(gate, name=name, batches=20), "c1", "s1").number


def test_what_was_accepted_is_run_though_the_queue_never_heard_of_it(jobs: Jobs) -> None:
    """A job whose row was written by a process that died before queueing it runs at the next start."""
    wait_until(in_state(jobs, "early", State.FINISHED), "the early job ends")


def test_five_of_a_tenant_run_and_another_tenant_proceeds(jobs: Jobs, tmp_path: Path) -> None:
    """At most jobs_per_tenant of one tenant run at once, first come first served; others do not wait for them."""
    for number in range(7):
        submit(jobs, "many", tmp_path, f"many{number}")

    def running() -> int:
        return sum(job.state is State.RUNNING for job in jobs.list("many"))

    wait_until(lambda: running() == 5, "five run")
    assert [job.number for job in reversed(jobs.list("many")) if job.state is State.RUNNING] == [
        1,
        2,
        3,
        4,
        5,
    ]
    submit(jobs, "few", None, "few")
    wait_until(in_state(jobs, "few", State.FINISHED), "the other tenant's job ends")
    # The queue was looked at since, and the sixth still waits.
    assert sorted(job.state for job in jobs.list("many")) == [State.QUEUED] * 2 + [State.RUNNING] * 5
    wait_until(lambda: len(list(tmp_path.glob("many*-asked-0"))) == 5, "the five read their rows")
    (tmp_path / "open").touch()
    wait_until(in_state(jobs, "many", State.FINISHED), "all seven end")


def test_a_waiting_job_that_was_cancelled_never_runs(jobs: Jobs, tmp_path: Path) -> None:
    """A queued job that is cancelled stays stopped when its turn comes; the one behind it runs."""
    for number in range(5):
        submit(jobs, "busy", tmp_path, f"busy{number}")
    victim = submit(jobs, "busy", tmp_path, "victim")
    last = submit(jobs, "busy", tmp_path, "last")
    wait_until(lambda: len(list(tmp_path.glob("busy*-asked-0"))) == 5, "five run")
    assert jobs.cancel("busy", victim).state is State.STOPPED
    (tmp_path / "open").touch()
    wait_until(in_state(jobs, "busy", State.FINISHED, State.STOPPED), "all end")
    assert jobs.get("busy", victim).state is State.STOPPED
    assert jobs.get("busy", last).state is State.FINISHED
    assert not list(tmp_path.glob("victim-*"))


def test_many_who_ask_the_same_at_once_get_one_job(jobs: Jobs, tmp_path: Path) -> None:
    """Identical requests that arrive at the same moment are one job, and it runs once."""
    barrier, numbers = threading.Barrier(8), []

    def ask() -> None:
        barrier.wait()
        numbers.append(submit(jobs, "herd", tmp_path, "herd"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers == [1] * 8
    (tmp_path / "open").touch()
    wait_until(in_state(jobs, "herd", State.FINISHED), "it ends")
    assert (len(jobs.list("herd")), jobs.list("herd")[0].attempts) == (1, 1)


@pytest.mark.usefixtures("jobs")
def test_a_second_owner_of_the_data_is_refused(settings: Settings) -> None:
    """Whoever else starts jobs on the same data folder is refused and told what to do."""
    with pytest.raises(Conflict, match="--server"):
        jobs_in(settings).start(means(settings))


def test_the_engine_stores_no_pickle_and_forgets_what_ended(jobs: Jobs, settings: Settings) -> None:
    """The engine's store holds GUIDs as JSON only, and no record of a job after it has ended."""
    waiting = jobs.submit("stored", TOY.name, received(settings.data, name="stored"), "c1", "s1")

    def stored(table: str, columns: str) -> list[tuple[str, ...]]:
        with sqlite3.connect(settings.engine_path) as store:
            return store.execute(f"SELECT {columns} FROM {table}").fetchall()

    assert stored("pragma_journal_mode", "journal_mode") == [("wal",)]
    wait_until(
        lambda: any(waiting.guid in row[0] for row in stored("workflow_input", "inputs")), "it is queued"
    )
    inputs = stored("workflow_input", "inputs")
    for (text,) in inputs:
        assert re.fullmatch(r'\{"namedArgs":\{\},"positionalArgs":\["[0-9a-f-]{36}"\]\}', text)
    assert {row[0] for row in stored("workflow_status", "serialization")} == {"portable_json"}
    # "gASV" is how a pickle begins in base 64, which is the library's default.
    assert b"gASV" not in settings.engine_path.read_bytes()
    (settings.data / "open").touch()
    wait_until(in_state(jobs, "stored", State.FINISHED), "it ends")
    wait_until(lambda: jobs.recover() == 0 and not stored("workflow_input", "inputs"), "all is forgotten")
