"""The fixed parts of a workbook: styles, the list of sheets, relations, and each sheet's head and tail.

There are no document properties: they would hold names and times that differ from run to run.
Source: ECMA-376 part 1, chapter 18, and part 2 (packaging).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waybill.export import Column
from waybill.files.cells import heading

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_SHEET_ML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WIDEST = 255

RELATIONS_NAME = "_rels/.rels"
STYLES_NAME = "xl/styles.xml"
CONTENT_TYPES_NAME = "[Content_Types].xml"
WORKBOOK_NAME = "xl/workbook.xml"
WORKBOOK_RELATIONS_NAME = "xl/_rels/workbook.xml.rels"


@dataclass(frozen=True, slots=True)
class Part:
    """One sheet as it stands in the file. rows: data rows, without the heading."""

    number: int
    name: str
    columns: int
    rows: int


def sheet_path(number: int) -> str:
    """Where the sheet with this number lies, below `xl/`."""
    return f"worksheets/sheet{number}.xml"


def _letters(column: int) -> str:
    """The name of a column, 1 = A."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def sheet_head(columns: Sequence[Column], *, first: bool) -> bytes:
    """A sheet up to its first data row: row 1 frozen and bold, widths set. first: the one shown on opening."""
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{min(max(column.width, 1), _WIDEST)}" customWidth="1"/>'
        for n, column in enumerate(columns, 1)
    )
    headings = "".join(heading(column.name) for column in columns)
    selected = ' tabSelected="1"' if first else ""
    return (
        f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView{selected} workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/><cols>{widths}</cols><sheetData><row>{headings}</row>'
    ).encode()


def sheet_tail(part: Part) -> bytes:
    """The end of a sheet, with the filter over all its rows."""
    last = f"{_letters(part.columns)}{part.rows + 1}"
    return f'</sheetData><autoFilter ref="A1:{last}"/></worksheet>'.encode()


def workbook(parts: Sequence[Part]) -> bytes:
    """The list of sheets, and the hidden names by which Excel knows their filters."""
    sheets = "".join(
        f'<sheet name="{_escaped(part.name)}" sheetId="{part.number}" r:id="rId{part.number}"/>'
        for part in parts
    )
    filters = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{part.number - 1}" hidden="1">'
        f"{_quoted(part.name)}!$A$1:${_letters(part.columns)}${part.rows + 1}</definedName>"
        for part in parts
    )
    return (
        f'{_DECLARATION}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{sheets}</sheets><definedNames>{filters}</definedNames></workbook>"
    ).encode()


def _quoted(name: str) -> str:
    doubled = name.replace("'", "''")
    return _escaped(f"'{doubled}'")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _relations(relations: str) -> bytes:
    return f'{_DECLARATION}<Relationships xmlns="{_RELATIONS}">{relations}</Relationships>'.encode()


def package_relations() -> bytes:
    """Says which part is the workbook."""
    return _relations(_relation(1, "officeDocument", WORKBOOK_NAME))


def workbook_relations(parts: Sequence[Part]) -> bytes:
    """Says where the sheets and the styles are."""
    sheets = "".join(_relation(part.number, "worksheet", sheet_path(part.number)) for part in parts)
    return _relations(sheets + _relation(len(parts) + 1, "styles", "styles.xml"))


def content_types(parts: Sequence[Part]) -> bytes:
    """Says what each part is."""
    kinds = [("xl/" + sheet_path(part.number), "worksheet") for part in parts]
    kinds += [(WORKBOOK_NAME, "sheet.main"), (STYLES_NAME, "styles")]
    overrides = "".join(
        f'<Override PartName="/{path}" ContentType="{_SHEET_ML}.{kind}+xml"/>' for path, kind in kinds
    )
    return (
        f'{_DECLARATION}<Types xmlns="{_CONTENT_TYPES}">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    ).encode()


def styles() -> bytes:
    """Three cell formats, as numbered in cells.py: 0 plain, 1 a time (UTC, to the second), 2 a bold heading."""
    return (
        f'{_DECLARATION}<styleSheet xmlns="{_MAIN}">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    ).encode()
