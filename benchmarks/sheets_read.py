"""Reads the rows of a benchmark workbook back, whoever wrote it, and sums them up: count and checksum.

Fast, because it reads only what these benchmark sheets hold (no empty cells, 15 columns): the texts of
`<v>` and `<t>` in order, shared strings looked up. Readers that people use check our files in tests/unit/files.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.model import Answer
from benchmarks.rows import NAMES, TEXTS, checksum_of

_VALUE = re.compile(rb"<(?:v|t)(?: [^>]*)?>([^<]*)</")
_SHARED = re.compile(rb"<si>.*?</si>", re.DOTALL)
_SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
_CHUNK = 32 << 20
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&"))
WIDTH = len(NAMES)
_EPOCH_DAYS = 25_569
_SUM = checksum_of()


def read_back(path: Path) -> Answer:
    """Rows of all sheets, without headings, and the checksum `rows_answer` gives for the same rows."""
    count, total = 0, 0
    with zipfile.ZipFile(path) as book, duckdb.connect() as connection:
        shared = _shared_strings(book)
        names = sorted(
            filter(_SHEET.fullmatch, book.namelist()), key=lambda name: int(re.sub(r"\D", "", name))
        )
        for name in names:
            for number, values in enumerate(_pieces(book, name)):
                table = _table(values[WIDTH:] if number == 0 else values, shared)
                rows, sum_ = _summed(connection, table)
                count, total = count + rows, total + sum_
    return Answer(count, _shown(total))


def rows_answer(relation: str) -> Answer:
    """Count and checksum of the same columns in the source: times in whole milliseconds, as Excel keeps them."""
    texts = ", ".join(f'"{name}"' for name in NAMES[:TEXTS])
    numbers = ", ".join(f'"{name}"::DOUBLE' for name in NAMES[TEXTS : TEXTS + 2])
    times = ", ".join(f'epoch_ms("{name}"::TIMESTAMP)::BIGINT' for name in NAMES[TEXTS + 2 :])
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW rows AS SELECT {_named(texts, numbers, times)} FROM {relation}")
        found = connection.execute(_SUM).fetchall()[0]
    return Answer(int(found[0]), _shown(int(found[1])))


def _named(texts: str, numbers: str, times: str) -> str:
    parts = [*texts.split(", "), *numbers.split(", "), *times.split(", ")]
    return ", ".join(f"{part} AS c{place}" for place, part in enumerate(parts))


def _summed(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> tuple[int, int]:
    connection.register("rows", table)
    count, total = connection.execute(_SUM).fetchall()[0]
    connection.unregister("rows")
    return int(count), int(total)


def _shown(total: int) -> str:
    return f"{total % 18446744073709551557:016x}"


def _pieces(book: zipfile.ZipFile, name: str) -> Iterator[list[bytes]]:
    """The values of whole rows, some ten thousand rows at a time; the first piece begins with the headings."""
    kept = b""
    with book.open(name) as file:
        while chunk := file.read(_CHUNK):
            kept += chunk
            end = kept.rfind(b"</row>")
            if end >= 0:
                yield _VALUE.findall(kept, max(kept.find(b"<row"), 0), end)
                kept = kept[end:]


def _shared_strings(book: zipfile.ZipFile) -> Any:
    if "xl/sharedStrings.xml" not in book.namelist():
        return None
    texts = [b"".join(_VALUE.findall(item)) for item in _SHARED.findall(book.read("xl/sharedStrings.xml"))]
    return pa.array(texts, pa.binary()).cast(pa.string())


def _table(values: list[bytes], shared: Any) -> pa.Table:
    columns = []
    for place in range(WIDTH):
        column: Any = pa.array(values[place::WIDTH], pa.binary()).cast(pa.string())
        if place >= TEXTS:
            column = column.cast(pa.float64())
            if place >= TEXTS + 2:
                milliseconds = pc.round(pc.multiply(pc.subtract(column, _EPOCH_DAYS), 86_400_000.0))
                column = milliseconds.cast(pa.int64())
        else:
            if shared is not None:
                column = shared.take(column.cast(pa.int64()))
            for entity, plain in _ENTITIES:
                column = pc.replace_substring(column, entity, plain)
        columns.append(column)
    return pa.table(columns, [f"c{place}" for place in range(WIDTH)])
