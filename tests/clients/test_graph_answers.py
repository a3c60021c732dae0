"""What every answer of the Graph face has: ids, an error body, and the shapes of the contract (T23, T27)."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.clients.graph_contract import Contract
from tests.clients.graph_house import (
    ADELE,
    DIEGO,
    EXPORT,
    FABRIKAM,
    HIDDEN_CAUSE,
    KENJI,
    LUCIA,
    NOBODY,
    OMAR,
    READ_ALL,
    GraphHouse,
    container,
)
from tests.clients.insights_house import Answer
from waybill.jobs.table import State

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
GOOD_BODY: Any = object()
"""Stands for a body with a fresh container."""


@dataclass(frozen=True)
class Case:
    """One request and the status it must have."""

    status: int
    method: str
    path: str
    more: dict[str, Any] = field(default_factory=dict)
    beta_only: bool = False


def _case(status: int, method: str, path: str, *, beta_only: bool = False, **more: Any) -> Case:
    return Case(status, method, path, more, beta_only)


USER = f"/users/{ADELE}/exportPersonalData"
PROFILES = "/directory/inboundSharedUserProfiles"
SET = "/dataPolicyOperations"
CASES = (
    _case(202, "POST", USER, json_body=GOOD_BODY),
    _case(202, "POST", f"{PROFILES}/{KENJI}/exportPersonalData", json_body=GOOD_BODY, beta_only=True),
    _case(200, "GET", SET),
    _case(200, "GET", f"{SET}?$top=1&$count=true&$select=id,status,submittedDateTime,userId,progress"),
    _case(200, "GET", f"{SET}/$count"),
    _case(200, "GET", f"{SET}/{{running}}"),
    _case(200, "GET", f"{SET}/{{failed}}"),
    _case(200, "GET", f"{SET}/{{complete}}"),
    _case(200, "GET", PROFILES, beta_only=True),
    _case(200, "GET", f"{PROFILES}/{KENJI}", beta_only=True),
    _case(204, "POST", f"{PROFILES}/{LUCIA}/removePersonalData", beta_only=True),
    _case(400, "POST", USER, json_body={"storageLocation": "bad"}),
    _case(400, "POST", USER, body=b"{", headers={"Content-Type": "application/json"}),
    _case(400, "POST", "/users/abc/exportPersonalData", json_body=GOOD_BODY),
    _case(400, "GET", f"{SET}/{NOBODY}"),
    _case(400, "GET", f"{SET}?$top=x"),
    _case(401, "GET", SET, token=None),
    _case(401, "POST", USER, token=None, json_body=GOOD_BODY),
    _case(403, "GET", SET, token=READ_ALL),
    _case(404, "POST", f"/users/{NOBODY}/exportPersonalData", json_body=GOOD_BODY),
    _case(404, "GET", f"{PROFILES}/{NOBODY}", beta_only=True),
    _case(405, "POST", SET),
    _case(405, "DELETE", f"{SET}/{NOBODY}"),
    _case(405, "PATCH", f"{SET}/{NOBODY}", json_body={}),
    _case(409, "POST", USER, json_body=GOOD_BODY, token="empty"),
    _case(413, "POST", USER, json_body={"storageLocation": "x" * 70_000}),
    _case(415, "POST", USER, body=b"<x/>", headers={"Content-Type": "text/xml"}),
    _case(429, "POST", "/users/busy@contoso.com/exportPersonalData", json_body=GOOD_BODY),
    _case(500, "POST", "/users/breaks@contoso.com/exportPersonalData", json_body=GOOD_BODY),
    _case(500, "POST", "/users/damaged@contoso.com/exportPersonalData", json_body=GOOD_BODY),
    _case(503, "POST", "/users/full@contoso.com/exportPersonalData", json_body=GOOD_BODY),
)
UNKNOWN = (_case(404, "GET", "/nothing"), _case(404, "GET", ""))


@pytest.fixture(scope="module")
def operations(graph_house: GraphHouse) -> dict[str, str]:
    """An operation in each of three states."""
    found = {name: graph_house.started() for name in ("running", "failed", "complete")}
    graph_house.put(found["running"], State.RUNNING)
    graph_house.put(found["failed"], State.FAILED, error="The SAS has expired.")
    graph_house.put(found["complete"], State.FINISHED)
    graph_house.registry.ensure_tenant("7e57ab1e-0000-4000-8000-00000000e4e4")
    return found


def send(house: GraphHouse, operations: dict[str, str], case: Case, version: str, **headers: str) -> Answer:
    more = dict(case.more)
    if more.get("json_body") is GOOD_BODY:
        more["json_body"] = {"storageLocation": container()}
    if more.get("token") == READ_ALL:
        more["token"] = house.token(READ_ALL)
    if more.get("token") == "empty":
        more["token"] = house.token(EXPORT, tenant="7e57ab1e-0000-4000-8000-00000000e4e4")
    path = case.path
    for name, guid in operations.items():
        path = path.replace(f"{{{name}}}", guid)
    more["headers"] = {**more.get("headers", {}), **headers}
    answer = house.ask(f"/{version}{path}", case.method, **more)
    assert answer.status == case.status, (case, answer.body)
    return answer


@pytest.mark.parametrize(
    "case", [*CASES, *UNKNOWN], ids=lambda case: f"{case.status} {case.method} {case.path}"
)
def test_t23_ids_of_every_answer(graph_house: GraphHouse, operations: dict[str, str], case: Case) -> None:
    """Every answer, good or bad, has a fresh request-id, the caller's client-request-id or ours again, and a date."""
    plain = send(graph_house, operations, case, "beta")
    assert str(uuid.UUID(plain.headers["request-id"])) == plain.headers["request-id"]
    assert plain.headers["client-request-id"] == plain.headers["request-id"]
    named = send(graph_house, operations, case, "beta", **{"client-request-id": "My-Own.Id_7"})
    assert named.headers["client-request-id"] == "My-Own.Id_7"
    assert named.headers["request-id"] != plain.headers["request-id"]
    for answer in (plain, named):
        assert "date" in answer.headers
        assert answer.headers["x-ms-ags-diagnostic"].startswith('{"ServerInfo"')
        if case.status < 400:
            continue
        error = answer.json["error"]
        assert set(error) == {"code", "message", "innerError"}
        assert error["code"]
        assert error["message"]
        assert error["innerError"]["request-id"] == answer.headers["request-id"]
        assert error["innerError"]["client-request-id"] == answer.headers["client-request-id"]
        assert DATE.fullmatch(error["innerError"]["date"])
        if case.status in (429, 503):
            assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("sent", ["", "x" * 129, "é", "a\tb"])
def test_t23_strange_ids_are_not_repeated(graph_house: GraphHouse, sent: str) -> None:
    """A client-request-id that cannot be one is answered with our own id."""
    answer = graph_house.ask("/v1.0/dataPolicyOperations", headers={"client-request-id": sent})
    assert answer.headers["client-request-id"] == answer.headers["request-id"]


@pytest.mark.parametrize("sent", ["{1b4e28ba-2fa1-11d2-883f-0016d3cca427}", "x" * 128, "a b", "7", '"<&>"'])
def test_t23_any_printable_id_is_repeated(graph_house: GraphHouse, sent: str) -> None:
    """A client-request-id of up to 128 printable characters comes back as it was sent."""
    answer = graph_house.ask("/v1.0/nothing", headers={"client-request-id": sent})
    assert answer.headers["client-request-id"] == sent
    assert answer.json["error"]["innerError"]["client-request-id"] == sent


def test_too_many_options_are_refused_in_graphs_words(graph_house: GraphHouse) -> None:
    """A query of more than 2,000 options is 400 BadRequest, and nothing of other faces' sites is said."""
    query = "&".join(f"a{number}=1" for number in range(2001))
    error = graph_house.ask(f"/v1.0/dataPolicyOperations?{query}").json["error"]
    assert error["code"] == "BadRequest"
    assert "query options" in error["message"]
    assert "site" not in error["message"]


def test_t23_the_cause_stays_inside(graph_house: GraphHouse, operations: dict[str, str]) -> None:
    """What went wrong inside is in the log, not in the answer."""
    for case in CASES:
        if case.status >= 500:
            answer = send(graph_house, operations, case, "v1.0")
            assert HIDDEN_CAUSE not in answer.body.decode() + str(answer.headers)


def test_head_is_get_without_a_body(graph_house: GraphHouse) -> None:
    """HEAD has GET's status and headers, and no body."""
    for path in ("/v1.0/dataPolicyOperations", f"/v1.0/dataPolicyOperations/{NOBODY}", "/v1.0/nothing"):
        got, head = graph_house.ask(path), graph_house.ask(path, "HEAD")
        assert (head.status, head.body) == (got.status, b"")
        assert head.headers["content-type"] == got.headers["content-type"]


def _routes(user: str, profile: str, operation: str) -> list[tuple[str, str]]:
    """Every Graph route that names something of a tenant."""
    return [
        ("POST", f"/v1.0/users/{user}/exportPersonalData"),
        ("POST", f"/beta/users('{user}')/microsoft.graph.exportPersonalData"),
        ("GET", f"/v1.0/dataPolicyOperations/{operation}"),
        ("GET", f"/beta/dataPolicyOperations('{operation}')"),
        ("GET", f"/beta/directory/inboundSharedUserProfiles/{profile}"),
        ("POST", f"/beta/directory/inboundSharedUserProfiles/{profile}/exportPersonalData"),
        ("POST", f"/beta/directory/inboundSharedUserProfiles/{profile}/removePersonalData"),
    ]


def test_the_other_tenants_ids_are_unknown_ids(graph_house: GraphHouse) -> None:
    """Every route answers to the other tenant's ids byte for byte as to unknown ones, apart from ids and dates."""
    fabrikam = graph_house.token(tenant=FABRIKAM)
    theirs = graph_house.started(f"/v1.0/users/{DIEGO}/exportPersonalData", token=fabrikam)
    claimed = set(graph_house.shelf.claimed)
    for mine, other in zip(_routes(NOBODY, NOBODY, NOBODY), _routes(DIEGO, OMAR, theirs), strict=True):
        told = []
        for method, path in (mine, other):
            sent = {"storageLocation": container()} if method == "POST" else None
            answer = graph_house.ask(path, method, json_body=sent)
            ids = (answer.headers["request-id"], NOBODY, DIEGO, OMAR, theirs)
            said = f"{answer.status} {sorted(answer.headers.items())} {answer.body.decode()}"
            for one in ids:
                said = said.replace(one, "")
            told.append(said)
        assert told[0] == told[1]
        assert told[0][:3] in ("400", "404")
    assert set(graph_house.shelf.claimed) == claimed
    for _, path in _routes(DIEGO, OMAR, theirs)[2:5]:
        assert graph_house.ask(path, token=fabrikam).status == 200, "it is there for its own tenant"


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_t27_answers_fit_the_contract(
    graph_house: GraphHouse, operations: dict[str, str], shared: Path, version: str
) -> None:
    """Every answer, of every status we know to give, is one that the contract's OpenAPI description allows."""
    contract = Contract(shared, version)
    for case in CASES:
        if version == "beta" or not case.beta_only:
            contract.check(case.method, case.path, send(graph_house, operations, case, version))


def test_t27_the_judge_refuses(shared: Path) -> None:
    """The judge finds a number that is a text, an unknown status, a missing header and a missing id."""
    contract = Contract(shared, "v1.0")
    ids = {"request-id": NOBODY, "client-request-id": NOBODY, "content-type": "application/json"}
    good = (
        b'{"status":"running","submittedDateTime":"2026-06-01T00:00:00Z","userId":"x","progress":1.5,'
        b'"completedDateTime":null}'
    )
    contract.check("GET", f"/dataPolicyOperations/{NOBODY}", Answer(200, ids, good))
    for body in (
        good.replace(b"1.5", b'"1.5"'),
        good.replace(b"running", b"done"),
        good.replace(b"userId", b"u"),
    ):
        with pytest.raises(Exception, match="Failed validating"):
            contract.check("GET", f"/dataPolicyOperations/{NOBODY}", Answer(200, ids, body))
    with pytest.raises(AssertionError):
        contract.check("POST", USER, Answer(201, ids, b""))
    with pytest.raises(AssertionError):
        contract.check("POST", USER, Answer(202, ids, b""))
    with pytest.raises(AssertionError):
        contract.check("POST", USER, Answer(400, {"content-type": "text/html"}, b"<html>"))
