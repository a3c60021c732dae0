"""Canonical paths and query values, from the bytes the client really sent (insights.md 1.3 to 1.5).

Everything here is pure. A path is split on "/" before anything is decoded, so an encoded slash
stays inside its segment; each segment is then decoded until it is stable, three times at most,
because clients send ids raw, encoded once or encoded twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from waybill.errors import BadRequest

DECODE_ROUNDS = 3
MAX_QUERY_VALUES = 2000
"""More values than any client sends (100 site URLs and a few names), few enough to cost nothing."""

SKIP_WORD = "all"
"""Not vendor-documented; a harmless alias for leaving the id out (insights.md 1.3 A)."""

_INDEX = re.compile(r"\[\d*\]$", re.ASCII)
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Match:
    """A path that fits: the pattern's own text, and the values of its named segments, decoded.

    A segment that may be skipped, and was, has no entry in `values`.
    """

    pattern: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A route such as "/insights/groups/{groupId}/access/export".

    `skippable` names the segments that may be missing, blank, left as the literal "{name}", or
    `all`; each means that the client set no value.
    """

    text: str
    skippable: frozenset[str] = frozenset()
    _variants: tuple[tuple[str, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_variants", _forms(self.text, self.skippable))

    def match(self, segments: tuple[bytes, ...]) -> Match | None:
        """The values of the named segments if raw `segments` fit this route, else None."""
        return self.match_decoded(tuple(map(decode, segments)))

    def match_decoded(self, segments: tuple[str, ...]) -> Match | None:
        """As `match`, of segments that `decode` has been through."""
        for parts in self._variants:
            values = _values(parts, segments) if len(parts) == len(segments) else None
            if values is not None:
                kept = {name: value for name, value in values.items() if not self._skipped(name, value)}
                return Match(self.text, kept)
        return None

    def _skipped(self, name: str, value: str) -> bool:
        return name in self.skippable and value.casefold() in ("", f"{{{name}}}".casefold(), SKIP_WORD)


def _forms(text: str, skippable: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    """The segments of a route, casefolded but for the names of its values; also without each that may be missing."""
    parts = tuple(part if part.startswith("{") else part.casefold() for part in text.strip("/").split("/"))
    without = (tuple(part for part in parts if part != f"{{{name}}}") for name in sorted(skippable))
    return (parts, *without)


def _values(parts: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    """The named ones of as many `segments` as there are `parts`, if the others are the same."""
    found: dict[str, str] = {}
    for part, value in zip(parts, segments, strict=True):
        if part[:1] == "{":
            found[part[1:-1]] = value.strip()
        elif value != part and value.casefold() != part:
            return None
    return found


def raw_path(scope: Mapping[str, object]) -> bytes:
    """The path as sent. Servers that give no `raw_path` lose encoded slashes; the rest still works."""
    raw = scope.get("raw_path")
    if isinstance(raw, bytes) and raw:
        return raw.partition(b"?")[0]
    return quote(str(scope.get("path", "")), safe="/").encode("ascii")


def split(path: bytes) -> tuple[bytes, ...]:
    """Raw segments. Empty ones inside are kept; slashes at the ends (a joined base URL) are not."""
    return tuple(path.strip(b"/").split(b"/"))


def decode(segment: bytes) -> str:
    """Percent-decode until stable, three times at most; `+` stays a plus, broken UTF-8 is marked."""
    for _ in range(DECODE_ROUNDS if b"%" in segment else 0):
        decoded = unquote_to_bytes(segment)
        if decoded == segment:
            break
        segment = decoded
    return segment.decode("utf-8", errors="replace")


def find(patterns: Iterable[Pattern], path: bytes) -> Match | None:
    """The first pattern that the raw path fits."""
    segments = tuple(map(decode, split(path)))
    for pattern in patterns:
        if match := pattern.match_decoded(segments):
            return match
    return None


def query_values(
    query: bytes, hint: str = "Ask for fewer sites in one request."
) -> dict[str, tuple[str, ...]]:
    """Casefolded name -> values in the order sent, decoded once; `name[]` and `name[0]` are `name`.

    A plus is a blank here. Values are delivered as they are, blank ones included: splitting joined
    lists is the export's reading. Raises BadRequest beyond 2,000 values, with `hint`.
    """
    pairs = [pair for pair in query.split(b"&") if pair]
    if len(pairs) > MAX_QUERY_VALUES:
        raise BadRequest(
            f"The query has {len(pairs)} values; at most {MAX_QUERY_VALUES} are read.",
            hint,
        )
    found: dict[str, list[str]] = {}
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        key = _INDEX.sub("", _decode_query(name)).strip().casefold()
        found.setdefault(key, []).append(_decode_query(value))
    return {name: tuple(values) for name, values in found.items()}


def _decode_query(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8", errors="replace")


def origin(headers: Mapping[str, str], scheme: str, public_url: str) -> str:
    """The URL this installation is reached by, without a slash at its end: configured, else as the client typed it.

    X-Forwarded-Proto tells the scheme the client used at a TLS-ending proxy in front of us. It, and
    Host, only shape URLs in the answer to the one who sent them. Raises BadRequest if Host is no host.
    """
    if public_url:
        return public_url.rstrip("/")
    host = headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise BadRequest("The Host header is not a host name with an optional port.", "Send one.")
    forwarded = headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
    return f"{forwarded if forwarded in ('http', 'https') else scheme}://{host}"
