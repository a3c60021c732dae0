"""The first rows of a sheet in a report, for showing in a terminal; needs no spreadsheet library."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def sheet_names(workbook: zipfile.ZipFile) -> list[str]:
    """Sheet names in order; the n-th is stored as sheet n (our own writer's layout)."""
    # Our own file, just written by us: no hostile XML to guard against.
    book = ElementTree.fromstring(workbook.read("xl/workbook.xml"))  # noqa: S314
    return [sheet.attrib["name"] for sheet in book.iter(f"{_NS}sheet")]


def first_rows(package: Path, sheet: str, count: int) -> list[dict[str, str]]:
    """The first `count` rows of a sheet of the workbook inside the ZIP at `package`, keyed by heading."""
    with (
        zipfile.ZipFile(package) as outer,
        outer.open(outer.namelist()[0]) as inner,
        zipfile.ZipFile(inner) as book,
    ):
        number = sheet_names(book).index(sheet) + 1
        rows: list[list[str]] = []
        with book.open(f"xl/worksheets/sheet{number}.xml") as xml:
            for _, element in ElementTree.iterparse(xml):  # noqa: S314  # as above
                if element.tag == f"{_NS}row":
                    rows.append([_text(cell) for cell in element.iter(f"{_NS}c")])
                    element.clear()
                    if len(rows) > count:
                        break
    if not rows:
        return []
    return [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]


def _text(cell: ElementTree.Element) -> str:
    if cell.attrib.get("t") == "b":
        return "TRUE" if cell.findtext(f"{_NS}v") == "1" else "FALSE"
    return "".join(part.text or "" for part in cell.iter() if part.tag in (f"{_NS}t", f"{_NS}v"))
