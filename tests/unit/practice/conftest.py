"""Finished practice snapshots, built once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.once import practice_snapshot

Build = Callable[[str, int], Path]


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The finished snapshot file of a size and seed, to be read only."""

    def build(size: str, seed: int = 1) -> Path:
        return practice_snapshot(tmp_path_factory, size, seed)

    return build
