"""Laws about every job: done is verified where people fetch it, and again is the same."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.laws.reports import Press, Unwatched
from tests.laws.serving import Answer, Client, served_here, target_of
from tests.laws.tenants import LAW_CATALOG, WORKBOOKS, Practice, widened
from waybill.export import Export, Received
from waybill.jobs.produce import Means, produce
from waybill.words import translated

every_export = pytest.mark.parametrize("export", WORKBOOKS, ids=lambda export: str(export.name))


def sample(practice: Practice, export: Export, guest: int = 0) -> Received:
    with practice.facts(guest) as facts:
        return export.sample(facts)


def first_file(client: Client, number: int) -> Answer:
    """The file, asked for in the moment the status first calls the job finished."""
    client.wait(number)
    return client.file(number)


@every_export
def test_done_is_there_and_is_what_was_recorded(
    practice: Practice, clients: tuple[Client, Client], export: Export
) -> None:
    """Once the status says finished, the file is there at once, whole, with the size and the SHA-256 that its
    job recorded."""
    number = clients[0].start(export, sample(practice, export))
    answer = first_file(clients[0], number)
    job = practice.house.jobs.get(practice.guests[0].tenant, number)
    found = (answer.status, len(answer.body), hashlib.sha256(answer.body).hexdigest())
    assert found == (200, job.size, job.sha256)
    assert answer.headers["etag"] == f'"{job.sha256}"'
    assert practice.house.jobs.file_of(job).read_bytes() == answer.body
    with zipfile.ZipFile(io.BytesIO(answer.body)) as outer:
        assert outer.testzip() is None


@every_export
def test_status_tells_of_exceptions(
    practice: Practice, clients: tuple[Client, Client], export: Export
) -> None:
    """The status is 4 if the Exceptions sheet has rows and 2 if not; the rows of each sheet are told with it."""
    with practice.facts() as facts:
        wide = widened(export, facts, sites=8)
    for received in (sample(practice, export), wide):
        status = clients[0].wait(clients[0].start(export, received))
        sheets = status["progress"]["sheets"]
        assert status["jobStatus"] == (4 if sheets["Exceptions"] else 2)
        assert status["progress"]["exceptions"] == sheets["Exceptions"]
    assert sheets["Exceptions"] > 0  # the traps leave none of the reports without one


@every_export
def test_twice_in_one_house_is_the_same(
    practice: Practice, clients: tuple[Client, Client], press: Press, export: Export
) -> None:
    """Two jobs of one request on one snapshot have files of the same bytes, as has the same work in another process."""
    one, two = (first_file(clients[0], clients[0].start(export, sample(practice, export))) for _ in range(2))
    assert one.headers["content-disposition"] != two.headers["content-disposition"]
    assert one.body == two.body == press.sample(export).package.read_bytes()


@pytest.mark.parametrize("export", LAW_CATALOG, ids=lambda export: str(export.name))
def test_two_houses_agree(press: Press, other_house: Practice, tmp_path: Path, export: Export) -> None:
    """Two data folders that were filled with the same tenant separately give files of the same bytes."""
    guest = other_house.guests[0]
    assert guest.snapshot == press.practice.guests[0].snapshot
    job = other_house.house.jobs.submit(
        guest.tenant, export.name, sample(other_house, export), "laws", guest.snapshot
    )
    means = Means(
        {export.name: export}, other_house.house.open_facts, translated, tmp_path / "work", tmp_path / "files"
    )
    made = produce(job, means, Unwatched())
    assert Path(made.path).read_bytes() == press.sample(export).package.read_bytes()


@pytest.fixture(scope="module")
def waiting(other_house: Practice) -> Iterator[Client]:
    """A client of a server that runs no jobs: whatever it accepts stays queued."""
    guest = other_house.guests[0]
    with served_here(other_house.house) as url:
        yield Client(url, guest.client_id, guest.secret, WORKBOOKS[0].scope)


@pytest.mark.parametrize("export", LAW_CATALOG, ids=lambda export: str(export.name))
def test_too_early_is_refused_cleanly(waiting: Client, other_house: Practice, export: Export) -> None:
    """A file asked for before its job has ended is answered 409 with Retry-After and no byte of a ZIP, and the
    same request meanwhile is the same job."""
    number = waiting.start(export, sample(other_house, export))
    answer = waiting.file(number)
    assert answer.status == 409
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"].startswith("application/json")
    assert b"PK" not in answer.body
    assert waiting.start(export, sample(other_house, export)) == number
    assert waiting.status(number)["jobStatus"] == 1


@pytest.mark.parametrize("export", LAW_CATALOG, ids=lambda export: str(export.name))
def test_looking_starts_nothing(waiting: Client, other_house: Practice, export: Export) -> None:
    """HEAD on an export starts no job."""
    before = len(other_house.house.jobs.list())
    target = target_of(export, sample(other_house, export))
    assert waiting.get(target, method="HEAD").status == 405
    assert len(other_house.house.jobs.list()) == before
