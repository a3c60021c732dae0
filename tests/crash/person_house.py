"""A person with many files, and a process that exports them: `python -m tests.crash.person_house DATA EMULATOR`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.laws.serving import wait_until
from waybill import log
from waybill.app import House, open_house
from waybill.cli.tenant_commands import publish_practice
from waybill.clock import SYSTEM_CLOCK
from waybill.delivery.locations import StorageRules
from waybill.delivery.network import Network
from waybill.exports import personal_data
from waybill.exports.person_request import find_person
from waybill.ingest.practice.contents import open_practice
from waybill.ingest.practice.heavy import heavy_drive
from waybill.jobs.operations import Operation, Operations
from waybill.jobs.produce import Means
from waybill.jobs.storage import DeliveryStorage
from waybill.sealing import open_sealer
from waybill.settings import Settings
from waybill.tenant.amend import Change
from waybill.tenant.registry import Registry
from waybill.words import translated

EXPORT = personal_data.EXPORT


class _NoDestinations:
    def find(self, _tenant: str, _name: str) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data is exported, and out of which snapshot."""

    tenant: str
    snapshot: str
    guid: str


@dataclass(frozen=True, slots=True)
class PersonHouse:
    """One data folder whose operations go to one emulator. Jobs run only in a process of their own."""

    settings: Settings
    house: House
    registry: Registry
    operations: Operations

    @classmethod
    def opened(cls, data: Path, emulator: str) -> PersonHouse:
        settings = Settings(data=data, storage_emulators=(emulator,))
        house = open_house(settings)
        registry = Registry(
            house.control,
            settings.snapshots_path,
            settings.work_path / "spill",
            SYSTEM_CLOCK,
            contents=open_practice,
        )
        storage = DeliveryStorage(StorageRules(emulators=(emulator,)), _NoDestinations(), Network())
        sealer = open_sealer(settings.data / "sealing.key")
        operations = Operations(
            house.control, settings, SYSTEM_CLOCK, sealer, storage, house.jobs.enqueue
        )
        return cls(settings, house, registry, operations)

    def furnish(self, files: int, size: int) -> Person:
        """Publish a tiny practice tenant in which one person has `files` more files, together `size` bytes."""
        published = publish_practice(self.registry, "tiny", 1)
        with self.registry.open(published.tenant, published.id) as facts:
            request = EXPORT.read(EXPORT.sample(facts))
            person = find_person(request, facts, inbound=False)
        amendment = self.registry.amend(self.registry.tenant(published.tenant))
        amendment.connection.register("heavy", heavy_drive(person.key, files, size))
        amendment.connection.execute("INSERT INTO drive_item BY NAME SELECT * FROM heavy")
        amendment.connection.unregister("heavy")
        tenant = self.registry.tenant(published.tenant)
        amended = self.registry.publish_amended(
            tenant, amendment, Change("a heavy drive"), f"{files} {size}"
        )
        return Person(published.tenant, amended.id, person.guid)

    def begin(self, person: Person, location: str) -> Operation:
        """Accept an export; it waits until a process runs jobs."""
        received = {"id": (person.guid,)}
        return self.operations.begin(
            person.tenant, EXPORT.name, person.guid, received, "crash", person.snapshot, location
        )

    def start_jobs(self) -> None:
        self.house.jobs.start(
            Means(
                exports={EXPORT.name: EXPORT},
                open_facts=self.registry.open,
                translate=translated,
                work=self.settings.work_path,
                files=self.settings.files_path,
                deliveries=self.operations,
            )
        )


@contextmanager
def exporting(house: PersonHouse, log_file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs the jobs of the folder, until the block ends; then it is killed."""
    (emulator,) = house.settings.storage_emulators
    command = [sys.executable, "-m", "tests.crash.person_house", str(house.settings.data), emulator]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with log_file.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def arrived(house: PersonHouse, operation: Operation) -> int:
    """How many files the journal says have arrived."""
    journal = house.settings.deliveries_path / f"{operation.id}.journal"
    try:
        return journal.read_bytes().count(b'{"done"')
    except FileNotFoundError:
        return 0


def wait_for_end(house: PersonHouse, operation: Operation) -> Operation:
    def ended() -> bool:
        return house.operations.get(operation.tenant, operation.id).completed is not None

    wait_until(ended, "the operation ends", every=0.05)
    return house.operations.get(operation.tenant, operation.id)


def main(data: Path, emulator: str) -> None:
    log.set_up(as_json=True)
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    house = PersonHouse.opened(data, emulator)
    house.start_jobs()
    asked.wait()
    house.house.jobs.shutdown(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
