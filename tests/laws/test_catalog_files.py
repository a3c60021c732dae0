"""Laws about the file of every export: nothing is silently missing, all text is text, every reader agrees."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest

from tests.laws.reports import Made, Press
from tests.laws.tenants import LAW_CATALOG, WORKBOOKS
from tests.unit.files.read_back import Sheets, by_calamine, by_openpyxl
from waybill.export import Export
from waybill.files.text_cells import CELL_LIMIT
from waybill.ingest.practice.traps.names import FORMULA_GROUPS, LONG_NAME, ODD_ITEMS

SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
SMALL = 7
"""Rows a sheet may hold where splitting is tried."""

every_export = pytest.mark.parametrize("export", LAW_CATALOG, ids=lambda export: str(export.name))


def rows_said(sheets: Sheets) -> dict[str, int]:
    """What About says of the rows of each sheet."""
    lines = [line for line in sheets["About"] if line[0] == "Rows"]
    return {str(line[1]): int(str(line[2]).partition(" ")[0]) for line in lines}


@every_export
def test_about_counts_what_is_there(press: Press, export: Export) -> None:
    """The rows that About names for each sheet are the rows two independent readers find in it."""
    made = press.wide(export)
    for read in (by_openpyxl, by_calamine):
        sheets = read(made.workbook)
        assert rows_said(sheets) == {name: len(rows) - 1 for name, rows in sheets.items() if name != "About"}
    assert {count.name: count.rows for count in made.produced.counts if count.name != "About"} == rows_said(
        sheets
    )


@every_export
def test_exceptions_are_counted(press: Press, export: Export) -> None:
    """A report counts as finished with exceptions exactly by the rows of its Exceptions sheet."""
    made = press.wide(export)
    assert made.produced.exceptions == len(by_calamine(made.workbook)["Exceptions"]) - 1


@every_export
def test_a_split_sheet_is_whole_and_named(press: Press, export: Export) -> None:
    """A sheet with too many rows goes on in numbered sheets: the same rows in the same order, told on
    Exceptions and About."""
    whole, split = press.sample(export), press.sample(export, sheet_rows=SMALL)
    before, after = by_calamine(whole.workbook), by_calamine(split.workbook)
    findings = after["Exceptions"]
    for count in split.produced.counts:
        parts = [count.name, *(f"{count.name} ({number})" for number in range(2, count.parts + 1))]
        assert len(parts) == max(1, -(-count.rows // SMALL))
        if count.name in ("Exceptions", "About"):
            continue
        joined = [row for name in parts for row in after[name][1:]]
        assert joined == before[count.name][1:]
        assert all(after[name][0] == before[count.name][0] for name in parts)
        named = [line for name, rows in after.items() if name.startswith("Exceptions") for line in rows]
        told = [line for line in named if line[4] == "ROWS_SPLIT" and line[2] == count.name]
        assert len(told) == (count.parts > 1), (count, findings[:3])
    assert sum(count.parts for count in split.produced.counts) == len(after)
    assert split.produced.exceptions > whole.produced.exceptions


def content_of(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as book:
        return {name: book.read(name) for name in book.namelist()}


@every_export
@pytest.mark.parametrize("language", ["", "ja-JP", "fr-FR"])
def test_every_cell_is_plain(press: Press, export: Export, language: str) -> None:
    """Every part is well-formed XML, and no cell anywhere is a formula, a link, an error or a shared string."""
    made = press.sample(export, language) if language else press.wide(export)
    for name, content in content_of(made.workbook).items():
        root = ElementTree.fromstring(content)  # noqa: S314  # our own file, just written
        tags = {element.tag.removeprefix(SPREADSHEET) for element in root.iter()}
        assert not tags & {"f", "hyperlink", "hyperlinks", "legacyDrawing", "oleObjects", "ext"}, name
        kinds = {cell.get("t", "n") for cell in root.iter(f"{SPREADSHEET}c")}
        assert kinds <= {"inlineStr", "b", "n"}, name
        assert b"TargetMode" not in content, name


@every_export
def test_a_reader_sees_no_formula(press: Press, export: Export) -> None:
    """To openpyxl no cell of any sheet is a formula or has a hyperlink."""
    book = openpyxl.load_workbook(press.wide(export).workbook)
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert (cell.data_type == "f", cell.hyperlink) == (False, None), cell
    book.close()


@pytest.fixture(scope="session")
def by_office(press: Press, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sheets]:
    """Every workbook as LibreOffice reads it, by name of its export; all in one run, since starting it is slow."""
    if shutil.which("soffice") is None:
        pytest.skip("soffice is not on PATH: LibreOffice's reading of the workbooks is not checked")
    folder = tmp_path_factory.mktemp("office")
    books = {export.name: press.wide(export).workbook for export in LAW_CATALOG}
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(folder / "out")]
    subprocess.run([*command, *map(str, books.values())], check=True, capture_output=True, timeout=120)
    return {name: by_calamine(folder / "out" / path.name) for name, path in books.items()}


@every_export
def test_readers_agree(press: Press, export: Export) -> None:
    """openpyxl and calamine find the same sheets with the same values in every cell."""
    made = press.wide(export)
    assert trimmed(by_openpyxl(made.workbook)) == trimmed(by_calamine(made.workbook))


@every_export
def test_libreoffice_agrees(press: Press, by_office: Mapping[str, Sheets], export: Export) -> None:
    """LibreOffice finds the same sheets with the same values in every cell."""
    assert trimmed(by_office[export.name]) == trimmed(by_calamine(press.wide(export).workbook))


def trimmed(sheets: Sheets) -> Sheets:
    """Without empty cells at the end of a row, of which readers tell differently."""
    made: Sheets = {}
    for name, rows in sheets.items():
        made[name] = [list(row) for row in rows]
        for row in made[name]:
            while row and row[-1] == "":
                row.pop()
    return made


def as_kept(text: str) -> str:
    """A text as a workbook can keep it (insights.md 2.3): no control characters, one kind of line end, and a limit."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    legal = "".join(one for one in lines if (one >= " " or one in "\t\n") and one not in "\ufffe\uffff")
    return legal.encode("utf-16-le")[: 2 * CELL_LIMIT].decode("utf-16-le", "ignore")


def test_trap_names_arrive_as_text(press: Press) -> None:
    """Names that look like formulas, hold control characters, emoji or right-to-left text, or are too long for
    a cell arrive in a workbook as that text, cut only at Excel's limit."""
    found = {value for made in all_made(press) for value in texts(by_calamine(made.workbook))}
    for name in (*FORMULA_GROUPS, *ODD_ITEMS, LONG_NAME):
        assert as_kept(name) in found, name[:60]


def test_what_was_cut_or_removed_is_named(press: Press) -> None:
    """Each cut cell is named on Exceptions with its sheet, row and column, where the cut text stands; removed
    control characters are counted."""
    cut, removed = 0, 0
    for made in all_made(press):
        sheets = by_calamine(made.workbook)
        for line in sheets["Exceptions"][1:]:
            removed += line[4] == "CONTROL_REMOVED"
            if line[4] == "CELL_CUT":
                cut += 1
                sheet, row, column = str(line[2]).split(", ", 2)
                rows = sheets[sheet]
                value = str(rows[int(row.removeprefix("row ")) - 1][rows[0].index(column)])
                assert len(value.encode("utf-16-le")) // 2 in (CELL_LIMIT - 1, CELL_LIMIT)
        long = [value for value in texts(sheets) if len(value.encode("utf-16-le")) // 2 >= CELL_LIMIT - 1]
        assert len(long) == sum(line[4] == "CELL_CUT" for line in sheets["Exceptions"])
    assert (cut > 0, removed > 0) == (True, True)


def all_made(press: Press) -> list[Made]:
    return [press.wide(export) for export in WORKBOOKS]


def texts(sheets: Sheets) -> list[str]:
    return [value for rows in sheets.values() for row in rows for value in row if isinstance(value, str)]
