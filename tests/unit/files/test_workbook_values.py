"""Values arrive in a workbook as they are, or as the nearest a cell can hold, and that is told."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.files.read_back import Value, by_calamine, by_libreoffice, by_openpyxl
from waybill.export import ARROW, Column, Kind, Sheet, schema_of
from waybill.files.cells import cells, rows
from waybill.files.workbook import Workbook, Written

STAMP = datetime(2026, 5, 4, tzinfo=UTC)
COLUMNS = (
    Column("Text"),
    Column("Url", Kind.LINK),
    Column("Number", Kind.INT),
    Column("Yes", Kind.BOOL),
    Column("When", Kind.TIME),
)

TEXTS: Sequence[str | None] = (
    *("=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "{=1+1}", "#REF!", "TRUE", "1e5", "000123"),
    *("12345678901234567890", "2024-01-01", "mailto:a@b.example", "https://x.example/" + "z" * 2100),
    *("a & b <c> \"q\" 'x'", "&amp; &#10; ]]>", "nul\x00one\x01unit\x1fback\x08", "a\ufffeb\uffffc"),
    *("a\rb", "a\r\nb", "a\nb", "a\tb", "\t=1+1", "  edge  ", " ", "\n", "\x01", "", None),
    *("_x0041_ and _x000d_", "_x00\x0041_", "_X0041_", "_x005F_", "_xyz_", "\u00a0nbsp\u00a0", "\ufeffbom"),
    *("😀é漢\u202eright to left\u202c مرحبا", "del\x7f c1\x85 \u2028", "x" * 32_767, "y" * 32_768),
    *(
        "😀" * 20_000,
        "a" + "😀" * 20_000,
        "&" * 40_000,
        "z" * 32_760 + "_x0041_" * 2,
        "\x02" * 5 + "w" * 32_767,
    ),
)
NUMBERS = (0, 1, -1, 999_999_999_999_999, -999_999_999_999_999, 10**15, 2**53 + 1, 2**63 - 1, -(2**63), None)
TIMES = tuple(
    datetime.fromisoformat(text) if text else None
    for text in (
        *("2024-02-29 23:59:59", "1970-01-01", "1969-12-31 23:59:59.5", "2026-06-01 02:10:00.123456", ""),
        *("1900-03-01", "1900-02-28 23:59:59", "1899-12-31", "0001-01-01", "1899-01-01 00:00:00.000005"),
        *("9999-12-31 23:59:59", "9999-12-31 23:59:59.999", "9999-12-31 23:59:59.9995"),
    )
)


def in_cell(value: Any) -> Value:
    """What a reader must find: the rules of insights.md 2.3, said once more and without Arrow."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = "\n".join(re.split("\r\n|\r", value))
        text = "".join(c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff"))
        while len(text.encode("utf-16-le")) > 2 * 32_767:
            text = text[: -max(1, (len(text.encode("utf-16-le")) - 2 * 32_767) // 4)]
        return text
    if isinstance(value, datetime):
        if not datetime(1900, 3, 1) <= value <= datetime(9999, 12, 31, 23, 59, 59, 999_000):  # noqa: DTZ001
            return str(value)
        return value.replace(microsecond=0) + timedelta(milliseconds=round(value.microsecond / 1000))
    if isinstance(value, bool):
        return value
    return float(value) if abs(value) < 10**15 else str(value)


def same(found: Value, expected: Value) -> bool:
    """Equal and of the same type; times to the millisecond readers round to."""
    if isinstance(found, datetime) and isinstance(expected, datetime):
        return abs(found - expected) <= timedelta(milliseconds=1)
    return type(found) is type(expected) and found == expected


def padded(values: Sequence[Any], count: int) -> list[Any]:
    return [*values, *[None] * (count - len(values))]


def write(path: Path, table: Sequence[Sequence[Any]]) -> Written:
    """One sheet "S" with the five columns; `table` is column by column."""
    arrays = [pa.array(v, ARROW[c.kind]) for v, c in zip(table, COLUMNS, strict=True)]
    batch = pa.record_batch(arrays, schema=schema_of(COLUMNS))
    with path.open("wb") as file, Workbook(file, stamp=STAMP) as book:
        return book.add(Sheet("S", COLUMNS, lambda: iter(())), [batch])


def differences(found: list[list[Value]], table: Sequence[Sequence[Any]]) -> list[str]:
    wrong = []
    assert len(found) >= len(table[0])  # some readers drop empty rows at the end
    for number, row in enumerate(zip(*table, strict=True)):
        for place, value in enumerate(row):
            got = found[number][place] if place < len(found[number]) else ""
            if not same(got, in_cell(value)):
                wrong.append(f"row {number}, column {place}: {value!r:.60} became {got!r:.60}")
    return wrong


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[Any]], Written]:
    path = tmp_path_factory.mktemp("edges") / "edges.xlsx"
    count = len(TEXTS) + 1
    table = [
        [*padded(TEXTS, count - 1), "last"],
        [*padded(TEXTS[::-1], count - 1), "last"],
        *(padded(values, count) for values in (NUMBERS, (True, False, None), TIMES)),
    ]
    return path, table, write(path, table)


def test_edge_cases_in_openpyxl_and_calamine(edges: tuple[Path, list[list[Any]], Written]) -> None:
    """Every edge case reads back alike in openpyxl and calamine, as insights.md 2.3 says."""
    path, table, _ = edges
    for reader in (by_openpyxl, by_calamine):
        sheet = reader(path)["S"]
        assert sheet[0] == [column.name for column in COLUMNS]
        assert differences(sheet[1:], table) == []


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not on PATH")
def test_edge_cases_in_libreoffice(edges: tuple[Path, list[list[Any]], Written], tmp_path: Path) -> None:
    """LibreOffice opens the same workbook and has the same contents as the other readers."""
    path, table, _ = edges
    assert differences(by_libreoffice(path, tmp_path)["S"][1:], table) == []


def test_cuts_and_removals_are_told(edges: tuple[Path, list[list[Any]], Written]) -> None:
    """Each cut cell is named by sheet, row and column with its length; removed characters are counted."""
    _, table, written = edges
    legal = [
        [re.sub("[\x00-\x08\ufffe\uffff\x1f]", "", text or "") for text in column] for column in table[:2]
    ]
    expected = [
        ("S", number + 2, heading, len(column[number].encode("utf-16-le")) // 2)
        for number in range(len(table[0]))
        for heading, column in zip(("Text", "Url"), legal, strict=True)
        if len(column[number].encode("utf-16-le")) // 2 > 32_767
    ]
    assert len(expected) == 2 * 5
    assert [(cut.sheet, cut.row, cut.column, cut.units) for cut in written.cuts] == expected
    assert written.cut_total == len(expected)
    removed = sum(len(t or "") for c in table[:2] for t in c) - sum(len(t) for c in legal for t in c)
    assert written.controls_removed == removed > 0


TEXT_VALUES = st.none() | st.text(max_size=60) | st.text("_x04Ff\t\n\r &<>\"'=\x01\ufffe", max_size=25)
ROW = st.tuples(
    TEXT_VALUES,
    TEXT_VALUES,
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(10**15 - 3, 10**15 + 3),
    st.none() | st.booleans(),
    st.none() | st.datetimes(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12))
def test_whatever_goes_in_comes_out(table: list[tuple[Any, ...]]) -> None:
    """Arbitrary text, numbers and times read back from both readers exactly as a cell can hold them."""
    columns = [list(values) for values in zip(*table, strict=True)]
    columns = [[*column, last] for column, last in zip(columns, ("end", "end", 1, True, None), strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.xlsx"
        write(path, columns)
        for reader in (by_openpyxl, by_calamine):
            assert differences(reader(path)["S"][1:], columns) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=12), st.integers(1, 11))
def test_a_cell_depends_on_its_row_alone(table: list[tuple[Any, ...]], size: int) -> None:
    """A row's XML is the same whatever rows come in its batch: the form of a cell is not its neighbours'."""
    arrays = [
        pa.array(list(values), ARROW[column.kind])
        for values, column in zip(zip(*table, strict=True), COLUMNS, strict=True)
    ]

    def xml(start: int, count: int) -> bytes:
        return bytes(rows([cells(array.slice(start, count)) for array in arrays])[0])

    assert xml(0, len(table)) == b"".join(xml(start, size) for start in range(0, len(table), size))


@pytest.mark.parametrize("begin", ["2020-01-01", "1927-05-17 23:00:00", "1900-01-01"])
@pytest.mark.parametrize("step", [timedelta(days=1), timedelta(hours=5, microseconds=7)])
def test_many_times_are_written_as_few_are(begin: str, step: timedelta) -> None:
    """Numbers from tables, for many times at once, are those that each time gets alone."""
    first = datetime.fromisoformat(begin)
    column = pa.array(
        [first + step * number if number % 7 else None for number in range(5_000)], pa.timestamp("us")
    )
    whole = bytes(rows([cells(column)])[0])
    assert whole == b"".join(
        bytes(rows([cells(column.slice(start, 10))])[0]) for start in range(0, 5_000, 10)
    )


def test_what_lies_under_a_null_is_not_shown() -> None:
    """Bytes that a null covers do not come into its cell, whatever they are."""
    offsets, covered = pa.py_buffer(b"\0\0\0\0\3\0\0\0\4\0\0\0"), pa.py_buffer(b"\1<&a")
    texts = pa.StringArray.from_buffers(2, offsets, covered, pa.py_buffer(b"\2"))
    furthest = pa.py_buffer(b"\xff" * 7 + b"\x7f" + b"\1" + b"\0" * 7)
    numbers = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\2"), furthest])
    times = pa.Array.from_buffers(pa.timestamp("us"), 2, [pa.py_buffer(b"\2"), furthest])
    first, second = bytes(rows([cells(texts), cells(numbers), cells(times)])[0]).decode().split("</row>")[:2]
    assert first == "<row><c/><c/><c/>"
    assert re.findall("<(?:t|v)>(.*?)</", second) == ["a", "1", "25569.00000000001"]


def test_floats_are_numbers_only_where_excel_has_them() -> None:
    """A float is its shortest exact number; NaN and infinity, which Excel has not, are text."""
    column = pa.array([1.5, 0.1, 1e308, float("nan"), float("inf"), None])
    xml = bytes(rows([cells(column)])[0]).decode()
    assert re.findall("<c><v>(.*?)</v></c>", xml) == ["1.5", "0.1", "1e+308"]
    assert re.findall("<t>(.*?)</t>", xml) == ["nan", "inf"]
    assert xml.endswith("<row><c/></row>")


def test_times_beyond_python_are_text(tmp_path: Path) -> None:
    """Times no reader could hold, such as the database's infinity, are text that both readers agree on."""
    path = tmp_path / "w.xlsx"
    write(path, [["a", "b", "c"], [None] * 3, [None] * 3, [None] * 3, [2**63 - 1, -(2**63), 10**18]])
    found = [row[4] for row in by_openpyxl(path)["S"][1:]]
    assert found == [row[4] for row in by_calamine(path)["S"][1:]]
    assert all(isinstance(value, str) and value for value in found)
    assert "9223372036854775807" in str(found[0])
