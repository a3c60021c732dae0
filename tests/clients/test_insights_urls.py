"""Canonical paths and queries as pure functions, with arbitrary input."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

from hypothesis import given
from hypothesis import strategies as st

from waybill.api.urls import Pattern, decode, find, query_values, raw_path
from waybill.errors import BadRequest

PATTERN = Pattern("/insights/groups/{groupId}/access/export", frozenset({"groupId"}))
JOB = Pattern("/insights/job/{jobId}/exportstatus")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
IDS = TEXT.map(str.strip).filter(
    lambda text: "%" not in text and text.casefold() not in ("", "all", "{groupid}")
)


@given(IDS, st.integers(1, 3))
def test_any_id_encoded_up_to_three_times(value: str, times: int) -> None:
    """An id without a percent sign comes back as it was after one, two or three encodings."""
    sent = value
    for _ in range(times):
        sent = quote(sent, safe="")
    match = PATTERN.match(tuple(f"insights/groups/{sent}/access/export".encode().split(b"/")))
    assert match is not None
    assert match.values == {"groupId": value}


@given(st.binary())
def test_any_bytes(path: bytes) -> None:
    """No path makes matching fail; decoding always ends, with text that can be encoded."""
    find((PATTERN, JOB), path)
    find((PATTERN, JOB), b"/insights/groups/" + path + b"/access/export")
    decode(path).encode()


@given(st.lists(st.tuples(st.sampled_from(["siteUrls", "Name", "x y"]), TEXT), max_size=20))
def test_any_values_in_a_query(pairs: list[tuple[str, str]]) -> None:
    """Values that a form encoder wrote come back as they were, in order, under casefolded names."""
    query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    expected: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        expected[name.casefold()] = (*expected.get(name.casefold(), ()), value)
    assert query_values(query.encode()) == expected


@given(st.binary())
def test_any_query_bytes(query: bytes) -> None:
    """No query makes reading fail but by BadRequest."""
    try:
        values = query_values(query)
    except BadRequest:
        return
    assert all(values.values())


def test_required_values_are_not_skipped() -> None:
    """A segment that may not be skipped keeps whatever it holds, and has to be there."""
    assert JOB.match((b"insights", b"job", b"all", b"exportstatus")) is not None
    assert JOB.match((b"insights", b"job", b"exportstatus")) is None


def test_without_raw_path() -> None:
    """Where a server gives no raw path, the decoded one serves, its percent signs taken literally."""
    assert raw_path({"path": "/insights/job/5%/é"}) == b"/insights/job/5%25/%C3%A9"
    assert raw_path({"path": "/x", "raw_path": b"/a%2Fb?c"}) == b"/a%2Fb"
