"""Data policy operations over the wire: members, types, lists and their options (graph.md 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.clients.graph_house import (
    ADELE,
    EXPORT,
    FABRIKAM,
    KENJI,
    MEGAN,
    NOBODY,
    GraphHouse,
    container,
    running_graph_house,
)
from waybill.jobs.table import State

SET = "/v1.0/dataPolicyOperations"
MEMBERS = {"id", "completedDateTime", "progress", "status", "storageLocation", "submittedDateTime", "userId"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,7}Z")


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GraphHouse, list[str]]]:
    """A house with five operations and nothing else, oldest first: of Adele, Megan and Kenji."""
    with running_graph_house(tmp_path_factory.mktemp("five")) as house:
        begun = house.wrist.now
        ids = []
        for minute, who in enumerate((ADELE, MEGAN, ADELE, KENJI, ADELE)):
            house.wrist.now = begun.replace(minute=begun.minute + minute)
            path = (
                f"/v1.0/users/{who}" if who != KENJI else f"/beta/directory/inboundSharedUserProfiles/{who}"
            )
            ids.append(house.started(f"{path}/exportPersonalData"))
        house.put(ids[0], State.FINISHED)
        house.put(ids[1], State.FAILED, error="The SAS has expired.")
        house.put(ids[2], State.RUNNING)
        house.put(ids[3], State.FINISHED_WITH_EXCEPTIONS, exceptions=2)
        yield house, ids


def get(five: tuple[GraphHouse, list[str]], options: str = "") -> Any:
    answer = five[0].ask(f"{SET}?{quote(options, safe='$=&')}")
    assert answer.status == 200, answer.body
    return answer.json


def numbers(five: tuple[GraphHouse, list[str]], options: str = "") -> list[int]:
    """Which of the five a list holds, by their places."""
    return [five[1].index(one["id"]) for one in get(five, options)["value"]]


def test_t10_members_and_types(five: tuple[GraphHouse, list[str]]) -> None:
    """Every member is there with its exact type: progress a number, times UTC, completed null until the end."""
    house, ids = five
    found = [house.ask(f"/beta/dataPolicyOperations/{one}").json for one in ids]
    assert [one["status"] for one in found] == ["complete", "failed", "running", "complete", "notStarted"]
    for one in found:
        assert {name for name in one if "@" not in name} == MEMBERS
        assert one["@odata.context"].endswith("/beta/$metadata#dataPolicyOperations/$entity")
        assert type(one["progress"]) is float
        assert 0.0 <= one["progress"] <= 100.0
        assert MOMENT.fullmatch(one["submittedDateTime"])
        ended = one["status"] in ("complete", "failed")
        assert (
            (MOMENT.fullmatch(one["completedDateTime"]) is not None)
            if ended
            else one["completedDateTime"] is None
        )
        assert "?" not in one["storageLocation"]
        assert (one["progress"] == 100.0) == (one["status"] == "complete")


def test_t10_why_it_failed(five: tuple[GraphHouse, list[str]]) -> None:
    """The reason of a failure and the number of gaps are annotations, and only where there are any."""
    found = [five[0].ask(f"{SET}/{one}").json for one in five[1]]
    assert [one.get("@waybill.reason") for one in found] == [None, "The SAS has expired.", None, None, None]
    assert [one.get("@waybill.gaps") for one in found] == [None, None, None, 2, None]


@pytest.mark.parametrize("key", [NOBODY, NOBODY.upper()])
def test_t11_unknown_operations(graph_house: GraphHouse, key: str) -> None:
    """An id nobody has is 400 OperationNotFound."""
    answer = graph_house.ask(f"{SET}/{key}")
    assert answer.status == 400
    assert answer.json["error"]["code"] == "OperationNotFound"
    assert answer.json["error"]["message"] == "Cannot find any operations with the input Id."


def test_t11_another_tenants_operation(graph_house: GraphHouse) -> None:
    """Another tenant's operation answers byte for byte like an unknown one, and is in no list of ours."""
    theirs = graph_house.started(token=graph_house.token(EXPORT, tenant=FABRIKAM))
    ids = {"client-request-id": "the-same"}
    answers = []
    for key in (theirs, NOBODY):
        answer = graph_house.ask(f"{SET}/{key}", headers=ids)
        answers.append((answer.status, answer.body.replace(answer.headers["request-id"].encode(), b"")))
    assert answers[0] == answers[1]
    assert theirs not in graph_house.ask(SET).body.decode()
    assert theirs in graph_house.ask(SET, token=graph_house.token(EXPORT, tenant=FABRIKAM)).body.decode()


@pytest.mark.parametrize("key", ["abc", "1", f"{NOBODY}0"])
def test_dpo_5_ids_that_are_no_guids(graph_house: GraphHouse, key: str) -> None:
    """An id that is no GUID is told so."""
    answer = graph_house.ask(f"{SET}/{key}")
    message = f"The specified object-id: {key} in the request uri is an invalid Guid."
    assert (answer.status, answer.json["error"]["code"]) == (400, "InvalidInput")
    assert answer.json["error"]["message"] == message


def test_dpo_2_newest_first(five: tuple[GraphHouse, list[str]]) -> None:
    """A list holds every operation, newest first, and says where its description is."""
    assert numbers(five) == [4, 3, 2, 1, 0]
    answer = get(five)
    assert answer["@odata.context"].endswith("/v1.0/$metadata#dataPolicyOperations")
    assert set(answer) == {"@odata.context", "value"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("$filter=status eq 'complete'", [3, 0]),
        ("$filter=status ne 'complete'", [4, 2, 1]),
        (f"$filter=userId eq '{ADELE}'", [4, 2, 0]),
        (f"$filter=userId eq '{ADELE.upper()}' and status eq 'running'", [2]),
        ("filter=status eq 'failed' or status eq 'running'", [2, 1]),
        (f"$filter=not (status eq 'failed' or userId eq '{ADELE}')", [3]),
        ("$filter=status eq microsoft.graph.dataPolicyOperationStatus'failed'", [1]),
        (f"$filter=userId eq '{NOBODY}'", []),
        ("$orderby=submittedDateTime", [0, 1, 2, 3, 4]),
        ("$orderby=submittedDateTime asc", [0, 1, 2, 3, 4]),
        ("$orderby=submittedDateTime desc", [4, 3, 2, 1, 0]),
        ("$top=2", [4, 3]),
        ("$skip=3", [1, 0]),
        ("$skip=9", []),
        ("$top=1&$skip=1&$orderby=submittedDateTime&$filter=status eq 'complete'", [3]),
        ("status=failed&unknown=1", [4, 3, 2, 1, 0]),
        ("$format=application/json", [4, 3, 2, 1, 0]),
    ],
)
def test_dpo_2_options(five: tuple[GraphHouse, list[str]], options: str, expected: list[int]) -> None:
    """Filters, order and cuts do what OData says; custom options are ignored."""
    assert numbers(five, options) == expected


def test_dpo_2_pages(five: tuple[GraphHouse, list[str]]) -> None:
    """`@odata.nextLink` leads through all pages, keeps the other options, and ends."""
    house, _ = five
    found: list[str] = []
    link = f"{SET}?$top=2&$select=id&$count=true&$filter=status%20ne%20'failed'"
    for _page in range(3):
        page = house.ask(link).json
        found += [one["id"] for one in page["value"]]
        assert all(set(one) == {"id"} for one in page["value"])
        assert page["@odata.count"] == 4
        if "@odata.nextLink" not in page:
            break
        assert page["@odata.nextLink"].startswith(house.listening.url)
        link = page["@odata.nextLink"].removeprefix(house.listening.url)
    assert [five[1].index(one) for one in found] == [4, 3, 2, 0]


def test_dpo_2_count(five: tuple[GraphHouse, list[str]]) -> None:
    """`$count` is a number as plain text, and follows a filter."""
    answer = five[0].ask(f"{SET}/$count")
    assert (answer.body, answer.headers["content-type"].partition(";")[0]) == (b"5", "text/plain")
    assert five[0].ask(f"{SET}/$count?$filter=status%20eq%20'complete'").body == b"2"


def test_select(five: tuple[GraphHouse, list[str]]) -> None:
    """`$select` leaves the members asked for, of lists and of one."""
    one = five[0].ask(f"{SET}/{five[1][1]}?$select=status,%20PROGRESS").json
    assert set(one) == {"@odata.context", "status", "progress"}
    assert set(get(five, "$select=userId")["value"][0]) == {"userId"}
    assert set(get(five, "$select=*")["value"][4]) == MEMBERS


@pytest.mark.parametrize(
    "options",
    [
        "$filter=", "$filter=status", "$filter=status eq", "$filter=status eq complete", "$filter=status gt 'a'",
        "$filter=status eq 'done'", "$filter=progress eq '1'", "$filter=(status eq 'failed'", "$filter=status eq 'a",
        "$filter=status eq 'failed' status eq 'failed'", "$filter=" + "not " * 100 + "status eq 'failed'",
        "$filter=" + "(" * 5000, "$orderby=status", "$orderby=", "$orderby=submittedDateTime up", "$top=0",
        "$top=-1", "$top=x", "$top=1000", "$top=99999999999", "$skip=-1", "$skip=1.5", "$count=yes",
        "$select=nothing", "$select=", "$expand=x", "$search=x", "$apply=x", "$skiptoken=x", "$unknown=1",
        "$top=1&top=2", "$top=1&$top=1", "$format=xml",
    ],
)  # fmt: skip
def test_bad_options_are_400(five: tuple[GraphHouse, list[str]], options: str) -> None:
    """An option that is not understood or not offered is refused by name, never ignored."""
    answer = five[0].ask(f"{SET}?{quote(options, safe='$=&')}")
    assert (answer.status, answer.json["error"]["code"]) == (400, "BadRequest")
    assert options.partition("=")[0].strip("$") in answer.json["error"]["message"]


def test_operations_outlive_the_server(tmp_path: Path) -> None:
    """What was accepted is there after a restart, and its container stays claimed."""
    with running_graph_house(tmp_path) as house:
        operation = house.started(json_body={"storageLocation": container("kept")})
    with running_graph_house(tmp_path) as again:
        assert again.ask(f"{SET}/{operation}").json["storageLocation"].endswith("/kept")
