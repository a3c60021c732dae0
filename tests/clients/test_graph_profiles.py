"""Inbound shared user profiles over the wire, and requests to forget one (graph.md 5, T25)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.clients.graph_house import (
    ADELE,
    AS_OF,
    CONTOSO,
    FABRIKAM,
    KENJI,
    LUCIA,
    NOBODY,
    NOW,
    PROSEWARE,
    GraphHouse,
)

SET = "/beta/directory/inboundSharedUserProfiles"


def listed(house: GraphHouse, options: str = "", **more: Any) -> list[str]:
    answer = house.ask(f"{SET}?{quote(options, safe='$=&')}", **more)
    assert answer.status == 200, answer.body
    return [one["userId"] for one in answer.json["value"]]


def test_list_and_get(graph_house: GraphHouse) -> None:
    """The list and each profile have four members, all of them texts."""
    profiles = graph_house.ask(SET).json["value"]
    assert profiles == [
        {
            "userId": KENJI,
            "userPrincipalName": "kenji.sato@proseware.com",
            "displayName": "Kenji Sato",
            "homeTenantId": PROSEWARE,
        },
        {
            "userId": LUCIA,
            "userPrincipalName": "lucia.marchetti@proseware.com",
            "displayName": "Lucia Marchetti",
            "homeTenantId": "",
        },
    ]
    one = graph_house.ask(f"{SET}/{KENJI.upper()}").json
    context = one.pop("@odata.context")
    assert context.endswith("/beta/$metadata#directory/inboundSharedUserProfiles/$entity")
    assert one == profiles[0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("$filter=homeTenantId eq '" + PROSEWARE + "'", [KENJI]),
        ("$filter=displayName eq 'Lucia Marchetti'", [LUCIA]),
        ("$top=1", [KENJI]),
        ("$skip=1", [LUCIA]),
        ("$top=1&$skip=1", [LUCIA]),
    ],
)
def test_options(graph_house: GraphHouse, options: str, expected: list[str]) -> None:
    """Profiles can be filtered by their members and paged."""
    assert listed(graph_house, options) == expected


def test_pages(graph_house: GraphHouse) -> None:
    """A cut list says where it goes on."""
    page = graph_house.ask(f"{SET}?$top=1&$select=userId").json
    rest = graph_house.ask(page["@odata.nextLink"].removeprefix(graph_house.listening.url)).json
    assert rest["value"] == [{"userId": LUCIA}]
    assert "@odata.nextLink" not in rest


@pytest.mark.parametrize("option", ["$count=true", "$orderby=userId", "$search=x", "$filter=mail eq 'x'"])
def test_options_that_are_not_offered(graph_house: GraphHouse, option: str) -> None:
    """What the metadata says is not possible is refused, not ignored."""
    assert graph_house.ask(f"{SET}?{quote(option, safe='$=')}").status == 400


@pytest.mark.parametrize("key", [NOBODY, ADELE])
@pytest.mark.parametrize("action", ["", "/removePersonalData", "/exportPersonalData"])
def test_unknown_profiles(graph_house: GraphHouse, key: str, action: str) -> None:
    """Nobody's id, and that of a person of this directory, is 404."""
    if action == "/exportPersonalData":
        answer = graph_house.export(f"{SET}/{key}{action}")
    else:
        answer = graph_house.ask(f"{SET}/{key}{action}", "POST" if action else "GET")
    assert (answer.status, answer.json["error"]["code"]) == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize("action", ["", "/removePersonalData"])
def test_ids_that_are_no_guids(graph_house: GraphHouse, action: str) -> None:
    """A key that is no GUID is told so; profiles are not found by name."""
    answer = graph_house.ask(f"{SET}/kenji.sato@proseware.com{action}", "POST" if action else "GET")
    assert (answer.status, answer.json["error"]["code"]) == (400, "InvalidInput")


def test_the_set_has_no_count(graph_house: GraphHouse) -> None:
    """`$count` behind the set is no id: it says that the set cannot be counted, once the caller may read."""
    for target in (f"{SET}/$count", f"{SET}/%24COUNT"):
        answer = graph_house.ask(target)
        assert (answer.status, answer.json["error"]["code"]) == (400, "BadRequest")
        assert "counted" in answer.json["error"]["message"]
    assert graph_house.ask(f"{SET}/$count", token=graph_house.token("")).status == 403


def test_t25_remove(graph_house: GraphHouse) -> None:
    """204 without a body to a request without one, also the second time; the request is audited each time."""
    path = f"{SET}/{LUCIA}/removePersonalData"
    try:
        for _ in range(2):
            answer = graph_house.ask(path, "POST", headers={"Content-Length": "0"})
            assert (answer.status, answer.body) == (204, b"")
            assert "content-type" not in answer.headers
        trail = [one for one in graph_house.audited() if one.action == "profile.remove"]
        assert [one.subject for one in trail[:2]] == [LUCIA, LUCIA]
    finally:
        graph_house.ingest(CONTOSO, (NOW + timedelta(hours=1)).replace(tzinfo=None))


def test_t25_what_a_removal_does(graph_house: GraphHouse) -> None:
    """From then on the profile is not listed, got or exported; other tenants keep theirs."""
    assert graph_house.ask(f"{SET}/{KENJI}/removePersonalData", "POST").status == 204
    hidden = (NOW - timedelta(hours=1)).replace(tzinfo=None)
    graph_house.ingest(CONTOSO, hidden)
    assert KENJI not in listed(graph_house)
    assert graph_house.ask(f"{SET}/{KENJI}").status == 404
    assert graph_house.export(f"{SET}/{KENJI}/exportPersonalData").status == 404
    assert KENJI in listed(graph_house, token=graph_house.token(tenant=FABRIKAM))


def test_t25_a_later_snapshot_tells_the_truth(graph_house: GraphHouse) -> None:
    """What the source still says after the request is shown again: it was not forgotten there."""
    assert graph_house.ask(f"{SET}/{KENJI}/removePersonalData", "POST").status in (204, 404)
    graph_house.ingest(CONTOSO, AS_OF)
    assert KENJI not in listed(graph_house)
    graph_house.ingest(CONTOSO, (NOW + timedelta(seconds=1)).replace(tzinfo=None))
    assert KENJI in listed(graph_house)
    assert graph_house.ask(f"{SET}/{KENJI}").status == 200
