"""Accepting, finding and cancelling jobs; nothing here runs one but the test itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.unit.jobs.conftest import Bench
from tests.unit.jobs.toy import received
from waybill import audit
from waybill.errors import Busy, Conflict, Gone, NotFound
from waybill.jobs.service import NotReady
from waybill.jobs.table import UNFINISHED, State, end, job_table, move


def test_numbers_are_small_and_counted_per_tenant(bench: Bench) -> None:
    """Each tenant's jobs are numbered 1, 2, 3 ... whatever other tenants do."""
    numbers = [bench.submit(received(name=str(n)), tenant).number for n, tenant in enumerate("aabab")]
    assert numbers == [1, 2, 1, 3, 2]


def test_a_number_is_never_given_again(bench: Bench) -> None:
    """A number is not reused even when its job's row is gone."""
    bench.submit(received())
    with bench.control.begin() as connection:
        connection.execute(sa.delete(job_table))
    assert bench.submit(received()).number == 2


def test_what_was_submitted_is_what_is_read(bench: Bench) -> None:
    """A job keeps request, client, export and snapshot exactly as they were accepted."""
    request = {"siteUrls": ("https://a/ü", "https://b"), "language": ("ja-JP",)}
    job = bench.jobs.submit("t1", "toy", request, "c1", "s1")
    assert bench.jobs.get("t1", job.number) == bench.jobs.find(job.guid) == job
    assert dict(job.received) == request
    assert (job.export, job.client_id, job.snapshot, job.state) == ("toy", "c1", "s1", State.QUEUED)


def test_submitting_is_audited_in_the_same_transaction(bench: Bench) -> None:
    """A job and its audit line are written together."""
    job = bench.submit(received())
    (line,) = audit.entries(bench.control, "t1")
    assert (line.action, line.subject, line.client_id) == ("job.submit", job.guid, "c1")


def test_unfinished_jobs_pin_their_snapshot(bench: Bench) -> None:
    """The snapshot of an unfinished job is named as pinned, and no longer once the job has ended."""
    job = bench.submit(received())
    assert bench.jobs.pinned_snapshots() == {("t1", "s1")}
    bench.jobs.cancel("t1", job.number)
    assert bench.jobs.pinned_snapshots() == frozenset()


def test_identical_requests_share_an_unfinished_job(bench: Bench) -> None:
    """The same request by the same client joins the job that waits; other clients and requests do not."""
    first = bench.submit(received())
    assert bench.submit(received()).guid == first.guid
    assert bench.submit(received(), client="c2").guid != first.guid
    assert bench.submit(received(batches=4)).guid != first.guid
    assert bench.submit(received(), tenant="t2").guid != first.guid


def test_an_ended_job_is_not_joined(bench: Bench) -> None:
    """A request that repeats a finished one gets a new job, with the next number."""
    first = bench.run(received())
    second = bench.submit(received())
    assert (second.guid != first.guid, second.number) == (True, 2)


def test_joining_uses_up_no_number(bench: Bench) -> None:
    """Joined requests leave no holes in the numbers."""
    bench.submit(received())
    bench.submit(received())
    assert bench.submit(received(batches=9)).number == 2


def test_a_full_queue_refuses_and_accepts_again(bench: Bench) -> None:
    """One job more than queue_limit is refused with Busy, for that tenant alone, until there is room."""
    for number in range(bench.settings.queue_limit):
        bench.submit(received(batches=number))
    with pytest.raises(Busy):
        bench.submit(received(batches=99))
    bench.submit(received(), tenant="t2")
    bench.jobs.cancel("t1", 1)
    assert bench.submit(received(batches=99)).state is State.QUEUED


@pytest.mark.parametrize("number", [2, 0, -1, 2**31, 2**70])
def test_another_tenants_job_answers_like_an_unknown_one(bench: Bench, number: int) -> None:
    """The error for a number that is not this tenant's is the same whether or not another has it."""
    bench.submit(received(), tenant="other")
    bench.submit(received(batches=9), tenant="other")
    with pytest.raises(NotFound) as unknown:
        bench.jobs.get("t1", 12_345)
    for look in (bench.jobs.get, bench.jobs.cancel):
        with pytest.raises(NotFound) as theirs:
            look("t1", number)
        assert str(theirs.value) == str(unknown.value)


def test_lists_are_newest_first_and_of_one_tenant(bench: Bench) -> None:
    """A tenant's list holds its own jobs only, newest first; the operator's list holds all."""
    for tenant in ("t1", "t2", "t1"):
        bench.hands.ahead += timedelta(seconds=1)
        bench.submit(received(name=str(bench.hands.ahead)), tenant=tenant)
    assert [job.number for job in bench.jobs.list("t1")] == [2, 1]
    assert [job.tenant for job in bench.jobs.list(limit=2)] == ["t1", "t2"]


def test_a_waiting_job_is_stopped_at_once(bench: Bench) -> None:
    """Cancelling a queued job ends it as stopped; it is never run, and cancelling again changes nothing."""
    job = bench.submit(received())
    assert bench.jobs.cancel("t1", job.number).state is State.STOPPED
    bench.runner.run(job.guid)
    again = bench.jobs.cancel("t1", job.number)
    assert (again.state, again.started) == (State.STOPPED, None)
    with pytest.raises(Conflict, match="stopped"):
        bench.jobs.file_of(again)


def test_a_finished_job_cannot_be_cancelled(bench: Bench) -> None:
    """Cancelling what has ended otherwise is a Conflict that names its state."""
    job = bench.run(received())
    with pytest.raises(Conflict, match="finished"):
        bench.jobs.cancel("t1", job.number)


@pytest.mark.parametrize("final", [State.FINISHED, State.FAILED, State.STOPPED, State.EXPIRED])
@pytest.mark.parametrize("to", [State.FINISHED, State.FAILED, State.STOPPED])
def test_a_job_ends_once(bench: Bench, final: State, to: State) -> None:
    """No final state is ever overwritten: not by the guard in SQL, and the guard cannot be asked to."""
    job = bench.submit(received())
    now = bench.hands.clock.now()
    with bench.control.begin() as connection:
        move(connection, job.guid, UNFINISHED, final)
        assert end(connection, job.guid, UNFINISHED, to, now, error="late") is None
        with pytest.raises(ValueError, match="never overwritten"):
            end(connection, job.guid, (final,), to, now)
    assert (bench.jobs.find(job.guid).state, bench.jobs.find(job.guid).error) == (final, "")


def test_a_file_is_refused_before_the_end(bench: Bench) -> None:
    """Asked too early, the file is refused with the seconds after which to ask again."""
    with pytest.raises(NotReady) as early:
        bench.jobs.file_of(bench.submit(received()))
    assert early.value.retry_after > 0


def test_retention_really_deletes(bench: Bench) -> None:
    """After retention_days the file is off the disk and the job expired; after a year more it is unknown."""
    job = bench.run(received())
    failed = bench.run(received(mode="boom"))
    path = bench.jobs.file_of(job)
    bench.hands.ahead = timedelta(days=29)
    assert bench.jobs.sweep().expired == 0
    assert path.is_file()
    bench.hands.ahead = timedelta(days=31)
    assert bench.jobs.sweep().expired == 1
    assert not path.parent.exists()
    expired = bench.jobs.get("t1", job.number)
    assert (expired.state, expired.ended_as) == (State.EXPIRED, State.FINISHED)
    with pytest.raises(Gone):
        bench.jobs.file_of(expired)
    bench.hands.ahead = timedelta(days=31 + 366)
    assert bench.jobs.sweep().rows == 2
    for number in (job.number, failed.number):
        with pytest.raises(NotFound):
            bench.jobs.get("t1", number)


def test_a_sweep_that_died_is_made_good_by_the_next(bench: Bench) -> None:
    """A file whose job was marked expired but not yet deleted is deleted by the next sweep."""
    job = bench.run(received())
    path = bench.jobs.file_of(job)
    with bench.control.begin() as connection:
        move(connection, job.guid, (State.FINISHED,), State.EXPIRED)
    bench.jobs.sweep()
    assert not path.exists()


def test_sweeping_removes_what_crashes_left(bench: Bench) -> None:
    """Working files of ended jobs and files nobody knows go; those of unfinished and finished jobs stay."""
    done, waiting = bench.run(received()), bench.submit(received(batches=9))
    work, files = bench.settings.work_path, bench.settings.files_path
    useless = [work / f"job-{done.guid}", work / "job-unknown", files / "t1" / "unknown"]
    needed = [work / f"job-{waiting.guid}", work / "other", bench.jobs.file_of(done).parent]
    for folder in (*useless, *needed):
        folder.mkdir(parents=True, exist_ok=True)
        Path(folder, "leftover").touch()
    assert bench.jobs.sweep().leftovers == len(useless)
    assert [folder.exists() for folder in (*useless, *needed)] == [False] * 3 + [True] * 3
