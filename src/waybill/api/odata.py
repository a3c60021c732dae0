"""The OData query options our collections answer: strict, small, and pure (graph.md 4 DPO-2, 5).

Option names come with or without `$`, in any case. What is not offered is refused, since a client
that believes its filter was applied would take the wrong rows for the right ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waybill.api.urls import query_values
from waybill.errors import BadRequest

PAGE = 200
MOST_TOP = 999
"""As elsewhere in Graph; more cannot be asked for at once."""

_SYSTEM = frozenset(
    (
        "apply", "compute", "count", "expand", "filter", "format", "index", "orderby",
        "schemaversion", "search", "select", "skip", "skiptoken", "deltatoken", "top",
    )
)  # fmt: skip
_JSON_FORMATS = ("json", "application/json")
_TOKEN = re.compile(
    r"\s+|(?P<text>(?:[A-Za-z_][\w.]*)?'(?:[^']|'')*')|(?P<word>[A-Za-z_]\w*)|(?P<mark>[()])", re.ASCII
)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)

Row = Mapping[str, Any]
Test = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a collection lets its callers ask.

    members: all members of an item, in order; filters: member -> the values it can have, or None for
    any; orders: members it can be ordered by; countable: whether $count is answered
    """

    members: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...] | None]
    orders: tuple[str, ...] = ()
    countable: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of one request. `top` is the length of a page; `select` is empty for all members."""

    top: int
    skip: int
    count: bool
    select: tuple[str, ...]
    keeps: Test
    order: tuple[str, bool] | None  # member, descending
    sent: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its items, how many there are on all pages, and the options of the next one, if any."""

    items: tuple[dict[str, Any], ...]
    total: int
    following: Mapping[str, str] | None


def query_options(query: bytes) -> Mapping[str, tuple[str, ...]]:
    """Name -> values of a raw query, names casefolded. Raises BadRequest beyond 2,000."""
    return query_values(query, "No operation here has so many query options.")


def system_options(query: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Option name without `$` -> its value. Raises BadRequest for one given twice or not known.

    A name without `$` that is no option is a custom one, and ignored as OData has it.
    """
    found: dict[str, str] = {}
    for sent, values in query.items():
        name = sent.removeprefix("$").casefold()
        if name not in _SYSTEM:
            if sent.startswith("$"):
                raise _refused(name, "is not a query option")
            continue
        if name in found or len(values) != 1:
            raise _refused(name, "is given more than once")
        found[name] = values[0]
    return found


def read_options(query: Mapping[str, tuple[str, ...]], offer: Offer) -> Asked:
    """The options of a request for a collection. Raises BadRequest with the option's name."""
    sent = system_options(query)
    offered = {"top", "skip", "filter", "select", "format"} | ({"count"} if offer.countable else set())
    offered |= {"orderby"} if offer.orders else set()
    for name in sent:
        if name not in offered:
            raise _refused(name, "is not offered here")
    _check_format(sent)
    top = _number(sent, "top", PAGE)
    if not 1 <= top <= MOST_TOP:
        raise _refused("top", f"is not between 1 and {MOST_TOP}")
    return Asked(
        top=top,
        skip=_number(sent, "skip", 0),
        count=_flag(sent, "count"),
        select=_select(sent, offer.members),
        keeps=parse_filter(sent["filter"], offer.filters) if "filter" in sent else _keeps_all,
        order=_order(sent, offer),
        sent=sent,
    )


def read_item_options(query: Mapping[str, tuple[str, ...]], members: tuple[str, ...]) -> tuple[str, ...]:
    """The members to select of a single item, empty for all. Raises BadRequest."""
    sent = system_options(query)
    for name in sent:
        if name not in ("select", "format"):
            raise _refused(name, "is not offered here")
    _check_format(sent)
    return _select(sent, members)


def selected(row: Row, select: tuple[str, ...]) -> dict[str, Any]:
    """The item with the members asked for, in its own order."""
    return {name: value for name, value in row.items() if not select or name in select}


def page_of(rows: Iterable[Row], asked: Asked) -> Page:
    """Filter, order, cut and select. `rows` come in the collection's own order."""
    kept: Sequence[Row] = [row for row in rows if asked.keeps(row)]
    if asked.order is not None:
        member, descending = asked.order
        kept = sorted(kept, key=lambda row: str(row[member]), reverse=descending)
    end = asked.skip + asked.top
    following = {**asked.sent, "skip": str(end)} if end < len(kept) else None
    items = tuple(selected(row, asked.select) for row in kept[asked.skip : end])
    return Page(items, len(kept), following)


def parse_filter(text: str, filters: Mapping[str, tuple[str, ...] | None]) -> Test:
    """`status eq 'running' and userId ne '...'`, with `or`, `not` and parentheses. Raises BadRequest."""
    return _Filter(text, filters).whole()


class _Filter:
    """A recursive-descent reader: or < and < not < comparison."""

    DEEPEST = 50

    def __init__(self, text: str, filters: Mapping[str, tuple[str, ...] | None]) -> None:
        self._tokens = _tokens(text)
        self._filters = {name.casefold(): (name, values) for name, values in filters.items()}
        self._depth = 0

    def whole(self) -> Test:
        test = self._either()
        if self._tokens:
            raise _refused("filter", f"is not understood at {self._tokens[0]}")
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        self._depth += 1
        if self._depth > self.DEEPEST:
            raise _refused("filter", "has too many conditions")
        if self._take("not"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._take("("):
            inner = self._either()
            if not self._take(")"):
                raise _refused("filter", "lacks a closing parenthesis")
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        if len(self._tokens) < 3:
            raise _refused("filter", "ends too early")
        name, operator, literal = self._tokens[:3]
        del self._tokens[:3]
        if name.casefold() not in self._filters:
            raise _refused("filter", f"names {name}, by which nothing can be filtered here")
        if operator not in ("eq", "ne") or not literal.endswith("'"):
            raise _refused("filter", "is not a comparison with eq or ne and a text in quotes")
        member, values = self._filters[name.casefold()]
        wanted = literal.partition("'")[2][:-1].replace("''", "'")
        if values is not None and wanted not in values:
            raise _refused("filter", f"compares {member} with what it cannot be")
        is_equal = operator == "eq"
        return lambda row: (str(row[member]).casefold() == wanted.casefold()) is is_equal

    def _take(self, word: str) -> bool:
        if self._tokens and self._tokens[0] == word:
            del self._tokens[0]
            return True
        return False


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise _refused("filter", "holds a character that is not understood")
        if token.lastgroup:
            found.append(token[0])
        place = token.end()
    return found


def _keeps_all(_row: Row) -> bool:
    return True


def _number(sent: Mapping[str, str], name: str, default: int) -> int:
    if name not in sent:
        return default
    if not _NUMBER.fullmatch(sent[name]):
        raise _refused(name, "is not a whole number")
    return int(sent[name])


def _flag(sent: Mapping[str, str], name: str) -> bool:
    value = sent.get(name, "false").casefold()
    if value not in ("true", "false"):
        raise _refused(name, "is neither true nor false")
    return value == "true"


def _select(sent: Mapping[str, str], members: tuple[str, ...]) -> tuple[str, ...]:
    if "select" not in sent:
        return ()
    known = {name.casefold(): name for name in members}
    names = [name.strip() for name in sent["select"].split(",")]
    if names == ["*"]:
        return ()
    for name in names:
        if name.casefold() not in known:
            raise _refused("select", "names a member that does not exist")
    return tuple(known[name.casefold()] for name in names)


def _order(sent: Mapping[str, str], offer: Offer) -> tuple[str, bool] | None:
    if "orderby" not in sent:
        return None
    known = {name.casefold(): name for name in offer.orders}
    name, *direction = sent["orderby"].split() or [""]
    if name.casefold() not in known or direction not in ([], ["asc"], ["desc"]):
        raise _refused("orderby", f"is not {' or '.join(offer.orders)} with asc or desc")
    return known[name.casefold()], direction == ["desc"]


def _check_format(sent: Mapping[str, str]) -> None:
    if sent.get("format", "json").split(";")[0].strip().casefold() not in _JSON_FORMATS:
        raise _refused("format", "is not application/json")


def _refused(name: str, why: str) -> BadRequest:
    return BadRequest(f"The query option ${name} {why}.", field=f"${name}")
