"""Take what is delivered in portions: files in batches, bytes in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from waybill.delivery.connection import Part
from waybill.delivery.outgoing import Outgoing

_BATCH = 64
_BATCH_TIME = timedelta(seconds=0.1)


def batches(files: Iterator[Outgoing], now: Callable[[], datetime]) -> Iterator[list[Outgoing]]:
    """Files together, so that the journal is forced to disk once for all of a batch. While they come fast
    batches grow; where they come slowly each goes at once, without waiting for the next."""
    limit = 1
    while True:
        started = now()
        batch = list(islice(files, limit))
        if not batch:
            return
        limit = min(limit * 2, _BATCH) if now() - started < _BATCH_TIME else 1
        yield batch


def blocks(chunks: Iterator[bytes], size: int) -> Iterator[list[Part]]:
    """The chunks cut into blocks of `size` bytes, not copied; only the last may be shorter."""
    parts, held = list[Part](), 0
    for chunk in chunks:
        rest = memoryview(chunk)
        while held + len(rest) >= size:
            parts.append(rest[: size - held])
            rest = rest[size - held :]
            yield parts
            parts, held = [], 0
        if rest:
            parts.append(rest)
            held += len(rest)
    if parts:
        yield parts
