"""Asking for reports, and reading them back: targets of both exports, and the workbook in a finished ZIP."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import openpyxl
import python_calamine

SITES = "/insights/sites/permission/export"
SOURCES = ("Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group")
HOST = "https://contoso.sharepoint.com"

_ESCAPED = re.compile("_x005F_(?=x[0-9A-Fa-f]{4}_)")


def group_target(group: str = "", option: int = 3, sources: Iterable[str] = SOURCES, **more: str) -> str:
    """A group report's target. `group` stands in the path as it is; `more` are further query fields."""
    query = [("exportOptionType", str(option)), *(("dataSources", one) for one in sources), *more.items()]
    return f"/insights/groups/{group}/access/export?{urlencode(query)}"


def site_target(*sites: str, **more: str) -> str:
    """A site report's target; a site without a scheme is a path on the tenant's main host."""
    urls = [site if "://" in site else f"{HOST}/{site}" for site in sites]
    return f"{SITES}?{urlencode([*(('siteUrls', url) for url in urls), *more.items()])}"


def in_path(text: str) -> str:
    """A value as one segment of a path, encoded once."""
    return quote(text, safe="")


@dataclass(frozen=True)
class Book:
    """A finished report: how its job ended, the ZIP's bytes, and the workbook inside, read back."""

    status: int
    content: bytes

    @cached_property
    def xlsx(self) -> bytes:
        with zipfile.ZipFile(io.BytesIO(self.content)) as package:
            assert package.testzip() is None
            (name,) = package.namelist()
            return package.read(name)

    @cached_property
    def workbook(self) -> openpyxl.Workbook:
        return openpyxl.load_workbook(io.BytesIO(self.xlsx))

    @property
    def sheets(self) -> list[str]:
        return list(self.workbook.sheetnames)

    @cached_property
    def _tables(self) -> dict[str, list[tuple[Any, ...]]]:
        return {
            sheet.title: [tuple(map(_plain, row)) for row in sheet.iter_rows(values_only=True)]
            for sheet in self.workbook.worksheets
        }

    def headings(self, sheet: str) -> tuple[str, ...]:
        return tuple(str(text) for text in self._tables[sheet][0])

    def rows(self, sheet: str) -> list[dict[str, Any]]:
        """The records of a sheet, by heading."""
        first, *rest = self._tables[sheet]
        return [dict(zip(first, row, strict=True)) for row in rest]

    def column(self, sheet: str, heading: str) -> list[Any]:
        return [row[heading] for row in self.rows(sheet)]

    def about(self, item: str) -> list[str]:
        """The values of one item on About."""
        return [str(row["Value"]) for row in self.rows("About") if row["Item"] == item]

    def comparable(self) -> dict[str, list[list[Any]]]:
        """All sheets, headings included, as `comparable_by_calamine` gives them."""
        return {name: [list(map(_comparable, row)) for row in rows] for name, rows in self._tables.items()}

    def codes(self) -> set[str]:
        return set(self.column("Exceptions", "Code"))


def _plain(value: Any) -> Any:
    """openpyxl leaves `_x005F_` of inline strings as it stands (a quirk of the reader)."""
    return _ESCAPED.sub("_", value) if isinstance(value, str) else value


def comparable_by_calamine(xlsx: bytes) -> dict[str, list[list[Any]]]:
    """The sheets of a workbook as calamine reads them, in one form for all readers."""
    book = python_calamine.load_workbook(io.BytesIO(xlsx))
    return {
        name: [
            list(map(_comparable, row))
            for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        ]
        for name in book.sheet_names
    }


def _comparable(value: Any) -> Any:
    """Nothing is blank text, a number a float, and a date (calamine's word for midnight) a time."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return datetime.combine(value, time.min).isoformat()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
