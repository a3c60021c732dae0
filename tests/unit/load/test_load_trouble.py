"""A load that is killed, or finds no room, leaves what was published as it was, and can be run again."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.load.load_parts import TENANT, House, group_row, report
from waybill.errors import DataProblem
from waybill.tenant.contents import ContentStore


def _die(*_told: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly(ContentStore):
    """A store in whose process the power fails, once the contents are in."""

    def settle(self) -> None:
        super().settle()
        _die()


def _load(folder: Path, kind: str) -> None:
    house = House(folder)
    if kind == "usage":
        house.usage(progress=_die)
    else:
        house.store = Deadly(folder / "contents")
        house.files()


@pytest.mark.parametrize("kind", ["usage", "files"])
def test_a_kill_leaves_what_was_published(house: House, kind: str) -> None:
    """After kill -9 the published snapshot is whole and the latest, the rest is swept, and the load works again."""
    source = house.found()
    before = house.whole(source.id)
    house.drop("anna@contoso.com/a.txt", b"a")
    house.drop("report.csv", report([group_row()]))
    child = multiprocessing.get_context("spawn").Process(target=_load, args=(house.folder, kind))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    assert house.registry.latest(TENANT).id == source.id
    assert house.whole(source.id) == before
    assert house.registry.sweep() >= 1
    assert [path for path in house.leftovers() if "snapshots" in path] == []
    made = house.usage().snapshot if kind == "usage" else house.files().snapshot
    assert house.registry.latest(TENANT).id == made != source.id


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs, which only root may mount: elsewhere the law is skipped, visibly."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={64 << 20}", "tmpfs", str(place)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk to fill")
    mounted = subprocess.run(mounting, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("kind", ["usage", "files", "contents"])
def test_a_full_disk_publishes_nothing(small_disk: Path, kind: str) -> None:
    """Without room for the copy, or for the contents, the load says so; with room the same load works."""
    house = House(small_disk)
    source = house.found()
    before = house.whole(source.id)
    house.drop("anna@contoso.com/a.bin", os.urandom(3 << 20))
    house.drop("report.csv", report([group_row()]))
    snapshot = house.registry.path(TENANT, source.id).stat().st_size
    leave = snapshot + (1 << 20) if kind == "contents" else snapshot // 2
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(small_disk).free - leave)
    load = house.usage if kind == "usage" else house.files
    with pytest.raises(DataProblem, match=r"disk is full.*Make room"):
        load()
    assert house.leftovers() == []
    assert house.whole(source.id) == before
    assert [one.id for one in house.registry.snapshots()] == [source.id]
    filler.unlink()
    assert load().snapshot == house.registry.latest(TENANT).id != source.id
    house.close()
