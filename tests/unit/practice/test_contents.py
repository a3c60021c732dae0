"""The bytes of practice files: exactly as many as told, the same every time, in small pieces."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import duckdb
import pytest

from tests.unit.practice.conftest import Build
from waybill.errors import ContentMissing
from waybill.ingest.practice.contents import CHUNK, open_practice, practice_key
from waybill.ingest.practice.heavy import heavy_drive
from waybill.tenant.build import SnapshotBuilder


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5])
def test_exact_sizes(size: int) -> None:
    """A file has as many bytes as its key says, in pieces of at most 1 MiB, none of them empty."""
    pieces = list(open_practice(practice_key(1, 2, size)))
    assert sum(map(len, pieces)) == size
    assert all(0 < len(piece) <= CHUNK for piece in pieces)


def test_the_same_every_time() -> None:
    """The bytes follow from the key alone, on every machine and with every version of NumPy."""
    found = hashlib.sha256(b"".join(open_practice("practice:1:7:100000"))).hexdigest()
    assert found == "112ec33769eb002101a13ff875ff8714b64a90c2496bd7555b66d21e07e2004b"
    assert b"".join(open_practice("practice:1:8:100000")) != b"".join(open_practice("practice:1:7:100000"))


def test_hard_to_compress() -> None:
    """Compression takes next to nothing off: a transfer moves all the bytes."""
    data = b"".join(open_practice("practice:3:1:200000"))
    assert len(zlib.compress(data)) > 0.99 * len(data)


@pytest.mark.parametrize(
    "key",
    ["", "practice", "practice:1:2", "practice:1:2:-3", "practice:1:2:3 ", "sha256:aa:3", "practice:١:2:3"],
)
def test_other_keys_are_refused_at_once(key: str) -> None:
    """A key that no practice tenant makes is refused when it is opened, not when it is read."""
    with pytest.raises(ContentMissing):
        open_practice(key)


def test_every_held_file_can_be_read(practice: Build) -> None:
    """Each content key of the tenant opens, and its size is the row's."""
    with duckdb.connect(str(practice("tiny", 1)), read_only=True) as connection:
        rows = connection.execute("SELECT content, size FROM drive_item WHERE content IS NOT NULL").fetchall()
    assert len(rows) > 20
    for key, size in rows:
        assert key.endswith(f":{size}")
        assert sum(map(len, open_practice(key))) == size


def test_a_heavy_drive() -> None:
    """A heavy drive has the files and bytes asked for, one path each, in folders that are there."""
    table = heavy_drive(5, 2000, 1 << 30)
    rows = table.to_pylist()
    sizes = [row["size"] for row in rows if row["kind"] == "file"]
    assert (len(sizes), sum(sizes)) == (2000, 1 << 30)
    paths = [row["path"] for row in rows]
    assert len(set(paths)) == len(paths)
    assert {path.rpartition("/")[0] for path in paths} - {""} <= set(paths)
    assert table.equals(heavy_drive(5, 2000, 1 << 30))
    assert heavy_drive(5, 1, 10)["size"].to_pylist()[-1] == 10


def test_a_heavy_drive_fits_the_table(tmp_path: Path) -> None:
    """The rows of a heavy drive go into a snapshot as they are."""
    builder = SnapshotBuilder(tmp_path / "heavy.duckdb")
    builder.add("drive_item", heavy_drive(0, 300, 1000))
    assert builder.count("drive_item") == 303
    builder.abandon()
