"""The splitter: whatever lies between and around objects, every object comes out whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waybill.ingest.mgdc.splitter import Piece, Splitter

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=4)
BETWEEN = st.sampled_from(["", "\n", "\r\n", " ", "\n\n", ",\n", "\t", "\n]\n[", "\x1e"])
JUNK = st.text(st.characters(blacklist_characters='{}"\n', blacklist_categories=["Cs"]), max_size=12)


def split(data: bytes, chunk: int = 7, longest: int = 1 << 20) -> list[Piece]:
    splitter = Splitter(longest)
    pieces: list[Piece] = []
    for start in range(0, len(data), chunk):
        pieces += splitter.feed(data[start : start + chunk])
    return pieces + list(splitter.finish())


def good(pieces: list[Piece]) -> list[dict[str, Any]]:
    return [piece.found for piece in pieces if piece.found is not None]


def bad(pieces: list[Piece]) -> list[tuple[int, str]]:
    return [(piece.line, piece.reason) for piece in pieces if piece.found is None]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(OBJECTS, BETWEEN, st.booleans()), max_size=6), st.integers(1, 60), st.booleans())
def test_objects_come_out_whole(parts: list[tuple[dict[str, Any], str, bool]], chunk: int, bom: bool) -> None:
    """Objects joined by nothing, newlines or array punctuation, plain or pretty-printed, all come out, in order."""
    text = "".join(json.dumps(found, indent=2 if pretty else None) + joint for found, joint, pretty in parts)
    data = (b"\xef\xbb\xbf" if bom else b"") + text.encode()
    pieces = split(data, chunk)
    assert good(pieces) == [found for found, _, _ in parts]
    assert bad(pieces) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(OBJECTS, JUNK), max_size=6), st.integers(1, 60), JUNK)
def test_garbage_takes_no_object_along(
    parts: list[tuple[dict[str, Any], str]], chunk: int, first: str
) -> None:
    """Garbage between objects is reported, and not one object is lost to it."""
    data = (first + "".join(json.dumps(found) + junk for found, junk in parts)).encode()
    assert good(split(data, chunk)) == [found for found, _ in parts]


@settings(max_examples=60, deadline=None)
@given(st.lists(OBJECTS, min_size=2, max_size=6), st.data())
def test_a_damaged_line_harms_only_itself(objects: list[dict[str, Any]], data: st.DataObject) -> None:
    """Cutting any one line of JSON lines short loses that line alone, and reports it."""
    lines = [json.dumps(found) for found in objects]
    broken = data.draw(st.integers(0, len(lines) - 1))
    cut = data.draw(st.integers(1, len(lines[broken]) - 1))
    lines[broken] = lines[broken][:cut]
    pieces = split("\n".join(lines).encode(), data.draw(st.integers(1, 60)))
    others = [found for place, found in enumerate(objects) if place != broken]
    assert [found for found in good(pieces) if found in others] == others
    assert bad(pieces)


@settings(max_examples=300, deadline=None)
@given(st.text('{}[]":,\\ \n1\ufeff', max_size=80), st.integers(1, 20))
def test_any_bytes_are_split_the_same_at_any_chunk_size(text: str, chunk: int) -> None:
    """What comes out does not depend on how the bytes arrive."""
    data = text.encode()
    assert [(p.line, p.found, bool(p.reason)) for p in split(data, chunk)] == [
        (p.line, p.found, bool(p.reason)) for p in split(data, 1 << 20)
    ]


@pytest.mark.parametrize(
    ("text", "found", "rejected"),
    [
        ('{"a":1}{"a":2}\n{"a":3}', 3, []),
        ('[{"a":1},{"a":2}]', 2, []),
        ('[\n  {"a":1},\n  {"a":2}\n]\n', 2, []),
        ('{"a":1}\n{"a":2', 1, [(2, "cut off at the end of the file")]),
        ('{"a":1\n{"a":2}\n{"a":3}', 2, [(1, "a closing brace is missing before the next object")]),
        ('{"a":[1,\n{"a":2}\n{"a":3}', 2, [(1, "a closing brace is missing before the next object")]),
        ('{"a":"x\n{"a":2}', 1, [(1, "a text is not closed on its line")]),
        ('{"a":[1}\n{"a":2}', 1, [(1, "its brackets do not match")]),
        ('nonsense {"a":1} more\n{"a":2}', 2, [(1, "not a JSON object"), (1, "not a JSON object")]),
        ("null\n42\n", 0, [(1, "not a JSON object"), (2, "not a JSON object")]),
        ('{"a": "}{ \\" [", "b": "\\\\"}', 1, []),
    ],
)
def test_damage_is_named_with_its_line(text: str, found: int, rejected: list[tuple[int, str]]) -> None:
    """Each kind of damage has its reason and line, and the objects around it are read."""
    pieces = split(text.encode())
    assert (len(good(pieces)), bad(pieces)) == (found, rejected)


def test_invalid_json_in_balanced_braces_is_one_reject() -> None:
    """An object that is no valid JSON is rejected alone, with the parser's word for it."""
    pieces = split(b'{"a":tru}{"a":1}\n{"b" 2}\n{"a":3}')
    assert [piece["a"] for piece in good(pieces)] == [1, 3]
    assert [(line, reason[:14]) for line, reason in bad(pieces)] == [
        (1, "not valid JSON"),
        (2, "not valid JSON"),
    ]


def test_nearly_valid_objects_are_read_leniently() -> None:
    """Bad UTF-8, NaN and lone surrogates do not lose a row; it is marked."""
    pieces = split(b'{"a":"\xff"}\n{"a":NaN}\n{"a":"\\ud800"}')
    assert len(good(pieces)) == 3
    assert all(piece.lenient for piece in pieces)


def test_an_endless_object_is_given_up() -> None:
    """An object that never closes is rejected at the limit, and the next line is read; memory stays bounded."""
    data = b'{"a": [' + b"1, " * 2000 + b'\n{"a":2}'
    pieces = split(data, 64, longest=1000)
    assert good(pieces) == [{"a": 2}]
    assert bad(pieces)[0] == (1, "longer than 1000 bytes")
    assert all(len(piece.raw) <= 1200 for piece in pieces)
