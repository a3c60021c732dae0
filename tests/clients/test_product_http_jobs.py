"""Jobs, their status and their file over HTTP with the real exports (insights.md 1.2, 1.3 C and D)."""

from __future__ import annotations

import hashlib
import io
import re
import time
import zipfile
from urllib.parse import quote

import pytest

from tests.clients.product_reports import HOST, SITES, group_target, site_target
from tests.clients.product_server import Client, Product, Waiting, message
from waybill.ingest.practice.stage import group_id

PLAIN = site_target("sites/press")
ODD = group_target(group_id("Old suppliers"))
"""A request without exceptions, and one with."""


def test_accepted(product: Product) -> None:
    """An accepted export answers with the vendor's envelope: the number as a string of digits."""
    answer = product.client.ask(PLAIN)
    assert list(answer.json.items()) == [("jobId", answer.json["jobId"]), ("status", 200), ("message", "")]
    assert re.fullmatch("[1-9][0-9]*", answer.json["jobId"])
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    product.client.ended(answer.job)


def test_status_numbers(product: Product) -> None:
    """A job is 1 until it ends, then 2, or 4 when its Exceptions sheet holds rows; the message says so."""
    for target, number in ((PLAIN, 2), (ODD, 4)):
        job = product.client.ask(target).job
        assert product.client.ended(job) == number
        told = product.client.status(job)
        assert list(told)[:3] == ["jobStatus", "status", "message"]
        exceptions = product.client.book(target).rows("Exceptions")
        assert (number == 4) is bool(exceptions)
        assert told["progress"]["exceptions"] == len(exceptions)
        assert told["message"] == (
            f"Finished; {len(exceptions)} row(s) on the sheet Exceptions say what to know."
            if exceptions
            else ""
        )
        book = product.client.book(target)
        assert told["progress"]["sheets"] == {name: len(book.rows(name)) for name in book.sheets}


@pytest.mark.parametrize(("target", "stem"), [(PLAIN, "SitePermissionReport"), (ODD, "GroupAccessReport")])
def test_file_headers(product: Product, target: str, stem: str) -> None:
    """The file is a ZIP of one workbook, whole, with length, strong ETag and a name that tells what it is."""
    job = product.client.ask(target).job
    product.client.ended(job)
    answer = product.client.file(job)
    assert answer.status == 200
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.body).hexdigest()}"'
    expected = {
        "content-type": "application/zip",
        "content-length": str(len(answer.body)),
        "accept-ranges": "bytes",
        "cache-control": "no-store",
    }
    assert {name: answer.headers[name] for name in expected} == expected
    name = rf"{stem}_{job}_20[0-9]{{12}}\.zip"
    found = re.fullmatch(
        rf"attachment; filename=\"({name})\"; filename\*=UTF-8''({name})",
        answer.headers["content-disposition"],
    )
    assert found is not None
    assert found[1] == found[2]
    with zipfile.ZipFile(io.BytesIO(answer.body)) as package:
        assert package.namelist() == [f"{stem}.xlsx"]


def test_downloads(product: Product) -> None:
    """A file comes as often as asked, in part by Range (206), and not at all to who has it (304)."""
    job = product.client.ask(PLAIN).job
    product.client.ended(job)
    whole = product.client.file(job)
    assert product.client.file(job).body == whole.body
    first, rest = product.client.file(job, Range="bytes=0-99"), product.client.file(job, Range="bytes=100-")
    assert (first.status, rest.status, first.body + rest.body) == (206, 206, whole.body)
    assert first.headers["content-range"] == f"bytes 0-99/{len(whole.body)}"
    same = product.client.file(job, If_None_Match=whole.headers["etag"])
    assert (same.status, same.body) == (304, b"")
    assert message(product.client.file(job, Range=f"bytes={len(whole.body)}-"), 416)


@pytest.mark.parametrize("target", [PLAIN, ODD])
def test_same_request_same_bytes(product: Product, target: str) -> None:
    """The same request on the same snapshot gives the same bytes, whoever of the tenant asks."""
    tags = set()
    for client in (product.client, product.neighbour):
        job = client.ask(target).job
        client.ended(job)
        tags.add(client.file(job).headers["etag"])
    assert len(tags) == 1


def _refusal(client: Client, number: str, call: str) -> tuple[int, bytes]:
    answer = client.ask(f"/insights/job/{number}/{call}")
    return answer.status, answer.body.replace(answer.json["traceId"].encode(), b"")


@pytest.mark.parametrize("call", ["exportstatus", "exportfile", "EXPORTSTATUS"])
def test_another_tenants_job(product: Product, call: str) -> None:
    """Another tenant's job answers exactly like one that nobody has, and like what is no number."""
    taken = [product.client.ask(site_target("sites/press", language=f"x{count}")).job for count in range(3)]
    unknown = _refusal(product.outsider, "999999999", call)
    assert unknown[0] == 404
    # The outsider's own numbers start at 1 as well: the client's newest is beyond them.
    assert _refusal(product.outsider, str(max(taken)), call) == unknown
    for nonsense in ("0", "00", "x", "1e3", "-1", "99999999999999999999", "%20", "1,2"):
        assert _refusal(product.client, nonsense, call) == unknown, nonsense


def test_jobs_of_a_tenant_are_shared(product: Product) -> None:
    """Every application of the tenant may look at a job and fetch its file."""
    job = product.client.ask(PLAIN).job
    assert product.neighbour.ended(job) == 2
    assert product.neighbour.file(job).status == 200


@pytest.mark.parametrize("target", [PLAIN, ODD, "/insights/job/1/exportstatus", "/insights/job/1/exportfile"])
def test_who_may_ask(product: Product, target: str) -> None:
    """Without a good token 401, without the scope 403, both with the challenge of RFC 6750."""
    for token in (None, "rubbish", product.client.token[:-4] + "AAAA"):
        answer = product.client.ask(target, token=token)
        assert (answer.status, answer.json["status"]) == (401, 401)
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    answer = product.unscoped.ask(target)
    assert (answer.status, answer.json["status"]) == (403, 403)
    assert "insights.graph.readwrite.all" in answer.json["message"]
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_tenant_without_snapshot(product: Product) -> None:
    """A tenant for which nothing was loaded yet is told so, and how to load it."""
    for target in (PLAIN, ODD):
        assert "waybill ingest mgdc" in message(product.empty.ask(target), 409)


def test_identical_requests_join(waiting: Waiting) -> None:
    """While a job waits, the same request by the same client, however spelled, gets the same job; another
    request, or another client, gets its own."""
    site = f"{HOST}/sites/press"
    target = f"{SITES}?siteUrls={site}"
    first = waiting.client.ask(target)
    assert (first.json, waiting.client.status(first.job)["jobStatus"]) == (
        {"jobId": "1", "status": 200, "message": ""}, 1,
    )  # fmt: skip
    for again in (target, f"{SITES.upper()}?SITEURLS={quote(site, safe='')}", f"{target}&startTime=now"):
        assert waiting.client.ask(again).job == first.job
    others = {waiting.client.ask(f"{target}&language=fr-FR").job, waiting.neighbour.ask(target).job}
    assert others == {2, 3}


def test_the_vendors_poll_loop(waiting: Waiting) -> None:
    """The vendor's sample polls once and then downloads: too early it gets a clean JSON refusal that says
    when to come again, and after the end the whole ZIP."""
    client = waiting.client
    job = client.ask(PLAIN).job

    def poll_once_then_download() -> tuple[int, int, bytes]:
        status = int(client.status(job)["jobStatus"])  # `while (status != 1 || status != 0)` leaves at once
        answer = client.file(job)
        if answer.status == 409:
            assert int(answer.headers["retry-after"]) > 0
            assert "etag" not in answer.headers
            assert "not finished" in message(answer, 409)
        return status, answer.status, answer.body

    status, answered, body = poll_once_then_download()
    assert (status, answered) == (1, 409)
    assert not body.startswith(b"PK")
    waiting.house.start_jobs()
    deadline = time.monotonic() + 60
    while answered == 409 and time.monotonic() < deadline:
        status, answered, body = poll_once_then_download()
        time.sleep(0.03)
    assert answered == 200
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        assert package.testzip() is None
