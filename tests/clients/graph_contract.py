"""Microsoft's own description of the Graph calls, as a judge of answers (../shared/contract/openapi)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.clients.insights_house import Answer

_HERE = "urn:contract"


class Contract:
    """The description of one version. `check` says whether an answer is one of those it allows."""

    def __init__(self, shared: Path, version: str) -> None:
        file = shared / "contract" / "openapi" / f"{version}-server-validation.yaml"
        self._document = _as_json_schema(yaml.safe_load(file.read_text("utf-8")))
        resource = Resource.from_contents(self._document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_HERE, resource)

    def check(self, method: str, path: str, answer: Answer) -> None:
        """Raises AssertionError unless status, headers, content type and body fit. `path` without the version."""
        template = self._template(path)
        responses: Mapping[str, Any] = self._document["paths"][template][method.lower()]["responses"]
        status = str(answer.status)
        found = responses.get(status) or responses.get(f"{status[0]}XX")
        assert found is not None, f"{method} {template} may not answer {status}"
        found = self._resolved(found)
        for name, header in found.get("headers", {}).items():
            self._header(name, self._resolved(header), answer)
        self._body(found.get("content"), answer)

    def _template(self, path: str) -> str:
        path = path.partition("?")[0]
        for template in sorted(self._document["paths"], key=lambda one: "{" in one):
            pattern = "".join(
                "[^/]+" if part.startswith("{") else re.escape(part)
                for part in re.split(r"(\{[^}]*\})", template)
            )
            if re.fullmatch(pattern, path):
                return str(template)
        raise AssertionError(f"{path} is not in the contract")

    def _header(self, name: str, header: Mapping[str, Any], answer: Answer) -> None:
        value: object = answer.headers.get(name.lower())
        if value is None:
            assert not header.get("required"), f"{name} is missing"
            return
        if header["schema"].get("type") == "integer":
            value = int(str(value))
        self._validate(header["schema"], value)

    def _body(self, content: Mapping[str, Any] | None, answer: Answer) -> None:
        if not answer.body:
            return
        kind = answer.headers["content-type"].partition(";")[0]
        if content is None:
            assert answer.status == 202, f"a body of {kind} is not in the contract"
            return
        assert kind in content, f"{kind} is none of {list(content)}"
        if kind in ("application/json", "text/plain"):
            self._validate(content[kind]["schema"], answer.json)

    def _validate(self, schema: Mapping[str, Any], value: object) -> None:
        anchored = _anchored(schema)
        jsonschema.Draft202012Validator(anchored, registry=self._registry).validate(value)

    def _resolved(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in part:
            found: Any = self._document
            for key in part["$ref"].removeprefix(f"{_HERE}#/").removeprefix("#/").split("/"):
                found = found[key]
            part = found
        return part


def _as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: what is nullable may be null."""
    if isinstance(value, list):
        return [_as_json_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {key: _as_json_schema(one) for key, one in value.items() if key != "nullable"}
    if value.get("nullable") is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made


def _anchored(value: Any) -> Any:
    """The schema with its references pointing into the whole document."""
    if isinstance(value, list):
        return [_anchored(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: f"{_HERE}{one}" if key == "$ref" and str(one).startswith("#") else _anchored(one)
        for key, one in value.items()
    }
