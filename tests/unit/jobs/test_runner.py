"""Running one job: what it leaves on disk and in its row, however it goes."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from tests.unit.jobs.conftest import Bench
from tests.unit.jobs.toy import BATCH, DEADLINE, feed, jobs_in, received, wait_until
from waybill import __version__
from waybill.export import Language, Report
from waybill.files.workbook import Cut, Written
from waybill.jobs.findings import exceptions_sheet
from waybill.jobs.progress import Interrupted
from waybill.jobs.runner import MAX_ATTEMPTS
from waybill.jobs.table import Job, State, job_table

Rows = list[tuple[object, ...]]


def sheets(bench: Bench, job: Job) -> dict[str, Rows]:
    """The workbook of a finished job: sheet name -> rows with the heading."""
    with zipfile.ZipFile(bench.jobs.file_of(job)) as package:
        book = openpyxl.load_workbook(io.BytesIO(package.read("ToyReport.xlsx")))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def nothing_left(bench: Bench) -> bool:
    """No working file and no published file is on disk."""
    return not [path for root in ("work", "files") for path in (bench.settings.data / root).rglob("*.*")]


def test_a_job_ends_with_a_verified_file(bench: Bench) -> None:
    """A finished job has its file where fetched, its size and hash, rows per sheet, and no working file."""
    job = bench.run(received(batches=3))
    assert job.state is State.FINISHED
    assert [(count.name, count.rows) for count in job.counts] == [
        ("Numbers", 3 * BATCH),
        ("Exceptions", 0),
        ("About", 4),
    ]
    assert bench.jobs.file_of(job).stat().st_size == job.size
    assert list(bench.settings.work_path.iterdir()) == []
    assert job.process_peak_memory_mb > 0


def test_about_names_version_and_rows_but_neither_job_nor_time(bench: Bench) -> None:
    """About ends with rows per sheet and the version; two jobs of one request have the same bytes."""
    one, two = bench.run(received()), bench.run(received())
    about = sheets(bench, one)["About"]
    assert about[1:] == [
        ("Request", "Snapshot", "s1"),
        ("Rows", "Numbers", f"{3 * BATCH}"),
        ("Rows", "Exceptions", "0"),
        ("Waybill", "Version", __version__),
    ]
    assert one.number != two.number
    assert bench.jobs.file_of(one).read_bytes() == bench.jobs.file_of(two).read_bytes()


def test_exceptions_make_the_job_end_as_such(bench: Bench) -> None:
    """A job whose Exceptions sheet is not empty ends as finished_with_exceptions and counts them."""
    job = bench.run(received(mode="exceptions"))
    assert (job.state, job.exceptions) == (State.FINISHED_WITH_EXCEPTIONS, 1)


def test_what_the_writer_cut_is_on_exceptions(bench: Bench) -> None:
    """Cut cells and removed control characters are named on Exceptions with sheet, row and column."""
    job = bench.run(received(mode="odd"))
    lines = {(line[4], line[2]) for line in sheets(bench, job)["Exceptions"][1:]}
    assert lines == {("CELL_CUT", "Numbers, row 2, Text"), ("CONTROL_REMOVED", "Numbers")}
    assert job.state is State.FINISHED_WITH_EXCEPTIONS


def test_splits_and_uncounted_cuts_are_on_exceptions() -> None:
    """A split sheet has a line that says so, and cut cells too many to name have one with their number."""
    report = Report(Language.EN, (), lambda: iter(()), lambda: ())
    cut = Cut("Numbers (2)", 7, "Text", 40_000)
    written = [Written("Numbers", 2_000_000, 2, (cut,), cut_total=3, controls_removed=0)]
    (batch,) = exceptions_sheet(report, written).rows()
    lines = [(line["Code"], line["Object"]) for line in batch.to_pylist()]
    assert lines == [
        ("ROWS_SPLIT", "Numbers"),
        ("CELL_CUT", "Numbers (2), row 7, Text"),
        ("CELL_CUT", "Numbers"),
    ]


def test_a_known_error_reaches_the_client_in_its_words(bench: Bench) -> None:
    """A WaybillError fails the job with its own message and hint."""
    job = bench.run(received(mode="refuse"))
    assert (job.state, job.error) == (
        State.FAILED,
        "The toy does not like this. Ask for something else.",
    )


def test_an_unknown_error_says_nothing_of_itself(bench: Bench, logged: io.StringIO) -> None:
    """An unforeseen error fails the job with a reference only; the log has the traceback, without its SAS."""
    job = bench.run(received(mode="boom"))
    assert (job.state, job.guid in job.error, "RuntimeError" in job.error) == (State.FAILED, True, False)
    assert nothing_left(bench)
    line = json.loads(logged.getvalue().splitlines()[-1])
    assert (line["job"], "RuntimeError" in line["exception"]) == (job.guid, True)
    assert "abcdef0123456789" not in logged.getvalue()


def test_a_full_disk_is_said_and_leaves_nothing(bench: Bench) -> None:
    """ENOSPC fails the job with words about the disk, and no half file stays."""
    job = bench.run(received(mode="full"))
    assert (job.state, "disk" in job.error) == (State.FAILED, True)
    assert nothing_left(bench)


def test_an_export_that_no_longer_exists_fails_its_job(bench: Bench) -> None:
    """A job for an export this version lacks fails and says so."""
    job = bench.jobs.submit("t1", "gone", received(), "c1", "s1")
    bench.runner.run(job.guid)
    assert "gone" in bench.jobs.find(job.guid).error


def test_running_again_changes_nothing(bench: Bench) -> None:
    """A second run of an ended job, as after a crash of the engine, leaves row and file as they are."""
    job = bench.run(received())
    before = bench.jobs.file_of(job).stat()
    bench.runner.run(job.guid)
    assert bench.jobs.find(job.guid) == job
    assert bench.jobs.file_of(job).stat() == before


def test_a_run_that_died_after_publishing_is_repeated(bench: Bench) -> None:
    """A file published by a run that died before its row was written is replaced by the same bytes."""
    job = bench.run(received())
    data = bench.jobs.file_of(job).read_bytes()
    with bench.control.begin() as connection:
        connection.execute(job_table.update().values(state=State.RUNNING, finished=None, ended_as=None))
    bench.runner.run(job.guid)
    again = bench.jobs.find(job.guid)
    assert (again.state, bench.jobs.file_of(again).read_bytes()) == (State.FINISHED, data)
    assert len(list(bench.jobs.file_of(again).parent.iterdir())) == 1


def test_a_running_job_stops_when_cancelled_elsewhere(bench: Bench, tmp_path: Path) -> None:
    """A cancellation through another connection stops a running job between two batches; no file is left."""
    gate = tmp_path / "gate"
    gate.mkdir()
    job = bench.submit(received(gate, batches=50))
    worker = threading.Thread(target=bench.runner.run, args=(job.guid,))
    worker.start()
    wait_until((gate / "toy-asked-0").exists, "the job runs")
    assert bench.jobs.get("t1", job.number).state is State.RUNNING
    other = jobs_in(bench.settings)
    assert other.cancel("t1", job.number).state is State.STOPPING
    assert other.cancel("t1", job.number).state is State.STOPPING
    bench.hands.ahead += 2 * (bench.hands.clock.now() - job.created)  # progress is due at the next batch
    (gate / "open").touch()
    worker.join()
    ended = bench.jobs.find(job.guid)
    assert (ended.state, ended.cancel_requested) == (State.STOPPED, True)
    assert nothing_left(bench)


def test_a_job_cancelled_while_nobody_ran_is_stopped_at_start(bench: Bench) -> None:
    """A job that was running when its process died, and was cancelled since, ends as stopped."""
    job = bench.submit(received())
    with bench.control.begin() as connection:
        connection.execute(job_table.update().values(state=State.RUNNING))
    bench.jobs.cancel("t1", job.number)
    bench.runner.run(job.guid)
    assert bench.jobs.find(job.guid).state is State.STOPPED


def in_thread(bench: Bench, job: Job, gate: Path) -> tuple[threading.Thread, list[BaseException]]:
    """Run the job in a thread, up to its first batch; the list gets Interrupted if that is raised."""
    raised: list[BaseException] = []

    def work() -> None:
        try:
            bench.runner.run(job.guid)
        except Interrupted as error:
            raised.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    wait_until((gate / "toy-asked-0").exists, "the job runs")
    return worker, raised


def test_leaving_puts_a_running_job_back(bench: Bench, tmp_path: Path) -> None:
    """A runner that leaves interrupts its jobs, which wait again with no attempt counted, and takes no more."""
    job = bench.submit(received(tmp_path, batches=900))
    worker, raised = in_thread(bench, job, tmp_path)
    left: list[bool] = []
    leaving = threading.Thread(target=lambda: left.append(bench.runner.leave(0)))
    leaving.start()
    feeding = feed(tmp_path)
    wait_until(lambda: feeding() or bool(left), "the job notices")
    worker.join()
    leaving.join()
    again = bench.jobs.find(job.guid)
    assert (len(raised), left) == (1, [True])
    assert (again.state, again.attempts) == (State.QUEUED, 0)
    with pytest.raises(Interrupted):
        bench.runner.run(job.guid)


def test_leaving_with_grace_lets_a_job_finish(bench: Bench, tmp_path: Path) -> None:
    """A job that can end within the grace ends, and leaving returns as soon as it has."""
    job = bench.submit(received(tmp_path))
    worker, raised = in_thread(bench, job, tmp_path)
    (tmp_path / "open").touch()
    assert bench.runner.leave(DEADLINE)
    worker.join()
    assert (bench.jobs.find(job.guid).state, raised) == (State.FINISHED, [])


def test_a_job_that_keeps_ending_the_process_is_given_up(bench: Bench) -> None:
    """A job whose attempts are used up fails without being run, and says why."""
    job = bench.submit(received(mode="die"))
    with bench.control.begin() as connection:
        connection.execute(sa.update(job_table).values(state=State.RUNNING, attempts=MAX_ATTEMPTS))
    bench.runner.run(job.guid)
    given_up = bench.jobs.find(job.guid)
    assert (given_up.state, "given up" in given_up.error) == (State.FAILED, True)
