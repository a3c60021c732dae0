"""kill -9 in the middle of a personal-data export into real storage: it ends exact, once, and tells no secret."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.azurite import Azurite
from tests.azurite import azurite as azurite
from tests.crash.person_house import Client, Person, PersonHouse
from tests.laws.serving import Server, wait_until
from tests.laws.test_catalog_secrets import disguises, files_in
from waybill.files.manifest import MANIFEST, REQUEST_INFO
from waybill.jobs.operations import Operation, Status

FILES, SIZE = 150, 24 * 2**20
KILLS = (1, 90)
"""How many files have arrived when the process is killed."""
FINAL = ("finished", "finished_with_exceptions", "failed", "stopped")
WATCH = """
CREATE TABLE seen (guid TEXT, state TEXT);
CREATE TRIGGER see AFTER UPDATE OF state ON job WHEN old.state <> new.state
BEGIN INSERT INTO seen VALUES (new.guid, new.state); END;
"""


@dataclass(frozen=True, slots=True)
class Story:
    """What became of two exports: one whose server was killed again and again, one whose container went away.

    told: the operation as the last server told it. at_kill: how the killed one stood, and what lay in
    the data folder, after each kill. secrets: what nothing may hold.
    """

    house: PersonHouse
    done: Operation
    told: dict[str, Any]
    failed: Operation
    container: str
    secrets: dict[str, bytes]
    at_kill: list[tuple[Operation, dict[str, bytes]]]
    log: Path


@pytest.fixture(scope="module")
def story(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("person")
    house, log = PersonHouse.opened(folder / "data", azurite.address), folder / "log"
    person = house.furnish(FILES, SIZE)
    client = house.client(person)
    with closing(sqlite3.connect(house.settings.control_path)) as control:
        control.executescript(WATCH)
    failed = begin_and_take_away(house, azurite, person)
    container = azurite.container()
    location, tokens, guid = azurite.sas_url(container), list[str](), ""
    at_kill = []
    for count in KILLS:
        with house.serving(log) as server:
            tokens.append(client.token(server.url))
            guid = guid or client.export(server.url, tokens[-1], person, location)
            wait_until(partial(have_arrived, house, guid, count), f"{count} files arrived", every=0.002)
        at_kill.append((house.operation(person, guid), dict(files_in(folder / "data"))))
    with house.serving(log) as server:
        tokens.append(client.token(server.url))
        told = wait_for_the_end(client, server, tokens[-1], guid)
        wait_until(lambda: house.operation(person, failed.id).completed, "the other ends", 0.05)
        wait_until(lambda: not list(house.settings.deliveries_path.iterdir()), "the journals are gone")
    secrets = {
        "signature of the SAS": parse_qs(urlsplit(location).query)["sig"][0].encode(),
        "client secret": client.secret.encode(),
        "sealing key": (house.settings.data / "sealing.key").read_bytes(),
        **{f"token {n}": token.rpartition(".")[2].encode() for n, token in enumerate(tokens)},
    }
    done, failed = (house.operation(person, one) for one in (guid, failed.id))
    yield Story(house, done, told, failed, container, secrets, at_kill, log)
    house.house.control.dispose()


def have_arrived(house: PersonHouse, guid: str, count: int) -> bool:
    return house.arrived(guid) >= count


def wait_for_the_end(client: Client, server: Server, token: str, guid: str) -> dict[str, Any]:
    """The operation as the server tells it once it has ended, asked for as clients do."""
    ended = ("complete", "failed")
    wait_until(lambda: client.operation(server.url, token, guid)["status"] in ended, "it ends", 0.05)
    return client.operation(server.url, token, guid)


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
    assert (story.told["status"], story.told["progress"]) == ("complete", 100.0)
    assert story.told["storageLocation"].endswith(story.container)
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


def test_secrets_stay_sealed(story: Story, azurite: Azurite) -> None:
    """SAS, client secret, tokens and keys are found in no store, journal, working file, log, delivered file or
    answer, in any encoding: not after a kill, a failure or the end."""
    places = {
        f"after kill {number}: {name}": data
        for number, (_, kept) in enumerate(story.at_kill)
        for name, data in kept.items()
    }
    places |= {f"at the end: {name}": data for name, data in files_in(story.house.settings.data)}
    places |= {name: azurite.blob(story.container, name) for name in azurite.names(story.container)}
    places |= {"log": story.log.read_bytes(), "operation": json.dumps(story.told).encode()}
    places |= {"failed operation": repr(story.failed).encode(), "operation here": repr(story.done).encode()}
    assert [
        (name, place)
        for name, secret in story.secrets.items()
        for form in disguises(secret)
        for place, data in places.items()
        if form in data
    ] == []
    assert {"control.db", "engine.db"} <= {name.rpartition(": ")[2] for name in places}
    assert any(name.endswith(".journal") for name in places)
    assert b"job failed" in places["log"]
