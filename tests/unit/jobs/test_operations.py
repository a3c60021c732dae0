"""Operations: claimed before they are accepted, kept once accepted, and sealed until they end."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.unit.jobs.toy import Hands, means
from tests.unit.jobs.toy_bundle import (
    EXPIRED,
    LOCATION,
    PERSON,
    SECRET,
    Box,
    Boxes,
    export_of,
    fail_at,
    parts_with_gaps,
    received,
    usual_parts,
)
from waybill import audit
from waybill.control import open_control
from waybill.errors import Busy, Conflict, LocationFault, LocationRefused, NotFound
from waybill.export import Export
from waybill.files.manifest import MANIFEST, REQUEST_INFO
from waybill.jobs.operation_table import operation_table
from waybill.jobs.operations import Operation, Operations, Status
from waybill.jobs.progress import Interrupted
from waybill.jobs.runner import MAX_ATTEMPTS, Runner
from waybill.jobs.service import Jobs
from waybill.jobs.table import State, job_table
from waybill.sealing import Sealer
from waybill.settings import Settings

SHOWN = "https://toy.blob.example/box"


@dataclass(frozen=True, slots=True)
class Bench:
    """Operations and a runner that the test calls itself."""

    settings: Settings
    control: sa.Engine
    hands: Hands
    jobs: Jobs
    boxes: Boxes
    operations: Operations

    def runner(self, export: Export) -> Runner:
        made = means(self.settings)
        ours = replace(made, exports={export.name: export}, deliveries=self.operations)
        return Runner(self.control, ours, self.hands.clock)

    def begin(self, tenant: str = "t1", location: str = LOCATION) -> Operation:
        return self.operations.begin(tenant, "toy-bundle", PERSON, received(), "c1", "s1", location)

    def run(self, begun: Operation, export: Export) -> Operation:
        self.runner(export).run(begun.id)
        return self.operations.get(begun.tenant, begun.id)

    def stop(self, number: int) -> None:
        self.jobs.cancel("t1", number)

    @property
    def box(self) -> Box:
        return self.boxes.boxes[SHOWN]

    def sealed(self, operation: Operation) -> bytes | None:
        with self.control.connect() as connection:
            query = sa.select(operation_table.c.sealed).where(operation_table.c.guid == operation.id)
            found: bytes | None = connection.execute(query).scalar_one()
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    settings = Settings(data=tmp_path, queue_limit=3)
    control = open_control(settings.control_path)
    hands, boxes = Hands(), Boxes()
    jobs = Jobs(control, settings, hands.clock)
    operations = Operations(control, settings, hands.clock, Sealer(b"k" * 32), boxes, jobs.enqueue)
    yield Bench(settings, control, hands, jobs, boxes, operations)
    control.dispose()


def test_beginning_claims_and_tells(bench: Bench) -> None:
    """An operation that was begun waits, with its location without the query, and its container holds
    RequestInfo.json with the operation's id, person and time."""
    begun = bench.begin()
    assert (begun.status, begun.progress, begun.completed) == (Status.NOT_STARTED, 0.0, None)
    assert (begun.storage_location, begun.user_id, begun.client_id) == (SHOWN, PERSON, "c1")
    told = json.loads(bench.box.blobs[REQUEST_INFO])
    assert list(told) == [
        "Description",
        "CorrelationId",
        "CommandId",
        "Subject",
        "Timestamp",
        "RequestGuid",
    ]
    assert (told["CommandId"], told["Subject"]) == (begun.id, {"TenantId": "t1", "ObjectId": PERSON})
    assert told["Timestamp"] == begun.submitted.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert bench.operations.get("t1", begun.id.upper()) == begun


def test_an_operation_goes_to_its_end(bench: Bench) -> None:
    """notStarted, then complete at 100 with the time of its end, once, and its files are in the container."""
    done = bench.run(bench.begin(), export_of(usual_parts))
    assert (done.status, done.progress, done.error, done.gaps) == (Status.COMPLETE, 100.0, "", 0)
    assert done.completed is not None
    assert MANIFEST in bench.box.blobs
    assert bench.jobs.find(done.id).state is State.FINISHED
    assert not list(bench.settings.deliveries_path.iterdir())
    assert bench.run(done, export_of(usual_parts)) == done


def test_an_operation_has_no_file_here(bench: Bench) -> None:
    """Its job has no file to fetch, and says where it went; it has not been deleted."""
    done = bench.run(bench.begin(), export_of(usual_parts))
    with pytest.raises(Conflict, match="delivered"):
        bench.jobs.file_of(bench.jobs.find(done.id))


def test_gaps_are_no_failure(bench: Bench) -> None:
    """A bundle with gaps ends complete, with exceptions, and as many as the manifest names."""
    done = bench.run(bench.begin(), export_of(parts_with_gaps))
    assert (done.status, done.gaps) == (Status.COMPLETE, 2)
    assert bench.jobs.find(done.id).state is State.FINISHED_WITH_EXCEPTIONS
    assert len(json.loads(bench.box.blobs[MANIFEST])["gaps"]) == 2


def test_a_container_that_refuses_ends_it_with_the_reason(bench: Bench) -> None:
    """A destination that refuses in the middle ends the operation as failed, in the words of the delivery."""
    begun = bench.begin()
    bench.box.before = fail_at("21/Files/file 1 ü#%.bin", EXPIRED)
    failed = bench.run(begun, export_of(usual_parts))
    assert (failed.status, failed.error) == (Status.FAILED, str(EXPIRED))
    assert 0 <= failed.progress < 100
    assert MANIFEST not in bench.box.blobs


@pytest.mark.parametrize("how", ["finished", "failed", "stopped", "stopped while it waits", "given up"])
def test_the_sealed_location_goes_with_the_ending(bench: Bench, how: str) -> None:
    """However a job ends, its sealed location is erased in that moment; until then it is there, sealed."""
    begun = bench.begin()
    sealed = bench.sealed(begun)
    assert sealed is not None
    assert SECRET.encode() not in sealed
    number = bench.jobs.find(begun.id).number
    if how == "failed":
        bench.box.before = fail_at("20/Many.json", EXPIRED)
    if how == "stopped":
        bench.box.before = lambda _: bench.stop(number)
    if how == "stopped while it waits":
        bench.jobs.cancel("t1", number)
    if how == "given up":
        with bench.control.begin() as connection:
            connection.execute(sa.update(job_table).values(attempts=MAX_ATTEMPTS))
    bench.hands.ahead = timedelta(seconds=1)
    done = bench.run(begun, export_of(usual_parts))
    assert done.status is (Status.COMPLETE if how == "finished" else Status.FAILED)
    assert (done.error == "") is (how == "finished")
    assert bench.sealed(begun) is None
    bench.jobs.sweep()
    assert not list(bench.settings.deliveries_path.glob("*"))


def test_the_location_is_stored_nowhere_in_the_clear(bench: Bench) -> None:
    """No table and no audit line holds any part of the location's query."""
    bench.begin()
    with sqlite3.connect(bench.settings.control_path) as store:
        text = "\n".join(store.iterdump())
    assert SECRET not in text
    (line,) = audit.entries(bench.control, "t1")
    assert (line.action, line.detail["location"], line.detail["user"]) == ("operation.submit", SHOWN, PERSON)


def test_an_interrupted_operation_goes_on(bench: Bench) -> None:
    """A process that is told to end hands the operation on: it keeps saying running, its progress never goes
    back, and the next run sends nothing twice."""
    begun = bench.begin()
    bench.box.together = 1
    tick = timedelta(seconds=1)

    def hurry(_outgoing: object) -> None:
        bench.hands.ahead += tick

    def leave(outgoing: object) -> None:
        hurry(outgoing)
        if len(bench.box.sent) == 4:
            raise Interrupted

    bench.box.before = leave
    with pytest.raises(Interrupted):
        bench.runner(export_of(usual_parts)).run(begun.id)
    halfway = bench.operations.get("t1", begun.id)
    assert bench.jobs.find(begun.id).state is State.QUEUED
    assert (halfway.status, halfway.completed) == (Status.RUNNING, None)
    assert 20 < halfway.progress < 100
    seen: list[float] = []

    def look(_outgoing: object) -> None:
        hurry(_outgoing)
        seen.append(bench.operations.get("t1", begun.id).progress)

    bench.box.before = look
    done = bench.run(begun, export_of(usual_parts))
    assert [halfway.progress, *seen] == sorted([halfway.progress, *seen])
    assert (done.status, set(bench.box.sent.values())) == (Status.COMPLETE, {1})


def test_a_job_that_gets_on_is_not_given_up(bench: Bench) -> None:
    """An operation that delivered something in each of its runs is not counted as one that ends the process."""
    begun = bench.begin()
    bench.box.together = 1
    with bench.control.begin() as connection:
        connection.execute(sa.update(job_table).values(attempts=MAX_ATTEMPTS - 1))

    def hurry(_outgoing: object) -> None:
        bench.hands.ahead += timedelta(seconds=1)

    bench.box.before = hurry
    done = bench.run(begun, export_of(usual_parts))
    assert (done.status, bench.jobs.find(begun.id).attempts) == (Status.COMPLETE, 1)


def test_two_alike_are_two(bench: Bench) -> None:
    """The same request twice is two operations, since each has its container."""
    first, second = bench.begin(), bench.begin(location=f"https://toy.blob.example/other?{SECRET}")
    assert first.id != second.id
    assert [one.id for one in bench.operations.list("t1")] == [second.id, first.id]


def test_a_used_container_is_refused_and_left_as_it_is(bench: Bench) -> None:
    """A second export into one container is refused, and RequestInfo.json of the first stays."""
    begun = bench.begin()
    with pytest.raises(LocationRefused) as refused:
        bench.begin()
    assert refused.value.fault is LocationFault.USED
    assert json.loads(bench.box.blobs[REQUEST_INFO])["CommandId"] == begun.id
    assert len(bench.operations.list("t1")) == 1


def test_what_is_not_accepted_leaves_nothing_in_the_container(bench: Bench) -> None:
    """If the queue is full, nothing is written far away; if the row cannot be written, the claim is undone."""
    for number in range(bench.settings.queue_limit):
        bench.begin(location=f"https://toy.blob.example/box{number}?{SECRET}")
    with pytest.raises(Busy):
        bench.begin()
    assert SHOWN not in bench.boxes.boxes
    with bench.control.begin() as connection:
        connection.execute(sa.text("DROP TABLE audit"))
        connection.execute(sa.delete(job_table))
    with pytest.raises(sa.exc.OperationalError):
        bench.begin()
    assert (bench.boxes.released, bench.box.blobs) == ([SHOWN], {})
    assert bench.operations.list("t1") == []


def test_another_tenants_operation_answers_like_an_unknown_one(bench: Bench) -> None:
    """Another tenant's id, an unknown one and no id at all are refused in the same words; lists are apart."""
    theirs = bench.begin("t2")
    told = set()
    for guid in (theirs.id, "00000000-0000-0000-0000-000000000000", ""):
        with pytest.raises(NotFound) as refused:
            bench.operations.get("t1", guid)
        told.add(str(refused.value))
    assert len(told) == 1
    assert (bench.operations.list("t1"), len(bench.operations.list("t2"))) == ([], 1)


def test_a_folder_is_a_destination_too(bench: Bench, tmp_path: Path) -> None:
    """On the command line an export goes into a folder; it has no storage location to show."""
    begun = bench.operations.begin_local(
        "t1", "toy-bundle", PERSON, received(), "cli", "s1", tmp_path / "out"
    )
    done = bench.run(begun, export_of(usual_parts))
    assert (done.status, done.storage_location) == (Status.COMPLETE, None)
    assert MANIFEST in bench.boxes.folders[tmp_path / "out"].blobs


def test_a_lost_sealing_key_ends_the_operation_in_words(bench: Bench) -> None:
    """With another sealing key the location cannot be opened: the operation fails and says what to do."""
    begun = bench.begin()
    other = Operations(
        bench.control, bench.settings, bench.hands.clock, Sealer(b"x" * 32), bench.boxes, bench.jobs.enqueue
    )
    failed = replace(bench, operations=other).run(begun, export_of(usual_parts))
    assert (failed.status, "sealing key" in failed.error) == (Status.FAILED, True)


def test_operations_are_kept_a_year_and_then_forgotten(bench: Bench) -> None:
    """An operation has no file here that could expire; a year after retention its rows are gone."""
    done = bench.run(bench.begin(), export_of(usual_parts))
    bench.hands.ahead = timedelta(days=300)
    assert bench.jobs.sweep().expired == 0
    assert bench.operations.get("t1", done.id) == done
    bench.hands.ahead = timedelta(days=30 + 366)
    assert bench.jobs.sweep().rows == 1
    assert bench.operations.list("t1") == []
    with bench.control.connect() as connection:
        assert connection.execute(sa.select(operation_table)).all() == []


def test_journals_nobody_needs_are_swept(bench: Bench) -> None:
    """A journal of an ended or unknown operation goes; one of an unfinished operation stays."""
    begun, folder = bench.begin(), bench.settings.deliveries_path
    folder.mkdir()
    for name in (begun.id, "unknown"):
        (folder / f"{name}.journal").touch()
    assert bench.jobs.sweep().leftovers == 1
    assert [path.stem for path in folder.iterdir()] == [begun.id]
