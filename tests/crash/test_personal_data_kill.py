"""kill -9 in the middle of a personal-data export into real storage: it ends exact, once, and tells no secret."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.azurite import Azurite
from tests.azurite import azurite as azurite
from tests.crash.person_house import Person, PersonHouse, arrived, exporting, wait_for_end
from tests.laws.serving import wait_until
from tests.laws.test_catalog_secrets import disguises, files_in
from waybill.files.manifest import MANIFEST, REQUEST_INFO
from waybill.jobs.operations import Operation, Status

FILES, SIZE = 150, 24 * 2**20
KILLS = (1, 40, 120)
"""How many files have arrived when the process is killed."""
FINAL = ("finished", "finished_with_exceptions", "failed", "stopped")
WATCH = """
CREATE TABLE seen (guid TEXT, state TEXT);
CREATE TRIGGER see AFTER UPDATE OF state ON job WHEN old.state <> new.state
BEGIN INSERT INTO seen VALUES (new.guid, new.state); END;
"""


@dataclass(frozen=True, slots=True)
class Story:
    """What became of two exports: one whose process was killed again and again, one whose container went away.

    at_kill: how the killed one stood, and what lay in the data folder, after each kill
    """

    house: PersonHouse
    done: Operation
    failed: Operation
    container: str
    sas: str
    at_kill: list[tuple[Operation, dict[str, bytes]]]
    log: Path


@pytest.fixture(scope="module")
def story(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("person")
    house, log = PersonHouse.opened(folder / "data", azurite.address), folder / "log"
    person = house.furnish(FILES, SIZE)
    with closing(sqlite3.connect(house.settings.control_path)) as control:
        control.executescript(WATCH)
    failed = begin_and_take_away(house, azurite, person)
    container = azurite.container()
    location = azurite.sas_url(container)
    operation = house.begin(person, location)
    at_kill = []
    for count in KILLS:
        with exporting(house, log):
            wait_until(lambda n=count: arrived(house, operation) >= n, f"{count} files arrived", every=0.002)  # type: ignore[misc]  # mypy cannot infer a lambda's default
        at_kill.append((house.operations.get(person.tenant, operation.id), dict(files_in(folder / "data"))))
    with exporting(house, log):
        done, failed = wait_for_end(house, operation), wait_for_end(house, failed)
        wait_until(lambda: not list(house.settings.deliveries_path.iterdir()), "the journals are gone")
    (sas,) = parse_qs(urlsplit(location).query)["sig"]
    yield Story(house, done, failed, container, sas, at_kill, log)
    house.house.control.dispose()


def begin_and_take_away(house: PersonHouse, azurite: Azurite, person: Person) -> Operation:
    """An export that is accepted, and whose container is deleted before its first file."""
    gone = azurite.container()
    operation = house.begin(person, azurite.sas_url(gone))
    with azurite.service() as service:
        service.delete_container(gone)
    return operation


def manifest_of(azurite: Azurite, container: str) -> Any:
    return json.loads(azurite.blob(container, MANIFEST))


def test_it_was_really_cut_short(story: Story) -> None:
    """Each kill came while the export was unfinished."""
    assert [operation.status for operation, _ in story.at_kill] == [Status.RUNNING] * len(KILLS)


def test_the_container_ends_exact(story: Story, azurite: Azurite) -> None:
    """After several kills the container holds exactly what the manifest lists: nothing is missing, half, or more."""
    manifest = manifest_of(azurite, story.container)
    listed = {one["path"]: (one["size"], one["sha256"]) for one in manifest["files"]}
    found = azurite.digests(story.container)
    assert found.pop(MANIFEST)
    assert found == listed
    assert (len(listed) > FILES, manifest["counts"]["bytes"] > SIZE) == (True, True)
    assert json.loads(azurite.blob(story.container, REQUEST_INFO))["CommandId"] == story.done.id


def test_the_operation_ends_once(story: Story) -> None:
    """The operation goes into one final state, once, however often its process was killed."""
    assert (story.done.status, story.done.progress) == (Status.COMPLETE, 100.0)
    with closing(sqlite3.connect(story.house.settings.control_path)) as control:
        rows = control.execute("SELECT state FROM seen WHERE guid = ?", (story.done.id,)).fetchall()
    states = [state for (state,) in rows]
    assert [state in FINAL for state in states] == [False] * (len(states) - 1) + [True], states


def test_progress_never_goes_back(story: Story) -> None:
    """What a client sees of the progress only grows, kills or not."""
    seen = [operation.progress for operation, _ in story.at_kill] + [story.done.progress]
    assert seen == sorted(seen)


def test_a_lost_container_fails_in_words(story: Story) -> None:
    """An export whose container is gone ends as failed, with a reason that holds no query."""
    assert (story.failed.status, story.failed.error != "") == (Status.FAILED, True)
    assert "?" not in story.failed.error
    assert story.failed.completed is not None


def test_nothing_is_left_of_it(story: Story) -> None:
    """After the end there is no journal, no working file and no sealed location."""
    settings = story.house.settings
    assert [path for path in settings.work_path.rglob("*") if path.is_file()] == []
    with closing(sqlite3.connect(settings.control_path)) as control:
        assert control.execute("SELECT count(*) FROM operation WHERE sealed IS NOT NULL").fetchone() == (0,)


def test_the_sas_stays_sealed(story: Story, azurite: Azurite) -> None:
    """The signature of the SAS and the sealing key are found in no store, journal, working file, log or
    delivered file, in any encoding: not after a kill, a failure or the end."""
    settings = story.house.settings
    places = {f"after kill {n}: {name}": data for n, (_, kept) in enumerate(story.at_kill) for name, data in kept.items()}
    places |= {f"at the end: {name}": data for name, data in files_in(settings.data)}
    places |= {name: azurite.blob(story.container, name) for name in azurite.names(story.container)}
    places["log"] = story.log.read_bytes()
    secrets = {
        "signature": story.sas.encode(),
        "sealing key": (settings.data / "sealing.key").read_bytes(),
    }
    assert [
        (name, place)
        for name, secret in secrets.items()
        for form in disguises(secret)
        for place, data in places.items()
        if form in data
    ] == []
    assert any(name.endswith(".journal") for name in places)
    assert b"job failed" in places["log"]
