"""Reads workbooks back with three independent readers, each as plain values that can be compared."""

from __future__ import annotations

import re
import subprocess
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import python_calamine

Value = str | float | bool | datetime
Sheets = dict[str, list[list[Value]]]

_ESCAPED = re.compile("_x005F_(?=x[0-9A-Fa-f]{4}_)")


def _plain(value: Any) -> Value:
    """One form for all readers: nothing is "", a number is a float, a date is a datetime at midnight."""
    if value is None:
        return ""
    if isinstance(value, bool | str | datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  # workbooks have no zones
    return float(value)


def by_openpyxl(path: Path) -> Sheets:
    """openpyxl; it does not undo `_x005F_` in inline strings (a quirk of the reader), so that is done here."""
    book = openpyxl.load_workbook(path)
    found: Sheets = {}
    for sheet in book.worksheets:
        values = [[_plain(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        found[sheet.title] = [
            [_ESCAPED.sub("_", value) if isinstance(value, str) else value for value in row] for row in values
        ]
    book.close()
    return found


def by_calamine(path: Path) -> Sheets:
    book = python_calamine.load_workbook(path)
    return {
        name: [
            [_plain(value) for value in row]
            for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        ]
        for name in book.sheet_names
    }


def by_libreoffice(path: Path, folder: Path) -> Sheets:
    """LibreOffice reads the workbook and writes its own, which calamine then reads."""
    out = folder / "libreoffice"
    command = ["soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", "xlsx", "--outdir", str(out), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return by_calamine(out / path.name)
