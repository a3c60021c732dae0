"""Laws of a full disk, on a real one: it is said, nothing accepted is lost, and with space it works again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.laws.serving import Client, run_waybill, serving, target_of
from tests.laws.tenants import SCOPES, WORKBOOKS, Practice, copied

ROOM = 32 << 20


@dataclass(frozen=True, slots=True)
class Disk:
    """A small disk of its own."""

    path: Path

    def fill(self) -> None:
        """Leave no free block."""
        with (self.path / "filler").open("wb", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while file.write(b"\0" * size):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        (self.path / "filler").unlink()

    def resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.path)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A tmpfs, which only root may mount: elsewhere these laws are skipped, visibly."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(place)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk to fill")
    mounted = subprocess.run(mounting, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield Disk(place)
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test opened, before its disk is gone."""
    with ExitStack() as opened:
        yield opened


def test_an_ingest_without_room_says_so(original: Practice, disk: Disk) -> None:
    """A snapshot that does not fit ends the command with exit code 1 and what to do; nothing half is left, what
    was published before stays, and with space the same command works."""
    data = disk.path / "data"
    with copied(original, data):
        before = sorted(path.name for path in data.glob("snapshots/*/*"))
    command = ("practice", "--size", "tiny", "--seed", "3", "--data", str(data))
    disk.resize(shutil.disk_usage(disk.path).used + (2 << 20))
    refused = run_waybill(*command)
    assert refused.returncode == 1
    assert "disk is full" in refused.stderr
    assert "Free or fix it" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert sorted(path.name for path in data.glob("snapshots/*/*")) == before
    disk.resize(4 * ROOM)
    assert run_waybill(*command).returncode == 0
    assert set(before) < {path.name for path in data.glob("snapshots/*/*")}


def test_a_report_without_room_fails_clearly(
    original: Practice, disk: Disk, tmp_path: Path, stack: ExitStack
) -> None:
    """A report that does not fit ends its job as failed with what to do, leaves no file, and with space the same
    request works."""
    practice = stack.enter_context(copied(original, tmp_path / "data"))
    for name in ("work", "files"):  # the reports alone live on the small disk
        (disk.path / name).mkdir()
        shutil.rmtree(practice.data / name, ignore_errors=True)
        (practice.data / name).symlink_to(disk.path / name)
    with practice.facts() as facts:
        samples = [(export, export.sample(facts)) for export in WORKBOOKS]
    with serving(practice.data, tmp_path / "log") as server:
        client = client_of(practice, server.url)
        disk.fill()
        for export, sample in samples:
            number = client.start(export, sample)
            status = client.wait(number)
            assert (status["jobStatus"], "free space" in status["message"].lower()) == (3, True), status
            assert client.file(number).status == 409
        assert [path for path in (practice.data / "work").rglob("*") if path.is_file()] == []
        disk.free()
        for export, sample in samples:
            assert client.wait(client.start(export, sample))["jobStatus"] in (2, 4)


def test_a_server_without_room_loses_nothing(
    original: Practice, disk: Disk, tmp_path: Path, stack: ExitStack
) -> None:
    """With no room at all the server refuses clearly or keeps what it accepts: finished files stay readable, and
    with space every accepted job ends."""
    practice = stack.enter_context(copied(original, disk.path / "data"))
    with practice.facts() as facts:
        samples = [(export, export.sample(facts)) for export in WORKBOOKS]
    accepted = []
    with serving(practice.data, tmp_path / "log") as server:
        client = client_of(practice, server.url)
        early = client.start(*samples[0])
        client.wait(early)
        disk.fill()
        for export, sample in samples * 3:
            answer = client.get(target_of(export, sample))
            assert answer.status in (200, 503), answer.body
            if answer.status == 200:
                accepted.append(int(answer.json["jobId"]))
            else:
                assert "free space" in answer.json["message"]
                assert answer.headers["retry-after"]
        assert client.file(early).status == 200
        disk.free()
        after = client.start(*samples[0])
    with serving(practice.data, tmp_path / "log") as server:
        client = client_of(practice, server.url)
        for number in (*accepted, after):
            status = client.wait(number)
            assert status["jobStatus"] in (2, 4) or "free space" in status["message"], status
        assert client.wait(after)["jobStatus"] in (2, 4)


def client_of(practice: Practice, url: str) -> Client:
    guest = practice.guests[0]
    return Client(url, guest.client_id, guest.secret, " ".join(SCOPES))
