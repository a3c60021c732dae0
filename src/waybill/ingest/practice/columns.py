"""Make whole columns at once: GUIDs, skewed picks, joined texts, all decided by the seed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_compute: Any = pc
"""pyarrow-stubs lack utf8_normalize and mixed columns and scalars; what comes back is typed again at once."""

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Column: TypeAlias = "pa.Array[Any]"
Texts: TypeAlias = "pa.Array[Any]"
"""A string column; pyarrow-stubs know no narrower type that all of its functions return."""


def generator(seed: int, stage: str) -> np.random.Generator:
    """Random numbers of one stage: another stage drawing more or less changes nothing here."""
    return np.random.default_rng([seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF, zlib.crc32(stage.encode())])


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finaliser: every input bit changes about half of the output bits."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def scattered(seed: int, kind: str, numbers: Ints, choices: int) -> Ints:
    """A number 0..choices-1 for each number: evenly spread, the same whatever else is asked."""
    key = np.uint64(zlib.crc32(kind.encode()) << 32 | seed & 0xFFFFFFFF)
    return (_mix(_mix(numbers.astype(np.uint64) + np.uint64(1)) ^ key) % np.uint64(choices)).astype(np.int64)


_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_BLOCKS = ((0, 0, 8), (8, 9, 4), (12, 14, 4), (16, 19, 4), (20, 24, 12))


def guids(seed: int, kind: str, numbers: Ints) -> Texts:
    """The GUID (version 4 in form) of each number: a pure function of seed, kind and number."""
    key = np.uint64(zlib.crc32(kind.encode()) << 32 | seed & 0xFFFFFFFF)
    high = _mix(_mix(numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)) ^ key)
    low = _mix(high ^ np.uint64(seed >> 32 & 0xFFFFFFFF) ^ np.uint64(0xD1B54A32D192ED03))
    raw = np.stack([high, low], 1).astype(">u8").view(np.uint8).reshape(-1, 16).copy()
    raw[:, 6] = raw[:, 6] & 0x0F | 0x40
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    digits = np.empty((len(numbers), 32), np.uint8)
    digits[:, 0::2], digits[:, 1::2] = _HEX[raw >> 4], _HEX[raw & 15]
    text = np.full((len(numbers), 36), ord("-"), np.uint8)
    for source, target, length in _BLOCKS:
        text[:, target : target + length] = digits[:, source : source + length]
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * 36
    return pa.StringArray.from_buffers(
        len(numbers), pa.py_buffer(offsets.tobytes()), pa.py_buffer(text.tobytes())
    )


def zipf(rng: np.random.Generator, population: int, exponent: float, count: int) -> Ints:
    """`count` picks from 0..population-1, a few of them (anywhere in the range) far more often."""
    weights = np.cumsum(1.0 / np.arange(1, population + 1) ** exponent)
    ranks = np.searchsorted(weights, rng.random(count) * weights[-1]).clip(0, population - 1)
    return np.asarray(rng.permutation(population)[ranks], np.int64)


def choose(rng: np.random.Generator, shares: Sequence[float], count: int) -> Ints:
    """`count` numbers 0..len(shares)-1, drawn with these shares."""
    total = np.cumsum(np.asarray(shares, np.float64))
    return np.searchsorted(total / total[-1], rng.random(count), side="right").astype(np.int64)


def quota(shares: Sequence[float], count: int) -> Ints:
    """How many of `count` each share gets, rounded so that they sum up (largest remainder)."""
    exact = np.asarray(shares, np.float64) / sum(shares) * count
    whole = np.floor(exact).astype(np.int64)
    rest = np.argsort(whole - exact, kind="stable")[: count - int(whole.sum())]
    whole[rest] += 1
    return whole


def within(counts: Ints) -> Ints:
    """0, 1, 2, ... inside each run: counts (2, 3) give 0 1 0 1 2."""
    starts = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(starts, counts)


def unique_pairs(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Distinct pairs, sorted; both numbers below 2**31."""
    keys = np.unique(left << 32 | right)
    return keys >> 32, keys & 0xFFFFFFFF


def words(choices: Sequence[str | None], index: Ints) -> Texts:
    """The word at each index."""
    return pa.array(choices, pa.string()).take(index)


def picked(column: Texts, index: Ints) -> Texts:
    """The values of a column at these positions."""
    return column.take(index)


def glued(*parts: Texts | str) -> Texts:
    """The parts joined row by row; a null part makes a null."""
    columns = [pa.scalar(x) if isinstance(x, str) else x for x in parts]
    return cast(Texts, _compute.binary_join_element_wise(*columns, ""))


def numbers(values: Ints) -> Texts:
    return pa.array(values).cast(pa.string())


def apart(names: Texts, joint: str, taken: Sequence[str] = ()) -> Texts:
    """The same names, the second, third, ... of equal ones told apart by a number; `taken` came before them."""
    if taken:
        everything = pa.concat_arrays([pa.array(taken, pa.string()), names])
        return apart(everything, joint).slice(len(taken))
    codes = names.dictionary_encode().indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    rank = np.empty(len(codes), np.int64)
    rank[order] = within(np.bincount(codes)) if len(codes) else 0
    return glued(names, pc.if_else(pa.array(rank > 0), glued(joint, numbers(rank + 1)), ""))


def slug(names: Texts, joint: str) -> Texts:
    """Names as they stand in addresses: lower case, everything but ASCII letters and digits joined."""
    plain = _compute.utf8_lower(_compute.utf8_normalize(names, "NFKD"))
    plain = _compute.replace_substring_regex(plain, r"[^\x00-\x7f]", "")
    return cast(
        Texts, _compute.utf8_trim(_compute.replace_substring_regex(plain, "[^a-z0-9]+", joint), joint)
    )


def ids(values: Ints) -> Column:
    """An INTEGER column; negative means NULL."""
    return pa.array(values.astype(np.int32), mask=values < 0)


def moments(seconds_before: Ints, end: str = "2026-06-01T00:00:00") -> Column:
    """TIMESTAMPs this many seconds before `end`; negative means NULL."""
    stamps = np.datetime64(end, "s") - np.abs(seconds_before).astype("timedelta64[s]")
    return pa.array(stamps, mask=seconds_before < 0)
