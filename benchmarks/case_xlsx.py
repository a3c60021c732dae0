"""XLSX: rows as reports have them, from Parquet to a finished workbook, by us and by the libraries people use."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import work
from benchmarks.model import Answer, Contender, Curve, Given, Plan, Role, Target
from benchmarks.place import Place

if TYPE_CHECKING:
    import pyarrow as pa

TITLE = "XLSX, 15 columns of report-like rows"
LIBRARIES = ("rustpy", "xlsxwriter", "openpyxl", "pandas")


def plan(place: Place, _stack: ExitStack) -> Plan:
    rows = 200_000 if place.quick else 1_000_000
    most = 1_000_000 if place.quick else 10_000_000
    source = str(place.child_once(f"rows-{rows}.parquet", "xlsx", rows=rows))
    xml = str(place.child_once(f"rows-{rows}-{place.code('files')}.xml", "xlsx", source=source))
    far = str(place.child_once(f"rows-{most}.parquet", "xlsx", rows=most))
    sizes = [most // 10, most * 3 // 10, most] if place.quick else [rows // 10, rows, rows * 3, most]

    def given(name: str, **more: str | int) -> Given:
        return {"source": source, "out": str(place.scratch / f"{name}.xlsx"), **more}

    large = [
        Contender(
            f"waybill-{size}",
            f"Waybill, {size:,} rows",
            Role.OURS,
            {"source": far, "out": str(place.scratch / f"waybill-{size}.xlsx"), "rows": size},
            rounds=1,
            check="" if size > 1_000_000 else f"{size:,} rows",
            bar=False,
        )
        for size in sizes
    ]
    return Plan(
        contenders=(
            Contender("waybill", "Waybill", Role.OURS, given("waybill")),
            Contender(
                "limit",
                "Limit: crc + deflate of the same XML",
                Role.LIMIT,
                {"source": xml, "out": str(place.scratch / "limit.z")},
                check="",
            ),
            Contender("rustpy", "rustpy-xlsxwriter", Role.PEER, given("rustpy"), rounds=3),
            Contender("xlsxwriter", "XlsxWriter, constant memory", Role.PEER, given("xlsxwriter"), rounds=1),
            *(
                ()
                if place.quick
                else (
                    Contender(
                        "pandas",
                        "pandas by XlsxWriter, not read back",  # our fast reader does not know its file
                        Role.PEER,
                        given("pandas"),
                        rounds=1,
                        check="",
                    ),
                    Contender("openpyxl", "openpyxl, write-only", Role.PEER, given("openpyxl"), rounds=1),
                )
            ),
            *large,
        ),
        targets=(
            Target("at most 3 x the CPU of the limit", "waybill", "cpu", ("limit",), at_most=3),
            Target(
                "at least 4 x less CPU than the fastest library",
                "waybill",
                "cpu",
                LIBRARIES,
                at_least=4,
                inverse=True,
            ),
            Target(
                "at least 45 x less CPU than XlsxWriter",
                "waybill",
                "cpu",
                ("xlsxwriter",),
                at_least=45,
                inverse=True,
            ),
            Target("peak memory under 300 MB", "waybill", "peak_mb", at_most=300e6 / 2**20),
            Target(
                f"and for {most:,} rows (split sheets)", f"waybill-{most}", "peak_mb", at_most=300e6 / 2**20
            ),
        ),
        facts=(
            f"{rows:,} rows x 15 columns, read from Parquet by DuckDB in batches",
            "whole process, imports included",
        ),
        curves=(
            Curve(
                "Peak memory while rows grow",
                "rows",
                "peak memory, MiB",
                "peak_mb",
                (("Waybill", tuple(one.name for one in large)),),
                300e6 / 2**20,
                "300 MB",
            ),
        ),
    )


def prepare(path: Path, given: Given) -> None:
    """The rows, or the XML of the first sheet that we make of them."""
    from benchmarks.rows import make_rows

    if "rows" in given:
        make_rows(path, int(str(given["rows"])))
        return
    book = path.with_suffix(".xlsx")
    _waybill({**given, "out": str(book)})
    with (
        zipfile.ZipFile(book) as packed,
        packed.open("xl/worksheets/sheet1.xml") as sheet,
        path.open("wb") as out,
    ):
        while chunk := sheet.read(1 << 20):
            out.write(chunk)
    book.unlink()


def contend(name: str, given: Given) -> Answer:
    run = {
        "limit": _limit,
        "rustpy": _rustpy,
        "xlsxwriter": _xlsxwriter,
        "openpyxl": _openpyxl,
        "pandas": _pandas,
    }.get(name, _waybill)
    with work() as done:
        count = run(given)
    size = Path(str(given["out"])).stat().st_size
    return Answer(count, "", done.wall, done.cpu, {"file_mb": size / 1e6})


def check(_name: str, given: Given) -> Answer:
    from benchmarks.sheets_read import read_back

    out = Path(str(given["out"]))
    answer = read_back(out)
    out.unlink()
    return answer


def _reader(given: Given, batch: int) -> Any:
    import duckdb

    from benchmarks.rows import source

    connection = duckdb.connect(config={"threads": 1})
    relation = connection.sql(
        f'SELECT * REPLACE ("Day"::TIMESTAMP AS "Day") FROM {source(str(given["source"]))}'
    )
    return relation.to_arrow_reader(batch)


def _waybill(given: Given) -> int:
    from benchmarks.rows import NAMES, TEXTS
    from waybill.export import Column, Kind, Sheet
    from waybill.files.workbook import Workbook

    kinds = [Kind.TEXT] * TEXTS + [Kind.INT] * 2 + [Kind.TIME] * 2
    columns = tuple(Column(title, kind) for title, kind in zip(NAMES, kinds, strict=True))

    def batches() -> Iterator[pa.RecordBatch]:
        left = int(str(given.get("rows", 1 << 60)))  # not a LIMIT: the engine would hold that many rows
        for batch in _reader(given, 10_240):
            left -= batch.num_rows
            yield batch.slice(0, batch.num_rows + min(0, left))
            del batch  # as the product does: the next one comes into the same memory
            if left <= 0:
                return

    with Path(str(given["out"])).open("w+b") as file, Workbook(file, stamp=datetime(2026, 1, 1)) as book:  # noqa: DTZ001  # a naive stamp is UTC
        return book.add(Sheet("Rows", columns, batches), batches()).rows


def _limit(given: Given) -> int:
    """What nobody can go below: the checksum and the compression of the sheet's own bytes, and writing them."""
    from isal import isal_zlib

    deflate, crc = isal_zlib.compressobj(1, wbits=-15), 0
    with Path(str(given["source"])).open("rb") as xml, Path(str(given["out"])).open("wb") as out:
        while chunk := xml.read(1 << 20):
            crc = isal_zlib.crc32(chunk, crc)
            out.write(deflate.compress(chunk))
        out.write(deflate.flush())
    return 1


def _rustpy(given: Given) -> int:
    from rustpy_xlsxwriter import write_worksheet

    write_worksheet(
        _reader(given, 50_000), str(given["out"]), "Rows", freeze_row=1, datetime_format="yyyy-mm-dd hh:mm:ss"
    )
    return 0


def _xlsxwriter(given: Given) -> int:
    from xlsxwriter import Workbook

    from benchmarks.rows import NAMES

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = Workbook(str(given["out"]), options)
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet("Rows")
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, NAMES)
    number = 0
    for row in _python_rows(given):
        number += 1
        for place, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, place, value)
            elif isinstance(value, datetime):
                sheet.write_datetime(number, place, value, moment)
            else:
                sheet.write_number(number, place, value)
    book.close()
    return number


def _openpyxl(given: Given) -> int:
    from openpyxl import Workbook

    from benchmarks.rows import NAMES

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rows")
    sheet.freeze_panes = "A2"
    sheet.append(NAMES)
    number = 0
    for row in _python_rows(given):
        number += 1
        sheet.append(row)
    book.save(str(given["out"]))
    return number


def _pandas(given: Given) -> int:
    frame = _reader(given, 50_000).read_pandas()
    frame.to_excel(str(given["out"]), sheet_name="Rows", index=False, engine="xlsxwriter")
    return len(frame)


def _python_rows(given: Given) -> Iterator[tuple[Any, ...]]:
    for batch in _reader(given, 10_240):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
