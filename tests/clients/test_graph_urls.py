"""The URL forms of the Graph face: pure, with arbitrary input, and over the wire (graph.md 1.1, T07)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clients.graph_house import ADELE, ADELES_NAME, KENJI, MEGAN, ODD_NAME, GraphHouse
from waybill.api.graph_paths import GraphPattern, find_graph
from waybill.api.urls import Match

EXPORT = GraphPattern("/users/{id}/exportPersonalData", bound=True)
PROFILE = GraphPattern("/directory/inboundSharedUserProfiles/{userId}", ("beta",))
ACTION = GraphPattern(
    "/directory/inboundSharedUserProfiles/{userId}/exportPersonalData", ("beta",), bound=True
)
SET, COUNT = GraphPattern("/dataPolicyOperations"), GraphPattern("/dataPolicyOperations/$count")
ITEM = GraphPattern("/dataPolicyOperations/{id}")
REPORT = GraphPattern("/reports/getOffice365GroupsActivityDetail", bound=True, arguments=("period", "date"))
PATTERNS = (EXPORT, ACTION, PROFILE, SET, COUNT, ITEM, REPORT)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def find(path: str | bytes) -> Match | None:
    return find_graph(PATTERNS, path.encode() if isinstance(path, str) else path)


def encoded(path: str) -> str:
    """Every character but the slashes, percent-encoded once."""
    return (
        path
        if "%" in path
        else "/".join("".join(f"%{byte:02X}" for byte in part.encode()) for part in path.split("/"))
    )


FORMS = {
    EXPORT: (
        f"/v1.0/users/{ADELE}/exportPersonalData",
        f"/v1.0/users('{ADELE}')/exportPersonalData",
        f"/v1.0/users(id='{ADELE}')/exportPersonalData",
        f"/v1.0/users/{ADELE}/microsoft.graph.exportPersonalData",
        f"/v1.0/users/{ADELE}/graph.exportPersonalData",
        f"/v1.0//users/{ADELE}/exportPersonalData/",
        f"/V1.0/USERS/{ADELE}/EXPORTPERSONALDATA",
        f"/v1.0/Users('{ADELE}')/Microsoft.Graph.ExportPersonalData",
        f"/v1.0/users%28%27{ADELE}%27%29/exportPersonalData",
    ),
    ITEM: (
        f"/beta/dataPolicyOperations/{ADELE}",
        f"/beta/dataPolicyOperations('{ADELE}')",
        f"/BETA/datapolicyoperations%28'{ADELE}'%29",
    ),
    ACTION: (
        f"/beta/directory/inboundSharedUserProfiles/{ADELE}/exportPersonalData",
        f"/beta/directory/inboundSharedUserProfiles('{ADELE}')/microsoft.graph.exportPersonalData",
        f"/beta/Directory/InboundSharedUserProfiles(userId='{ADELE}')/exportpersonaldata",
    ),
}


@pytest.mark.parametrize("pattern", FORMS, ids=lambda pattern: pattern.path)
def test_t07_every_form_of_a_path_is_one_match(pattern: GraphPattern) -> None:
    """Keys as segments or in parentheses, names qualified or not, in any case, raw or encoded: one match."""
    forms = FORMS[pattern]
    matches = [find(form) for path in forms for form in (path, encoded(path))]
    assert matches[0] is not None
    assert matches[0].pattern == pattern.text
    assert ADELE in matches[0].values.values()
    assert matches == [matches[0]] * len(matches)


@pytest.mark.parametrize(
    ("call", "values"),
    [
        ("(period='D7')", {"period": "'D7'"}),
        ("(Period='d7')", {"period": "'d7'"}),
        ("%28period%3D%27D7%27%29", {"period": "'D7'"}),
        ("( period = 'D7' )", {"period": "'D7'"}),
        ("(date=2024-05-01)", {"date": "2024-05-01"}),
        ("(period='D7',date=2024-05-01)", {"period": "'D7'", "date": "2024-05-01"}),
        ("(period='O''Hara, (x)')", {"period": "'O''Hara, (x)'"}),
        ("(other=1)", {"other": "1"}),
        ("(period=)", {"period": ""}),
        ("()", {}),
        ("", {}),
    ],
)
def test_t07_arguments_of_a_function(call: str, values: dict[str, str]) -> None:
    """Arguments come as the literals that were sent, under the names the function declares."""
    for name in ("getOffice365GroupsActivityDetail", "microsoft.graph.getoffice365groupsactivitydetail"):
        match = find(f"/v1.0/reports/{name}{call}")
        assert match == Match(REPORT.text, {"version": "v1.0", **values})


@pytest.mark.parametrize(
    "path",
    [
        "/v1.0/reports/getOffice365GroupsActivityDetail(period='D7',period='D30')",
        "/v1.0/reports/getOffice365GroupsActivityDetail(period='D7'",
        "/v1.0/reports/getOffice365GroupsActivityDetail(D7)",
        "/v1.0/reports/getOffice365GroupsActivityDetail(version='x')",
        "/v1.0/reports/other.getOffice365GroupsActivityDetail(period='D7')",
        f"/v1.0/directory/inboundSharedUserProfiles/{ADELE}",  # in beta only
        f"/v1.0/microsoft.graph.dataPolicyOperations/{ADELE}",  # no action
        f"/v1.0/users({ADELE})/exportPersonalData",  # a string key has quotes
        "/v1.0/users//exportPersonalData",
        "/v1.0/users('')/exportPersonalData",
        f"/v1.0/users/{ADELE}",
        f"/v2.0/users/{ADELE}/exportPersonalData",
        f"/v1.0%2Fusers/{ADELE}/exportPersonalData",
        "/v1.0",
        "/",
    ],
)
def test_what_is_no_path(path: str) -> None:
    """A path that is none of ours, or not of this version, fits nothing."""
    assert find(path) is None


def test_the_count_is_no_key() -> None:
    """`$count` is the number of operations, also when its dollar sign is encoded."""
    for path in ("/v1.0/dataPolicyOperations/$count", "/v1.0/dataPolicyOperations/%24COUNT"):
        match = find(path)
        assert match is not None
        assert match.pattern == COUNT.text


@given(TEXT)
def test_any_key_in_both_forms(value: str) -> None:
    """Any key, encoded once, comes back as it was: as a segment, and in parentheses with quotes doubled."""
    as_segment = find(f"/v1.0/users/{quote(value, safe='')}/exportPersonalData")
    doubled = quote(value.replace("'", "''"), safe="'")
    in_parentheses = find(f"/v1.0/users('{doubled.replace('/', '%2F')}')/exportPersonalData")
    assert as_segment is not None
    assert as_segment.values == {"version": "v1.0", "id": value}
    assert in_parentheses == as_segment


@given(st.binary())
def test_any_bytes(path: bytes) -> None:
    """No path makes matching fail."""
    find(path)
    find(b"/v1.0/" + path)
    find(b"/beta/users/" + path + b"/exportPersonalData")
    find(b"/beta/reports/getOffice365GroupsActivityDetail(" + path + b")")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (ADELE, ADELE),
        (ADELE.upper(), ADELE),
        (ADELES_NAME, ADELE),
        (ADELES_NAME.upper(), ADELE),
        (quote(ODD_NAME, safe=""), MEGAN),
        ("a%20b%23EXT%23%40x.com", MEGAN),
    ],
)
@pytest.mark.parametrize("form", ["users/{}/exportPersonalData", "USERS('{}')/graph.exportpersonaldata"])
def test_t07_every_key_names_one_person(graph_house: GraphHouse, key: str, expected: str, form: str) -> None:
    """Object ids in any case and names, raw or encoded, give an operation about the same object id."""
    operation = graph_house.started(f"/v1.0/{form.format(key)}")
    assert graph_house.ask(f"/v1.0/dataPolicyOperations/{operation}").json["userId"] == expected


def test_t07_every_form_gives_the_same_answer(graph_house: GraphHouse) -> None:
    """All forms of one GET answer the same bytes."""
    operation = graph_house.started()
    forms = (
        f"/v1.0/dataPolicyOperations/{operation}",
        f"/v1.0/dataPolicyOperations/{operation.upper()}",
        f"/v1.0/dataPolicyOperations('{operation}')",
        f"/V1.0/DATAPOLICYOPERATIONS%28%27{operation}%27%29",
        f"/v1.0//dataPolicyOperations(id='{operation}')/",
    )
    answers = [graph_house.ask(form) for form in forms]
    assert [answer.status for answer in answers] == [200] * len(forms)
    assert len({answer.body for answer in answers}) == 1
    profiles = (
        f"/beta/directory/inboundSharedUserProfiles/{KENJI}",
        f"/beta/directory/inboundSharedUserProfiles('{KENJI}')",
    )
    assert len({graph_house.ask(form).body for form in profiles}) == 1


@pytest.mark.parametrize("name", ["$top", "top", "$Top", "%24top", "TOP"])
def test_t07_option_names(graph_house: GraphHouse, name: str) -> None:
    """Query options are known with and without the dollar sign, in any case."""
    graph_house.started()
    graph_house.started()
    assert len(graph_house.ask(f"/beta/dataPolicyOperations?{name}=1").json["value"]) == 1


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1.0/dataPolicyOperations", "GET, HEAD"),
        (f"/beta/dataPolicyOperations/{ADELE}", "GET, HEAD"),
        (f"/v1.0/users/{ADELE}/exportPersonalData", "POST"),
        (f"/beta/directory/inboundSharedUserProfiles/{ADELE}", "GET, HEAD"),
        (f"/beta/directory/inboundSharedUserProfiles/{ADELE}/removePersonalData", "POST"),
    ],
)
def test_unknown_methods_are_405(graph_house: GraphHouse, path: str, allowed: str) -> None:
    """A method a known path does not have is 405 with Allow and an OData body (U8, DPO-3)."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        if method not in allowed:
            answer = graph_house.ask(path, method)
            assert (answer.status, answer.headers["allow"]) == (405, allowed)
            assert answer.json["error"]["code"] == "Request_BadRequest"


@pytest.mark.parametrize(
    "path",
    [
        "/v1.0",
        "/v1.0/",
        "/beta/users",
        f"/v1.0/directory/inboundSharedUserProfiles/{KENJI}/exportPersonalData",
        "/v1.0/directory/inboundSharedUserProfiles",
        "/v1.0/../beta/dataPolicyOperations",
        "/beta/%FF%00",
        "/v1.0/graph/dataPolicyOperations",
    ],
)
def test_unknown_paths_are_404(graph_house: GraphHouse, path: str) -> None:
    """What is no path of a version is 404 with an OData body, whatever the method (U8)."""
    for method in ("GET", "POST"):
        answer = graph_house.ask(path, method)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
        assert answer.json["error"]["code"] == "ResourceNotFound"


def test_canonical_routes_are_no_paths(graph_house: GraphHouse) -> None:
    """The texts we route by internally answer nothing to a client who sends them."""
    for path in ("/graph/dataPolicyOperations", f"/graph/users/{ADELE}/exportPersonalData"):
        for method in ("GET", "POST"):
            assert graph_house.ask(path, method).status in (404, 405)
