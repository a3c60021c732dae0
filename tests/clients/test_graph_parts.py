"""The pure parts of the Graph face: options, throttle, error words, with arbitrary input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.api.graph_errors import LOCATION_WORDS, graph_problem_of
from waybill.api.graph_throttle import CallerThrottle
from waybill.api.odata import Offer, page_of, parse_filter, read_options
from waybill.api.urls import origin
from waybill.clock import Clock
from waybill.errors import BadRequest, LocationFault, LocationRefused

OFFER = Offer(("id", "who"), {"who": None, "state": ("on", "off")}, ("id",))
ROWS = [
    {"id": str(number), "who": who, "state": "on" if number % 2 else "off"}
    for number, who in enumerate("abca'")
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.sampled_from(
    ["$top", "$skip", "$filter", "$orderby", "$count", "$select", "$format", "top", "x", "$x"]
)


def ask(**options: str) -> list[str]:
    query = {f"${name}": (value,) for name, value in options.items()}
    return [str(row["id"]) for row in page_of(ROWS, read_options(query, OFFER)).items]


@given(st.dictionaries(NAMES, st.lists(TEXT, min_size=1, max_size=2).map(tuple)))
def test_any_options(query: dict[str, tuple[str, ...]]) -> None:
    """Whatever the options are: a page, or a refusal that names one."""
    try:
        page = page_of(ROWS, read_options(query, OFFER))
    except BadRequest as error:
        named = error.field
    else:
        named = f"${len(page.items)}"
    assert named.startswith("$")


@given(
    st.sampled_from(["a", "b", "c", "'", "zz"]), st.sampled_from(["eq", "ne"]), st.sampled_from(["on", "off"])
)
def test_filters_mean_what_they_say(who: str, operator: str, state: str) -> None:
    """Each filter keeps the rows that plain Python keeps; quotes inside a text are doubled."""
    literal = who.replace("'", "''")
    for word, join in (("and", all), ("or", any)):
        text = f"who {operator} '{literal}' {word} not state eq '{state}'"
        expected = [
            row["id"]
            for row in ROWS
            if join([(row["who"] == who) == (operator == "eq"), row["state"] != state])
        ]
        assert ask(filter=text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("who eq 'a' or who eq 'b' and state eq 'off'", ["0", "3"]),
        ("(who eq 'a' or who eq 'b') and state eq 'off'", ["0"]),
        ("not who eq 'a' and state eq 'on'", ["1"]),
        ("not (who eq 'a' and state eq 'on')", ["0", "1", "2", "4"]),
        ("WHO eq 'A'", ["0", "3"]),
    ],
)
def test_precedence(text: str, expected: list[str]) -> None:
    """`not` binds before `and`, `and` before `or`; parentheses before all."""
    assert ask(filter=text) == expected


@given(TEXT)
def test_any_filter(text: str) -> None:
    """A filter is read or refused, nothing else."""
    try:
        test = parse_filter(text, OFFER.filters)
    except BadRequest:
        return
    assert [test(row) for row in ROWS] == [test(row) for row in ROWS]


@given(st.integers(1, 7), st.integers(0, 7))
def test_pages_hold_each_row_once(top: int, skip: int) -> None:
    """Following the next page to its end gives every row after the skipped ones, once, in order."""
    found: list[str] = []
    query = {"$top": (str(top),), "$skip": (str(skip),)}
    while True:
        page = page_of(ROWS, read_options(query, OFFER))
        found += [str(row["id"]) for row in page.items]
        if page.following is None:
            break
        query = {f"${name}": (value,) for name, value in page.following.items()}
    assert found == [str(row["id"]) for row in ROWS[skip:]]


def test_throttle_counts_callers_apart() -> None:
    """Each caller has a window of its own, which begins with its first call; a clock set back forgives."""
    now = datetime(2026, 6, 1, tzinfo=UTC)
    throttle = CallerThrottle(Clock(now=lambda: now), 2, timedelta(seconds=10))
    assert [throttle.wait("t", "a") for _ in range(3)] == [0.0, 0.0, 10.0]
    assert throttle.wait("t", "b") == throttle.wait("u", "a") == 0.0
    now += timedelta(seconds=9.5)
    assert throttle.wait("t", "a") == 0.5
    now += timedelta(seconds=0.5)
    assert throttle.wait("t", "a") == 0.0
    now -= timedelta(days=1)
    assert throttle.wait("t", "a") == 0.0


def test_throttle_forgets_the_longest_silent() -> None:
    """However many callers come, only so many are remembered."""
    throttle = CallerThrottle(
        Clock(now=lambda: datetime(2026, 6, 1, tzinfo=UTC)), 1, timedelta(hours=1), callers=2
    )
    for caller in "abc":
        assert throttle.wait("t", caller) == 0.0
    assert throttle.wait("t", "c") > 0
    assert throttle.wait("t", "b") > 0
    assert throttle.wait("t", "a") == 0.0


def test_every_fault_of_a_location_has_its_words() -> None:
    """No reason for refusing a location falls back to a general error; none repeats our own words."""
    assert set(LOCATION_WORDS) == set(LocationFault)
    for fault in LocationFault:
        problem = graph_problem_of(LocationRefused(fault, "ours", "hint"))
        assert (problem.status, problem.code, problem.message) == (400, *LOCATION_WORDS[fault])
    assert len({code for code, _ in LOCATION_WORDS.values()}) == len(LocationFault)


@pytest.mark.parametrize(
    ("host", "forwarded", "public_url", "expected"),
    [
        ("localhost:8400", "", "", "http://localhost:8400"),
        ("[::1]:8400", "", "", "http://[::1]:8400"),
        ("export.contoso.com", "https", "", "https://export.contoso.com"),
        ("export.contoso.com", "https, http", "", "https://export.contoso.com"),
        ("export.contoso.com", "gopher", "", "http://export.contoso.com"),
        ("evil/x", "", "https://export.contoso.com/", "https://export.contoso.com"),
    ],
)
def test_origin(host: str, forwarded: str, public_url: str, expected: str) -> None:
    """The configured address wins; else the one the client typed, with the scheme a proxy tells."""
    assert origin({"host": host, "x-forwarded-proto": forwarded}, "http", public_url) == expected


@pytest.mark.parametrize("host", ["", "a b", "a/b", "a@b", "a:port", "é.com", "a\r\nb"])
def test_no_origin(host: str) -> None:
    """What is no host makes no address."""
    with pytest.raises(BadRequest):
        origin({"host": host}, "http", "")
