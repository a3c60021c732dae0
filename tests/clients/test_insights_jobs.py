"""Tokens, job numbers, statuses and errors over real HTTP (insights.md 1.2, 1.3 C)."""

from __future__ import annotations

import http.client
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import structlog

from tests.clients.insights_house import (
    CATALOG,
    EMPTY,
    FABRIKAM,
    GROUPS,
    HIDDEN_CAUSE,
    SITES,
    Answer,
    House,
    running_house,
)
from waybill import log
from waybill.api.bodies import ExportRefused, JobAccepted, JobStatus, StatusRefused
from waybill.api.insights import SCOPE
from waybill.jobs.table import State

STATUS = "/insights/job/{}/exportstatus"
FILE = "/insights/job/{}/exportfile"
ASK = f"{SITES}?siteUrls=https://a/x"


@pytest.fixture(scope="module")
def small_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server for clients that know the statuses 1, 2 and 3 only, with a queue of one."""
    folder = tmp_path_factory.mktemp("small")
    with running_house(folder, queue_limit=1, plain_status=True) as running:
        yield running


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    """The file that everything is logged to during one test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    path = tmp_path / "log"
    with path.open("w") as stream:
        log.set_up(as_json=True, stream=stream)
        try:
            yield path
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)
            structlog.reset_defaults()


def _logged(logs: Path, answer: Answer) -> list[dict[str, Any]]:
    """What was logged about one request. Its own line is the last and comes after the answer: wait for it."""
    deadline = time.monotonic() + 20
    while True:
        lines = [
            json.loads(line) for line in logs.read_text().splitlines(keepends=True) if line.endswith("\n")
        ]
        found = [line for line in lines if line.get("trace_id") == answer.headers["request-id"]]
        if found and found[-1]["event"] == "request":
            return found
        assert time.monotonic() < deadline, "the request was not logged within 20 s"
        time.sleep(0.01)


def _without_trace(answer: Answer) -> bytes:
    return answer.body.replace(answer.json["traceId"].encode(), b"")


# Exports


def test_accepted(house: House) -> None:
    """An accepted export is answered with the vendor's envelope: the number as a string of digits."""
    answer = house.ask(f"{SITES}?siteUrls=https://a/accepted")
    assert answer.status == 200
    assert answer.json == {"jobId": str(int(answer.json["jobId"])), "status": 200, "message": ""}
    assert list(answer.json) == ["jobId", "status", "message"]
    JobAccepted.model_validate(answer.json, strict=True)


def test_nothing_is_stored(house: House) -> None:
    """No answer may be stored on the way, since an export is a GET that creates work."""
    for target in (ASK, STATUS.format(1), FILE.format(999), "/insights/nothing"):
        assert house.ask(target).headers["cache-control"] == "no-store", target


def test_job_is_pinned_and_owned(house: House) -> None:
    """The job belongs to the token's tenant and client and is pinned to the snapshot at hand."""
    job = house.jobs.get("contoso", house.ask(ASK).job)
    assert (job.tenant, job.export) == ("contoso", "site-permissions")
    assert job.snapshot == "20261121T000000Z-0badcafe"
    assert job.client_id == house.identity.verifier.verify(house.token(), "urn:waybill:insights").client_id


def test_identical_request_joins(house: House) -> None:
    """The same request by the same client gets the same job while that is unfinished, then a new one."""
    target = f"{SITES}?siteUrls=https://a/joined"
    first = house.ask(target).job
    assert house.ask(target.replace("siteUrls", "SITEURLS")).job == first
    house.put(first, State.STOPPED)
    assert house.ask(target).job != first


def test_bad_request(house: House) -> None:
    """What the export cannot read is 400 with its own words, and no job."""
    answer = house.ask(f"{SITES}?exportOptionType=9")
    assert answer.status == 200, "this export does not declare the field"
    answer = house.ask(GROUPS.replace("{id}", "g").replace("=3", "=9"))
    assert (answer.status, answer.json["message"]) == (400, "exportOptionType is 9. Use 1, 2 or 3.")
    ExportRefused.model_validate(answer.json, strict=True)


def test_id_that_is_no_guid(house: House) -> None:
    """The vendor's own sample id, which is no GUID, is looked up and not found; no routing error."""
    answer = house.ask(GROUPS.replace("{id}", "ec34726b-f692-424f-aaf0-f6a478a1b9fc7"))
    assert (answer.status, answer.json["jobId"]) == (404, None)
    assert "There is no such group." in answer.json["message"]


def test_tenant_without_data(house: House) -> None:
    """A tenant that has no snapshot yet gets 409 and is told to ingest."""
    answer = house.ask(ASK, token=house.token(EMPTY))
    assert answer.status == 409
    assert "waybill ingest" in answer.json["message"]


def test_full_queue(small_house: House) -> None:
    """Only a full queue is answered 429, with Retry-After in seconds."""
    assert small_house.ask(ASK).status == 200
    answer = small_house.ask(f"{SITES}?siteUrls=https://a/one-too-many")
    assert (answer.status, answer.json["status"], answer.json["jobId"]) == (429, 429, None)
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("group", ["fails", "damaged"])
def test_unforeseen_failure(house: House, group: str, logs: Path) -> None:
    """What we did not foresee is 500 with a fixed text; the cause is in the log, once, under the same trace id."""
    answer = house.ask(GROUPS.replace("{id}", group))
    assert (answer.status, answer.json["status"], answer.json["jobId"]) == (500, 500, None)
    assert HIDDEN_CAUSE.encode() not in answer.body
    assert answer.json["traceId"] == answer.headers["request-id"]
    failure, line = _logged(logs, answer)
    assert (failure["event"], line["status"]) == ("request failed", 500)
    assert HIDDEN_CAUSE in failure["exception"]


def test_error_members_in_order(house: House) -> None:
    """An error has the envelope of its endpoint: jobId or jobStatus null, status, message, traceId."""
    export = house.ask(ASK, token=None).json
    status = house.ask(STATUS.format(1), token=None).json
    assert list(export) == ["jobId", "status", "message", "traceId"]
    assert list(status) == ["jobStatus", "status", "message", "traceId"]
    StatusRefused.model_validate(status, strict=True)


def test_request_ids_differ(house: House) -> None:
    """Every answer carries its own request-id."""
    assert house.ask("/healthz").headers["request-id"] != house.ask("/healthz").headers["request-id"]


# Tokens

TARGETS = [ASK, GROUPS.replace("{id}", "g"), STATUS.format(1), FILE.format(1), STATUS.format("x")]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer nonsense", "Bearer a.b.c", "Basic dXNlcjpwYXNz", "Bearer " + "a" * 20_000],
)  # fmt: skip
def test_no_good_token(house: House, target: str, header: str | None) -> None:
    """Without a good bearer token every endpoint answers 401 and says so in WWW-Authenticate."""
    headers = {} if header is None else {"Authorization": header}
    answer = house.ask(target, token=None, headers=headers)
    assert (answer.status, answer.json["status"]) == (401, 401)
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_token_from_the_endpoint(house: House) -> None:
    """A token fetched from /connect/token of the same server opens the Insights API."""
    made = house.identity.apps.create("client", "contoso", (SCOPE,))
    form = {
        "grant_type": "client_credentials",
        "client_id": made.client_id,
        "client_secret": made.client_secret,
    }
    connection = http.client.HTTPConnection(house.listening.host, house.listening.port, timeout=20)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/connect/token", urlencode({**form, "scope": SCOPE}), headers)
    answer = connection.getresponse()
    token = json.loads(answer.read())["access_token"]
    connection.close()
    assert answer.status == 200
    assert house.ask(ASK, token=token).status == 200


def test_expired_token(house: House) -> None:
    """A token past its hour is refused."""
    answer = house.ask(ASK, token=house.token(age=3700))
    assert answer.status == 401
    assert "expired" in answer.json["message"]


def test_scheme_without_case(house: House) -> None:
    """The word Bearer may be in any case (RFC 9110 11.1)."""
    headers = {"Authorization": f"bearer  {house.token()}"}
    assert house.ask(ASK, token=None, headers=headers).status == 200


@pytest.mark.parametrize("target", TARGETS)
def test_wrong_scope(house: House, target: str) -> None:
    """A good token without the scope is 403, naming the scope."""
    answer = house.ask(target, token=house.token(scopes=("other.scope",)))
    assert (answer.status, answer.json["status"]) == (403, 403)
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert "insights.graph.readwrite.all" in answer.json["message"]


# Job numbers


@pytest.mark.parametrize(
    "number",
    ["0", "-1", "+1", "99999999", "2147483648", "9" * 18, "9" * 400, "abc", "1.0", "1e3", "0x1", "%D9%A1",
     "%EF%BC%91", "%C2%B2", "1%002", "{jobId}", "", "%20", "1%2F2", "1;2", "1'--", "all"],
)  # fmt: skip
def test_unknown_numbers(house: House, number: str) -> None:
    """Zero, negative, huge, non-ASCII and other non-numbers answer exactly like an unknown job."""
    house.ask(ASK)
    for path in (STATUS, FILE):
        unknown, answer = house.ask(path.format(123456789)), house.ask(path.format(number))
        assert answer.status == unknown.status == 404
        assert _without_trace(answer) == _without_trace(unknown)


def test_another_tenants_number(house: House) -> None:
    """Another tenant's job answers exactly like an unknown one: body and headers but for the ids."""
    foreign = [house.ask(f"{SITES}?siteUrls=https://a/{n}").job for n in range(3)][-1]
    token = house.token(FABRIKAM)
    for path in (STATUS, FILE):
        theirs = house.ask(path.format(foreign), token=token)
        unknown = house.ask(path.format(987654321), token=token)
        assert theirs.status == 404
        assert _without_trace(theirs) == _without_trace(unknown)
        own = {"request-id", "date"}
        assert {k: v for k, v in theirs.headers.items() if k not in own} == {
            k: v for k, v in unknown.headers.items() if k not in own
        }


def test_numbers_without_case_or_zeros(house: House) -> None:
    """A job is found by its digits, leading zeros and path case aside."""
    number = house.ask(ASK).job
    for path in (f"/Insights/Job/{number}/ExportStatus", f"/insights/job/0{number}/exportstatus/"):
        assert house.ask(path).json["jobStatus"] == 1


# Statuses


@pytest.mark.parametrize(
    ("state", "values", "number"),
    [
        (State.QUEUED, {}, 1),
        (State.RUNNING, {}, 1),
        (State.FINISHED, {}, 2),
        (State.FAILED, {"error": "The disk is full. Free some space."}, 3),
        (State.FINISHED_WITH_EXCEPTIONS, {"exceptions": 7}, 4),
        (State.STOPPING, {}, 5),
        (State.STOPPED, {}, 6),
    ],
)
def test_status_numbers(house: House, state: State, values: dict[str, Any], number: int) -> None:
    """Each state has its documented number, and the message says what to know."""
    job = house.ask(f"{SITES}?siteUrls=https://a/status-{state}").job
    house.put(job, state, progress_sheet="People", progress_rows=41, **values)
    answer = house.ask(STATUS.format(job))
    assert (answer.status, answer.json["status"], answer.json["jobStatus"]) == (200, 200, number)
    assert list(answer.json) == ["jobStatus", "status", "message", "progress"]
    assert (answer.json["progress"]["sheet"], answer.json["progress"]["rows"]) == ("People", 41)
    assert answer.json["progress"]["requested"].endswith("Z")
    message = answer.json["message"]
    match number:
        case 1 | 2:
            assert message == ""
        case 3:
            assert message == "The disk is full. Free some space."
        case 4:
            assert "7" in message
        case _:
            assert message
    JobStatus.model_validate_json(answer.body)


@pytest.mark.parametrize(("ended", "number"), [(State.FINISHED, 2), (State.FINISHED_WITH_EXCEPTIONS, 4)])
def test_expired_keeps_its_number(house: House, ended: State, number: int) -> None:
    """A job whose file has expired keeps the number it ended with, and says that the file is gone."""
    job = house.ask(f"{SITES}?siteUrls=https://a/expired-{ended}").job
    house.put(job, ended, exceptions=int(number == 4))
    house.put(job, State.EXPIRED)
    answer = house.ask(STATUS.format(job)).json
    assert answer["jobStatus"] == number
    assert "deleted" in answer["message"]


def test_plain_status(small_house: House) -> None:
    """With the setting for strict clients, 4 is served as 2; the message still tells of the exceptions."""
    job = small_house.ask(ASK).job
    small_house.put(job, State.FINISHED_WITH_EXCEPTIONS, exceptions=3)
    answer = small_house.ask(STATUS.format(job)).json
    assert (answer["jobStatus"], answer["progress"]["exceptions"]) == (2, 3)


def test_head_of_status(house: House) -> None:
    """HEAD of a status is answered like GET, without a body."""
    answer = house.ask(STATUS.format(house.ask(ASK).job), "HEAD")
    assert (answer.status, answer.body) == (200, b"")


# Logs


def test_logs_hold_no_query_and_no_token(house: House, logs: Path) -> None:
    """One line a request, without its query, its token or the ids in its path."""
    known = house.ask("/insights/groups/someone@contoso.com/access/export?dataSources=canary-query")
    unknown = house.ask("/insights/nothing/%0Ahere?canary-query")
    (first,), (second,) = _logged(logs, known), _logged(logs, unknown)
    assert (first["route"], first["status"], first["tenant"]) == (CATALOG[0].path, 200, "contoso")
    assert (second["route"], second["status"]) == ("/insights/nothing/...", 404)
    for secret in ("canary-query", "someone@", house.token()):
        assert secret not in logs.read_text()
