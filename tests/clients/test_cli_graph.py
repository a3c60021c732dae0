"""Exports of people's data on the command line: into a folder, a container or a registered one, as scripts use them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.azurite import Azurite
from tests.azurite import azurite as azurite
from tests.clients.command_line import Commands, Run
from tests.clients.product_server import Practice
from tests.laws.bundles import faults_of
from waybill.app import House, open_house
from waybill.export import Sql
from waybill.exports import personal_data, shared_profile_data
from waybill.ingest.folder.walk import MAX_DEPTH
from waybill.settings import Settings

LOCATION = "WAYBILL_STORAGE_LOCATION"
CANARY = "Y2FuYXJ5IG9mIGEgc2lnbmF0dXJl"
SAS = f"sv=2024-11-04&sr=c&sp=acw&se=2099-01-01T00:00:00Z&sig={CANARY}"
AWAY = f"https://waybilltests.blob.core.windows.net/box?{SAS}"
"""A good SAS URL as far as can be seen. Nothing dials it: tests that name it are refused before."""
KEYS = ["operation", "status", "user", "storage_location", "gaps", "error", "seconds"]
SHOWN = {
    "operation", "job", "export", "tenant", "user", "status", "progress", "storage_location", "gaps", "client_id",
    "submitted", "completed", "error",
}  # fmt: skip


@dataclass
class Desk:
    """A practice tenant's data folder, a folder to work in, and all that was printed there and then."""

    commands: Commands
    data: Path
    folder: Path
    user: str
    upn: str
    profile: str
    emulator: str
    secrets: set[str] = field(default_factory=lambda: {CANARY})

    def run(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Run:
        """A command about the tenant. Whatever it is, it prints no signature of a SAS."""
        settings = {"WAYBILL_STORAGE_EMULATORS": self.emulator, **(env or {})}
        self.secrets |= {one for value in settings.values() for one in signatures(value)}
        tail = ("--tenant", "practice-tiny", "--data", self.data)
        ran = self.commands(*arguments, *tail, cwd=self.folder, env=settings)
        assert [one for one in self.secrets if one in ran.out + ran.err] == []
        assert "Traceback" not in ran.err
        return ran

    def export(self, *arguments: str | Path, **env: str) -> Run:
        """`waybill export personal-data` of the sample user."""
        return self.run("export", "personal-data", "--user", self.user, *arguments, env=env)

    def refused(self, *arguments: str | Path, **env: str) -> str:
        """What an export that exits with 1 says on standard error; nothing is on standard output."""
        ran = self.export(*arguments, **env)
        assert (ran.code, ran.out) == (1, ""), ran
        return ran.err

    def house(self) -> House:
        return open_house(Settings(data=self.data))


def signatures(url: str) -> Iterator[str]:
    """The signature of a SAS URL as it stands there and as it is meant."""
    found = re.search(r"sig=([^&]+)", url)
    if found:
        yield found[1]
        yield parse_qs(urlsplit(url).query)["sig"][0]


@pytest.fixture(scope="module")
def desk(
    practice: Practice, commands: Commands, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory
) -> Desk:
    base = tmp_path_factory.mktemp("cli-graph")
    shutil.copytree(practice.data, base / "data")
    (base / "here").mkdir()
    house = open_house(Settings(data=base / "data"))
    with house.open_latest(practice.tenant) as facts:
        user = personal_data.EXPORT.sample(facts)["id"][0]
        profile = shared_profile_data.EXPORT.sample(facts)["userId"][0]
        upn = facts.table(Sql("SELECT upn FROM principal WHERE entra_id = $user"), user=user)[0][0]
    house.control.dispose()
    return Desk(commands, base / "data", base / "here", user, str(upn), profile, azurite.address)


@pytest.fixture(scope="module")
def delivered(desk: Desk) -> Run:
    """The sample user's data in the folder `person`, by the command as people use it."""
    return desk.export("--to", "./person")


def contents(azurite: Azurite, container: str) -> dict[str, tuple[int, str]]:
    """What a container holds, after it was held against its own manifest."""
    held = azurite.digests(container)
    manifest: dict[str, Any] = json.loads(azurite.blob(container, "manifest.json"))
    listed = {one["path"]: (one["size"], one["sha256"]) for one in manifest["files"]}
    assert listed == {path: digest for path, digest in held.items() if path != "manifest.json"}
    return held


def sizes(held: Mapping[str, tuple[int, str]]) -> dict[str, int]:
    """Files by their size, which is the same in every operation: their bytes also hold the operation's id."""
    told = {"RequestInfo.json", "manifest.json", "index.html"}
    return {path: size for path, (size, _) in held.items() if path not in told}


def in_folder(folder: Path) -> dict[str, tuple[int, str]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file()
    }  # fmt: skip


def test_into_a_folder(desk: Desk, delivered: Run) -> None:
    """A folder gets exactly what its manifest lists, for its owner alone, and words say where and what next."""
    assert delivered.code == 0, delivered.err
    first, place, *words = delivered.out.splitlines()
    assert re.fullmatch(r"Operation [0-9a-f-]{36} is complete in [0-9.]+ s\.", first)
    assert place == f"Delivered into the folder {desk.folder / 'person'}"
    assert "index.html" in words[-1]
    folder = desk.folder / "person"
    assert faults_of(folder) == []
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert {(path.is_dir(), mode) for path, mode in modes.items()} == {(True, 0o700), (False, 0o600)}
    assert [line["task"] for line in delivered.progress][-1] == "Personal data export"
    assert delivered.progress[-1]["percent"] == 100


def test_a_folder_takes_one_export(desk: Desk, delivered: Run) -> None:
    """A second export into a folder is refused and changes nothing there."""
    assert delivered.code == 0
    before = in_folder(desk.folder / "person")
    assert "is not empty" in desk.refused("--to", "person")
    assert in_folder(desk.folder / "person") == before


def test_a_profile_into_a_folder(desk: Desk) -> None:
    """`shared-profile-data` does the same for an inbound profile; --json is one object on the last line."""
    facts = desk.run(
        "export", "shared-profile-data", "--user", desk.profile, "--to", "new/profile", "--json"
    ).json
    assert list(facts) == KEYS
    assert (facts["status"], facts["user"], facts["error"]) == ("complete", desk.profile, None)
    assert facts["storage_location"] == "new/profile"
    assert faults_of(desk.folder / "new" / "profile") == []
    manifest = json.loads((desk.folder / "new" / "profile" / "manifest.json").read_bytes())
    assert facts["gaps"] == len(manifest["gaps"])


def test_into_a_container(desk: Desk, delivered: Run, azurite: Azurite) -> None:
    """A container named by the variable, and a person by sign-in name: the same files as in a folder."""
    assert delivered.code == 0
    name = azurite.container()
    where = {LOCATION: azurite.sas_url(name)}
    facts = desk.run("export", "personal-data", "--user", desk.upn.upper(), "--json", env=where).json
    assert (facts["status"], facts["user"]) == ("complete", desk.user)
    assert facts["storage_location"] == azurite.sas_url(name).partition("?")[0]
    assert sizes(contents(azurite, name)) == sizes(in_folder(desk.folder / "person"))


def test_registered_destinations(desk: Desk, azurite: Azurite) -> None:
    """A destination is added, listed without its SAS, delivered to by its name, and removed."""
    name = azurite.container()
    shown = azurite.sas_url(name).partition("?")[0]
    where = {LOCATION: azurite.sas_url(name)}
    assert (
        desk.run("destinations", "add", "Archive", env=where).out
        == f"Archive stands for {shown}; its SAS is sealed.\n"
    )
    again = desk.run("destinations", "add", "Archive", env=where)
    assert (again.code, "already" in again.err) == (1, True)
    assert desk.run("destinations", "list", "--json").json == {
        "destinations": [{"name": "Archive", "location": shown}]
    }
    assert "Archive" in desk.run("destinations", "list").out
    facts = desk.export("--to", "Archive", "--json").json
    assert (facts["status"], facts["storage_location"]) == ("complete", shown)
    contents(azurite, name)
    assert not (desk.folder / "Archive").exists()
    assert desk.run("destinations", "remove", "Archive", "--json").json == {"removed": "Archive"}
    assert desk.run("destinations", "list", "--json").json == {"destinations": []}
    assert desk.run("destinations", "remove", "Archive").code == 1


def test_a_name_that_is_both(desk: Desk) -> None:
    """Where a folder has the name of a destination, nothing is sent on a guess; ./NAME is the folder."""
    added = desk.run("destinations", "add", "Both", "--json", env={LOCATION: AWAY}).json
    assert added == {"destination": "Both", "location": AWAY.partition("?")[0]}
    (desk.folder / "Both").mkdir()
    said = desk.refused("--to", "Both")
    assert "registered destination" in said
    assert "./Both" in said
    assert desk.export("--to", "./Both").code == 0
    assert faults_of(desk.folder / "Both") == []


def test_a_typo_is_no_folder(desk: Desk) -> None:
    """A bare word that is neither a destination nor a folder gets nobody's data; ./WORD and a folder of that name do."""
    said = desk.refused("--to", "archvie")
    assert "neither a registered destination nor a folder here" in said
    assert "./archvie" in said
    assert not (desk.folder / "archvie").exists()
    (desk.folder / "there").mkdir()
    ran = desk.export("--to", "there")
    assert ran.code == 0, ran.err
    assert str(desk.folder / "there") in ran.out


def test_an_unknown_emulator(desk: Desk) -> None:
    """Where nobody allowed an emulator, its host is said to be at fault, not its path; and which settings allow one."""
    url = f"http://127.0.0.1:1/devstoreaccount1/box?{SAS}"
    added = desk.run("destinations", "add", "Emulated", env={LOCATION: url})
    for said in (added.err, desk.refused("--to", url)):
        assert "127.0.0.1:1 is not an allowed storage host" in said
        assert all(name in said for name in ("WAYBILL_STORAGE_HOSTS", "WAYBILL_STORAGE_EMULATORS"))
    assert added.code == 1


def test_operations(desk: Desk, delivered: Run) -> None:
    """`operations list` and `show` tell the same of an operation, for programs and for people."""
    (guid,) = re.findall(r"[0-9a-f-]{36}", delivered.out)
    listed = desk.run("operations", "list", "--json").json["operations"]
    shown = desk.run("operations", "show", guid.upper(), "--json").json
    assert [one for one in listed if one["operation"] == guid] == [shown]
    assert set(shown) == SHOWN
    assert [one["submitted"] for one in listed] == sorted((one["submitted"] for one in listed), reverse=True)
    assert (shown["status"], shown["progress"], shown["user"]) == ("complete", 100.0, desk.user)
    assert (shown["export"], shown["client_id"], shown["storage_location"]) == ("personal-data", "cli", None)
    table = desk.run("operations", "list").out
    assert all(word in table for word in (guid, desk.user, "complete", "100 %", "a folder of this machine"))
    words = desk.run("operations", "show", guid).out
    assert re.search(r"^status +complete$", words, re.MULTILINE)
    assert re.search(r"^storage_location +a folder of this machine$", words, re.MULTILINE)
    nothing = desk.run("operations", "show", "c0000000-0000-4000-8000-000000000009")
    assert (nothing.code, "no such operation" in nothing.err) == (1, True)


def test_an_operation_is_stopped_by_its_id(desk: Desk, practice: Practice) -> None:
    """`operations cancel` stops an operation by its GUID, twice as well as once; one that is complete, and one
    that is unknown, are refused in words."""
    house = desk.house()
    begun = house.operations.begin_local(
        practice.tenant, "personal-data", desk.user, {"id": (desk.user,)}, "the-test",
        house.registry.latest(practice.tenant).id, desk.folder / "stopped",
    )  # fmt: skip
    house.control.dispose()
    facts = desk.run("operations", "cancel", begun.id.upper(), "--json").json
    assert facts == {"operation": begun.id, "job": begun.number, "status": "stopped"}
    assert desk.run("operations", "cancel", begun.id).out == f"Operation {begun.id} is stopped.\n"
    shown = desk.run("operations", "show", begun.id, "--json").json
    assert (shown["status"], shown["job"]) == ("failed", begun.number)
    assert "stopped by an operator" in shown["error"]
    complete = desk.export("--to", "./complete", "--json").json["operation"]
    late = desk.run("operations", "cancel", complete)
    assert (late.code, "cannot be stopped" in late.err) == (1, True), late
    nothing = desk.run("operations", "cancel", NOBODY)
    assert (nothing.code, "no such operation" in nothing.err) == (1, True), nothing


def test_what_was_not_taken_is_in_the_manifest(desk: Desk, practice: Practice) -> None:
    """After `ingest files` an export's manifest names each thing that could not be taken, one gap each."""
    there = replace(desk, data=desk.folder.parent / "not-taken", folder=desk.folder.parent / "not-taken-here")
    shutil.copytree(practice.data, there.data)
    drive = there.folder / "drives" / desk.upn
    drive.mkdir(parents=True)
    (drive / "fine.txt").write_bytes(b"fine")
    (drive / "link").symlink_to(there.data)
    os.mkfifo(drive / "pipe")
    (drive / os.fsdecode(b"bad\xff.txt")).write_bytes(b"x")
    (drive / ("d/" * MAX_DEPTH)).mkdir(parents=True)
    refused = there.run("ingest", "files", "drives", "--json").json["refused"]
    assert there.export("--to", "./person").code == 0
    manifest = json.loads((there.folder / "person" / "manifest.json").read_bytes())
    gaps = [gap for gap in manifest["gaps"] if gap["path"].startswith("50/Files")]
    named = {"link", "pipe", "bad\\udcff.txt", "/".join("d" * MAX_DEPTH)}
    assert sorted(gap["path"] for gap in gaps) == sorted(f"50/Files/{path}" for path in named)
    assert {one["name"].partition("/")[2] for one in refused} == named
    assert [one["path"] for one in manifest["files"] if one["path"].startswith("50/Files")] == [
        "50/Files/fine.txt"
    ]


def test_who_was_removed_is_not_exported(desk: Desk, practice: Practice) -> None:
    """A profile that was asked to be removed after it was loaded is not exported here either."""
    house = desk.house()
    with house.open_latest(practice.tenant) as facts:
        query = "SELECT entra_id FROM principal WHERE user_type = 'B2B direct' AND entra_id <> $not"
        other = str(facts.table(Sql(query), **{"not": desk.profile})[0][0])
    house.removals.request(practice.tenant, other, "the-test")
    house.control.dispose()
    ran = desk.run("export", "shared-profile-data", "--user", other, "--to", "removed")
    assert (ran.code, "removePersonalData" in ran.err) == (1, True), ran
    assert not (desk.folder / "removed").exists()


NOBODY = "c0000000-0000-4000-8000-000000000009"
WRONG: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "unknown user": (("personal-data", "--user", NOBODY, "--to", "x"), ("no such user", "object id or sign-in name")),
    "unknown name": (("personal-data", "--user", "no@body.example", "--to", "x"), ("no such user",)),
    "no GUID, no name": (("personal-data", "--user", "anna", "--to", "x"), ("--user 'anna'", "Object id")),
    "a name for a profile": (
        ("shared-profile-data", "--user", "a@b.example", "--to", "x"), ("--user 'a@b.example'", "profile"),
    ),
    "no user": (("personal-data", "--to", "x"), ("--user is needed",)),
    "no place": (("personal-data", "--user", NOBODY), ("--to is needed", "empty folder", "SAS URL")),
    "a folder with --server": (
        ("personal-data", "--user", NOBODY, "--to", "./x", "--server", "http://127.0.0.1:1"), ("folder of this machine",),
    ),
    "no credentials": (
        ("personal-data", "--user", NOBODY, "--to", AWAY, "--server", "http://127.0.0.1:1"),
        ("--client-id", "waybill apps create"),
    ),
    "a profile as user": (("personal-data", "--user", "PROFILE", "--to", "x"), ("no such user",)),
}  # fmt: skip
"""Arguments of `waybill export` -> words on standard error."""


@pytest.mark.parametrize("case", WRONG)
def test_wrong_words(desk: Desk, case: str) -> None:
    """What does not fit is said with what would, exit code 1, and nothing is made."""
    arguments, words = WRONG[case]
    before = sorted(desk.folder.iterdir())
    ran = desk.run("export", *(desk.profile if one == "PROFILE" else one for one in arguments))
    assert (ran.code, ran.out) == (1, ""), ran
    assert [word for word in words if word not in ran.err] == [], ran.err
    assert sorted(desk.folder.iterdir()) == before


PLACES: Mapping[str, tuple[str, str]] = {
    "an unlisted host": (AWAY.replace("blob.core.windows.net", "example.com"), "storage_hosts"),
    "no scheme": (AWAY.removeprefix("https://"), "not an absolute URL"),
    "half a scheme": (AWAY.replace("://", ":/"), "not an absolute URL"),
    "a path before": (f"./{AWAY.removeprefix('https://')}", "not an absolute URL"),
    "no SAS": (AWAY.partition("?")[0], "SAS"),
    "a SAS of the account": (AWAY.replace("sr=c", "ss=b&srt=sco"), "account SAS"),
}
"""storageLocations -> a word of what is said. All are refused before a name is resolved."""


@pytest.mark.parametrize("case", PLACES)
def test_wrong_places(desk: Desk, case: str) -> None:
    """A location that cannot be used is refused in words, and does not become a folder."""
    location, word = PLACES[case]
    before = sorted(desk.folder.iterdir())
    assert word in desk.refused("--to", location)
    assert sorted(desk.folder.iterdir()) == before


def test_wrong_containers(desk: Desk, azurite: Azurite) -> None:
    """A SAS that may read or has expired, and a container that has taken an export: refused, and left as it was."""
    name = azurite.container()
    assert "read" in desk.refused(**{LOCATION: azurite.sas_url(name, "racw")})
    assert "expired" in desk.refused(**{LOCATION: azurite.sas_url(name, expires=timedelta(hours=-1))})
    assert azurite.names(name) == []
    azurite.put(name, "RequestInfo.json", b"{}")
    assert "used for an export already" in desk.refused(**{LOCATION: azurite.sas_url(name)})
    assert azurite.names(name) == ["RequestInfo.json"]
    assert azurite.blob(name, "RequestInfo.json") == b"{}"


def test_destinations_want_the_variable(desk: Desk) -> None:
    """A SAS is not taken from the command line; what is no usable location is not registered."""
    assert LOCATION in desk.run("destinations", "add", "Nowhere").err
    for location in (AWAY.partition("?")[0], AWAY.replace("blob.core.windows.net", "example.com"), "person"):
        ran = desk.run("destinations", "add", "Nowhere", env={LOCATION: location})
        assert (ran.code, ran.out) == (1, ""), ran
    assert "Nowhere" not in desk.run("destinations", "list").out


def test_no_signature_is_left_in_files(desk: Desk, delivered: Run) -> None:
    """After all this no signature of a SAS stands in the data folder or in what was delivered."""
    assert delivered.code == 0
    files = [path for path in (*desk.data.rglob("*"), *desk.folder.rglob("*")) if path.is_file()]
    found = {path for path in files for one in desk.secrets if one.encode() in path.read_bytes()}
    assert found == set()
