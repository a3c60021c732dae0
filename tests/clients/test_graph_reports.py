"""The groups activity report over HTTP: redirect, CSV, ETag, errors, throttling (graph.md 6.1, 6.2, 6.5, 1.6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.clients.graph_reports_house import (
    BETA_D7,
    D7,
    EMPTY_TENANT,
    REPORT,
    REPORTS,
    ReportsHouse,
    running_reports,
)
from tests.semantics.activity_by_hand import HEADER, read_csv
from tests.semantics.activity_tenant import TENANT_ID, TODAY, ActivityTenant, small_tenant


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportsHouse]:
    with running_reports(tmp_path_factory.mktemp("reports"), small_tenant()) as house:
        yield house


@pytest.fixture
def house(running: ReportsHouse) -> ReportsHouse:
    """The server of this file, with names concealed and nobody throttled."""
    running.begin(conceal=True)
    return running


@pytest.mark.parametrize("target", [D7, BETA_D7], ids=["v1.0", "beta"])
def test_t12_a_redirect_leads_to_the_csv(house: ReportsHouse, target: str) -> None:
    """302 with an absolute address of our own scheme; the file comes without a token, as octet-stream with 19 columns."""
    answer = house.ask(target)
    assert (answer.status, answer.body) == (302, b"")
    assert answer.headers["content-type"].startswith("text/plain")
    place = answer.headers["location"]
    assert place.startswith(f"{house.url}/")
    file = house.ask(place, token=None)
    assert (file.status, file.headers["content-type"]) == (200, "application/octet-stream")
    assert file.body.startswith(b"\xef\xbb\xbf" + HEADER.encode() + b"\r\n")
    assert HEADER.split(",")[7] == "External Member Count"
    assert len(HEADER.split(",")) == 19
    assert len(read_csv(file.body)) > 5


def test_a_download_tolerates_any_authorization(house: ReportsHouse) -> None:
    """Clients that keep their header over a redirect, whatever is in it, get the file."""
    place = house.ask(D7).headers["location"]
    for header in ("Bearer x", f"Bearer {house.token(REPORTS)}", "Basic eDp5"):
        assert house.ask(place, token=None, headers={"Authorization": header}).status == 200


def test_a_download_is_one_immutable_file(house: ReportsHouse) -> None:
    """Within its time an address gives the same bytes, also after newer data came."""
    place = house.ask(D7).headers["location"]
    before = house.ask(place, token=None)
    newer = small_tenant()
    newer.group("Brand new")
    house.publish(newer, "0badf00d")
    assert house.ask(place, token=None).body == before.body
    assert house.fetch().headers["etag"] != before.headers["etag"]


def test_a_download_comes_in_parts_and_by_head(house: ReportsHouse) -> None:
    """Range, HEAD and a range behind the end are answered as for any file."""
    place = house.ask(D7).headers["location"]
    whole = house.ask(place, token=None)
    part = house.ask(place, token=None, headers={"Range": "bytes=3-10"})
    assert (part.status, part.body) == (206, whole.body[3:11])
    head = house.ask(place, "HEAD", token=None)
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", whole.headers["etag"])
    assert house.ask(place, token=None, headers={"Range": "bytes=99999999-"}).status == 416


def test_t26_an_address_ends_and_cannot_be_altered(house: ReportsHouse) -> None:
    """Tampered and expired addresses are 403, swept files 404, in plain words without the token."""
    place = house.ask(D7).headers["location"]
    for altered in (
        place[:-1] + ("A" if place[-1] != "A" else "B"),
        place + "x",
        place.rsplit("/", 1)[0] + "/x",
    ):
        refused = house.ask(altered, token=None)
        assert (refused.status, refused.headers["content-type"]) == (403, "text/plain; charset=utf-8")
    house.now += timedelta(seconds=299)
    assert house.ask(place, token=None).status == 200
    house.now += timedelta(seconds=2)
    assert house.ask(place, token=None).status == 403
    fresh = house.ask(D7).headers["location"]
    for file in (house.settings.data / "reports").glob("*/*/*.csv"):
        file.unlink()
    gone = house.ask(fresh, token=None)
    assert gone.status == 404
    assert fresh.rsplit("/", 1)[1].encode() not in gone.body


def test_t13_the_client_that_has_the_bytes_gets_304(house: ReportsHouse) -> None:
    """One strong ETag on the redirect and the file; If-None-Match is understood on both, and ends with a PATCH."""
    answer = house.ask(D7)
    etag = answer.headers["etag"]
    assert etag.startswith('"')
    place = answer.headers["location"]
    assert house.ask(place, token=None).headers["etag"] == etag
    for header in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        for target, token in ((D7, ""), (place, None)):
            same = house.ask(target, token=token, headers={"If-None-Match": header})
            assert (same.status, same.body, same.headers["etag"]) == (304, b"", etag)
            assert same.headers["request-id"]
            assert "location" not in same.headers
    assert house.ask(D7, headers={"If-None-Match": '"x"'}).status == 302
    house.report_settings.set_conceals(TENANT_ID, False, "the-app")
    changed = house.ask(D7, headers={"If-None-Match": etag})
    assert (changed.status, changed.headers["etag"] == etag) == (302, False)


def test_validation_and_authorisation_come_before_304(house: ReportsHouse) -> None:
    """If-None-Match is looked at last: neither a bad call nor a stranger learns what is current."""
    condition = {"If-None-Match": "*"}
    assert house.ask(D7, token=None, headers=condition).status == 401
    assert house.ask(D7, token=house.token("User.Read.All"), headers=condition).status == 403
    assert house.ask(D7.replace("D7", "D8"), headers=condition).status == 400


def error_of(house: ReportsHouse, call: str, version: str = "v1.0") -> tuple[int, str, str]:
    answer = house.ask(f"/{version}{REPORT}{call}")
    if answer.status == 302:
        return 302, "", ""
    error = answer.json["error"]
    assert error["innerError"]["request-id"] == answer.headers["request-id"]
    return answer.status, error["code"], error["message"]


def test_t14_dates_of_28_days_and_no_more(house: ReportsHouse) -> None:
    """28 days back is a report, 29 an InvalidArgument in Microsoft's words."""
    day = TODAY.date() - timedelta(days=28)
    assert error_of(house, f"(date={day})")[0] == 302
    older = day - timedelta(days=1)
    words = f"Invalid date value specified: {older}. Only support data for the past 28 days."
    assert error_of(house, f"(date={older})") == (400, "InvalidArgument", words)


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_t15_four_periods_and_no_other(house: ReportsHouse, version: str) -> None:
    """D7, D30, D90 and D180 are answered; others are an InvalidArgument that names the value."""
    for days in (7, 30, 90, 180):
        assert error_of(house, f"(period='D{days}')", version)[0] == 302
    status, code, message = error_of(house, "(period='D8')", version)
    assert (status, code) == (400, "InvalidArgument")
    assert message.startswith("Invalid period value specified: D8.")


@pytest.mark.parametrize("value", ["D7%20", "%20D7", "D7%09"])
def test_a_period_has_no_blanks_around_it(house: ReportsHouse, value: str) -> None:
    """A value of the call is taken as it is written: blanks inside its quotes are part of it."""
    assert error_of(house, f"(period='{value}')")[:2] == (400, "InvalidArgument")


@pytest.mark.parametrize(
    "call",
    [
        "(period=D7)",
        "(date='2026-05-20')",
        "(date=2026-5-2)",
        "(period='D7',date=2026-05-20)",
        "()",
        "",
        "(x='1')",
    ],
)
def test_calls_of_another_shape_are_bad_requests(house: ReportsHouse, call: str) -> None:
    """Unquoted texts, quoted dates, both parameters, none, or an unknown one: 400 BadRequest."""
    assert error_of(house, call)[:2] == (400, "BadRequest")


@pytest.mark.parametrize(
    "target",
    [
        D7.replace("(", "%28").replace(")", "%29").replace("'", "%27").replace("=", "%3D"),
        D7.replace("/getOffice", "/microsoft.graph.getOffice"),
        D7.upper().replace("V1.0", "v1.0"),
        D7.replace("D7", "d7"),
        "/" + D7,
    ],
    ids=["encoded", "qualified", "upper case", "lower-case period", "joined base"],
)
def test_every_spelling_of_the_call_is_the_same_report(house: ReportsHouse, target: str) -> None:
    """Each form in which clients write the call has the same ETag."""
    assert house.ask(target).headers["etag"] == house.ask(D7).headers["etag"]


def test_t18_the_fifteenth_csv_call_waits(house: ReportsHouse) -> None:
    """14 calls of an app in ten minutes, then 429 with whole seconds; JSON and other apps count apart."""
    token = house.token(REPORTS)
    for _ in range(14):
        assert house.ask(D7, token=token).status == 302
    refused = house.ask(BETA_D7, token=token, headers={"If-None-Match": "*"})
    assert (refused.status, refused.json["error"]["code"]) == (429, "TooManyRequests")
    assert refused.headers["retry-after"] == "600"
    assert house.ask(BETA_D7, token=token, headers={"Accept": "application/json"}).status == 200
    assert house.ask(D7.replace("D7", "D8"), token=token).status == 400
    assert house.ask(D7, token=house.token(REPORTS, app="two")).status == 302
    house.now += timedelta(seconds=600)
    assert house.ask(D7, token=token).status == 302


def test_t18_the_forty_first_call_of_a_tenant_waits(house: ReportsHouse) -> None:
    """40 CSV calls of all apps of a tenant in ten minutes, however many apps there are."""
    for number in range(40):
        assert house.ask(D7, token=house.token(REPORTS, app=str(number % 4))).status == 302
    assert house.ask(D7, token=house.token(REPORTS, app="fifth")).status == 429


def test_t18_the_hundred_and_first_json_call_waits(house: ReportsHouse) -> None:
    """JSON has a counter of its own: 100 calls of an app, each page one of them."""
    token, target = house.token(REPORTS), f"{BETA_D7}?$format=application/json&$top=1"
    for _ in range(100):
        assert house.ask(target, token=token).status == 200
    refused = house.ask(target, token=token)
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert house.ask(D7, token=token).status == 302


def test_who_may_read_a_report(house: ReportsHouse) -> None:
    """An app role, or a delegated scope with a directory role that may; else 403 as reports say it."""
    assert house.ask(D7, token=house.person(REPORTS, "Reports Reader")).status == 302
    assert house.ask(D7, token=house.person(REPORTS, "Global Reader")).status == 302
    for token in (
        house.person(REPORTS),
        house.person(REPORTS, "Usage Summary Reports Reader"),
        house.person("User.Read.All", "Global Administrator"),
        house.token("User.Read.All"),
        house.token("ReportSettings.Read.All"),
    ):
        refused = house.ask(D7, token=token)
        assert (refused.status, refused.json["error"]["code"]) == (403, "S2SUnauthorized")
    assert house.ask(D7, token=None).json["error"]["code"] == "InvalidAuthenticationToken"


def test_a_tenant_without_a_snapshot_is_told_so(house: ReportsHouse) -> None:
    """Where nothing was ingested yet the answer says what to do, in the dialect of the call."""
    answer = house.ask(D7, token=house.token(REPORTS, tenant=EMPTY_TENANT))
    assert (answer.status, answer.json["error"]["code"]) == (409, "Conflict")


def test_what_the_facts_lack_is_told_in_a_header(tmp_path: Path) -> None:
    """Where no activity was loaded the report is made, and a header on the redirect and the pages says so."""
    bare = ActivityTenant()
    bare.group("Quiet")
    with running_reports(tmp_path, bare) as house:
        known = house.registry.tenant(TENANT_ID)
        builder = house.registry.begin(known, memory_mb=256)
        house.registry.publish(known, builder, bare.fill(builder, None), "0badbeef")
        for target in (D7, f"{BETA_D7}?$format=application/json"):
            assert "activity" in house.ask(target).headers["x-waybill-gaps"]


def test_a_report_without_gaps_has_no_such_header(house: ReportsHouse) -> None:
    """Nothing is said where nothing lacks."""
    assert "x-waybill-gaps" not in house.ask(D7).headers


def test_a_public_url_is_the_one_clients_are_sent_to(tmp_path: Path) -> None:
    """Behind a proxy the address of the file is the configured one, scheme included."""
    with running_reports(tmp_path, small_tenant(), public_url="https://export.contoso.com/") as house:
        place = urlsplit(house.ask(D7).headers["location"])
        assert (place.scheme, place.netloc) == ("https", "export.contoso.com")
