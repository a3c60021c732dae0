"""Which group a path means, over HTTP with the real exports (insights.md 1.3 A, 1.5)."""

from __future__ import annotations

import pytest

from tests.clients.product_reports import Book, group_target, in_path
from tests.clients.product_server import Client, Product, message
from waybill.ingest.practice.stage import group_id

EVERYONE = "c:0(.s|true"
EEEU = "c:0-.f|rolemanager|spo-grid-all-users"
WINDOWS = "c:0!.s|windows"
MEMBERSHIP = "c:0!.s|forms%3amembership"
NAMES = {
    EVERYONE: "Everyone",
    EEEU: "Everyone except external users",
    WINDOWS: "All Users (windows)",
    MEMBERSHIP: "All Users (membership)",
}
VENDOR_SAMPLE = "ec34726b-f692-424f-aaf0-f6a478a1b9fc7"
SPELLINGS = [
    (EVERYONE, "c:0(.s|true"),
    (EVERYONE, "c:0(.s|tru"),
    (EVERYONE, "C:0(.S|TRUE"),
    (EVERYONE, "c%3A0%28.s%7Ctru"),
    (EVERYONE, "c%3A0%28.s%7Ctrue"),
    (EVERYONE, "c%253A0%2528.s%257Ctrue"),
    (EVERYONE, "c%253A0%2528.s%257Ctru"),
    (EEEU, "c:0-.f|rolemanager|spo-grid-all-users"),
    (EEEU, "c%3A0-.f%7Crolemanager%7Cspo-grid-all-users"),
    (EEEU, "c:0-.f|rolemanager|spo-grid-all-users%2F{tenant}"),
    (EEEU, "c%3A0-.f%7Crolemanager%7Cspo-grid-all-users%2f{tenant}"),
    (EEEU, "c%253A0-.f%257Crolemanager%257Cspo-grid-all-users%252F{tenant}"),
    (EEEU, "c:0-.f|rolemanager|spo-grid-all-users%2F0f2c9a51-7d0e-4b57-9c1b-5a3d1f7e6b20"),
    (WINDOWS, "c:0!.s|windows"),
    (WINDOWS, "c%3A0%21.s%7Cwindows"),
    (WINDOWS, "c%253A0%2521.s%257CWindows"),
    (MEMBERSHIP, "c:0!.s|forms%3amembership"),
    (MEMBERSHIP, "c:0!.s|forms%3Amembership"),
    (MEMBERSHIP, "c:0!.s|forms:membership"),
    (MEMBERSHIP, "c%3A0%21.s%7Cforms%253amembership"),
    (MEMBERSHIP, "c%253A0%2521.s%257Cforms%25253amembership"),
]
"""The special group that is meant, and a segment some client sends for it."""

SKIPPED = (
    "/insights/groups/access/export",
    "/insights/groups//access/export",
    "/insights/groups/%20/access/export",
    "/insights/groups/{groupId}/access/export",
    "/insights/groups/%7BgroupId%7D/access/export",
    "/insights/groups/all/access/export",
    "/INSIGHTS/Groups/Access/Export",
)


@pytest.fixture(scope="module")
def specials(product: Product) -> dict[str, Book]:
    """The summary report of every spelling, run side by side."""
    segments = {segment: segment.format(tenant=product.tenant) for _, segment in SPELLINGS}
    books = product.client.books(group_target(sent) for sent in segments.values())
    return {segment: books[group_target(sent)] for segment, sent in segments.items()}


@pytest.mark.parametrize(("meant", "segment"), SPELLINGS)
def test_special_groups(specials: dict[str, Book], meant: str, segment: str) -> None:
    """Every spelling of a special principal, raw or encoded, is the report of that special group."""
    (row,) = specials[segment].rows("Summary")
    assert (row["Group Name"], row["Group ID"]) == (NAMES[meant], meant)
    assert (row["Group Type"], row["Email"]) == ("Special Group", None)
    first = next(sent for special, sent in SPELLINGS if special == meant)
    assert row == specials[first].rows("Summary")[0]


def test_members_of_a_special_group(specials: dict[str, Book]) -> None:
    """A special group's Members sheet is one row that states the rule, not the directory."""
    for book in specials.values():
        (row,) = book.rows("Members")
        assert row["Member Name"].startswith("All enabled members of the tenant")
        assert row["UPN"] is None


def test_eeeu_by_prefix(product: Product) -> None:
    """Everyone except external users is one group, whatever GUID stands behind its claim on a site."""
    book = product.client.book(group_target("c:0-.f|rolemanager|spo-grid-all-users", 1))
    raw = {row["Url"].rpartition("/")[2]: row["Inherited From"] for row in book.rows("Site Collections")}
    assert {"canteen", "merged-company"} <= set(raw)
    assert raw["merged-company"] != f"{EEEU}/{product.tenant}"
    assert set(book.column("Site Collections", "Group ID")) == {EEEU}


def _ids(product: Product, *segments: str) -> list[list[str]]:
    books = product.client.books(map(group_target, segments))
    return [book.column("Summary", "Group ID") for book in books.values()]


def test_group_ids(product: Product) -> None:
    """A group is named by its id in any case, its claim, its owners' claim or its mail address, encoded or not."""
    guid = group_id("Launch")
    spellings = (
        guid, guid.upper(), f"c:0o.c|federateddirectoryclaimprovider|{guid}",
        in_path(f"c:0o.c|federateddirectoryclaimprovider|{guid}_o"), in_path(f"c:0t.c|tenant|{guid}"),
        in_path(in_path(f"c:0t.c|tenant|{guid.upper()}")), "launch@contoso.com", "Launch%40Contoso.com",
    )  # fmt: skip
    assert _ids(product, *spellings) == [[guid]] * len(spellings)


def test_comma_list(product: Product) -> None:
    """A comma list in the segment asks for several groups at once, each once, special groups too."""
    press, finance = group_id("Press"), group_id("Finance EMEA")
    asked = f"{press},{finance.upper()},c:0!.s|windows,%20{press}"
    assert _ids(product, asked) == [[finance, press, WINDOWS]]


def test_over_a_hundred_groups(product: Product) -> None:
    """More than a hundred groups in one request are refused, with the limit."""
    answer = product.client.ask(group_target(",".join(f"group-{number}" for number in range(101))))
    assert "at most 100" in message(answer, 400)


@pytest.mark.parametrize("path", SKIPPED)
@pytest.mark.parametrize("option", [1, 2])
def test_all_groups_need_option_3(product: Product, path: str, option: int) -> None:
    """Without a group id, option 1 or 2 is refused with the word that 3 is needed, in every form of URL."""
    query = group_target(option=option).partition("?")[2]
    assert "exportOptionType=3" in message(product.client.ask(f"{path}?{query}"), 400)


def test_all_groups(product: Product) -> None:
    """Without a group id, option 3 reports all groups, special ones last, in every form of URL."""
    query = group_target().partition("?")[2]
    books = product.client.books(f"{path}?{query}" for path in SKIPPED)
    first, *others = books.values()
    ids = first.column("Summary", "Group ID")
    assert ids[-4:] == [EVERYONE, EEEU, WINDOWS, MEMBERSHIP]
    assert {group_id(name) for name in ("Launch", "Empty committee", "Newsletter", "@x")} <= set(ids)
    assert len(set(ids)) == len(ids)
    assert [book.column("Summary", "Group ID") for book in others] == [ids] * len(others)
    assert first.about("Groups") == ["All groups"]


@pytest.mark.parametrize(
    "segment",
    [VENDOR_SAMPLE, "00000000-0000-0000-0000-000000000000", "nobody@contoso.com", "no-guid-at-all",
     "c:0t.c%7Ctenant%7C00000000-0000-0000-0000-000000000000", "c:0!.s%7Cwindow", "launch%2540nowhere.example"],
)  # fmt: skip
def test_unknown_group(product: Product, segment: str) -> None:
    """A group the tenant does not have is 404 in the envelope, GUID or not, alone or in a list."""
    for sent in (segment, f"{group_id('Press')},{segment}"):
        text = message(product.client.ask(group_target(sent)), 404)
        assert "not found" in text
        assert "Entra object id" in text


def _generated(client: Client) -> set[str]:
    return set(client.book(group_target()).column("Summary", "Group ID"))


def test_another_tenants_group(product: Product) -> None:
    """Another tenant's group is as unknown as one that nobody has."""
    foreign = min(_generated(product.outsider) - _generated(product.client))
    text = message(product.client.ask(group_target(foreign)), 404)
    nobodys = "00000000-0000-0000-0000-000000000000"
    assert text.replace(foreign, nobodys) == message(product.client.ask(group_target(nobodys)), 404)


@pytest.mark.parametrize("option", ["0", "4", "-1", "two", "1.0", ""])
def test_option_out_of_range(product: Product, option: str) -> None:
    """exportOptionType is required and is 1, 2 or 3: anything else is 400 that lists them."""
    target = group_target(group_id("Press")).replace("exportOptionType=3", f"exportOptionType={option}")
    text = message(product.client.ask(target), 400)
    assert "exportOptionType" in text
    assert "1, 2, 3" in text
