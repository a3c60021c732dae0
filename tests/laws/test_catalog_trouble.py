"""Laws of trouble: a second server, a half-written snapshot, a damaged one. Each is said, none loses anything."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import forks
from tests.laws.serving import Client, Server, environment, run_waybill, serving, wait_until
from tests.laws.tenants import SCOPES, WORKBOOKS, Practice, copied
from waybill.errors import DataProblem
from waybill.export import Export, Received, Report


def test_a_second_server_is_refused(practice: Practice, server: Server) -> None:
    """A second `waybill serve` on one data folder ends with exit code 1 and says what to do; the first goes on."""
    second = run_waybill("serve", "--port", "0", "--data", str(practice.data))
    assert second.returncode == 1
    assert "already runs jobs on the data folder" in second.stderr
    assert "Stop it first" in second.stderr
    assert "Traceback" not in second.stderr
    assert server.is_alive()


@pytest.fixture
def house(original: Practice, tmp_path: Path) -> Iterator[Practice]:
    """A data folder with two tenants that this test may break."""
    with copied(original, tmp_path / "data") as copy:
        yield copy


def test_a_half_written_snapshot_is_swept(house: Practice, tmp_path: Path) -> None:
    """What a killed ingest left is removed, and said, at the next start; what a living one builds stays; neither
    is ever a snapshot."""
    before = house.house.registry.snapshots()
    ingest = forks.fork(
        "practice", "--size", "small", "--data", house.data,
        env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_until(lambda: list(house.data.glob("snapshots/*/*.building")), "a snapshot is being built")
    ingest.kill()
    ingest.wait()
    (dead,) = house.data.glob("snapshots/*/*.building")
    living = dead.with_name(f"{'0' * 8}.{os.getpid()}.building")
    living.write_bytes(b"half")
    with serving(house.data, tmp_path / "log") as server:
        assert "Removed" in server.log.read_text("utf-8")
        assert (dead.exists(), living.exists()) == (False, True)
        assert house.house.registry.snapshots() == before
        guest = house.guests[0]
        client = Client(server.url, guest.client_id, guest.secret, " ".join(SCOPES))
        with house.facts() as facts:
            number = client.start(WORKBOOKS[0], WORKBOOKS[0].sample(facts))
        assert client.wait(number)["progress"]["snapshot"] == guest.snapshot


def damage_head(path: Path) -> None:
    path.write_bytes(b"\0" * 20_000)


def damage_blocks(path: Path) -> None:
    """Leave the head, which is read when a file is opened, and spoil every block behind it but the first."""
    content = bytearray(path.read_bytes())
    first = 3 * 4096 + 262_144
    content[first:] = bytes(byte ^ 0x55 for byte in content[first:])
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [damage_head, damage_blocks, Path.unlink], ids=["head", "blocks", "gone"])
def test_a_damaged_snapshot_is_told(house: Practice, damage: Callable[[Path], None]) -> None:
    """However a snapshot is damaged, whoever reads it is told so, and what to do."""
    guest = house.guests[0]
    with house.facts() as facts:
        samples = [(export, export.sample(facts)) for export in WORKBOOKS]
    damage(house.house.registry.path(guest.tenant, guest.snapshot))
    for export, sample in samples:
        with pytest.raises(DataProblem, match=rf"{guest.snapshot}.*Ingest the tenant again"):
            read_whole(house, export, sample)


def read_whole(practice: Practice, export: Export, received: Received) -> int:
    """Pull every row of a report; how many there are."""
    with practice.facts() as facts:
        report = export.report(export.read(received), facts)
        assert isinstance(report, Report)
        return sum(batch.num_rows for sheet in report.sheets for batch in sheet.rows())


def test_a_job_on_a_damaged_snapshot_fails(house: Practice, tmp_path: Path) -> None:
    """A job whose snapshot is damaged fails with a message that says so and what to do; the server lives on and
    serves the other tenant."""
    broken, whole = house.guests
    numbers = [accept(house, 0, export) for export in WORKBOOKS]
    damage_blocks(house.house.registry.path(broken.tenant, broken.snapshot))
    with serving(house.data, tmp_path / "log") as server:
        client = Client(server.url, broken.client_id, broken.secret, SCOPES[0])
        for number in numbers:
            status = client.wait(number)
            assert status["jobStatus"] == 3
            assert f"Snapshot {broken.snapshot}" in status["message"]
            assert "Ingest the tenant again." in status["message"]
        client = Client(server.url, whole.client_id, whole.secret, SCOPES[0])
        with house.facts(1) as facts:
            assert client.wait(client.start(WORKBOOKS[0], WORKBOOKS[0].sample(facts)))["jobStatus"] in (2, 4)
        assert server.is_alive()


def accept(practice: Practice, guest: int, export: Export) -> int:
    """A job that waits until a server runs; its number."""
    one = practice.guests[guest]
    with practice.facts(guest) as facts:
        sample = export.sample(facts)
    return practice.house.jobs.submit(one.tenant, export.name, sample, "laws", one.snapshot).number
