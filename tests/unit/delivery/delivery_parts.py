"""Parts of the delivery tests: files to send, a patience that fits a test, the expected contents."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from waybill.clock import Clock
from waybill.delivery.container import Container, Sizes
from waybill.delivery.journal import Delivered, Journal
from waybill.delivery.locations import StorageRules, parse_location
from waybill.delivery.network import Network
from waybill.delivery.outgoing import Outgoing, Undelivered
from waybill.delivery.patience import Patience

REQUEST_INFO = b'{"CommandId": "d007e3da-cd9b-4b02-8d66-422403c53e3f"}'


async def no_wait(_seconds: float) -> None:
    """Try again at once, but let others run first."""
    await asyncio.sleep(0)


PATIENT = Patience(tries=4, connect=5, silence=30, whole=60, all=60, sleep=no_wait)
"""For storage that is well: a slow machine is not taken for trouble."""


def network(patience: Patience = PATIENT, ca: Path | None = None, clock: Clock | None = None) -> Network:
    return Network(clock=clock or Clock(), patience=patience, ca=ca)


def clock_at(moment: datetime) -> Clock:
    return Clock(now=lambda: moment.astimezone(UTC))


def content(size: int, seed: int = 0) -> bytes:
    """So many bytes that no other seed gives, and that do not compress."""
    return random.Random(seed).randbytes(size)  # noqa: S311  # test data, the same every time


def outgoing(path: str, data: bytes, chunk: int = 1 << 20) -> Outgoing:
    def chunks() -> Iterator[bytes]:
        for start in range(0, len(data), chunk):
            yield data[start : start + chunk]

    return Outgoing(path, len(data), chunks)


def outgoings(files: Mapping[str, bytes]) -> Iterator[Outgoing]:
    for path, data in files.items():
        yield outgoing(path, data)


def digest(data: bytes) -> tuple[int, str]:
    return len(data), hashlib.sha256(data).hexdigest()


def digests(files: Mapping[str, bytes]) -> dict[str, tuple[int, str]]:
    return {path: digest(data) for path, data in files.items()}


def told(results: list[Delivered | Undelivered]) -> dict[str, tuple[int, str]]:
    """What a delivery says has arrived; every file must have."""
    return {result.path: (result.size, result.sha256) for result in results if isinstance(result, Delivered)}


def nothing(_path: str, _size: int) -> None:
    """A `wrote` that lets everything go on."""


def send(
    url: str,
    rules: StorageRules,
    files: Iterator[Outgoing],
    journal: Path,
    *,
    sizes: Sizes | None = None,
    over: Network | None = None,
    wrote: Callable[[str, int], None] = nothing,
) -> list[Delivered | Undelivered]:
    """Deliver `files` into the container of a SAS URL, to the end."""
    target = Container(parse_location(url, rules), over or network(ca=rules.ca), sizes)
    with Journal(journal) as kept:
        return list(target.deliver(files, kept, wrote))
