"""Starting a personal-data export over the Graph wire: its answers, its checks and their order (graph.md 2, 3)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.clients.graph_house import (
    ADELE,
    CONTOSO,
    EMPTY,
    EXPORT,
    FABRIKAM,
    KENJI,
    NOBODY,
    NOW,
    READ_ALL,
    SAS,
    GraphHouse,
    container,
)
from waybill.api.graph_operations import CALLS, WINDOW

LOCATION = re.compile(
    r"http://[^/]+/(v1\.0|beta)/dataPolicyOperations/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
USER = f"/v1.0/users/{ADELE}/exportPersonalData"
PROFILE = f"/beta/directory/inboundSharedUserProfiles/{KENJI}/exportPersonalData"
GOOD: Any = object()
"""Stands for a fresh container, in the tables below."""

ROWS: Mapping[str, tuple[int, str, str]] = {
    "1": (400, "InvalidInput", "The specified object-id: {id} in the request uri is an invalid Guid."),
    "2": (400, "StorageLocationInvalid", "Storage Location is not valid."),
    "3": (
        429,
        "TooManyRequests",
        "Client application has been throttled and should not attempt to repeat the request until an amount "
        "of time has elapsed.",
    ),
    "4": (
        403,
        "Forbidden",
        "Access is denied to the requested resource. The user might not have enough permission.",
    ),
    "c": (404, "Request_ResourceNotFound", "Resource '{id}' does not exist or one of its queried "
          "reference-property objects are not present."),
    "5": (400, "SharedAccessSignatureTokenInvalid", "Storage destination does not include SAS credentials."),
    "6": (
        400,
        "StorageLocationNotServiceSAS",
        "Storage destination needs to have a Service SAS, not an Account SAS. See "
        "https://docs.microsoft.com/en-us/azure/storage/common/storage-dotnet-shared-access-signature-part-1 "
        "for more information.",
    ),
    "7": (400, "StorageLocationNotAzureBlob", "Storage destination must be an azure blob container."),
    "8": (
        400,
        "StorageLocationShouldNotAllowListAccess",
        "Storage destination should not allow list access.",
    ),
    "9": (
        400,
        "StorageLocationAlreadyUsed",
        "Storage destination has already been used for an export. If this is not true, delete "
        "'RequestInfo.json' from the container and try again.",
    ),
    "9b": (
        400,
        "StorageLocationNeedsWriteAddPermissions",
        "Storage destination does not have write/add permissions.",
    ),
    "9c": (
        400,
        "StorageLocationShouldSupportAppendBlobs",
        "Storage destination should support append blobs. You might be using premium storage. See "
        "https://docs.microsoft.com/en-us/rest/api/storageservices/"
        "using-blob-service-operations-with-azure-premium-storage#premium-storage-accounts-support-page-blobs-only "
        "for more information.",
    ),
    "10": (
        400,
        "StorageLocationShouldNotAllowReadAccess",
        "Storage destination should not allow read access.",
    ),
}  # fmt: skip
"""Status, code and message of each row of graph.md 2.3, written out again from the contract."""

BAD_LOCATIONS: Mapping[str, str] = {
    "2": "MyStorageAccount",
    "5": "https://contosoexports.blob.core.windows.net/one",
    "6": container("one", f"{SAS}&ss=b&srt=sco"),
    "7": container("one/two"),
    "8": container("may-list"),
    "9": container("used"),
    "9b": container("may-not-write"),
    "9c": container("no-append-blobs"),
    "10": container("may-read"),
    "11": "https://internal.example/one?" + SAS,
}


def refused(answer: Any, row: str, key: str = "") -> None:
    """The answer is that row's, with a body that says nothing else."""
    status, code, message = ROWS[row]
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert answer.json["error"]["message"] == message.format(id=key)


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_t01_accepted(graph_house: GraphHouse, version: str) -> None:
    """202, an empty body, the operation in Location under the version that was called, Retry-After 60."""
    answer = graph_house.export(f"/{version}/users/{ADELE}/exportPersonalData")
    assert (answer.status, answer.body) == (202, b"")
    assert answer.headers["content-length"] == "0"
    assert "content-type" not in answer.headers
    assert answer.headers["retry-after"] == "60"
    found = LOCATION.fullmatch(answer.headers["location"])
    assert found is not None
    assert found[1] == version
    assert answer.headers["request-id"] not in answer.headers["location"]


def test_t02_accepted_profile(graph_house: GraphHouse) -> None:
    """An inbound profile's 202 has the same headers, and both again in a JSON body with a number."""
    answer = graph_house.export(PROFILE)
    assert (answer.status, answer.headers["retry-after"]) == (202, "60")
    assert LOCATION.fullmatch(answer.headers["location"])
    assert answer.json == {"Location": answer.headers["location"], "Retry-After": 60}
    assert type(answer.json["Retry-After"]) is int


@pytest.mark.parametrize("target", [USER, PROFILE])
def test_t03_operation_under_both_versions(graph_house: GraphHouse, target: str) -> None:
    """What was started under one version can be read under both, and is the same."""
    operation = graph_house.started(target)
    found = [graph_house.ask(f"/{version}/dataPolicyOperations/{operation}") for version in ("v1.0", "beta")]
    assert [answer.status for answer in found] == [200, 200]
    first, second = ({k: v for k, v in a.json.items() if k != "@odata.context"} for a in found)
    assert first == second
    assert first["id"] == operation


def test_claimed_before_accepted(graph_house: GraphHouse) -> None:
    """RequestInfo.json of an accepted operation is in the container and names the operation."""
    operation = graph_house.started(json_body={"storageLocation": container("claimed-first")})
    assert json.loads(graph_house.shelf.claimed["claimed-first"])["CommandId"] == operation


@pytest.mark.parametrize("row", [row for row in BAD_LOCATIONS if row != "11"])
def test_t04_each_row_of_locations(graph_house: GraphHouse, row: str) -> None:
    """A location that a row refuses is answered with its status, code and message; nothing is started."""
    before = len(graph_house.ask("/v1.0/dataPolicyOperations").json["value"])
    for target in (USER, PROFILE):
        if row == "9":
            graph_house.shelf.claimed["used"] = b""
        refused(graph_house.export(target, json_body={"storageLocation": BAD_LOCATIONS[row]}), row)
    assert len(graph_house.ask("/v1.0/dataPolicyOperations").json["value"]) == before


def test_t04_row_11(graph_house: GraphHouse) -> None:
    """A place we do not deliver to is said to be invalid, and not why."""
    refused(graph_house.export(json_body={"storageLocation": BAD_LOCATIONS["11"]}), "2")


@pytest.mark.parametrize("key", ["abc", "123", f"{ADELE}0", "nobody@contoso.com", "a'b"])
def test_t04_row_1(graph_house: GraphHouse, key: str) -> None:
    """An id that is no GUID, nor the name of anybody here, is refused with the id as it was sent."""
    refused(graph_house.export(f"/v1.0/users/{key}/exportPersonalData"), "1", key)


def test_t04_row_1_of_profiles(graph_house: GraphHouse) -> None:
    """Inbound profiles have no names to be found by."""
    name = "kenji.sato@proseware.com"
    refused(
        graph_house.export(f"/beta/directory/inboundSharedUserProfiles/{name}/exportPersonalData"), "1", name
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"storageLocation":null}', b'{"storageLocation":""}', b'{"storageLocation":7}',
     b'{"storageLocation":"/container?sv=1"}', b'{"storageLocation":"container"}', b'{"other":"https://x/y"}'],
)  # fmt: skip
def test_t04_row_2(graph_house: GraphHouse, body: bytes) -> None:
    """No body, no member, null, no text or no absolute URI: the location is not valid."""
    refused(graph_house.export(json_body=None, body=body, headers={"Content-Type": "application/json"}), "2")


@pytest.mark.parametrize("key", [NOBODY, KENJI])
def test_t04_unknown_people(graph_house: GraphHouse, key: str) -> None:
    """A GUID that is nobody of this directory is 404, before the storage is looked at."""
    sent = {"storageLocation": BAD_LOCATIONS["5"]}
    refused(graph_house.export(f"/v1.0/users/{key}/exportPersonalData", json_body=sent), "c", key)


def test_t04_order(graph_house: GraphHouse) -> None:
    """Of everything that is wrong with a request, what comes first in the contract's table is answered."""
    person = graph_house.person_token(EXPORT)
    bad_id, unknown = "/v1.0/users/abc/exportPersonalData", f"/v1.0/users/{NOBODY}/exportPersonalData"
    bad: dict[str, Any] = {"storageLocation": "/bad"}
    no_sas: dict[str, Any] = {"storageLocation": BAD_LOCATIONS["5"]}
    account = {"storageLocation": "https://contosoexports.blob.core.windows.net/a/b?ss=b&" + SAS}
    refused(graph_house.export(bad_id, token=person, json_body=bad), "1", "abc")
    refused(graph_house.export(unknown, token=person, json_body=bad), "2")
    refused(graph_house.export(unknown, token=person, json_body=no_sas), "4")
    refused(graph_house.export(unknown, json_body=no_sas), "c", NOBODY)
    refused(graph_house.export(json_body={"storageLocation": no_sas["storageLocation"] + "/two"}), "5")
    refused(graph_house.export(json_body=account), "6")
    refused(graph_house.export(json_body={"storageLocation": container("may-list/two")}), "7")


def test_t04_names_are_not_looked_up_for_everybody(graph_house: GraphHouse) -> None:
    """A caller without the directory role gets one answer for names that exist and names that do not."""
    person = graph_house.person_token(EXPORT)
    for name in ("adele.vance@contoso.com", "nobody@contoso.com"):
        refused(graph_house.export(f"/v1.0/users/{name}/exportPersonalData", token=person), "4")


def test_t04_destinations_are_not_looked_up_for_everybody(graph_house: GraphHouse) -> None:
    """A caller without the directory role gets one answer for every name that could be registered; row 2
    tells a name that is not registered only to those who may export."""
    person = graph_house.person_token(EXPORT)
    for name in ("MyStorageAccount", "a", "not_registered.1", "-"):
        sent = {"storageLocation": name}
        refused(graph_house.export(token=person, json_body=sent), "4")
        refused(graph_house.export(json_body=sent), "2")
    refused(graph_house.export(token=person, json_body={"storageLocation": "no name"}), "2")


def test_t04_throttled_for_a_window(graph_house: GraphHouse) -> None:
    """A spent caller is told whole seconds to wait, after rows 1 and 2 and before row 4; then it is served again."""
    unknown = f"/v1.0/users/{NOBODY}/exportPersonalData"
    sent = {"storageLocation": BAD_LOCATIONS["5"]}
    graph_house.wrist.now = NOW + 6 * WINDOW
    try:
        spent = graph_house.person_token(EXPORT)
        for _ in range(CALLS):
            refused(graph_house.export(unknown, token=spent, json_body=sent), "4")
        refused(
            graph_house.export("/v1.0/users/abc/exportPersonalData", token=spent, json_body=sent), "1", "abc"
        )
        refused(graph_house.export(unknown, token=spent, json_body={"storageLocation": "/bad"}), "2")
        answer = graph_house.export(unknown, token=spent, json_body=sent)
        refused(answer, "3")
        assert int(answer.headers["retry-after"]) == WINDOW.total_seconds()
        inner = answer.json["error"]["innerError"]
        assert (inner["code"], inner["status"]) == ("429", "429")
        refused(graph_house.export(json_body=sent, token=graph_house.token(EXPORT)), "5")
        graph_house.wrist.now += WINDOW
        refused(graph_house.export(unknown, token=spent, json_body=sent), "4")
    finally:
        graph_house.wrist.now = NOW


def test_t05_one_container_one_export(graph_house: GraphHouse) -> None:
    """A second export into the same container is refused, whoever it is about."""
    sent = {"storageLocation": container("only-once")}
    graph_house.started(json_body=sent)
    refused(graph_house.export(json_body=sent), "9")
    refused(graph_house.export(PROFILE, json_body=sent), "9")


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("text/plain", 415, "UnsupportedMediaType"),
        ("application/x-www-form-urlencoded", 415, "UnsupportedMediaType"),
        ("application/json; charset=utf-16", 415, "UnsupportedMediaType"),
        ("application/json;odata.metadata=minimal;charset=UTF-8", 202, ""),
        ("Application/JSON", 202, ""),
        (None, 202, ""),
    ],
)
def test_content_types(graph_house: GraphHouse, kind: str | None, status: int, code: str) -> None:
    """JSON with parameters, or without a word about it, is read; anything else is 415."""
    body = json.dumps({"storageLocation": container(), "unknown": [1], "@odata.type": "x"}).encode()
    headers = {"Content-Type": kind} if kind else {}
    answer = graph_house.export(json_body=None, body=body, headers=headers)
    assert answer.status == status
    if code:
        assert answer.json["error"]["code"] == code


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b"\xff",
        b"[" * 50_000,
        b'{"a":' * 10_000,
        b"\xef\xbb\xbf[]",
        b'{"storageLocation":"a}',
    ],
)
def test_malformed_bodies(graph_house: GraphHouse, body: bytes) -> None:
    """What is no JSON object is 400 BadRequest, and nothing of it is repeated."""
    answer = graph_house.export(json_body=None, body=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json["error"]["code"]) == (400, "BadRequest")
    assert answer.json["error"]["message"] in ("The body is not JSON.", "The body is not a JSON object.")


def test_a_byte_order_mark_is_overlooked(graph_house: GraphHouse) -> None:
    """JSON that some client's framework marked as UTF-8 is read all the same."""
    body = b"\xef\xbb\xbf" + json.dumps({"storageLocation": container()}).encode()
    headers = {"Content-Type": "application/json"}
    assert graph_house.export(json_body=None, body=body, headers=headers).status == 202


def test_huge_bodies(graph_house: GraphHouse) -> None:
    """A body beyond 64 KiB is not read to its end."""
    answer = graph_house.export(json_body={"storageLocation": "x" * 70_000})
    assert (answer.status, answer.json["error"]["code"]) == (413, "RequestEntityTooLarge")


def test_t08_me(graph_house: GraphHouse) -> None:
    """`/me` is the signed-in person; an application's token names nobody."""
    token = graph_house.person_token(EXPORT, roles=("Global Administrator",))
    for target in ("/v1.0/me/exportPersonalData", "/beta/ME/microsoft.graph.exportPersonalData"):
        operation = graph_house.started(target, token=token)
        assert graph_house.ask(f"/v1.0/dataPolicyOperations/{operation}").json["userId"] == ADELE
    answer = graph_house.export("/v1.0/me/exportPersonalData")
    assert (answer.status, answer.json["error"]["code"]) == (400, "BadRequest")
    refused(graph_house.export("/v1.0/me/exportPersonalData", token=graph_house.person_token(EXPORT)), "4")


def test_tenant_without_a_snapshot(graph_house: GraphHouse) -> None:
    """A tenant nothing was loaded for is told so, and nothing is claimed."""
    graph_house.registry.ensure_tenant(EMPTY)
    claimed = len(graph_house.shelf.claimed)
    answer = graph_house.export(token=graph_house.token(EXPORT, tenant=EMPTY))
    assert (answer.status, answer.json["error"]["code"]) == (409, "Conflict")
    assert len(graph_house.shelf.claimed) == claimed


def test_nothing_secret_is_repeated(graph_house: GraphHouse) -> None:
    """No answer about a location, good or bad, holds any part of its signature; nor does the log."""
    secret = "c2VjcmV0LWNhbmFyeQ"
    sas = SAS.replace("c2lnbmF0dXJl", secret)
    for target in (USER, USER.replace(ADELE, "breaks@contoso.com"), USER.replace(ADELE, NOBODY)):
        for name in ("may-list", "a/b", "kept-in-secret"):
            answer = graph_house.export(target, json_body={"storageLocation": container(name, sas)})
            assert secret not in answer.body.decode() + str(answer.headers)
    assert secret not in graph_house.ask("/v1.0/dataPolicyOperations").body.decode()
    assert "request failed" in graph_house.log.getvalue()
    assert secret not in graph_house.log.getvalue()


def test_location_by_host(graph_house: GraphHouse) -> None:
    """Addresses are built from the Host the client used; what is no host is refused."""
    answer = graph_house.export(headers={"Host": "export.contoso.com:8443", "X-Forwarded-Proto": "https"})
    assert answer.headers["location"].startswith("https://export.contoso.com:8443/v1.0/dataPolicyOperations/")
    assert graph_house.export(headers={"Host": "evil/path"}).status == 400


def test_audited(graph_house: GraphHouse) -> None:
    """Each operation leaves a line in its tenant's trail."""
    operation = graph_house.started()
    line = graph_house.audited(CONTOSO)[0]
    assert line.subject == operation
    assert all(entry.subject != operation for entry in graph_house.audited(FABRIKAM))
    assert READ_ALL not in str(line.detail)
