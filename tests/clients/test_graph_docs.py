"""OpenAPI and the documentation page tell of the Graph calls, each made from what serves it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.graph_house import CATALOG, GraphHouse


@pytest.fixture(scope="module")
def document(graph_house: GraphHouse) -> Any:
    """The OpenAPI document as served, without a token."""
    answer = graph_house.ask("/openapi.json", token=None)
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


def test_every_graph_export_is_described(document: Any) -> None:
    """Each export stands under its first version, with its key, its body and the permissions it needs."""
    for export in CATALOG:
        call = document["paths"][f"/{export.versions[0]}{export.path}"]["post"]
        assert call["summary"] == export.title
        assert [one["name"] for one in call["parameters"]] == [one.wire for one in export.fields]
        assert export.access is not None
        assert call["x-app-roles"] == list(export.access.app_roles)
        assert all(role in call["description"] for role in export.access.app_roles)
        assert ("content" in call["responses"]["202"]) is export.accepted_body


def test_every_described_call_is_served(graph_house: GraphHouse, document: Any) -> None:
    """What is described answers 401 to a request without a token, so it is there."""
    for path, item in document["paths"].items():
        if path.startswith(("/v1.0/", "/beta/")):
            for method in item:
                answer = graph_house.ask(re.sub(r"\{\w+\}", "x", path), method.upper(), token=None)
                assert answer.status == 401, (method, path)


def test_the_document_is_whole(document: Any) -> None:
    """References resolve, operation ids are unique, the security schemes that are named are there."""
    for reference in _references(document):
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    calls = [call for item in document["paths"].values() for call in item.values()]
    assert len({call["operationId"] for call in calls}) == len(calls)
    for call in calls:
        assert {name for one in call["security"] for name in one} <= set(
            document["components"]["securitySchemes"]
        )


def test_the_page_shows_every_call(graph_house: GraphHouse, document: Any) -> None:
    """The page names every call with its method and a curl line that sends a body where one is needed."""
    html = graph_house.ask("/docs", token=None).body.decode()
    for path, item in document["paths"].items():
        for method in item:
            assert f"<code>{method.upper()} {path.replace(chr(39), '&#x27;')}</code>" in html
    assert "curl -X POST " in html
    assert "storageLocation" in html
    assert "oauth2/v2.0/token" in html
    assert not re.search(r"<script|<link|<img|\ssrc=|\son\w+=|@import|url\(", html)
