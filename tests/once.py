"""Builds what is dear and never changes once for all workers of a run: whoever needs it first builds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from waybill.ingest.practice import build_practice
from waybill.tenant.build import SnapshotBuilder


def once(folders: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """The folder that `build` has filled, here or in another worker; nobody may write there afterwards.

    A build that fails is tried again by the next who asks, in another folder.
    """
    ours = folders.getbasetemp()
    place = (ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours) / f"once-{name}"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tries = sorted(place.glob("try-*"))
        if tries and (tries[-1] / "whole").exists():
            return tries[-1] / "made"
        folder = place / f"try-{len(tries)}"
        (folder / "made").mkdir(parents=True)
        build(folder / "made")
        (folder / "whole").touch()
        return folder / "made"


def practice_snapshot(folders: pytest.TempPathFactory, size: str, seed: int = 1) -> Path:
    """The finished snapshot file of a practice tenant, to be read only."""

    def build(folder: Path) -> None:
        builder = SnapshotBuilder(folder / "practice.duckdb", memory_mb=1024)
        builder.finish(build_practice(size, seed, builder, None))

    return once(folders, f"snapshot-{size}-{seed}", build) / "practice.duckdb"
