"""Operations over real destinations: registered names, locations that are refused, and folders of this machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.unit.jobs.toy import Hands, means
from tests.unit.jobs.toy_bundle import PERSON, export_of, parts_with_gaps, received
from waybill.control import open_control
from waybill.delivery.destinations import Destinations
from waybill.delivery.locations import StorageRules
from waybill.delivery.network import Network
from waybill.errors import Busy, LocationFault, LocationRefused
from waybill.files.manifest import MANIFEST, REQUEST_INFO
from waybill.jobs.operations import Operation, Operations, Status
from waybill.jobs.runner import Runner
from waybill.jobs.service import Jobs
from waybill.jobs.storage import DeliveryStorage
from waybill.sealing import Sealer
from waybill.settings import Settings

GOOD = (
    "https://waybilltoy.blob.core.windows.net/exports?sv=2024-11-04&sr=c&sp=acw&se=2099-01-01T00:00:00Z"
    "&sig=c2lnbmF0dXJlIG9mIGEgdG95IHRoYXQgaXMgbm9uZS4%3D"
)


@dataclass(frozen=True, slots=True)
class Bench:
    """Operations over the real delivery, which here has no address to dial."""

    settings: Settings
    control: sa.Engine
    storage: DeliveryStorage
    destinations: Destinations
    operations: Operations

    def into(self, folder: Path) -> Operation:
        return self.operations.begin_local("t1", "toy-bundle", PERSON, received(), "cli", "s1", folder)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    settings = Settings(data=tmp_path / "data", queue_limit=1)
    control = open_control(settings.control_path)
    clock, sealer, rules = Hands().clock, Sealer(b"k" * 32), StorageRules()
    destinations = Destinations(control, sealer, rules, clock)
    storage = DeliveryStorage(rules, destinations, Network(resolve=lambda _host, _port: []))
    jobs = Jobs(control, settings, clock)
    operations = Operations(control, settings, clock, sealer, storage, jobs.enqueue)
    yield Bench(settings, control, storage, destinations, operations)
    control.dispose()


def test_a_registered_name_stands_for_its_url(bench: Bench) -> None:
    """A bare name is resolved for the tenant that registered it, and is no location for another."""
    bench.destinations.add("t1", "MyStorageAccount", GOOD)
    bench.operations.check("t1", "MyStorageAccount")
    located = bench.storage.locate("t1", "MyStorageAccount")
    assert (located.whole, located.shown) == (GOOD, "https://waybilltoy.blob.core.windows.net/exports")
    assert "sig" not in repr(located)
    for look in (bench.operations.check, bench.storage.locate):
        with pytest.raises(LocationRefused) as refused:
            look("t2", "MyStorageAccount")
        assert refused.value.fault is LocationFault.INVALID


def test_checking_is_row_two_alone(bench: Bench) -> None:
    """check refuses what is no absolute URL, and lets pass what later rows refuse."""
    for text in ("", "nothing", "/exports?sig=x", "blob.core.windows.net/exports"):
        with pytest.raises(LocationRefused):
            bench.operations.check("t1", text)
    bench.operations.check("t1", "https://example.org/a/b/c")


def test_a_refused_location_leaves_no_operation(bench: Bench) -> None:
    """What storage refuses, or cannot be reached for, is no operation, and nothing of it is kept."""
    with pytest.raises(LocationRefused) as refused:
        bench.operations.begin("t1", "toy-bundle", PERSON, received(), "c1", "s1", GOOD)
    assert refused.value.fault is LocationFault.INVALID
    assert bench.operations.list("t1") == []


def test_an_export_into_a_folder_is_exact(bench: Bench, tmp_path: Path) -> None:
    """A folder holds, after the job, exactly what the manifest lists; a second export into it is refused."""
    begun = bench.into(tmp_path / "out")
    export = export_of(parts_with_gaps)
    ours = replace(means(bench.settings), exports={export.name: export}, deliveries=bench.operations)
    Runner(bench.control, ours, Hands().clock).run(begun.id)
    assert bench.operations.get("t1", begun.id).status is Status.COMPLETE
    found = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    manifest = json.loads(found.pop(MANIFEST))
    assert {one["path"]: (one["size"], one["sha256"]) for one in manifest["files"]} == {
        name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in found.items()
    }
    with pytest.raises(LocationRefused) as refused:
        bench.into(tmp_path / "out")
    assert refused.value.fault is LocationFault.USED


def test_a_folder_is_let_go_if_the_export_is_not_accepted(bench: Bench, tmp_path: Path) -> None:
    """If the queue is full, the folder is left as if nobody had asked."""
    bench.into(tmp_path / "first")
    with pytest.raises(Busy):
        bench.into(tmp_path / "second")
    assert not (tmp_path / "second" / REQUEST_INFO).exists()
