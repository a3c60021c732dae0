"""Names as hostile as tenants have them arrive in the workbook as that text, over HTTP (insights.md 2.3)."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from openpyxl.utils import column_index_from_string

from tests.clients.product_reports import HOST, Book, comparable_by_calamine, group_target, site_target
from tests.clients.product_server import Product
from waybill.ingest.practice.stage import group_id

LIMIT = 32_767
FORMULA_GROUPS = ("=cmd|'/c calc'!A0", "+49 30 5550 0100", "-Archive-", "@x")
FORMULA_SITE = '=HYPERLINK("https://contoso.com","Formulas")'
ODD_SITE = "Odd names 📁"
LONG = "A very long title " * 2222 + "end!"
ARRIVED = (
    "bell tab\t line\nreturn\n null-free ",  # what XML cannot hold is gone, CR is LF as in any XML
    "_x0041_ looks like an escape",
    "party 🎉👩🏽‍🚀 flags 🇳🇴",
    "عقد الإيجار 2026",
    "חוזה שכירות",
    "\u202egpj.exe",
    "   blanks around   ",
    '<b>&amp;"quoted"\'',
    LONG[:LIMIT],
)
"""The titles of the items of the trap site, as a cell can hold them."""

SITE_REPORT = site_target("sites/formulas", "sites/odd-names", "sites/trade-fair")
GROUP_REPORT = group_target(",".join(map(group_id, FORMULA_GROUPS)), 2)
REPORTS = [SITE_REPORT, GROUP_REPORT, SITE_REPORT + "&language=ja-JP"]


@pytest.fixture(scope="module")
def books(product: Product) -> dict[str, Book]:
    return product.client.books(REPORTS)


@pytest.fixture(scope="module")
def site_book(books: dict[str, Book]) -> Book:
    return books[SITE_REPORT]


@pytest.mark.parametrize("target", REPORTS)
def test_no_formula_and_no_link(books: dict[str, Book], target: str) -> None:
    """No cell is a formula, no cell is a hyperlink, and nothing in the file points outside it."""
    book = books[target]
    cells = [cell for sheet in book.workbook.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n", "b", "d"}
    assert [cell.coordinate for cell in cells if cell.hyperlink is not None] == []
    with zipfile.ZipFile(io.BytesIO(book.xlsx)) as parts:
        for name in parts.namelist():
            text = parts.read(name).decode()
            assert re.search(r"<f[ />]|<hyperlink|<ddeLink|<oleLink|TargetMode=.External", text) is None, name
        assert not [name for name in parts.namelist() if "external" in name.lower()]


@pytest.mark.parametrize("target", REPORTS)
def test_two_readers_agree(books: dict[str, Book], target: str) -> None:
    """openpyxl and calamine read the same cells from the same file."""
    assert comparable_by_calamine(books[target].xlsx) == books[target].comparable()


def test_formula_names_of_groups(books: dict[str, Book]) -> None:
    """Groups whose names begin with = + - or @ keep their names on every sheet of the group report."""
    book = books[GROUP_REPORT]
    for sheet in ("Summary", "Site Collections", "Objects", "Members"):
        assert set(book.column(sheet, "Group Name")) == set(FORMULA_GROUPS), sheet
    assert set(book.column("Site Collections", "Site Name")) == {FORMULA_SITE}
    assert {path.split(" -> ")[0] for path in book.column("Site Collections", "Access Path")} == set(
        FORMULA_GROUPS
    )


def test_formula_names_of_sites_people_and_files(site_book: Book) -> None:
    """A site, a person and a file with formula names keep them."""
    assert FORMULA_SITE in site_book.column("Summary", "Site Name")
    assert "=1+1" in site_book.column("People", "Display Name")
    assert {"=1+1", *FORMULA_GROUPS} <= set(site_book.column("Permissions", "Principal Name"))
    for sheet, heading in (("Permissions", "Name"), ("Unique Objects", "Object")):
        assert any(name.startswith("=2+3") for name in site_book.column(sheet, heading)), sheet
    assert set(FORMULA_GROUPS) <= set(site_book.column("Group Members", "Group Name"))


@pytest.mark.parametrize(("sheet", "column"), [("Permissions", "Name"), ("Unique Objects", "Object")])
def test_odd_names(site_book: Book, sheet: str, column: str) -> None:
    """Control characters, escapes, emoji, right-to-left text, blanks and markup arrive as that text."""
    assert set(ARRIVED) <= set(site_book.column(sheet, column))


def test_emoji_and_arabic_in_names_of_people(site_book: Book) -> None:
    """A person's and a site's name outside the Latin script stay whole, paths included."""
    (noor,) = [row for row in site_book.rows("People") if row["UPN"] == "noor@contoso.com"]
    assert noor["Display Name"] == "Noor 🌻 الحسن"
    assert noor["Access Path"] == 'Noor 🌻 الحسن -> Read on folder "مستندات 📁"'
    assert noor["Site Name"] == ODD_SITE


def test_removed_characters_are_told(site_book: Book) -> None:
    """Each sheet from which control characters were removed is named on Exceptions, with their number."""
    told = {
        row["Object"]: row["Message"]
        for row in site_book.rows("Exceptions")
        if row["Code"] == "CONTROL_REMOVED"
    }
    assert {"Permissions", "Unique Objects"} <= set(told)
    assert told["Unique Objects"].startswith("4 ")


def test_long_texts_are_cut_and_told(site_book: Book) -> None:
    """A text is cut only at Excel's limit, and each cut cell is named on Exceptions by sheet, row and column."""
    told = {row["Object"] for row in site_book.rows("Exceptions") if row["Code"] == "CELL_CUT"}
    full = set()
    for sheet in site_book.sheets:
        for number, row in enumerate(site_book.rows(sheet), start=2):
            for heading, value in row.items():
                units = len(value.encode("utf-16-le")) // 2 if isinstance(value, str) else 0
                assert units <= LIMIT
                if units == LIMIT:
                    full.add(f"{sheet}, row {number}, {heading}")
    assert told == full
    assert {place.partition(",")[0] for place in told} >= {"Permissions", "Unique Objects"}
    assert site_book.status == 4


def test_long_lists_end_at_a_boundary(site_book: Book) -> None:
    """A list of many people ends between two of them; if it had no room for all, it says how many more."""
    (link,) = [
        row for row in site_book.rows("Sharing Links") if row["Site Url"] == f"{HOST}/sites/trade-fair"
    ]
    found = re.fullmatch(r"(.*?)(?:; \(\+(\d+) more, see Group Members\))?", link["Invitees"])
    assert found is not None
    people = found[1].split("; ")
    assert all(person.endswith("@wingtiptoys.com (invited)") for person in people)
    assert len(people) + int(found[2] or 0) == link["Invited"] == 150


def test_no_cell_is_beyond_its_sheet(site_book: Book) -> None:
    """Rows have no cell beyond the headings: no name breaks out of its column."""
    for sheet in site_book.workbook.worksheets:
        last = re.fullmatch(r"A1:([A-Z]+)(\d+)", sheet.dimensions)
        assert last is not None
        assert column_index_from_string(last[1]) == len(site_book.headings(sheet.title))
        assert int(last[2]) == 1 + len(site_book.rows(sheet.title))
