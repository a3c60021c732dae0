"""kill -9 of a real server in the middle of a large export: it finishes by itself, as if nothing had been."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator

import pytest

from tests.laws.serving import Client, Server, serving, wait_until
from tests.laws.tenants import SCOPES, SITE_WIRE, Practice, furnished
from waybill.export import Export, Received, Sql
from waybill.exports import CATALOG
from waybill.jobs.table import State

SITES = 4
LARGEST = Sql(
    "SELECT s.url FROM site s JOIN entry e ON e.site = s.id WHERE s.state = 'Active' "
    "GROUP BY s.id, s.url ORDER BY count(*) DESC, s.url LIMIT $count OFFSET 4"
)
"""Four of the eight largest: the very largest would take the test's minute for themselves."""


@pytest.fixture(scope="session")
def medium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """The practice tenant of 10,000 people and 1 M grants."""
    made = furnished(tmp_path_factory, "medium", 1, size="medium")
    yield made
    made.house.control.dispose()


def large_requests(practice: Practice) -> Iterator[tuple[Export, Received]]:
    """Each export that takes sites and must be given some, over large ones."""
    with practice.facts() as facts:
        largest = tuple(str(row[0]) for row in facts.table(LARGEST, count=SITES))
        for export in CATALOG:
            if any(field.wire == SITE_WIRE and field.required for field in export.fields):
                yield export, {**export.sample(facts), SITE_WIRE: largest}


def client_at(practice: Practice, server: Server, name: str) -> Client:
    app = practice.house.identity.apps.create(name, practice.guests[0].tenant, SCOPES)
    return Client(server.url, app.client_id, app.client_secret, " ".join(SCOPES))


def test_a_killed_server_finishes_its_export(
    medium: Practice, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After kill -9 while rows are written, and a restart, the job finishes by itself, with the bytes of a run
    that nobody disturbed; before the end its file is refused, and nothing lies where files are published."""
    log = tmp_path_factory.mktemp("log") / "log"
    ((export, received),) = large_requests(medium)
    tenant, jobs = medium.guests[0].tenant, medium.house.jobs
    with serving(medium.data, log) as server:
        client = client_at(medium, server, "first")
        number = client.start(export, received)

        def rows_are_written() -> bool:
            progress = client.status(number)["progress"]
            return bool(progress["state"] == "running" and progress["rows"] > SITES)

        wait_until(rows_are_written, "rows are written", every=0.05)
        early = client.file(number)
        assert (early.status, early.headers["retry-after"].isdigit(), b"PK" in early.body) == (
            409,
            True,
            False,
        )
        assert list(medium.data.glob("work/job-*/package.zip"))
        server.kill()
    assert jobs.get(tenant, number).state is State.RUNNING
    assert list(medium.data.glob("files/*/*/*")) == []
    with serving(medium.data, log) as server:
        # Another client's request is another job, which nobody disturbs.
        undisturbed = client_at(medium, server, "second").start(export, received)
        wait_until(
            lambda: jobs.get(tenant, number).finished, "the interrupted job finishes by itself", every=0.1
        )
        wait_until(lambda: jobs.get(tenant, undisturbed).finished, "the undisturbed job finishes", every=0.1)
    after, other = jobs.get(tenant, number), jobs.get(tenant, undisturbed)
    assert [(job.state, job.attempts, job.error) for job in (after, other)] == [
        (State.FINISHED_WITH_EXCEPTIONS, 2, ""),
        (State.FINISHED_WITH_EXCEPTIONS, 1, ""),
    ]
    assert jobs.file_of(after).read_bytes() == jobs.file_of(other).read_bytes()
    assert hashlib.sha256(jobs.file_of(after).read_bytes()).hexdigest() == after.sha256
    assert zipfile.ZipFile(jobs.file_of(after)).testzip() is None
    assert [path for path in (medium.data / "work").rglob("*") if path.is_file()] == []
