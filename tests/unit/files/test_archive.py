"""The ZIP writer: what other readers need, and what makes its bytes the same every time."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import BinaryIO

import pytest

from waybill.errors import WaybillError
from waybill.files.archive import Archive
from waybill.files.window import Window

STAMP = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
TEXT = b"".join(b"line %d of some text; " % n for n in range(60_000))


class Sparse(io.FileIO):
    """A real file that leaves holes where whole blocks of zeros are written: 4 GiB that cost no disk."""

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]  # FileIO names a type only typeshed has
        if len(view) == 1 << 18 and not any(view[:64]):
            self.seek(len(view), io.SEEK_CUR)
            return len(view)
        return super().write(view)


def archive_of(pieces: list[bytes]) -> bytes:
    file = io.BytesIO()
    archive = Archive(file, STAMP)
    with archive.entry("a/text.txt") as entry:
        for piece in pieces:
            entry.write(piece)
    with archive.entry("é.bin", stored=True) as entry:
        entry.write(b"stored")
    archive.add("empty", b"")
    archive.close()
    return file.getvalue()


def test_other_readers_get_the_content_back() -> None:
    """Every entry reads back exactly, with its name, method and the given time."""
    with zipfile.ZipFile(io.BytesIO(archive_of([TEXT]))) as found:
        assert found.testzip() is None
        assert found.namelist() == ["a/text.txt", "é.bin", "empty"]
        assert found.read("a/text.txt") == TEXT
        assert found.read("é.bin") == b"stored"
        assert found.read("empty") == b""
        assert [info.compress_type for info in found.infolist()] == [8, 0, 8]
        assert {info.date_time for info in found.infolist()} == {(2026, 5, 4, 3, 2, 0)}


def test_headers_are_plain_32_bit_with_true_sizes() -> None:
    """No data descriptor, no zip64 and true sizes in every local header: else LibreOffice refuses the file."""
    data = archive_of([TEXT])
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        for info in found.infolist():
            head = data[info.header_offset :][:30]
            assert head[4:6] == b"\x14\x00", "needs version 2.0"
            assert not info.flag_bits & 0x8, "no data descriptor"
            assert head[28:30] == b"\0\0", "no extra field"
            assert int.from_bytes(head[14:18], "little") == info.CRC
            assert int.from_bytes(head[18:22], "little") == info.compress_size
            assert int.from_bytes(head[22:26], "little") == info.file_size


@pytest.mark.parametrize("size", [1, 7_777, 65_536, 262_144, 1_000_000])
def test_bytes_do_not_depend_on_how_the_content_arrives(size: int) -> None:
    """The same content gives the same bytes, whatever the pieces it is written in."""
    content = TEXT[:20_000] if size == 1 else TEXT
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    assert archive_of(pieces) == archive_of([content])


@pytest.mark.parametrize(
    ("stamp", "shown"),
    [
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), (2025, 12, 31, 23, 0, 0)),
        (datetime(2026, 1, 1, 1), (2026, 1, 1, 1, 0, 0)),  # noqa: DTZ001  # a naive stamp is the case
        (datetime(1970, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(2200, 2, 3, tzinfo=UTC), (2107, 2, 3, 0, 0, 0)),
    ],
)
def test_times_are_utc_within_what_zip_knows(stamp: datetime, shown: tuple[int, ...]) -> None:
    """A stamp is converted to UTC, a naive one is UTC, and one ZIP cannot hold is moved to the nearest year."""
    file = io.BytesIO()
    archive = Archive(file, stamp)
    archive.add("x", b"x")
    archive.close()
    assert zipfile.ZipFile(file).infolist()[0].date_time == shown


def test_an_entry_over_4_gib_is_refused(tmp_path: Path) -> None:
    """An entry that would pass 4 GiB raises an error that names it and says what to do."""
    block = bytes(1 << 18)
    with Sparse(tmp_path / "big.zip", "w+") as file:
        entry = Archive(file, STAMP).entry("report.xlsx", stored=True)
        for _ in range((1 << 32 >> 18) - 1):
            entry.write(block)
        with pytest.raises(WaybillError, match=r"report\.xlsx would be larger than 4 GiB.*Ask for less"):
            entry.write(block)


def test_only_the_directory_is_zip64_and_only_past_4_gib(tmp_path: Path) -> None:
    """An entry that starts past 4 GiB is found by other readers, and its local header is a plain one."""
    path, block = tmp_path / "big.zip", bytes(1 << 18)
    with Sparse(path, "w+") as file:
        archive = Archive(file, STAMP)
        for name in ("first", "second"):
            with archive.entry(name, stored=True) as entry:
                for _ in range(9_000):
                    entry.write(block)
        archive.add("far", TEXT)
        archive.close()
    with zipfile.ZipFile(path) as found:
        info = found.getinfo("far")
        assert info.header_offset > 1 << 32
        assert found.read("far") == TEXT
        assert found.getinfo("second").file_size == 9_000 << 18
    with path.open("rb") as data:
        data.seek(info.header_offset)
        assert data.read(30)[4:6] == b"\x14\x00"


def test_a_writer_may_seek_in_an_embedded_entry() -> None:
    """What an embedded writer leaves behind, after all its seeking, is the entry, with the right checksum."""
    file = io.BytesIO()
    archive = Archive(file, STAMP)

    def inner(target: BinaryIO) -> str:
        with zipfile.ZipFile(target, "w") as other:
            other.writestr("inside.txt", TEXT)
        target.seek(0)
        assert target.read(2) == b"PK"
        return "made"

    assert archive.embed("inner.zip", inner) == "made"
    archive.add("after", b"after")
    archive.close()
    with zipfile.ZipFile(file) as outer:
        assert outer.testzip() is None
        assert outer.read("after") == b"after"
        assert zipfile.ZipFile(io.BytesIO(outer.read("inner.zip"))).read("inside.txt") == TEXT


def test_a_window_ends_where_it_starts() -> None:
    """Bytes before the window cannot be reached, and closing it leaves its file open."""
    file = io.BytesIO()
    file.write(b"outer")
    window = Window(file)
    window.write(b"inner")
    assert (window.tell(), window.seek(-2, io.SEEK_END), window.seek(1, io.SEEK_CUR)) == (5, 3, 4)
    with pytest.raises(ValueError, match="before the start"):
        window.seek(-1)
    window.close()
    assert file.getvalue() == b"outerinner"
