"""Canonical paths of the Graph face, from the bytes the client really sent (graph.md 1.1).

Everything here is pure. `/v1.0/users/{id}/exportPersonalData` may arrive with its keys in
parentheses, its action qualified by a namespace, its punctuation percent-encoded and in any case;
each form comes out as one `Match`, whose values are what the forms have in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from waybill.api.urls import Match, split

VERSIONS = ("v1.0", "beta")
VERSION = "version"
"""The value of `Match.values` that says which version root was called, as in VERSIONS."""

ROOT = "/graph"
"""Canonical routes begin with this, so that they cannot be taken for a path of another face."""

_QUALIFIER = re.compile(r"(?:microsoft\.)?graph\.", re.IGNORECASE)
_CALL = re.compile(r"([^()]+)\((.*)\)", re.DOTALL)
_KEY = re.compile(r"(?:[A-Za-z_]\w*=)?'((?:[^']|'')*)'", re.DOTALL)
_ARGUMENT = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*('(?:[^']|'')*'|[^',()\s]*)\s*")


@dataclass(frozen=True, slots=True)
class GraphPattern:
    """A route such as "/users/{id}/exportPersonalData", below the version roots that have it.

    bound: the last segment names an action or a function, which may be qualified ("microsoft.graph.")
    arguments: the function's parameters, matched without case; None = no function
    """

    path: str
    versions: tuple[str, ...] = VERSIONS
    bound: bool = False
    arguments: tuple[str, ...] | None = None

    @property
    def text(self) -> str:
        """The canonical route."""
        return ROOT + self.path

    def match(self, version: str, segments: tuple[str, ...]) -> Match | None:
        """The match of decoded `segments` behind the version, if they fit.

        Keys are values by their name. Arguments of a function are raw literals ("'D7'") by the
        declared spelling of their name, or as sent if it is not declared.
        """
        if version not in self.versions:
            return None
        values = self._values(segments)
        return None if values is None else Match(self.text, {VERSION: version, **values})

    def _values(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        found: dict[str, str] = {}
        left = list(segments)
        steps = list(_steps(self.path))
        for place, (name, key) in enumerate(steps):
            if not left:
                return None
            segment = left.pop(0)
            if key is not None:
                value = _parenthesised(name, segment)
                if value is None and segment.casefold() == name.casefold() and left:
                    value = left.pop(0)
                if not value:
                    return None
                found[key] = value
                continue
            last = place == len(steps) - 1
            more = self._plain(name, segment, last=last)
            if more is None:
                return None
            found |= more
        return None if left else found

    def _plain(self, name: str, segment: str, *, last: bool) -> dict[str, str] | None:
        """What a segment without a key says, if it is `name`: the arguments of the function."""
        if last and self.bound:
            qualifier = _QUALIFIER.match(segment)
            segment = segment[qualifier.end() :] if qualifier else segment
        called = _CALL.fullmatch(segment) if last and self.arguments is not None else None
        if (called[1] if called else segment).casefold() != name.casefold():
            return None
        return _arguments(called[2], self.arguments or ()) if called else {}


def _steps(path: str) -> Iterator[tuple[str, str | None]]:
    """The segments of a pattern, each with the key that follows it: ("users", "id"), ("exportPersonalData", None)."""
    parts = path.strip("/").split("/")
    for place, part in enumerate(parts):
        if part.startswith("{"):
            continue
        following = parts[place + 1] if place + 1 < len(parts) else ""
        yield part, following[1:-1] if following.startswith("{") else None


def _parenthesised(name: str, segment: str) -> str | None:
    """The key of `name('key')`; a quote inside is doubled (OData)."""
    called = _CALL.fullmatch(segment)
    if called is None or called[1].casefold() != name.casefold():
        return None
    key = _KEY.fullmatch(called[2])
    return key[1].replace("''", "'") if key else None


def _arguments(text: str, declared: tuple[str, ...]) -> dict[str, str] | None:
    """`period='D7'` -> {"period": "'D7'"}; None if it is no list of arguments or names one twice."""
    known = {name.casefold(): name for name in declared}
    found: dict[str, str] = {}
    place = 0
    while text.strip() and place <= len(text):
        argument = _ARGUMENT.match(text, place)
        if argument is None:
            return None
        name = known.get(argument[1].casefold(), argument[1])
        if name in found or name == VERSION:
            return None
        found[name] = argument[2]
        place = argument.end()
        if place == len(text):
            break
        if text[place] != ",":
            return None
        place += 1
    return found


def version_of(path: bytes) -> str | None:
    """The version root that a raw path is below, as in VERSIONS; None if it is none of this face."""
    first = _decode(split(path)[0]).casefold()
    return first if first in VERSIONS else None


def find_graph(patterns: Iterable[GraphPattern], path: bytes) -> Match | None:
    """The first pattern that the raw path fits. A slash too many behind the version is overlooked."""
    version = version_of(path)
    if version is None:
        return None
    segments = tuple(_decode(segment) for segment in split(path)[1:])
    while segments and not segments[0]:
        segments = segments[1:]
    return next((match for one in patterns if (match := one.match(version, segments))), None)


def _decode(segment: bytes) -> str:
    """Percent-decode once, as clients encode once; `+` stays a plus, broken UTF-8 is marked."""
    return unquote_to_bytes(segment).decode("utf-8", errors="replace")
