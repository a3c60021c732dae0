"""What a report call asks for: the function's literals, the form of the answer, the page (graph.md 6.1, 6.6). Pure."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import orjson

from waybill.api.graph_paths import VERSION
from waybill.api.odata import system_options
from waybill.errors import BadRequest
from waybill.export import Export, Field, Received, Where

PAGE = 200
MOST_TOP = 999
"""A page has no more rows than this; a client that asks for more is given a link to the rest."""

JSON_VERSION = "beta"
"""The only version root whose reports can be JSON."""

_OFFERED = frozenset(("format", "top", "skiptoken"))
_JSON, _CSV = "application/json", "text/csv"
_NOT_JSON = frozenset(("*/*", "text/*", _CSV, "application/octet-stream"))
_LITERAL = re.compile(r"'((?:[^']|'')*)'", re.DOTALL)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: a table by its hash, and a row of it."""

    sha256: str
    start: int


@dataclass(frozen=True, slots=True)
class Asked:
    """The form of the answer. `top` is rows a page, 0 = not said; `place` of a page after the first."""

    as_json: bool
    top: int = 0
    place: Place | None = None

    @property
    def rows(self) -> int:
        return min(self.top or PAGE, MOST_TOP)


def received_of(export: Export, values: Mapping[str, str]) -> Received:
    """The call's parameters, from raw literals to their values. Raises BadRequest (graph.md 6.1)."""
    declared = {field.wire: field for field in export.fields if field.where is Where.CALL}
    found: dict[str, tuple[str, ...]] = {}
    for name, literal in values.items():
        if name == VERSION:
            continue
        if name not in declared:
            raise BadRequest(
                f"The function has no parameter {name[:40]!r}.", f"It has {', '.join(declared)}."
            )
        found[name] = (_value(declared[name], literal),)
    return found


def _value(field: Field, literal: str) -> str:
    if field.quoted:
        text = _LITERAL.fullmatch(literal)
        if text is None:
            raise BadRequest(f"The value of {field.wire} is a text and needs single quotes.")
        value = text[1].replace("''", "'")
        if value != value.strip():
            raise BadRequest(f"The value of {field.wire} begins or ends with a blank.", field=field.wire)
        return value
    try:
        if _DATE.fullmatch(literal):
            return date.fromisoformat(literal).isoformat()
    except ValueError:
        pass  # the words below also fit a day that no calendar has
    raise BadRequest(f"The value of {field.wire} is not a date.", "Give it as YYYY-MM-DD, without quotes.")


def call_text(export: Export, received: Received) -> str:
    """The last part of the call's path as clients write it: `/reports/name(period='D7')`."""
    quoted = {field.wire for field in export.fields if field.quoted}
    arguments = [
        f"{name}='{value.replace(chr(39), chr(39) * 2)}'" if name in quoted else f"{name}={value}"
        for name, values in received.items()
        for value in values
    ]
    return f"{export.path}({','.join(arguments)})"


def read_asked(query: Mapping[str, tuple[str, ...]], accept: str, version: str) -> Asked:
    """The form of the answer. Raises BadRequest.

    Options that would choose or order rows are refused, on both versions: a client that believes its
    filter was applied would take the wrong rows for the right ones. Those that only shape JSON are
    ignored where the answer is CSV; on /v1.0 so are `$format` and Accept.
    """
    sent = system_options(query)
    for name in sent:
        if name not in _OFFERED:
            raise BadRequest(f"The query option ${name} is not offered by reports.", field=f"${name}")
    if version != JSON_VERSION or not _wants_json(sent.get("format"), accept):
        return Asked(as_json=False)
    token = sent.get("skiptoken")
    return Asked(True, _top(sent.get("top")), None if token is None else read_skip_token(token))


def _wants_json(form: str | None, accept: str) -> bool:
    if form is None:
        kinds = set(_accepted(accept))
        return _JSON in kinds and kinds.isdisjoint(_NOT_JSON)
    kind = form.split(";")[0].strip().casefold()
    if kind not in (_JSON, _CSV):
        raise BadRequest(
            "The query option $format is neither application/json nor text/csv.", field="$format"
        )
    return kind == _JSON


def _accepted(accept: str) -> Iterator[str]:
    """Media types of an Accept header, without those that have no weight."""
    for part in accept.split(","):
        kind, *parameters = (piece.strip().casefold() for piece in part.split(";"))
        if not any(re.fullmatch(r"q=0(\.0{0,3})?", one) for one in parameters):
            yield kind


def _top(text: str | None) -> int:
    if text is None:
        return 0
    if not _NUMBER.fullmatch(text) or not int(text):
        raise BadRequest("The query option $top is not a whole number above 0.", field="$top")
    return int(text)


def skip_token(place: Place) -> str:
    """The opaque text that stands for a place in links to further pages."""
    return urlsafe_b64encode(orjson.dumps([place.sha256, place.start])).rstrip(b"=").decode()


def read_skip_token(text: str) -> Place:
    """Raises BadRequest for what is no token of ours."""
    try:
        value = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))  # refuses to nest deep
    except (NotBase64, ValueError) as error:
        raise _bad_token() from error
    match value:
        case [str(sha256), int(start)] if type(start) is int and _SHA256.fullmatch(sha256):  # no bool
            if 0 < start < 1 << 40:
                return Place(sha256, start)
    raise _bad_token()


def _bad_token() -> BadRequest:
    return BadRequest(
        "The query option $skiptoken is not one of ours.", "Follow @odata.nextLink.", "$skiptoken"
    )
