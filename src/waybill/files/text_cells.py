"""Texts as cells may hold them: what cannot stand in XML or in Excel is removed, cut or escaped, and told.

Almost every column is clean, so the work is to see that quickly: the raw UTF-8 of a whole column is
searched a few times at memory speed, and only a column (of one chunk) that holds something pays for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

CELL_LIMIT = 32_767
"""UTF-16 units Excel keeps in one cell."""

_SPACE = 0x20

_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_LOOKS_ESCAPED_RAW = re.compile(b"_x[0-9A-Fa-f]{4}_")
_NEEDS_CARE = r"[\x00-\x08\x0b-\x1f\x{FFFE}\x{FFFF}]|_x[0-9A-Fa-f]{4}_"
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
# & first. A ">" may stand as it is, but for the end of a CDATA section (XML 1.0, 2.4). One byte is found many
# times faster than three, so it is looked for first.
_MARKUP = ((b"&", "&", "&amp;"), (b"<", "<", "&lt;"), (b"]", "]]>", "]]&gt;"))

Array = Any
"""A pyarrow array; its stubs type neither compute results nor buffers tightly enough to be of help."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A column ready for XML, with the rows that have white space at an edge, if any has.

    cuts: (index, UTF-16 units it had) of every text that was cut. removed: characters removed.
    """

    values: Array
    spaced: npt.NDArray[np.bool_] | None
    cuts: tuple[tuple[int, int], ...] = ()
    removed: int = 0


def texts(column: Array) -> Texts:
    """The texts of a string column, cleaned and escaped; nulls stay null."""
    raw = bytes(bytes_of(column))
    if not raw:
        return Texts(column, None)
    lowest = np.frombuffer(raw, np.uint8).min()
    cuts: tuple[tuple[int, int], ...] = ()
    removed = 0
    if _may_need_care(column, raw, lowest):
        column, cuts, removed = _cared_for(column)
        raw = bytes(bytes_of(column))
    spaced = _spaced(column, raw) if raw and lowest <= _SPACE else None
    for mark, plain, escaped in _MARKUP:
        if mark in raw and (len(plain) == 1 or plain.encode() in raw):
            column = pc.replace_substring(column, plain, escaped)
    return Texts(column, spaced, cuts, removed)


def escaped(text: str) -> str:
    """One text, cleaned and escaped."""
    clean = _clean(text)[0]
    for _, plain, entity in _MARKUP:
        clean = clean.replace(plain, entity)
    return clean


def bytes_of(column: Array) -> memoryview:
    """The UTF-8 of all values of a string array one after another, without a copy."""
    data = column.buffers()[2]
    ends = offsets_of(column)
    return memoryview(data)[int(ends[0]) : int(ends[-1])] if data is not None else memoryview(b"")


def offsets_of(column: Array) -> npt.NDArray[np.int32]:
    """Where each value starts in the data buffer, and the end of the last; len(column) + 1 numbers."""
    numbers = np.frombuffer(column.buffers()[1], np.int32)
    return numbers[column.offset : column.offset + len(column) + 1]


def _may_need_care(column: Array, raw: bytes, lowest: int) -> bool:
    """Whether some value may hold what `_clean` would change; no regex unless there is a "_x"."""
    if lowest < _SPACE:
        numbers = np.frombuffer(raw, np.uint8)
        if np.count_nonzero(numbers < _SPACE) > raw.count(b"\t") + raw.count(b"\n"):
            return True
    offsets = offsets_of(column)
    if len(raw) > CELL_LIMIT and int((offsets[1:] - offsets[:-1]).max()) > CELL_LIMIT:
        return True  # perhaps: UTF-8 has no fewer bytes than units
    if b"\xef" in raw and any(character in raw for character in _NONCHARACTERS):
        return True
    # One byte is found many times faster than two.
    return b"_" in raw and b"_x" in raw and _LOOKS_ESCAPED_RAW.search(raw) is not None


def _cared_for(column: Array) -> tuple[Array, tuple[tuple[int, int], ...], int]:
    """The column with each value that needs care replaced by its clean form; cuts; characters removed."""
    long = pc.greater(pc.binary_length(column), pa.scalar(CELL_LIMIT))
    mask: Array = pc.fill_null(pc.or_(pc.match_substring_regex(column, _NEEDS_CARE), long), pa.scalar(False))
    where = np.flatnonzero(mask.to_numpy(zero_copy_only=False)).tolist()
    cleaned = [_clean(value) for value in column.filter(mask).to_pylist()]
    replaced = pc.replace_with_mask(column, mask, pa.array([text for text, _, _ in cleaned], pa.string()))
    cuts = tuple((index, units) for index, (_, _, units) in zip(where, cleaned, strict=True) if units)
    return replaced, cuts, sum(removed for _, removed, _ in cleaned)


def _clean(value: str) -> tuple[str, int, int]:
    """The text as a cell may hold it; characters removed; UTF-16 units before it was cut (0: not cut)."""
    legal, removed = _ILLEGAL.subn("", value.replace("\r\n", "\n").replace("\r", "\n"))
    units, cut = legal.encode("utf-16-le"), 0
    if len(units) > 2 * CELL_LIMIT:
        cut = len(units) // 2
        legal = units[: 2 * CELL_LIMIT].decode("utf-16-le", "ignore")  # ignores half a pair at the end
    return _LOOKS_ESCAPED.sub("_x005F_", legal), removed, cut


def _spaced(column: Array, raw: bytes) -> npt.NDArray[np.bool_] | None:
    """The rows whose text begins or ends with white space; None if there is none."""
    data = np.frombuffer(raw, np.uint8)
    places = offsets_of(column)
    places = places - places[0]
    # An empty text sees the edge of a neighbour, which is looked at anyway; it is told apart below.
    first: npt.NDArray[np.uint8] = data.take(places[:-1], mode="clip")
    last: npt.NDArray[np.uint8] = data.take(places[1:] - 1, mode="clip")
    if first.min() > _SPACE and last.min() > _SPACE:
        return None
    filled: npt.NDArray[np.bool_] = places[1:] > places[:-1]
    return filled & ((first <= _SPACE) | (last <= _SPACE))
