"""The workbook: its shape, its parts, its failures, and memory that does not grow."""

from __future__ import annotations

import gc
import io
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

from tests.unit.files.read_back import by_calamine, by_openpyxl
from waybill.errors import WaybillError
from waybill.export import Column, Kind, Sheet, schema_of
from waybill.files.workbook import CUTS_KEPT, Workbook, Written

STAMP = datetime(2026, 5, 4, tzinfo=UTC)
COLUMNS = (Column("Name", width=33), Column("Count", Kind.INT, width=9), Column("Url", Kind.LINK, width=400))


def sheet(name: str = "S", columns: tuple[Column, ...] = COLUMNS) -> Sheet:
    return Sheet(name, columns, lambda: iter(()))


def batch(count: int, first: int = 0) -> pa.RecordBatch:
    numbers = range(first, first + count)
    names = [f"=name {n}" for n in numbers]
    return pa.record_batch(
        [
            pa.array(names),
            pa.array(numbers, pa.int64()),
            pa.array([f"https://x.example/{n}" for n in numbers]),
        ],
        schema=schema_of(COLUMNS),
    )


def made(rows: list[pa.RecordBatch], max_rows: int = 1_000_000, **limits: int) -> tuple[bytes, Written]:
    file = io.BytesIO()
    with Workbook(file, stamp=STAMP, max_rows=max_rows, **limits) as book:
        written = book.add(sheet(), rows)
    return file.getvalue(), written


def no_writer_threads() -> bool:
    """Whether all threads of workbooks have ended, waiting a little for those that are ending."""
    deadline = time.monotonic() + 10
    while any(thread.name.startswith("xlsx-deflate") for thread in threading.enumerate()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_sheet_is_ready_to_read() -> None:
    """Row 1 is bold and frozen, the filter covers all rows, widths are the columns' (255 at most)."""
    book = openpyxl.load_workbook(io.BytesIO(made([batch(5)])[0]))
    found = book["S"]
    assert (found.freeze_panes, found.auto_filter.ref) == ("A2", "A1:C6")
    assert [cell.font.b for cell in found[1]] == [True] * 3
    assert [cell.font.b for cell in found[2]] == [False] * 3
    assert [found.column_dimensions[letter].width for letter in "ABC"] == [33, 9, 255]
    assert book.properties.creator in (None, "openpyxl")


def test_times_are_dates_to_excel() -> None:
    """A TIME column has the format yyyy-mm-dd hh:mm:ss, so Excel sorts and filters it as dates."""
    columns = (Column("When", Kind.TIME),)
    rows = pa.record_batch(
        [pa.array([STAMP.replace(tzinfo=None)], pa.timestamp("us"))], schema=schema_of(columns)
    )
    file = io.BytesIO()
    with Workbook(file, stamp=STAMP) as book:
        book.add(sheet(columns=columns), [rows])
    cell = openpyxl.load_workbook(file)["S"]["A2"]
    assert cell.is_date
    assert cell.number_format.replace("\\", "") == "yyyy-mm-dd hh:mm:ss"


def test_nothing_is_a_formula_or_a_link() -> None:
    """No cell is a formula and no part holds a hyperlink, whatever the text begins with."""
    data, _ = made([batch(50)])
    found = openpyxl.load_workbook(io.BytesIO(data))["S"]
    assert "f" not in {cell.data_type for row in found for cell in row}
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert not any("sheet1.xml.rels" in name for name in parts.namelist())
        for name in parts.namelist():
            assert not re.search(rb"<f[ >]|hyperlink", parts.read(name))


def test_the_first_bytes_tell_a_workbook() -> None:
    """The first entries are those by which file type detectors know an Office file."""
    with zipfile.ZipFile(io.BytesIO(made([batch(1)])[0])) as parts:
        names = parts.namelist()
    assert names[:3] == ["_rels/.rels", "xl/styles.xml", "xl/worksheets/sheet1.xml"]
    assert len(names) == len(set(names))


def test_same_rows_same_bytes() -> None:
    """The same rows give the same file, however they come in batches, also where they are split."""
    whole = pa.Table.from_batches([batch(30_000)]).to_batches()
    pieces = [batch(7_000), *(batch(1, 7_000 + n) for n in range(10)), batch(0), batch(22_990, 7_010)]
    assert made(whole)[0] == made(whole)[0] == made(pieces)[0]
    assert made(whole, 9_999)[0] == made(pieces, 9_999)[0]
    assert made(whole, max_xml=1 << 20)[0] == made(pieces, max_xml=1 << 20)[0]


def test_a_sheet_is_split_at_max_rows(tmp_path: Path) -> None:
    """More rows than a part may have go on, in order, in "S (2)", "S (3)", each with the headings."""
    data, written = made([batch(12), batch(11, 12)], 10)
    path = tmp_path / "w.xlsx"
    path.write_bytes(data)
    assert (written.name, written.rows, written.parts) == ("S", 23, 3)
    for reader in (by_openpyxl, by_calamine):
        found = reader(path)
        assert list(found) == ["S", "S (2)", "S (3)"]
        assert [len(rows) for rows in found.values()] == [11, 11, 4]
        assert all(rows[0] == ["Name", "Count", "Url"] for rows in found.values())
        assert [row[1] for rows in found.values() for row in rows[1:]] == [float(n) for n in range(23)]


def test_exactly_max_rows_is_one_part() -> None:
    """A sheet that just fits has no empty second part."""
    assert made([batch(10)], 10)[1].parts == 1


def test_a_sheet_is_split_before_its_xml_is_too_large() -> None:
    """No part's XML passes the limit, though a single row that is larger is still written; no row is lost."""
    data, written = made([batch(200)], max_xml=5_000)
    assert written.rows == 200
    assert written.parts > 1
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for number in range(1, written.parts + 1):
            xml = parts.read(f"xl/worksheets/sheet{number}.xml").decode()
            assert len(xml.split("</row>", 1)[1].split("</sheetData>")[0]) <= 5_000
    assert made([batch(3)], max_xml=1)[1].parts == 3


def test_an_empty_sheet_has_its_headings(tmp_path: Path) -> None:
    """A sheet without rows is a valid sheet with headings, and 0 rows in 1 part."""
    path = tmp_path / "w.xlsx"
    data, written = made([])
    path.write_bytes(data)
    assert (written.rows, written.parts) == (0, 1)
    for reader in (by_openpyxl, by_calamine):
        assert reader(path) == {"S": [["Name", "Count", "Url"]]}


def test_many_sheets_with_awkward_names(tmp_path: Path) -> None:
    """Sheets keep their order and get legal, unique names that all readers agree on."""
    path = tmp_path / "w.xlsx"
    with path.open("wb") as file, Workbook(file, stamp=STAMP) as book:
        names = [
            book.add(sheet(name), [batch(2)]).name for name in ("R&D <'x'>", "a/b", "A/B", "概要", "z" * 40)
        ]
    assert names == ["R&D <'x'>", "a_b", "A_B (2)", "概要", "z" * 31]
    assert list(by_openpyxl(path)) == list(by_calamine(path)) == names


def test_headings_are_text_too(tmp_path: Path) -> None:
    """A heading with markup or spaces at its edges is that text, and the same heading may come twice."""
    columns = (Column(" <b> & "), Column("=1"), Column("=1"))
    path = tmp_path / "w.xlsx"
    with path.open("wb") as file, Workbook(file, stamp=STAMP) as book:
        book.add(sheet(columns=columns), [])
    assert by_openpyxl(path)["S"] == by_calamine(path)["S"] == [[" <b> & ", "=1", "=1"]]


def test_cuts_are_named_in_their_part_and_bounded() -> None:
    """A cut names the part and row where the cell stands; after 1,000 of a sheet they are only counted."""
    columns = (Column("T"),)
    long = pa.record_batch([pa.array(["ok", "x" * 32_768] * 600)], schema=schema_of(columns))
    file = io.BytesIO()
    with Workbook(file, stamp=STAMP, max_rows=3) as book:
        written = book.add(sheet(columns=columns), [long, long])
    assert (written.cut_total, len(written.cuts), CUTS_KEPT) == (1_200, 1_000, 1_000)
    assert [(cut.sheet, cut.row, cut.column) for cut in written.cuts[:3]] == [
        *(("S", 3, "T"), ("S (2)", 2, "T"), ("S (2)", 4, "T")),
    ]
    assert written.cuts[999].sheet == "S (667)"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pa.record_batch([pa.array(["a"])], ["Name"]), r'Sheet "S" has 3 columns, but its rows have 1'),
        (
            pa.record_batch([pa.array(["a"]), pa.array([1.5]), pa.array(["b"])], ["a", "b", "c"]),
            r'Column "Count" of sheet "S" takes int64, but its rows have double',
        ),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows: pa.RecordBatch, message: str) -> None:
    """A batch with other columns than its sheet raises an error that names the sheet and the column."""
    with pytest.raises(WaybillError, match=message):
        made([batch(1), rows])
    assert no_writer_threads()


def test_a_sheet_needs_columns_and_a_workbook_sheets() -> None:
    """A sheet without columns, a workbook without sheets, and row limits Excel has not are refused."""
    with pytest.raises(WaybillError, match="has 0 columns"), Workbook(io.BytesIO(), stamp=STAMP) as book:
        book.add(sheet(columns=()), [])
    with pytest.raises(WaybillError, match="at least one sheet"), Workbook(io.BytesIO(), stamp=STAMP):
        pass
    for count in (0, 1_048_576):
        with pytest.raises(WaybillError, match="between 1 and 1048575"):
            Workbook(io.BytesIO(), stamp=STAMP, max_rows=count)


def test_an_error_in_the_rows_comes_out() -> None:
    """What the rows raise comes out of `add` unchanged, the thread ends, and the workbook is given up."""

    def rows() -> Iterator[pa.RecordBatch]:
        yield from (batch(20_000, n) for n in range(5))
        raise LookupError("the snapshot is gone")

    book = Workbook(io.BytesIO(), stamp=STAMP)
    with pytest.raises(LookupError, match="snapshot is gone"):
        book.add(sheet(), rows())
    assert no_writer_threads()
    for call in (lambda: book.add(sheet(), []), book.close):
        with pytest.raises(WaybillError, match="closed or was given up"):
            call()


def test_an_error_of_the_file_comes_out() -> None:
    """A file that cannot be written stops the rows with its own error; nothing waits for ever."""

    class Full(io.BytesIO):
        def write(self, data: object, /) -> int:
            if self.tell() > 100_000:
                raise OSError(28, "No space left on device")
            return super().write(data)  # type: ignore[arg-type]  # BytesIO names a type only typeshed has

    pulled = 0

    def rows() -> Iterator[pa.RecordBatch]:
        nonlocal pulled
        for n in range(1_000):
            pulled += 1
            yield batch(10_000, n * 10_000)

    with pytest.raises(OSError, match="No space left"), Workbook(Full(), stamp=STAMP) as book:
        book.add(sheet(), rows())
    assert pulled < 100
    assert no_writer_threads()


def test_an_abandoned_workbook_leaves_no_thread() -> None:
    """A workbook that is left by an exception, or simply dropped, does not leave its thread behind."""

    def leave() -> None:
        with Workbook(io.BytesIO(), stamp=STAMP) as book:
            book.add(sheet(), [batch(1)])
            raise KeyError

    with pytest.raises(KeyError):
        leave()
    dropped: Workbook | None = Workbook(io.BytesIO(), stamp=STAMP)
    assert dropped is not None
    dropped.add(sheet(), [batch(1)])
    del dropped
    gc.collect()
    assert no_writer_threads()


def test_closing_twice_does_nothing() -> None:
    """A second close changes nothing; adding after it is refused."""
    file = io.BytesIO()
    with Workbook(file, stamp=STAMP) as book:
        book.add(sheet(), [batch(1)])
        book.close()
        data = file.getvalue()
    assert file.getvalue() == data
    with pytest.raises(WaybillError, match="closed"):
        book.add(sheet(), [])


MEMORY = """
import resource, sys
from datetime import datetime
import pyarrow as pa
from waybill.export import Column, Sheet, schema_of
from waybill.files.workbook import Workbook

columns = tuple(Column(f"C{n}") for n in range(10))
batch = pa.record_batch([pa.array([f"value {n} & {c}" for n in range(10_000)]) for c in range(10)],
                        schema=schema_of(columns))
with open(sys.argv[1], "wb") as file, Workbook(file, stamp=datetime(2026, 1, 1)) as book:
    book.add(Sheet("S", columns, lambda: iter(())), (batch for _ in range(int(sys.argv[2]))))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Three times the rows take no more than 30 MiB more memory (their XML alone is 100 MiB)."""
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-c", MEMORY, str(tmp_path / "w.xlsx"), str(batches)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for batches in (10, 30)
    ]
    assert peaks[1] - peaks[0] <= 30
