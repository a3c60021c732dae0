"""The content store gives back exactly what was put in, or says that it cannot."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waybill.errors import ContentMissing
from waybill.tenant.contents import CHUNK, ContentStore, contents_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "contents")


def path_of(tmp_path: Path, key: str) -> Path:
    digest = key.split(":")[1]
    return tmp_path / "contents" / digest[:2] / digest


def age(path: Path, by: timedelta) -> None:
    os.utime(path, ((NOW - by).timestamp(),) * 2)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_what_was_put_in_comes_back(tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]) -> None:
    """Any bytes come back as they were, under a key that tells their SHA-256 and size."""
    store = ContentStore(tmp_path_factory.mktemp("store") / "contents")
    whole = b"".join(chunks)
    key = store.add(chunks)
    assert key == f"sha256:{hashlib.sha256(whole).hexdigest()}:{len(whole)}"
    assert b"".join(store.open(key)) == whole


def test_a_large_content_comes_in_chunks(store: ContentStore) -> None:
    """No chunk is above 1 MiB, and none is empty."""
    block = bytes(range(256)) * 4096
    key = store.add([block, block, block[:5]])
    sizes = [len(chunk) for chunk in store.open(key)]
    assert sizes == [CHUNK, CHUNK, 5]


@pytest.mark.parametrize("size", [0, 10, CHUNK + 10])
@pytest.mark.parametrize("damage", ["gone", "cut", "longer", "flipped", "flipped at the end"])
def test_damage_is_told_before_the_first_chunk(
    store: ContentStore, tmp_path: Path, size: int, damage: str
) -> None:
    """A content that is gone, cut, longer or altered anywhere raises ContentMissing before any byte is given out."""
    key = store.add([b"x" * size])
    path = path_of(tmp_path, key)
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "cut" and size:
        path.write_bytes(data[:-1])
    elif damage == "longer":
        path.write_bytes(data + b"y")
    elif size:
        data[0 if damage == "flipped" else -1] ^= 1
        path.write_bytes(data)
    else:
        return  # nothing to cut or flip
    with pytest.raises(ContentMissing):
        next(store.open(key))


def test_adding_again_mends(store: ContentStore, tmp_path: Path) -> None:
    """A damaged content is whole again after the same bytes were added again."""
    key = store.add([b"hello"])
    path_of(tmp_path, key).write_bytes(b"hxllo")
    assert store.add([b"hel", b"lo"]) == key
    assert list(store.open(key)) == [b"hello"]


@pytest.mark.parametrize(
    "key", ["", "sha256:", "practice:1:2:3", "sha256:../../etc/passwd:5", f"sha256:{'A' * 64}:1", f"sha256:{'a' * 64}:01"]
)  # fmt: skip
def test_a_malformed_key_names_nothing(store: ContentStore, key: str) -> None:
    """A key of another form is ContentMissing; it never becomes a path."""
    with pytest.raises(ContentMissing):
        next(store.open(key))


def test_a_break_leaves_nothing(store: ContentStore, tmp_path: Path) -> None:
    """A stream that breaks leaves no content and no temporary file."""

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        store.add(broken())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_only_this_account_may_read(store: ContentStore, tmp_path: Path) -> None:
    """What people keep in their drives is readable by this account alone."""
    assert path_of(tmp_path, store.add([b"secret"])).stat().st_mode & 0o077 == 0


def test_sweep_takes_only_what_is_old_and_unused(store: ContentStore, tmp_path: Path) -> None:
    """Swept is what no key names and nobody added within the grace; also what an interrupted ingest left."""
    used, old, fresh, again = (store.add([text]) for text in (b"used", b"old", b"fresh", b"again"))
    leftover = tmp_path / "contents/incoming/1.tmp"
    leftover.write_bytes(b"half")
    for path in (*(path_of(tmp_path, key) for key in (used, old, again)), leftover):
        age(path, timedelta(days=2))
    age(path_of(tmp_path, fresh), timedelta(hours=2))
    store.add([b"again"])
    assert store.sweep({used, "practice:1:1:1"}, NOW) == 2
    for key in (used, fresh, again):
        assert b"".join(store.open(key))
    assert not leftover.exists()
    with pytest.raises(ContentMissing):
        next(store.open(old))


def test_sweeping_where_nothing_was_stored(store: ContentStore) -> None:
    """A store that was never written to is swept, and settled, without a fault."""
    store.settle()
    assert store.sweep(set(), NOW) == 0


def test_the_scheme_chooses_the_opener(store: ContentStore) -> None:
    """`contents_of` gives each key to the opener of its scheme; ContentMissing for a scheme nobody opens."""
    key = store.add([b"stored"])
    opened = contents_of({"practice": lambda key: iter([key.encode()]), "sha256": store.open})
    assert b"".join(opened(key)) == b"stored"
    assert b"".join(opened("practice:1:1:3")) == b"practice:1:1:3"
    for other in ("graph:1", "", "sha256"):
        with pytest.raises(ContentMissing):
            next(opened(other))
