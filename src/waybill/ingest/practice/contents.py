"""The bytes of practice files, made from their key alone: the same every time, and hard to compress."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from waybill.errors import ContentMissing

CHUNK = 1 << 20
"""Bytes of a piece, at most."""

_TURN = 0x9E3779B97F4A7C15
_KEY = re.compile(r"practice:([0-9]{1,18}):([0-9]{1,18}):([0-9]{1,15})")


def practice_key(seed: int, number: int, size: int) -> str:
    """The key of file `number` of a practice tenant: `size` bytes."""
    return f"practice:{seed}:{number}:{size}"


def open_practice(key: str) -> Iterator[bytes]:
    """Exactly as many bytes as the key says, in pieces of at most 1 MiB.

    Raises ContentMissing, at once, for a key that no practice tenant makes.
    """
    found = _KEY.fullmatch(key)
    if found is None:
        raise ContentMissing(
            "The contents of this file were not made by the practice tenant.",
            "Ingest the tenant again, so that its file keys fit this Waybill.",
        )
    seed, number, size = (int(part) for part in found.groups())
    return _pieces(seed, number, size)


def _pieces(seed: int, number: int, size: int) -> Iterator[bytes]:
    # Of NumPy, only a bit generator's raw output is promised to stay the same from version to version.
    source = np.random.SFC64([seed, number, size])
    block = np.asarray(source.random_raw((min(size, CHUNK) + 7) // 8), "<u8")
    for begin in range(0, size, CHUNK):
        # Each piece is the first one with other bits turned over: several times faster than new numbers.
        mask = np.uint64(begin // CHUNK * _TURN & 0xFFFFFFFFFFFFFFFF)
        yield (block ^ mask).tobytes()[: size - begin]
