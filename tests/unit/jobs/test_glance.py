"""A glance at jobs tells what `get` tells, as it stands at that moment, or nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.unit.jobs.conftest import Bench
from tests.unit.jobs.toy import received
from waybill.api.glances import Glances
from waybill.jobs.glance import MOST, Glance
from waybill.jobs.service import Jobs
from waybill.jobs.table import Job, State


def test_a_glance_is_what_get_tells(bench: Bench) -> None:
    """Through every state a job is told alike by both, whoever changed it."""
    job = bench.submit({"siteUrls": ("https://a/ü", "https://b")})
    key = ("t1", job.number)
    elsewhere = Jobs(sa.create_engine(bench.control.url), bench.settings, bench.hands.clock)
    assert bench.jobs.glance([key]) == {key: job}
    elsewhere.cancel(*key)
    assert bench.jobs.glance([key]) == {key: bench.jobs.get(*key)}
    assert bench.jobs.glance([key])[key].state is State.STOPPED
    done = bench.run(received(name="done"))
    assert bench.jobs.glance([("t1", done.number)]) == {
        ("t1", done.number): bench.jobs.get("t1", done.number)
    }


def test_a_glance_sees_what_was_committed_and_nothing_else(bench: Bench) -> None:
    """A change is told from its commit on; while it is under way, and the store locked, nobody waits."""
    key = ("t1", bench.submit(received()).number)
    with bench.control.begin() as writing:
        writing.execute(sa.text("UPDATE job SET progress_rows = 41"))
        assert bench.jobs.glance([key])[key].rows == 0
    assert bench.jobs.glance([key])[key].rows == 41


def test_other_jobs_are_not_told(bench: Bench) -> None:
    """Unknown numbers, other tenants' jobs and none at all are not in the answer."""
    first, second = bench.submit(received()), bench.submit(received(), "t2")
    keys = [("t1", first.number), ("t2", second.number), ("t1", 2), ("t3", 1), ("t1", 2**40)]
    assert bench.jobs.glance(keys) == {("t1", 1): first, ("t2", 1): second}
    assert bench.jobs.glance([]) == {}


def test_more_than_one_read_takes_are_left_to_get(bench: Bench) -> None:
    """Of very many keys the first hundred are looked at."""
    job = bench.submit(received())
    unknown = [("t1", number) for number in range(2, MOST + 1)]
    assert bench.jobs.glance([*unknown, ("t1", 1)]) == {("t1", 1): job}
    assert bench.jobs.glance([*unknown, ("t1", MOST + 1), ("t1", 1)]) == {}


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "postgresql+psycopg://h/x", "sqlite:////no/such/x"]
)
def test_another_store_is_left_to_get(url: str) -> None:
    """Of a store that is no file, or none that can be read, nothing is told; nothing is raised."""
    assert Glance(sa.create_engine(url)).jobs([("t1", 1)]) == {}


def test_a_damaged_store_is_left_to_get(tmp_path: Path) -> None:
    """What is wrong with a store is said by `get`, in a thread, not by a glance."""
    path = tmp_path / "control.db"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    assert Glance(sa.create_engine(f"sqlite:///{path}")).jobs([("t1", 1)]) == {}


class Counted:
    """Jobs whose reads are counted."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self.reads: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self.jobs, name)

    def glance(self, keys: list[tuple[str, int]]) -> object:
        self.reads.append(len(keys))
        return self.jobs.glance(keys)


def test_one_turn_is_one_read(bench: Bench) -> None:
    """What is asked for in one turn of the loop is read once, after it was asked for; the next turn reads anew."""
    jobs = [bench.submit(received(name=str(n))) for n in range(3)]
    counted = Counted(bench.jobs)
    glances = Glances(counted)  # type: ignore[arg-type]  # counts beside what it passes on

    async def turns() -> list[list[Job | None]]:
        asked = [1, 2, 3, 1, 99]
        first = await asyncio.gather(*(glances.job("t1", number) for number in asked))
        bench.jobs.cancel("t1", 1)
        return [first, [await glances.job("t1", 1)]]

    first, (stopped,) = asyncio.run(turns())
    assert first == [jobs[0], jobs[1], jobs[2], jobs[0], None]
    assert stopped is not None
    assert stopped.state is State.STOPPED
    assert counted.reads == [4, 1]


def test_who_leaves_takes_nobody_along(bench: Bench) -> None:
    """A request that is cut off while it waits keeps no answer from the others."""
    job = bench.submit(received())
    glances = Glances(bench.jobs)

    async def turns() -> Job | None:
        leaving, staying = (asyncio.ensure_future(glances.job("t1", 1)) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(turns()) == job
