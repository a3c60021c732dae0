"""Data sources, site URLs, languages and what else a query may hold, with the real exports (insights.md 1.3, 1.4)."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

import pytest

from tests.clients.product_reports import HOST, SITES, SOURCES, Book, group_target, site_target
from tests.clients.product_server import Product, message
from waybill.app import open_house
from waybill.ingest.practice.stage import group_id
from waybill.settings import Settings

COMMA_SITE = f"{HOST}/sites/berlin,paris,rome"
TEAMS, SHAREPOINT, ONEDRIVE, M365 = SOURCES
SPELLINGS = [
    ("dataSources=Microsoft%20Teams", {TEAMS}),
    ("dataSources=microsoft+teams", {TEAMS}),
    ("datasources=MICROSOFT%20%20TEAMS%20", {TEAMS}),
    ("dataSources=microsoft_teams", {TEAMS}),
    ("dataSources=microsoft%2Bteams", {TEAMS}),
    ("dataSources=SharePoint%20Online", {SHAREPOINT}),
    ("DATASOURCES=sharepoint%20online", {SHAREPOINT}),
    ("dataSources=OneDrive", {ONEDRIVE}),
    ("dataSources=onedrive", {ONEDRIVE}),
    ("dataSources=onedrive%20for%20business", {ONEDRIVE}),
    ("dataSources=OneDrive+for+Business", {ONEDRIVE}),
    ("dataSources=Microsoft%20365%20Group", {M365}),
    ("dataSources=microsoft_365_group", {M365}),
    ("dataSources=OneDrive&dataSources=onedrive%20for%20business", {ONEDRIVE}),
    ("dataSources=OneDrive&dataSources=Microsoft%20Teams&dataSources=OneDrive", {TEAMS, ONEDRIVE}),
    ("dataSources[]=OneDrive&dataSources[]=Microsoft%20Teams", {TEAMS, ONEDRIVE}),
    ("dataSources[0]=OneDrive&dataSources[1]=SharePoint%20Online", {SHAREPOINT, ONEDRIVE}),
    ("dataSources=OneDrive,microsoft%20teams", {TEAMS, ONEDRIVE}),
]
"""A query, and the data sources it means."""

SITE_LISTS = [
    (f"siteUrls={HOST}/sites/press&siteUrls={HOST}/sites/board", ["board", "press"]),
    (f"siteUrls[]={HOST}/sites/press&siteUrls[]={HOST}/sites/board", ["board", "press"]),
    (f"siteUrls[1]={HOST}/sites/press&SITEURLS[0]={HOST}/sites/board", ["board", "press"]),
    (f"siteUrls={HOST}/sites/press,{HOST}/sites/board", ["board", "press"]),
    (quote(f"siteUrls={HOST}/sites/press,{HOST}/sites/board", safe="="), ["board", "press"]),
    (f"siteUrls={COMMA_SITE}", ["berlin,paris,rome"]),
    (quote(f"siteUrls={COMMA_SITE}", safe="="), ["berlin,paris,rome"]),
    (f"siteUrls={COMMA_SITE},{HOST}/sites/press", ["berlin,paris,rome", "press"]),
    (f"siteUrls={HOST}/sites/press,{COMMA_SITE}", ["berlin,paris,rome", "press"]),
    (f"siteUrls={HOST}/sites/press/", ["press"]),
    (f"siteUrls={HOST.upper()}/SITES/Press/%3Fa=b%23c", ["press"]),
    (f"siteUrls={HOST}/sites/press&siteUrls={HOST}/sites/PRESS/", ["press"]),
    (f"siteUrls={quote(quote(f'{HOST}/sites/press', safe=''), safe='')}", ["press"]),
    (f"siteUrls={quote(quote(COMMA_SITE, safe=''), safe='')}", ["berlin,paris,rome"]),
]
"""A query, and the sites it means."""

BELOW = ("closed", "Shared Documents", "closed/no%20such/thing")
LANGUAGES_SENT = [
    ("", "en-US"), ("EN-us", "en-US"), ("fr-FR", "fr-FR"), ("ja-JP", "ja-JP"), ("JA-jp", "ja-JP"),
]  # fmt: skip
LANGUAGES_UNKNOWN = ("de-DE", "%00")


def _by_source(query: str) -> str:
    return f"{group_target(group_id('Launch'), sources=())}&{query}"


def _below(path: str) -> str:
    return site_target(f"sites/works-council/{path}")


def _in_language(sent: str) -> str:
    return site_target("sites/press", language=sent)


def _in_unknown(sent: str) -> str:
    return f"{site_target('sites/press')}&Language={sent}"


@pytest.fixture(scope="module", autouse=True)
def _begun(product: Product) -> None:
    """Start early what the tests will wait for."""
    product.client.begin(
        [
            *(_by_source(query) for query, _ in SPELLINGS),
            *(f"{SITES}?{query}" for query, _ in SITE_LISTS),
            *map(_below, BELOW),
            *(_in_language(sent) for sent, _ in LANGUAGES_SENT),
            *map(_in_unknown, LANGUAGES_UNKNOWN),
        ]
    )


@pytest.fixture(scope="module")
def sources(product: Product) -> dict[str, Book]:
    """The report of every spelling, run side by side."""
    books = product.client.books(_by_source(query) for query, _ in SPELLINGS)
    return {query: books[_by_source(query)] for query, _ in SPELLINGS}


@pytest.mark.parametrize(("query", "meant"), SPELLINGS)
def test_data_sources(sources: dict[str, Book], query: str, meant: set[str]) -> None:
    """Every spelling of a data source means it, once: its count is a number, the others' are blank."""
    (row,) = sources[query].rows("Summary")
    assert {name for name in SOURCES if row[name] is not None} == meant
    assert sources[query].about("dataSources")[-1].split(", ") == [name for name in SOURCES if name in meant]


@pytest.mark.parametrize(
    "query", ["", "dataSources=", "dataSources=Exchange", "dataSources=OneDrive&dataSources=x"]
)
def test_unknown_data_source(product: Product, query: str) -> None:
    """No data source, or one that is none, is 400 naming the four."""
    text = message(product.client.ask(_by_source(query)), 400)
    assert all(name in text for name in SOURCES), text


def _urls(book: Book) -> list[str]:
    return [str(url) for url in book.column("Summary", "Url")]


@pytest.mark.parametrize(("query", "meant"), SITE_LISTS)
def test_site_urls(product: Product, query: str, meant: list[str]) -> None:
    """Lists in every form, any case, a slash, query, fragment or encoding more: each site is reported once; a comma
    inside an address parts nothing."""
    book = product.client.book(f"{SITES}?{query}")
    assert [url.rpartition("/")[2] for url in _urls(book)] == meant
    assert set(book.column("Summary", "Result")) == {"OK"}


@pytest.mark.parametrize(
    "below", ["closed", "closed/Shared%20Documents", "Shared Documents", "no such/thing"]
)
def test_url_below_a_site(product: Product, below: str) -> None:
    """A subsite, library or other address below a site means its site collection, and About says so."""
    book = product.client.book(_below(below))
    assert _urls(book) == [f"{HOST}/sites/works-council"]
    (told,) = [row for row in book.rows("About") if "its site collection" in row["Item"]]
    assert told["Value"] == f"{HOST}/sites/works-council/{below}"


def _numbered(known: str, count: int) -> str:
    return site_target(known, *(f"sites/unknown-{number}" for number in range(1, count)))


def test_a_hundred_sites(product: Product) -> None:
    """A hundred site URLs are taken, a hundred and one are refused with the limit, in both exports."""
    assert len(product.client.book(_numbered("sites/press", 100)).rows("Summary")) == 100
    assert "at most 100" in message(product.client.ask(_numbered("sites/press", 101)), 400)
    group = f"{group_target(group_id('Press'))}&{_numbered('sites/press', 101).partition('?')[2]}"
    assert "at most 100" in message(product.client.ask(group), 400)


@pytest.mark.parametrize("query", ["", "siteUrls=", "siteUrls=%20&siteUrls[]="])
def test_no_site_urls(product: Product, query: str) -> None:
    """The site report without any site URL is 400; the group report then covers every site."""
    assert "siteUrls is required" in message(product.client.ask(f"{SITES}?{query}"), 400)
    assert product.client.ask(f"{group_target(group_id('Press'))}&{query}").status == 200


@pytest.mark.parametrize(
    "url", ["press", "/sites/press", "ftp://contoso/x", "https://", "https://[x", "c:0(.s|true"]
)
def test_no_url_at_all(product: Product, url: str) -> None:
    """Text that is no absolute address is 400, with an example of one."""
    assert "https://contoso.sharepoint.com/sites/" in message(
        product.client.ask(f"{SITES}?siteUrls={quote(url, safe='')}"), 400
    )


@pytest.mark.parametrize(
    "site", ["sites/nowhere", "https://fabrikam.sharepoint.com/sites/press", "sites/recycled"]
)
def test_only_unknown_sites(product: Product, site: str) -> None:
    """If none of the URLs is a site, the site report is 400 and the group report 404; a deleted site is none."""
    target = site_target(site)
    assert "Check the URLs" in message(product.client.ask(target), 400)
    group = f"{group_target(group_id('Press'))}&{target.partition('?')[2]}"
    assert "Check the URLs" in message(product.client.ask(group), 404)


def test_one_unknown_site(product: Product) -> None:
    """An unknown site among known ones ends the job with status 4, a row on Exceptions and a word on Summary."""
    target = site_target("sites/nowhere", "sites/press")
    book = product.client.book(target)
    assert book.status == 4
    assert dict(zip(_urls(book), book.column("Summary", "Result"), strict=True)) == {
        f"{HOST}/sites/press": "OK",
        f"{HOST}/sites/nowhere": "Not found",
    }
    (row,) = book.rows("Exceptions")
    assert (row["Code"], row["Site Url"]) == ("SITE_NOT_FOUND", f"{HOST}/sites/nowhere")
    group = product.client.book(f"{group_target(group_id('Press'), 1)}&{target.partition('?')[2]}")
    assert group.status == 4
    assert ("SITE_NOT_FOUND", f"{HOST}/sites/nowhere") in [
        (row["Code"], row["Site Url"]) for row in group.rows("Exceptions")
    ]


LANGUAGES = {
    "en-US": ["Summary", "Permissions", "People", "Group Members", "Sharing Links", "Unique Objects", "Exceptions"],
    "fr-FR": ["Synthèse", "Autorisations", "Personnes", "Membres des groupes", "Liens de partage",
              "Objets à autorisations uniques", "Exceptions"],
    "ja-JP": ["概要", "アクセス許可", "ユーザー", "グループ メンバー", "共有リンク", "固有の権限を持つオブジェクト", "例外"],
}  # fmt: skip
INHERIT_TYPE = {
    "en-US": ("Inherit Type", "Unique"),
    "fr-FR": ("Type d’héritage", "Unique"),
    "ja-JP": ("継承の種類", "固有"),
}


@pytest.mark.parametrize(("sent", "meant"), LANGUAGES_SENT)
def test_language(product: Product, sent: str, meant: str) -> None:
    """Headings, sheet names and fixed words come in the asked language, any case; levels and names never change."""
    book = product.client.book(_in_language(sent))
    assert book.sheets[:-1] == LANGUAGES[meant]
    sheet = book.rows(LANGUAGES[meant][1])
    heading, word = INHERIT_TYPE[meant]
    assert {row[heading] for row in sheet} == {word}
    english = product.client.book(site_target("sites/press")).rows("Permissions")
    levels = [row["Permission"] for row in english]
    assert {"Full Control", "Design", "Edit"} <= set(levels)
    assert [list(row.values())[7] for row in sheet] == levels
    assert [list(row.values())[14] for row in sheet] == [row["Login Name"] for row in english]


@pytest.mark.parametrize("sent", LANGUAGES_UNKNOWN)
def test_unknown_language(product: Product, sent: str) -> None:
    """A language we do not have gives English, and About says so."""
    book = product.client.book(_in_unknown(sent))
    assert book.sheets[:-1] == LANGUAGES["en-US"]
    (note,) = book.about("Language note")
    assert "en-US was used" in note


def test_time_range_is_ignored(product: Product) -> None:
    """startTime and finishTime, a slip of the vendor's text, change nothing, not even when they make no sense."""
    plain = product.client.book(site_target("sites/press"))
    timed = product.client.book(site_target("sites/press", startTime="2026-13-01", finishTime="yesterday"))
    assert timed.content == plain.content


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE"])
def test_only_get_starts_a_job(product: Product, method: str) -> None:
    """HEAD, or any method but GET, never starts a job."""
    house = open_house(Settings(data=product.data))
    started = datetime.now().astimezone()
    for target in (site_target("sites/press"), group_target()):
        answer = product.client.ask(target, method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert [job for job in house.jobs.list() if job.created > started] == []
    house.control.dispose()


@pytest.mark.parametrize("target", [site_target("sites/press"), group_target(group_id("Press"))])
def test_answers_are_not_stored(product: Product, target: str) -> None:
    """An export is a GET that creates work: neither its answer nor a refusal may be stored on the way."""
    for asked in (target, target.split("?")[0]):
        assert product.client.ask(asked).headers["cache-control"] == "no-store"
