"""Finished practice snapshots, built once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from waybill.ingest.practice import build_practice
from waybill.tenant.build import SnapshotBuilder

Build = Callable[[str, int], Path]


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The finished snapshot file of a size and seed."""
    built: dict[tuple[str, int], Path] = {}

    def build(size: str, seed: int = 1) -> Path:
        if (size, seed) not in built:
            path = tmp_path_factory.mktemp("practice") / f"{size}-{seed}.duckdb"
            builder = SnapshotBuilder(path, memory_mb=1024)
            builder.finish(build_practice(size, seed, builder, None))
            built[size, seed] = path
        return built[size, seed]

    return build
