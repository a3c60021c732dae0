"""The groups activity report as JSON pages on /beta (graph.md 6.6)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.clients.graph_reports_house import BETA_D7, D7, REPORTS, ReportsHouse, running_reports
from tests.semantics.activity_by_hand import HEADER, RawFacts, read_csv, report_lines
from tests.semantics.activity_tenant import TENANT_ID, UNTIL, ActivityTenant, small_tenant
from waybill.api.report_options import read_skip_token

JSON = f"{BETA_D7}?$format=application/json"
Row = dict[str, Any]

MEMBERS = [
    "reportRefreshDate",
    "groupDisplayName",
    "isDeleted",
    "ownerPrincipalName",
    "lastActivityDate",
    "groupType",
    "memberCount",
    "externalMemberCount",
    "exchangeReceivedEmailCount",
    "sharePointActiveFileCount",
    "yammerPostedMessageCount",
    "yammerReadMessageCount",
    "yammerLikedMessageCount",
    "exchangeMailboxTotalItemCount",
    "exchangeMailboxStorageUsedInBytes",
    "sharePointTotalFileCount",
    "sharePointSiteStorageUsedInBytes",
    "groupId",
    "reportPeriod",
]
"""The members in the order of the CSV's columns."""
TEAMS = {"teamsChannelMessagesCount", "teamsMeetingsOrganizedCount"}


def many_groups(count: int) -> ActivityTenant:
    tenant = ActivityTenant()
    for number in range(count):
        group = tenant.group(f"Group {number:04}", members=())
        tenant.day(group, number % 20, emails_received=number)
    return tenant


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportsHouse]:
    with running_reports(tmp_path_factory.mktemp("pages"), small_tenant()) as house:
        yield house


@pytest.fixture
def house(running: ReportsHouse) -> ReportsHouse:
    """The server of this file, with names shown and nobody throttled."""
    running.begin(conceal=False)
    return running


def pages(house: ReportsHouse, target: str) -> Iterator[Row]:
    """Follow the links to their end."""
    token = house.token(REPORTS)
    link: str | None = target
    while link:
        answer = house.ask(link, token=token)
        assert answer.status == 200, answer.body
        yield answer.json
        link = answer.json.get("@odata.nextLink")


def test_the_types_are_exact(house: ReportsHouse) -> None:
    """Numbers, booleans and dates are what the clients' models want; what is not known is null, never ''."""
    body = house.ask(JSON).json
    assert body["@odata.context"] == f"{house.url}/beta/$metadata#Collection(office365GroupsActivityDetail)"
    assert "@odata.nextLink" not in body
    for row in body["value"]:
        assert row.pop("@odata.type") == "#microsoft.graph.office365GroupsActivityDetail"
        assert set(row) == {*MEMBERS, *TEAMS}
        assert isinstance(row["isDeleted"], bool)
        assert row["reportPeriod"] == "7"
        assert date.fromisoformat(row["reportRefreshDate"]) == UNTIL
        assert row["lastActivityDate"] is None or date.fromisoformat(row["lastActivityDate"])
        counts = {type(value) for name, value in row.items() if name.endswith(("Count", "Bytes"))}
        assert counts <= {int, type(None)}
        assert "" not in row.values()
    busy = next(row for row in body["value"] if row["groupDisplayName"] == "A busy")
    assert (busy["teamsChannelMessagesCount"], busy["teamsMeetingsOrganizedCount"]) == (27, None)


@pytest.mark.parametrize("conceal", [False, True], ids=["named", "concealed"])
def test_json_and_csv_say_the_same(house: ReportsHouse, conceal: bool) -> None:
    """Row for row the JSON holds what the CSV holds, concealed as well."""
    house.report_settings.set_conceals(TENANT_ID, conceal, "the-app")
    lines = read_csv(house.fetch().body)
    shown = [
        ["" if row[member] is None else str(row[member]) for member in MEMBERS]
        for row in house.ask(JSON).json["value"]
    ]
    assert shown == lines
    if not conceal:
        snapshot = next(house.settings.snapshots_path.glob("*/*.duckdb"))
        assert shown == report_lines(RawFacts(snapshot), UNTIL, 7)
    assert len(MEMBERS) == len(HEADER.split(","))


@pytest.mark.parametrize(
    "query",
    [
        "$format=application/json",
        "$format=application%2fjson",
        "format=application/json",
        "%24format=application/json",
    ],
)
def test_the_format_may_be_spelled_in_several_ways(house: ReportsHouse, query: str) -> None:
    """With its dollar or without, and encoded: each gives JSON."""
    assert house.ask(f"{BETA_D7}?{query}").headers["content-type"].startswith("application/json")


def test_other_formats(house: ReportsHouse) -> None:
    """text/csv is the redirect, anything else is refused, and /v1.0 is CSV whatever is asked."""
    assert house.ask(f"{BETA_D7}?$format=text/csv", headers={"Accept": "application/json"}).status == 302
    refused = house.ask(f"{BETA_D7}?$format=xml")
    assert (refused.status, refused.json["error"]["code"]) == (400, "BadRequest")
    for query in ("$format=application/json", "$format=xml"):
        assert house.ask(f"{D7}?{query}", headers={"Accept": "application/json"}).status == 302


def test_t19_pages_of_200_to_exhaustion(tmp_path: Path) -> None:
    """The links lead through every row once, 200 a page unless $top says otherwise, and keep $format and $top."""
    with running_reports(tmp_path, many_groups(450)) as house:
        default = list(pages(house, JSON))
        assert [len(page["value"]) for page in default] == [200, 200, 50]
        assert default[0]["@odata.nextLink"].startswith(
            f"{house.url}{BETA_D7}?$format=application/json&$skiptoken="
        )
        small = list(pages(house, f"{JSON}&$top=70"))
        assert [len(page["value"]) for page in small] == [70] * 6 + [30]
        assert "&$top=70&" in small[0]["@odata.nextLink"]
        rows = [row for page in default for row in page["value"]]
        assert rows == [row for page in small for row in page["value"]]
        assert len({row["groupDisplayName"] for row in rows}) == 450
        assert len(house.ask(f"{JSON}&$top=9999").json["value"]) == 450
        house.publish(many_groups(5), "0badf00d")  # between two pages: neither rows nor their number change
        rest = list(pages(house, small[0]["@odata.nextLink"]))
        assert small[0]["value"] + [row for page in rest for row in page["value"]] == rows


def test_a_token_of_another_report_is_refused(house: ReportsHouse) -> None:
    """A $skiptoken is good for its own call, while names are shown as they were, and as long as it is kept."""
    link = house.ask(f"{JSON}&$top=2").json["@odata.nextLink"]
    other = link.replace("'D7'", "'D30'")
    house.prepared.sweep()
    assert house.ask(link).status == 200
    sha256 = read_skip_token(link.partition("skiptoken=")[2]).sha256
    strange = [
        b"[" * 5000,
        b'["%s",true]' % sha256.encode(),
        b'["%s",1e400]' % sha256.encode(),
        b"{}",
        b"\xff",
    ]
    strange_links = [f"{JSON}&$skiptoken={urlsafe_b64encode(text).decode()}" for text in strange]
    for target in (other, link[:-4], f"{JSON}&$skiptoken=MDoyOg", f"{JSON}&$skiptoken=", *strange_links):
        refused = house.ask(target)
        assert (refused.status, refused.json["error"]["code"]) == (400, "BadRequest")
    house.report_settings.set_conceals(TENANT_ID, True, "the-app")
    assert house.ask(link).status == 400


@pytest.mark.parametrize(
    "query",
    [
        "$filter=isDeleted eq true".replace(" ", "%20"),
        "$top=0",
        "$top=x",
        "$select=groupId",
        "$orderby=groupId",
        "$nonsense=1",
        "$top=1&$top=2",
    ],
)
def test_options_that_are_not_offered_are_refused(house: ReportsHouse, query: str) -> None:
    """What we do not do is not silently left out."""
    refused = house.ask(f"{JSON}&{query}")
    assert (refused.status, refused.json["error"]["code"]) == (400, "BadRequest")


def test_a_date_is_paged_under_its_own_name(house: ReportsHouse) -> None:
    """The link names the call as it was made, a date without quotes."""
    target = BETA_D7.replace("period='D7'", f"date={UNTIL}") + "?$format=application/json&$top=1"
    body = house.ask(target).json
    assert body["value"][0]["reportPeriod"] == "1"
    assert "@odata.nextLink" not in body  # one group was active that day
    empty = house.ask(BETA_D7.replace("period='D7'", "date=2026-05-31") + "?$format=application/json").json
    assert empty["value"] == []
