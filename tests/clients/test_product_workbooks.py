"""The workbooks of insights.md 2, heading by heading. The expected texts are copied from there by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest

from tests.clients.product_reports import HOST, SOURCES, Book, group_target, site_target
from tests.clients.product_server import Product
from waybill.ingest.practice.stage import group_id
from waybill.ingest.practice.traps import TRAPS

GROUP_SUMMARY = (
    "Group Name", "Group ID", "Email", "Group Type", "Membership Type", "Created On", "External Member Count",
    "Owners", "Direct Members", "Total Users", "Nested Groups", "Blocked or Deleted Members",
    "Site Collections with Access", "Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group",
    "Objects with Unique Access", "Highest Permission", "Site Admin On", "Access via Sharing Links", "Risk Flags",
    "Notes",
)  # fmt: skip
SITE_COLLECTIONS = (
    "Group Name", "Group ID", "Module", "Site Name", "Url", "Object Type", "Permission", "Inherit Type",
    "Is Direct", "Granted Through", "Inherited From", "Access Path", "Applies To", "Users Reached",
    "External Users Reached", "Site Type", "Channel Name", "Privacy", "External Sharing", "Sensitivity Label",
    "Last Scanned",
)  # fmt: skip
OBJECTS = (
    "Group Name", "Group ID", "Module", "Site Name", "Url", "Object Name", "Object Type", "Parent Site Url",
    "Permission", "Inherit Type", "Is Direct", "Granted Through", "Inherited From", "Access Path", "Applies To",
    "Users Reached", "External Users Reached", "Unique From", "Link Id", "Link Type", "Link Expires",
    "Sensitivity Level", "Data Type",
)  # fmt: skip
MEMBERS = (
    "Group Name", "Group ID", "Member Name", "UPN", "Email", "Member Type", "Role", "Depth", "Via Group",
    "Is External", "Account Status", "Last Sign-in",
)  # fmt: skip
SITE_SUMMARY = (
    "Module", "Site Name", "Url", "Site Id", "Site Type", "Privacy", "Sensitivity Label", "External Sharing",
    "Primary Admin", "Site Admins", "Principals", "Groups Containing Everyone", "External Users", "Large Groups",
    "Orphaned Users", "Groups with External Users", "Users with Any Access", "Objects with Unique Permissions",
    "Anyone Links", "Organization Links", "Specific Links", "Expired/Orphaned Links", "Result", "Last Scanned",
)  # fmt: skip
PERMISSIONS = (
    "Module", "Name", "Url", "Object Type", "Principal Name", "Email", "Principal Type", "Permission",
    "Number of Members", "Is External User", "Inherit Type", "Link Giving Access To", "Total Users",
    "External Users", "Login Name", "Principal Status", "Associated Role", "Site Url", "Library or List", "Path",
    "Unique From", "Link Type", "Link Permission", "Link Expires", "Link Created By", "Link Created On",
    "Password", "Block Download", "Last Modified", "Sensitivity Label", "Sensitivity Level", "Risk Flags",
)  # fmt: skip
PEOPLE = (
    "Display Name", "UPN", "Email", "User Type", "Account Status", "Highest Permission", "Scope",
    "Number of Objects", "Number of Paths", "Access Path", "Other Paths", "Link-only Access",
)  # fmt: skip
LINKS = (
    "Url", "Object", "Link Type", "Permission", "Created By", "Created On", "Expires", "Password",
    "Block Download", "Invited", "Redeemed", "Invitees", "Link Id", "Share Group",
)  # fmt: skip
UNIQUE = ("Object", "Depth", "Items Below", "Last Modified")
EXCEPTIONS = ("Severity", "Site Url", "Object", "Principal", "Code", "Message")
ABOUT = ("Section", "Item", "Value")

GROUP_SHEETS: Mapping[str, tuple[str, ...]] = {
    "Summary": GROUP_SUMMARY, "Site Collections": SITE_COLLECTIONS, "Objects": OBJECTS, "Members": MEMBERS,
    "Exceptions": EXCEPTIONS, "About": ABOUT,
}  # fmt: skip
SITE_SHEETS: Mapping[str, tuple[str, ...]] = {
    "Summary": SITE_SUMMARY, "Permissions": PERMISSIONS, "People": PEOPLE, "Group Members": (),
    "Sharing Links": LINKS, "Unique Objects": UNIQUE, "Exceptions": EXCEPTIONS, "About": ABOUT,
}  # fmt: skip
TYPES: Mapping[str, type] = {
    **dict.fromkeys(
        ("Created On", "Last Scanned", "Link Expires", "Link Created On", "Last Modified", "Expires"), datetime
    ),
    **dict.fromkeys(
        ("Is Direct", "Is External", "Is External User", "Password", "Block Download", "Link-only Access"), bool
    ),
    **dict.fromkeys(
        ("External Member Count", "Owners", "Direct Members", "Total Users", "Nested Groups",
         "Blocked or Deleted Members", "Site Collections with Access", *SOURCES, "Objects with Unique Access",
         "Site Admin On", "Access via Sharing Links", "Users Reached", "External Users Reached", "Depth",
         "Site Admins", "Principals", "Groups Containing Everyone", "External Users", "Large Groups",
         "Orphaned Users", "Groups with External Users", "Users with Any Access", "Objects with Unique Permissions",
         "Anyone Links", "Organization Links", "Specific Links", "Expired/Orphaned Links", "Number of Members",
         "Number of Objects", "Number of Paths", "Invited", "Redeemed", "Items Below", "Added Principals",
         "Removed Principals"), int
    ),
}  # fmt: skip
"""What a column holds; every other one is text."""

ALL_GROUPS = ",".join(dict.fromkeys(group for trap in TRAPS for group in trap.groups))
BY_OPTION = {option: group_target(ALL_GROUPS, option) for option in (1, 2, 3)}
SITE_REPORT = site_target(
    *(f"sites/{name}" for name in (
        "budget26", "launch", "press", "suppliers", "investigations", "old-offer", "stale-links", "travel", "survey",
        "due-diligence", "previews", "leavers", "rehired", "locked", "odd-names", "canteen", "works-council", "recycled",
    ))
)  # fmt: skip
"""Sites with something of everything; the last one is deleted, so it is unknown."""


def _of_source(source: str) -> str:
    return group_target(ALL_GROUPS, 2, sources=(source,))


@pytest.fixture(scope="module")
def by_option(product: Product) -> dict[int, Book]:
    """The report of all groups of the trap set, with each option."""
    product.client.begin([*BY_OPTION.values(), SITE_REPORT, *map(_of_source, SOURCES)])
    books = product.client.books(BY_OPTION.values())
    return {option: books[target] for option, target in BY_OPTION.items()}


@pytest.fixture(scope="module")
def site_book(product: Product) -> Book:
    """The report of many sites of the trap set."""
    return product.client.book(SITE_REPORT)


@pytest.mark.parametrize(
    ("option", "sheets"),
    [
        (1, ["Summary", "Site Collections", "Members", "Exceptions", "About"]),
        (2, ["Summary", "Site Collections", "Objects", "Members", "Exceptions", "About"]),
        (3, ["Summary", "Members", "Exceptions", "About"]),
    ],
)
def test_sheets_of_each_option(by_option: dict[int, Book], option: int, sheets: list[str]) -> None:
    """Option 3 is the summary, 1 adds site collections, 2 adds objects; Exceptions and About close each file."""
    assert by_option[option].sheets == sheets


def test_sheets_of_the_site_report(site_book: Book) -> None:
    """The site report has its eight sheets, in order."""
    assert site_book.sheets == list(SITE_SHEETS)


@pytest.mark.parametrize("sheet", GROUP_SHEETS)
def test_group_headings(by_option: dict[int, Book], sheet: str) -> None:
    """Every sheet of the group report has exactly the contract's columns, in its order, whatever the option."""
    for book in by_option.values():
        if sheet in book.sheets:
            assert book.headings(sheet) == GROUP_SHEETS[sheet]


@pytest.mark.parametrize("sheet", SITE_SHEETS)
def test_site_headings(site_book: Book, sheet: str) -> None:
    """Every sheet of the site report begins with the contract's columns in its order; ours stand to the right."""
    found, contract = site_book.headings(sheet), SITE_SHEETS[sheet]
    assert found[: len(contract)] == contract
    assert len(set(found)) == len(found)
    if sheet in ("Permissions", "Exceptions", "About"):
        assert found == contract


def _books(by_option: dict[int, Book], site_book: Book) -> tuple[Book, ...]:
    return (by_option[2], site_book)


def test_types(by_option: dict[int, Book], site_book: Book) -> None:
    """Dates are dates, booleans booleans, counts integers, everything else text; each is seen at least once."""
    seen = set()
    for book in _books(by_option, site_book):
        for sheet in book.sheets:
            for row in book.rows(sheet):
                for heading, value in row.items():
                    if value is not None:
                        assert type(value) is TYPES.get(heading, str), (sheet, heading, value)
                        seen.add(heading)
    assert set(TYPES) <= seen


def test_frozen_and_filtered(by_option: dict[int, Book], site_book: Book) -> None:
    """On every sheet the heading row is frozen and has a filter over all rows; no cell is merged."""
    for book in _books(by_option, site_book):
        for sheet in book.workbook.worksheets:
            assert sheet.freeze_panes == "A2", sheet.title
            assert sheet.auto_filter.ref == sheet.dimensions, sheet.title
            assert not sheet.merged_cells.ranges


def test_options_tell_the_same(by_option: dict[int, Book]) -> None:
    """What two options both tell, they tell alike: the option only adds sheets."""
    for sheet in ("Summary", "Members"):
        assert by_option[1].rows(sheet) == by_option[2].rows(sheet) == by_option[3].rows(sheet)
    assert by_option[1].rows("Site Collections") == by_option[2].rows("Site Collections")


def test_site_collections_are_sites_and_objects_all(by_option: dict[int, Book]) -> None:
    """Site Collections holds site collections and sites; Objects holds those too, and everything below."""
    above = set(by_option[2].column("Site Collections", "Object Type"))
    assert {"Site Collection"} <= above <= {"Site Collection", "Site"}
    kinds = set(by_option[2].column("Objects", "Object Type"))
    assert {"Site Collection", "Folder", "File"} <= kinds
    assert kinds <= {"Site Collection", "Site", "List", "Library", "Folder", "File", "List Item"}


def test_every_row_says_why(by_option: dict[int, Book], site_book: Book) -> None:
    """Each row of access tells its way: from its subject, over arrows, to a level on an object."""
    for sheet in ("Site Collections", "Objects"):
        for row in by_option[2].rows(sheet):
            first, *_, last = row["Access Path"].split(" -> ")
            assert row["Group Name"] in first
            assert row["Permission"] in last
            assert row["Granted Through"]
    for row in site_book.rows("People"):
        assert " -> " in row["Access Path"]
        assert row["Highest Permission"] in row["Access Path"]


def test_site_urls_restrict_rows_and_counts(product: Product) -> None:
    """siteUrls leave out other sites' rows and what the summary would have counted of them."""
    launch = group_id("Launch")
    wide, narrow = (
        product.client.book(group_target(launch, 2, **more))
        for more in ({}, {"siteUrls": f"{HOST}/sites/press"})
    )
    press = {f"{HOST}/sites/press"}
    assert press < set(wide.column("Site Collections", "Url"))
    assert set(narrow.column("Site Collections", "Url")) == press
    assert {url.startswith(f"{HOST}/sites/press") for url in narrow.column("Objects", "Url")} <= {True}
    for heading in ("Site Collections with Access", "Objects with Unique Access", "Site Admin On", *SOURCES):
        (some,), (all_,) = narrow.column("Summary", heading), wide.column("Summary", heading)
        assert some <= all_, heading
    assert narrow.column("Summary", "Site Collections with Access") == [1]
    assert wide.column("Summary", "Site Collections with Access")[0] >= 2
    # What the group is, as against what it reaches, does not depend on the sites asked for.
    assert narrow.rows("Members") == wide.rows("Members")


@pytest.mark.parametrize("source", SOURCES)
def test_data_sources_restrict_rows_and_counts(
    product: Product, by_option: dict[int, Book], source: str
) -> None:
    """Only sites of the asked data sources have rows; counts of the others are blank, the asked one's a number."""
    book = product.client.book(_of_source(source))
    everything = by_option[2]
    for sheet in ("Site Collections", "Objects"):
        assert book.rows(sheet) == [row for row in everything.rows(sheet) if row["Module"] == source], sheet
    for row, whole in zip(book.rows("Summary"), everything.rows("Summary"), strict=True):
        assert row[source] == row["Site Collections with Access"] == whole[source]
        assert {row[name] for name in SOURCES if name != source} == {None}
    assert all(isinstance(row[name], int) for row in everything.rows("Summary") for name in SOURCES)


def test_about(product: Product, by_option: dict[int, Book], site_book: Book) -> None:
    """About tells the parameters as received and as understood, the snapshot, its scan times, the claim
    settings, a legend, and the rows of each sheet."""
    for book in (*by_option.values(), site_book):
        sections = set(book.column("About", "Section"))
        assert {"Received", "Understood", "Snapshot", "Claim settings", "Legend", "Rows"} <= sections
        counts = {row["Item"]: row["Value"] for row in book.rows("About") if row["Section"] == "Rows"}
        assert counts == {name: str(len(book.rows(name))) for name in book.sheets if name != "About"}
        (tenant,) = book.about("Tenant")
        assert product.tenant in tenant
        assert book.about("ShowEveryoneClaim") == ["false"]
        oldest, newest, as_of = (
            datetime.fromisoformat(book.about(item)[0])
            for item in ("Oldest scan (UTC)", "Newest scan (UTC)", "As of (UTC)")
        )
        assert oldest <= newest <= as_of
    assert by_option[1].about("dataSources") == [*sorted(SOURCES), ", ".join(SOURCES)]
    assert by_option[1].about("exportOptionType")[0] == "1"


def test_exceptions_end_the_job_with_4(product: Product, by_option: dict[int, Book], site_book: Book) -> None:
    """A job ends with 4 exactly when its Exceptions sheet, which is always there, holds rows."""
    quiet = product.client.book(site_target("sites/press"))
    assert quiet.rows("Exceptions") == []
    for book in (*by_option.values(), site_book, quiet):
        assert book.status == (4 if book.rows("Exceptions") else 2)
    assert {"SITE_NOT_FOUND", "LINK_EXPIRED", "LINK_ORPHANED", "ID_MISMATCH", "PRINCIPAL_DELETED", "SITE_LOCKED",
            "GROUP_UNRESOLVED", "CELL_CUT"} <= site_book.codes()  # fmt: skip


def test_extension_flags(product: Product) -> None:
    """Our switches add rows and nothing else: objects that inherit, access by everyone claims, limited access."""
    group = group_id("Field trials")
    plain, more, implied = (
        product.client.book(f"{group_target(group, 2)}{flag}")
        for flag in ("", "&includeInherited=true", "&includeImplied=1")
    )
    assert {"Unique"} == set(plain.column("Objects", "Inherit Type"))
    assert {"Unique", "Inheritance"} == set(more.column("Objects", "Inherit Type"))
    assert [row for row in more.rows("Objects") if row["Inherit Type"] == "Unique"] == plain.rows("Objects")
    through = {row["Granted Through"] for row in implied.rows("Site Collections")}
    assert any("Everyone" in way for way in through), through
    parts, limited = (
        product.client.book(site_target("sites/parts") + flag) for flag in ("", "&includeLimitedAccess=yes")
    )
    levels = [{*book.column("Permissions", "Permission")} for book in (parts, limited)]
    assert levels[1] - levels[0] >= {"Limited Access"}
