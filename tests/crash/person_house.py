"""A person with many files, a real server that exports them, and a client that asks for it as programs do."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.laws.serving import Server, ask, graph_token, serving
from waybill.app import House, open_house
from waybill.cli.tenant_commands import publish_practice
from waybill.exports import personal_data
from waybill.exports.person_request import find_person
from waybill.ingest.practice.heavy import heavy_drive
from waybill.jobs.operations import Operation
from waybill.settings import Settings
from waybill.tenant.amend import Change

EXPORT = personal_data.EXPORT


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data is exported, and out of which snapshot."""

    tenant: str
    snapshot: str
    guid: str


@dataclass(frozen=True, slots=True)
class Client:
    """An application that may export. It keeps no token, since servers come and go."""

    tenant: str
    client_id: str
    secret: str

    def token(self, url: str) -> str:
        return graph_token(url, self.tenant, self.client_id, self.secret)

    def export(self, url: str, token: str, person: Person, location: str) -> str:
        """Ask for the export; the operation's id."""
        answer = ask(
            url,
            f"/v1.0/users/{person.guid}/exportPersonalData",
            headers={"Authorization": f"Bearer {token}"},
            sent_json={"storageLocation": location},
        )
        assert answer.status == 202, answer.body
        return answer.headers["location"].rpartition("/")[2]

    def operation(self, url: str, token: str, guid: str) -> dict[str, Any]:
        target = f"/v1.0/dataPolicyOperations/{guid}"
        answer = ask(url, target, headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json
        return found


@dataclass(frozen=True, slots=True)
class PersonHouse:
    """One data folder that may deliver to one emulator. Jobs run in a server's process only."""

    house: House
    emulator: str

    @classmethod
    def opened(cls, data: Path, emulator: str) -> PersonHouse:
        return cls(open_house(Settings(data=data, storage_emulators=(emulator,))), emulator)

    @property
    def settings(self) -> Settings:
        return self.house.settings

    def furnish(self, files: int, size: int) -> Person:
        """Publish a tiny practice tenant in which one person has `files` more files, together `size` bytes."""
        registry = self.house.registry
        published = publish_practice(registry, "tiny", 1)
        tenant = registry.tenant(published.tenant)
        with registry.open(tenant.id, published.id) as facts:
            person = find_person(EXPORT.read(EXPORT.sample(facts)), facts, inbound=False)
        amendment = registry.amend(tenant)
        amendment.connection.register("heavy", heavy_drive(person.key, files, size))
        amendment.connection.execute("INSERT INTO drive_item BY NAME SELECT * FROM heavy")
        amendment.connection.unregister("heavy")
        amended = registry.publish_amended(tenant, amendment, Change("a heavy drive"), f"{files} {size}")
        return Person(tenant.id, amended.id, person.guid)

    def client(self, person: Person) -> Client:
        app = self.house.identity.apps.create(
            "crash", person.tenant, EXPORT.access.app_roles if EXPORT.access else ()
        )
        return Client(person.tenant, app.client_id, app.client_secret)

    def begin(self, person: Person, location: str) -> Operation:
        """Accept an export; it waits until a server runs."""
        received = {"id": (person.guid,)}
        return self.house.operations.begin(
            person.tenant, EXPORT.name, person.guid, received, "crash", person.snapshot, location
        )

    def operation(self, person: Person, guid: str) -> Operation:
        return self.house.operations.get(person.tenant, guid)

    def serving(self, log: Path) -> AbstractContextManager[Server]:
        """A server until the block ends; then it is killed with -9."""
        return serving(self.settings.data, log, storage_emulators=self.emulator)

    def arrived(self, guid: str) -> int:
        """How many files of an operation its journal says have arrived."""
        try:
            return (self.settings.deliveries_path / f"{guid}.journal").read_bytes().count(b'{"done"')
        except FileNotFoundError:
            return 0
