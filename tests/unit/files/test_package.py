"""The ZIP that is delivered."""

from __future__ import annotations

import errno
import hashlib
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import openpyxl
import pyarrow as pa
import pytest

from waybill.errors import WaybillError
from waybill.export import Column, Sheet, schema_of
from waybill.files.package import package_zip
from waybill.files.workbook import Workbook, Written

STAMP = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
COLUMNS = (Column("Name"),)


def write_report(file: BinaryIO) -> Written:
    batch = pa.record_batch([pa.array(["a", "b"])], schema=schema_of(COLUMNS))
    with Workbook(file, stamp=STAMP) as book:
        return book.add(Sheet("S", COLUMNS, lambda: iter(())), [batch])


def test_the_package_holds_the_workbook_stored(tmp_path: Path) -> None:
    """The ZIP has one stored entry that is a readable workbook; size and SHA-256 are those of the file."""
    path = tmp_path / "r.tmp"
    result, size, sha256 = package_zip(path, "Report.xlsx", write_report, STAMP)
    data = path.read_bytes()
    assert (result.rows, size, sha256) == (2, len(data), hashlib.sha256(data).hexdigest())
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        assert [(info.filename, info.compress_type) for info in found.infolist()] == [("Report.xlsx", 0)]
        book = openpyxl.load_workbook(io.BytesIO(found.read("Report.xlsx")))
    assert [row[0].value for row in book["S"]] == ["Name", "a", "b"]


def test_the_same_report_gives_the_same_package(tmp_path: Path) -> None:
    """Two packages of the same rows are equal byte for byte, even over the rubbish of an earlier try."""
    (tmp_path / "b").write_bytes(b"rubbish" * 10_000)
    first = package_zip(tmp_path / "a", "Report.xlsx", write_report, STAMP)
    second = package_zip(tmp_path / "b", "Report.xlsx", write_report, STAMP)
    assert first == second
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_failed_package_leaves_nothing(tmp_path: Path) -> None:
    """If the writer fails, its error comes out unchanged and no file is left."""

    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise LookupError("no such site")

    with pytest.raises(LookupError, match="no such site"):
        package_zip(tmp_path / "r.tmp", "Report.xlsx", fail, STAMP)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_says_what_to_do(tmp_path: Path) -> None:
    """A full disk becomes an error that names the file and the remedy, and leaves no half file."""

    def fill(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(WaybillError, match=r"no room to write Report\.xlsx.*Free space"):
        package_zip(tmp_path / "r.tmp", "Report.xlsx", fill, STAMP)
    assert list(tmp_path.iterdir()) == []
