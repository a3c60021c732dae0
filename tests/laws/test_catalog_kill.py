"""Laws about every export under kill -9: accepted is kept, one ending, no half file, again is the same."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.laws.reports import Press
from tests.laws.serving import Client, serving, wait_until
from tests.laws.tenants import WORKBOOKS, Practice, copied
from waybill.export import Export
from waybill.jobs.table import WITH_FILE, WITHOUT_FILE

FINAL = frozenset(str(state) for state in (*WITH_FILE, *WITHOUT_FILE))
WATCH = """
CREATE TABLE law_seen (guid TEXT, state TEXT);
CREATE TRIGGER law_seen AFTER UPDATE OF state ON job WHEN old.state <> new.state
BEGIN INSERT INTO law_seen VALUES (new.guid, new.state); END;
"""
"""The database itself notes every change of a job's state, whichever process makes it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When to kill: `come` is asked with the data folder."""

    name: str
    come: Callable[[Path], object]


MOMENTS = (
    Moment("at once", lambda _data: True),
    Moment("a file is published", lambda data: list(data.glob("files/*/*/*.zip"))),
    Moment("a file is written", lambda data: list(data.glob("work/job-*/package.zip"))),
)


@dataclass(frozen=True, slots=True)
class Story:
    """What was seen while a server was killed at each moment, with every export accepted before.

    accepted: (export, job number). first_sight: published file -> SHA-256 when it was first seen.
    cut_short: numbers of jobs that were unfinished when a server was killed.
    """

    accepted: list[tuple[Export, int]] = field(default_factory=list)
    first_sight: dict[Path, str] = field(default_factory=dict)
    cut_short: dict[str, list[int]] = field(default_factory=dict)


@contextmanager
def lookout(files: Path, seen: dict[Path, str]) -> Iterator[None]:
    """Reads each published file in the moment its name appears, as a hasty client would."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.001):
            for path in files.glob("*/*/*"):
                if path not in seen:
                    with suppress(FileNotFoundError):  # the story clears the folder between its moments
                        seen[path] = hashlib.sha256(path.read_bytes()).hexdigest()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def killed(original: Practice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A data folder of its own, whose database notes how jobs change."""
    with copied(original, tmp_path_factory.mktemp("killed") / "data") as made:
        with closing(sqlite3.connect(made.house.settings.control_path)) as control:
            control.executescript(WATCH)
        yield made


@pytest.fixture(scope="module")
def story(killed: Practice, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Accept every export, kill -9, start again and let it finish by itself; once for each moment."""
    log = tmp_path_factory.mktemp("log") / "log"
    told = Story()
    guest, jobs = killed.guests[0], killed.house.jobs

    def unfinished() -> list[int]:
        return [job.number for job in jobs.list() if job.finished is None]

    with lookout(killed.data / "files", told.first_sight):
        for moment in MOMENTS:
            with serving(killed.data, log) as server:
                client = Client(server.url, guest.client_id, guest.secret, WORKBOOKS[0].scope)
                wait_until(lambda: not unfinished(), "what was left is finished")
                shutil.rmtree(killed.data / "files", ignore_errors=True)
                for export in WORKBOOKS:
                    with killed.facts() as facts:
                        asked = export.sample(facts)
                    told.accepted.append((export, client.start(export, asked)))
                wait_until(lambda m=moment: m.come(killed.data), moment.name, every=0.0005)  # type: ignore[misc]  # mypy cannot infer a lambda's default
                server.kill()
            told.cut_short[moment.name] = unfinished()
        with serving(killed.data, log):
            wait_until(lambda: not unfinished(), "everything is finished")
    return told


def test_accepted_is_kept(killed: Practice, story: Story) -> None:
    """Every job whose number left the server is finished after kill -9, at whatever moment it came, without
    anybody asking again."""
    assert len(story.accepted) == len(MOMENTS) * len(WORKBOOKS)
    assert len(story.cut_short["at once"]) == len(WORKBOOKS)
    assert len(story.cut_short["a file is written"]) > 0
    for _, number in story.accepted:
        assert killed.house.jobs.get(killed.guests[0].tenant, number).state in WITH_FILE


def test_an_interrupted_run_gives_the_same_bytes(killed: Practice, story: Story, press: Press) -> None:
    """What a job writes after it was interrupted equals, byte for byte, what an undisturbed run writes."""
    for export, number in story.accepted:
        job = killed.house.jobs.get(killed.guests[0].tenant, number)
        undisturbed = press.make(export, job.received)
        assert (job.size, job.sha256) == (undisturbed.produced.size, undisturbed.produced.sha256)
    last = [killed.house.jobs.get(killed.guests[0].tenant, story.accepted[-1][1])]
    assert hashlib.sha256(killed.house.jobs.file_of(last[0]).read_bytes()).hexdigest() == last[0].sha256


def test_each_job_ends_once(killed: Practice, story: Story) -> None:
    """Each job goes into exactly one final state, once, and never leaves it."""
    with closing(sqlite3.connect(killed.house.settings.control_path)) as control:
        rows = control.execute("SELECT guid, state FROM law_seen ORDER BY rowid").fetchall()
    for _, number in story.accepted:
        guid = killed.house.jobs.get(killed.guests[0].tenant, number).guid
        states = [state for seen, state in rows if seen == guid]
        assert [state in FINAL for state in states] == [False] * (len(states) - 1) + [True], states


def test_no_half_file_is_ever_seen(killed: Practice, story: Story) -> None:
    """A published file is whole in the moment its name appears, however its writer ends."""
    tenant = killed.guests[0].tenant
    whole = {killed.house.jobs.get(tenant, number).sha256 for _, number in story.accepted}
    assert story.first_sight
    assert set(story.first_sight.values()) <= whole


def test_nothing_is_left_lying_about(killed: Practice, story: Story) -> None:
    """After the last job has ended, no working file of any run is left."""
    assert story.accepted
    assert [path for path in (killed.data / "work").rglob("*") if path.is_file()] == []
