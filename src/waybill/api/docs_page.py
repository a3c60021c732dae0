"""The documentation page at /docs: the OpenAPI document as plain HTML, without scripts or a CDN."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#f3f3f3;border-radius:4px}
code{padding:.1em .3em}pre{padding:.8em;overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}
th,td{text-align:left;vertical-align:top;border-bottom:1px solid #ddd;padding:.35em .6em .35em 0}
h2{margin-top:2.5rem;border-bottom:2px solid #1b1b1b}h3{margin-top:2rem}
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#161616}code,pre{background:#262626}
th,td{border-color:#444}h2{border-color:#e8e8e8}a{color:#8cb4ff}}
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CSP = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Only this page's own style may load; nothing else, from anywhere."""

Json = Mapping[str, Any]


def page(document: Json, base_url: str) -> str:
    """HTML of an OpenAPI document. `base_url` (no slash at its end) is what the curl lines call."""
    title = escape(document["info"]["title"])
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        *_paragraphs(document["info"].get("description", "")),
        '<p>For programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI).</p>',
        *_token_section(document, base_url),
        *_operations(document, base_url),
        "</body></html>",
    ]
    return "\n".join(parts)


def _paragraphs(text: str) -> Iterator[str]:
    return (f"<p>{escape(block.strip())}</p>" for block in text.split("\n\n") if block.strip())


def _token_section(document: Json, base_url: str) -> Iterator[str]:
    yield "<h2>Get a token</h2>"
    for scheme in document.get("components", {}).get("securitySchemes", {}).values():
        flow = scheme["flows"]["clientCredentials"]
        scopes = " ".join(flow["scopes"])
        yield from _paragraphs(scheme.get("description", ""))
        lines = [
            f"curl {shlex.quote(base_url + flow['tokenUrl'])}",
            "-d grant_type=client_credentials",
            '-d client_id="$CLIENT_ID" --data-urlencode client_secret="$CLIENT_SECRET"',
            f"-d scope={shlex.quote(scopes)}",
        ]
        yield _pre(" \\\n  ".join(lines))
    yield "<p>Send it with every call: <code>Authorization: Bearer …</code></p>"


def _operations(document: Json, base_url: str) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            tag = (operation.get("tags") or ["Other"])[0]
            by_tag.setdefault(tag, []).extend(_operation(path, method.upper(), operation, base_url))
    for tag, parts in by_tag.items():
        yield f"<h2>{escape(tag)}</h2>"
        yield from parts


def _operation(path: str, method: str, operation: Json, base_url: str) -> Iterator[str]:
    parameters: list[Json] = operation.get("parameters", [])
    yield f'<h3 id="{escape(operation["operationId"])}">{escape(operation.get("summary", path))}</h3>'
    yield f"<p><code>{method} {escape(path)}</code></p>"
    yield from _paragraphs(operation.get("description", ""))
    if parameters:
        yield "<table><tr><th>Parameter</th><th>In</th><th>Value</th><th>Meaning</th></tr>"
        yield from (_parameter_row(one) for one in parameters)
        yield "</table>"
    yield from _body_table(operation)
    yield _pre(_curl(path, method, operation, base_url))
    yield "<table><tr><th>Answer</th><th>Meaning</th></tr>"
    for status, answer in operation["responses"].items():
        yield f"<tr><td>{escape(status)}</td><td>{escape(answer.get('description', ''))}</td></tr>"
    yield "</table>"


def _parameter_row(one: Json) -> str:
    schema = one["schema"]
    item = schema.get("items", schema)
    value = item["type"] + (", may be repeated" if schema["type"] == "array" else "")
    if "enum" in item:
        value = " | ".join(str(choice) for choice in item["enum"]) + (
            ", may be repeated" if schema["type"] == "array" else ""
        )
    name = escape(one["name"]) + ("" if one.get("required") else " (optional)")
    cells = (f"<code>{name}</code>", escape(one["in"]), escape(value), escape(one.get("description", "")))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _is_binary(operation: Json) -> bool:
    return "application/zip" in operation["responses"].get("200", {}).get("content", {})


def _body_members(operation: Json) -> Json:
    """The members of a JSON body, where a call has one of its own."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    members: Json = content.get("schema", {}).get("properties", {})
    return members


def _body_table(operation: Json) -> Iterator[str]:
    members = _body_members(operation)
    if members:
        yield "<table><tr><th>In the JSON body</th><th>Meaning</th></tr>"
        for name, schema in members.items():
            words = escape(schema.get("description", schema["type"]))
            yield f"<tr><td><code>{escape(name)}</code></td><td>{words}</td></tr>"
        yield "</table>"


def _curl(path: str, method: str, operation: Json, base_url: str) -> str:
    """A line to paste: required parameters, with an example where one is known, else a name to fill in."""
    parameters: list[Json] = operation.get("parameters", [])
    for one in parameters:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", _example(one))
    pairs = [
        f"{one['name']}={_example(one)}" for one in parameters if one["in"] == "query" and one["required"]
    ]
    lines = [f'curl -H "Authorization: Bearer $TOKEN" {shlex.quote(base_url + path)}']
    if pairs:
        lines[0] = lines[0].replace("curl ", "curl -G ", 1)
        lines += [f"--data-urlencode {shlex.quote(pair)}" for pair in pairs]
    if method != "GET":
        lines[0] = lines[0].replace("curl ", f"curl -X {method} ", 1)
    if "requestBody" in operation:
        body = json.dumps({name: name.upper() for name in _body_members(operation)})
        lines.append(f"-H 'Content-Type: application/json' -d {shlex.quote(body)}")
    if _is_binary(operation):
        lines.append("--fail -OJ")
    return " \\\n  ".join(lines)


def _example(one: Json) -> str:
    known = one.get("example", one["name"].upper())
    return str(known[0] if isinstance(known, list) else known)


def _pre(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"
