"""OpenAPI, the documentation page and the headers of every answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.insights_house import CATALOG, SOURCES, House


@pytest.fixture(scope="module")
def document(house: House) -> Any:
    """The OpenAPI document as served, without a token."""
    answer = house.ask("/openapi.json", token=None)
    assert answer.status == 200
    return answer.json


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_every_export_is_described(document: Any) -> None:
    """Each export and each declared, not hidden field is in OpenAPI, once."""
    for export in CATALOG:
        operation = document["paths"][export.path]["get"]
        names = [one["name"] for one in operation["parameters"]]
        assert names == [one.wire for one in export.fields if not one.hidden]
        assert operation["operationId"] == export.name
        assert operation["security"] == [{"oauth2": [export.scope]}]


def test_parameters_have_their_types(document: Any) -> None:
    """Lists, numbers and choices are told as such."""
    operation = document["paths"][CATALOG[0].path]["get"]
    by_name = {one["name"]: one for one in operation["parameters"]}
    assert by_name["exportOptionType"]["schema"] == {"type": "integer", "enum": [1, 2, 3]}
    assert by_name["dataSources"]["schema"] == {
        "type": "array",
        "items": {"type": "string", "enum": list(SOURCES)},
    }
    assert (by_name["dataSources"]["explode"], by_name["dataSources"]["required"]) == (True, True)
    assert by_name["groupId"]["required"] is True, "OpenAPI demands it of every path parameter"
    assert by_name["siteUrls"]["required"] is False


def test_document_is_whole(document: Any) -> None:
    """Every reference resolves, operation ids are unique, errors are described, the scheme is there."""
    for reference in _references(document):
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all({"200", "401", "403", "404"} <= set(operation["responses"]) for operation in operations)
    flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == "/connect/token"
    assert document["openapi"].startswith("3.")


def test_docs_page(house: House, document: Any) -> None:
    """The page shows every call with its parameters and a curl line, and loads nothing from anywhere."""
    answer = house.ask("/docs", token=None)
    html = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/html")
    for path, item in document["paths"].items():
        assert path in html
        for one in item["get"]["parameters"]:
            assert one["name"] in html
    assert "curl " in html
    assert "Which sites &lt;only&gt;." in html
    assert not re.search(r"<script|<link|<img|\ssrc=|\son\w+=|@import|url\(", html)
    assert re.match(
        r"default-src 'none'; style-src 'sha256-[^']+';", answer.headers["content-security-policy"]
    )


@pytest.mark.parametrize("host", ['"><script>alert(1)</script>', "a'; rm -rf b", "x" * 300, "%0a", "[", ""])
def test_docs_page_for_a_hostile_host(house: House, host: str) -> None:
    """A Host header can put nothing into the page but text."""
    answer = house.ask("/docs", token=None, headers={"Host": host})
    assert answer.status in (200, 400)
    assert b"<script" not in answer.body


def test_health(house: House) -> None:
    """/healthz answers without a token."""
    answer = house.ask("/healthz", token=None)
    assert (answer.status, answer.json["status"]) == (200, "ok")


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json", "/insights/x", "/x", "/healthz/"])
def test_security_headers(house: House, path: str) -> None:
    """Every answer forbids sniffing, framing, referrers and foreign content."""
    headers = house.ask(path, token=None).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
