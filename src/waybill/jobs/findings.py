"""What the writer itself had to do to a report, told on its Exceptions and About sheets.

Nothing is cut, split or removed without a word (insights.md 2.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from waybill import __version__
from waybill.export import (
    ABOUT_COLUMNS,
    EXCEPTION_COLUMNS,
    AboutLine,
    Batches,
    Report,
    Sheet,
    SheetCount,
    schema_of,
)
from waybill.files.workbook import Written

EXCEPTIONS = "Exceptions"
ABOUT = "About"

Line = tuple[str, str, str, str, str, str]
"""Severity, Site Url, Object, Principal, Code, Message: one row of the Exceptions sheet."""


def exceptions_sheet(report: Report, written: Sequence[Written]) -> Sheet:
    """The Exceptions sheet: what the export could not read or resolve, then the writer's findings.

    `written` may still grow while the sheet waits; it is read when the sheet's rows are pulled.
    """

    def rows() -> Batches:
        yield from report.exceptions()
        lines = [line for sheet in written for line in _findings(sheet)]
        if lines:
            yield pa.RecordBatch.from_arrays(
                [pa.array(values, pa.string()) for values in zip(*lines, strict=True)],
                schema=schema_of(EXCEPTION_COLUMNS),
            )

    return Sheet(EXCEPTIONS, EXCEPTION_COLUMNS, rows)


def _findings(sheet: Written) -> Iterator[Line]:
    if sheet.parts > 1:
        yield _line(
            sheet.name,
            "ROWS_SPLIT",
            f"The {sheet.rows} rows of this sheet are split over {sheet.parts} sheets: one holds at most "
            "1,048,576 rows.",
            severity="Info",
        )
    for cut in sheet.cuts:
        yield _line(
            f"{cut.sheet}, row {cut.row}, {cut.column}",
            "CELL_CUT",
            f"This text has {cut.units} characters; the cell holds the first 32,767, the most Excel has room for.",
        )
    if sheet.cut_total > len(sheet.cuts):
        yield _line(
            sheet.name,
            "CELL_CUT",
            f"The texts of {sheet.cut_total - len(sheet.cuts)} more cells of this sheet were cut at 32,767 "
            "characters.",
        )
    if sheet.controls_removed:
        yield _line(
            sheet.name,
            "CONTROL_REMOVED",
            f"{sheet.controls_removed} control characters, which a workbook cannot hold, were removed from "
            "the texts of this sheet.",
        )


def _line(place: str, code: str, message: str, severity: str = "Warning") -> Line:
    return (severity, "", place, "", code, message)


def about_sheet(report: Report, counts: Sequence[SheetCount], exceptions: Written) -> Sheet:
    """The About sheet: the export's own lines, rows per sheet and the version that wrote the file.

    Neither job nor time is named: the same request on the same snapshot gives the same bytes.
    """

    def lines() -> Iterator[AboutLine]:
        yield from report.about()
        for count in counts:
            parts = f" ({count.parts} sheets)" if count.parts > 1 else ""
            yield AboutLine("Rows", count.name, f"{count.rows}{parts}")
        # The Exceptions sheet cannot report on itself.
        for _, _, place, _, _, message in _findings(exceptions):
            yield AboutLine("Rows", EXCEPTIONS, f"{place}: {message}")
        yield AboutLine("Waybill", "Version", __version__)

    def rows() -> Batches:
        columns = zip(*((line.section, line.item, line.value) for line in lines()), strict=True)
        yield pa.RecordBatch.from_arrays(
            [pa.array(values, pa.string()) for values in columns], schema=schema_of(ABOUT_COLUMNS)
        )

    return Sheet(ABOUT, ABOUT_COLUMNS, rows)
