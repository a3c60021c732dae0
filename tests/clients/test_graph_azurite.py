"""The Graph face of the whole product with a real storage emulator: what arrives, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.azurite import Azurite
from tests.azurite import azurite as azurite
from tests.clients.product_server import Practice
from tests.clients.test_graph_start import ROWS
from tests.laws.serving import Answer, ask, graph_token, serving, wait_until
from waybill.app import House, open_house
from waybill.exports import personal_data, shared_profile_data
from waybill.identity.directory_roles import GRAPH_APP_ROLES
from waybill.settings import Settings

UNKNOWN = "c0000000-0000-4000-8000-000000000009"
PROFILES = "/beta/directory/inboundSharedUserProfiles"


@dataclass(frozen=True)
class Tenant:
    """One practice tenant as an application of it sees the server."""

    url: str
    id: str
    token: str = field(repr=False)
    user: str
    profile: str

    def ask(self, target: str, **more: Any) -> Answer:
        return ask(self.url, target, headers={"Authorization": f"Bearer {self.token}"}, **more)

    def export(self, location: str, target: str = "") -> Answer:
        path = target or f"/v1.0/users/{self.user}/exportPersonalData"
        return self.ask(path, sent_json={"storageLocation": location})

    def ended(self, operation: str) -> dict[str, Any]:
        """The operation once it is complete or has failed."""
        path = f"/v1.0/dataPolicyOperations/{operation}"
        wait_until(lambda: self.ask(path).json["completedDateTime"], f"{operation} ends", 0.1)
        found: dict[str, Any] = self.ask(path).json
        return found


@pytest.fixture(scope="module")
def tenants(
    practice: Practice, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Tenant, Tenant]]:
    """Two practice tenants behind one `waybill serve` that may deliver to the emulator."""
    folder = tmp_path_factory.mktemp("graph-product")
    shutil.copytree(practice.data, folder / "data")
    house = open_house(Settings(data=folder / "data"))
    apps = [
        (tenant, house.identity.apps.create("graph", tenant, GRAPH_APP_ROLES), *_people(house, tenant))
        for tenant in (practice.tenant, practice.other_tenant)
    ]
    house.control.dispose()
    with serving(folder / "data", folder / "log", storage_emulators=azurite.address) as server:
        made = [
            Tenant(
                server.url, tenant, graph_token(server.url, tenant, app.client_id, app.client_secret), *people
            )
            for tenant, app, *people in apps
        ]
        yield made[0], made[1]


def _people(house: House, tenant: str) -> tuple[str, str]:
    with house.open_latest(tenant) as facts:
        return (
            personal_data.EXPORT.sample(facts)["id"][0],
            shared_profile_data.EXPORT.sample(facts)["userId"][0],
        )


def refused(answer: Answer, row: str) -> None:
    status, code, message = ROWS[row]
    error = answer.json["error"]
    assert (answer.status, error["code"], error["message"]) == (status, code, message)


BAD: dict[str, tuple[str, Callable[[Azurite, str], str]]] = {
    "SAS that can read": ("10", lambda storage, name: storage.sas_url(name, "racw")),
    "SAS that can list": ("8", lambda storage, name: storage.sas_url(name, "acwl")),
    "account SAS": ("6", lambda storage, name: storage.account_sas_url(name)),
    "expired SAS": ("9b", lambda storage, name: storage.sas_url(name, expires=timedelta(hours=-1))),
    "SAS of another container": ("9b", lambda storage, name: storage.sas_url(name, signed_for="another")),
    "SAS that cannot write": ("9b", lambda storage, name: storage.sas_url(name, "d")),
    "no SAS": ("5", lambda storage, name: storage.sas_url(name).partition("?")[0]),
    "a blob in the container": ("7", lambda storage, name: storage.sas_url(name).replace("?", "/blob?")),
    "malformed": ("2", lambda _storage, name: f"{name}?sv=1&sig=2"),
    "no such container": ("2", lambda storage, name: storage.sas_url(f"{name}-not-there")),
    "not https": ("2", lambda storage, name: storage.sas_url(name).replace("http://", "ftp://")),
    "another emulator": ("7", lambda storage, name: storage.sas_url(name).replace("127.0.0.1", "127.0.0.2")),
    "another host": ("2", lambda _storage, name: f"https://storage.example/{name}?sv=1&sr=c&sp=acw&sig=2"),
}


@pytest.mark.parametrize("case", BAD)
def test_t06_bad_locations(tenants: tuple[Tenant, Tenant], azurite: Azurite, case: str) -> None:
    """Each bad location has its code and message, and leaves the container empty."""
    row, made = BAD[case]
    name = azurite.container()
    refused(tenants[0].export(made(azurite, name)), row)
    assert azurite.names(name) == []


def test_t05_second_export_into_one_container(tenants: tuple[Tenant, Tenant], azurite: Azurite) -> None:
    """The second export into a container is refused, and changes nothing there."""
    name = azurite.container()
    first = tenants[0].export(azurite.sas_url(name))
    assert first.status == 202
    tenants[0].ended(first.headers["location"].rpartition("/")[2])
    before = azurite.digests(name)
    refused(tenants[0].export(azurite.sas_url(name)), "9")
    refused(
        tenants[0].export(azurite.sas_url(name), f"{PROFILES}/{tenants[0].profile}/exportPersonalData"), "9"
    )
    assert azurite.digests(name) == before


@pytest.mark.parametrize("kind", ["user", "profile"])
def test_what_arrives_is_what_the_manifest_lists(
    tenants: tuple[Tenant, Tenant], azurite: Azurite, kind: str
) -> None:
    """A complete operation's container holds its manifest and exactly what that lists, by size and SHA-256."""
    tenant, name = tenants[0], azurite.container()
    target = "" if kind == "user" else f"{PROFILES}/{tenant.profile}/exportPersonalData"
    answer = tenant.export(azurite.sas_url(name), target)
    assert answer.status == 202
    operation = answer.headers["location"].rpartition("/")[2]
    ended = tenant.ended(operation)
    assert (ended["status"], ended["progress"]) == ("complete", 100.0), ended
    assert ended["storageLocation"] == azurite.sas_url(name).partition("?")[0]
    assert ended["userId"] == (tenant.user if kind == "user" else tenant.profile)
    assert json.loads(azurite.blob(name, "RequestInfo.json"))["CommandId"] == operation
    held = azurite.digests(name)
    listed = json.loads(azurite.blob(name, "manifest.json"))["files"]
    assert {one["path"]: (one["size"], one["sha256"]) for one in listed} == {
        path: digest for path, digest in held.items() if path != "manifest.json"
    }
    assert len(held) > 5


def test_the_other_tenants_ids_are_unknown_ids(tenants: tuple[Tenant, Tenant], azurite: Azurite) -> None:
    """The other tenant's ids answer byte for byte like unknown ones, apart from ids and times; nothing is written.

    Every route is tried so in test_graph_answers; here with the real exports and a real storage.
    """
    here, there = tenants
    theirs = there.export(azurite.sas_url(azurite.container())).headers["location"].rpartition("/")[2]
    there.ended(theirs)
    container = azurite.container()
    answers = [
        here.export(azurite.sas_url(container), f"/v1.0/users/{guid}/exportPersonalData")
        for guid in (there.user, UNKNOWN)
    ]
    assert answers[0].status == 404
    assert _without_ids(answers[0]) == _without_ids(answers[1])
    answers = [here.ask(f"/v1.0/dataPolicyOperations/{guid}") for guid in (theirs, UNKNOWN)]
    assert answers[0].status == 400
    assert _without_ids(answers[0]) == _without_ids(answers[1])
    assert azurite.names(container) == []
    assert theirs not in here.ask("/v1.0/dataPolicyOperations").body.decode()


def _without_ids(answer: Answer) -> tuple[int, dict[str, str], str]:
    ids = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z?")
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status, {k: ids.sub("", v) for k, v in headers.items()}, ids.sub("", answer.body.decode())


def test_ids_are_fresh(tenants: tuple[Tenant, Tenant]) -> None:
    """Request ids are GUIDs that nobody has seen before."""
    found = {tenants[0].ask("/v1.0/dataPolicyOperations").headers["request-id"] for _ in range(5)}
    assert len({uuid.UUID(one) for one in found}) == 5
