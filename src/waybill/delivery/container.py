"""Deliver files into an Azure Storage container whose SAS can only write: each whole or not at all.

Small files go by one call each, several at once; larger ones as blocks that become a blob in one
moment, at the end. Storage compares every body with its MD5. What is begun is in the journal first, so
that a blob which stands under a name of ours is known to be ours, and overwritten, or a stranger's.
"""

from __future__ import annotations

import base64
import hashlib
import queue
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

from waybill.clock import Clock
from waybill.delivery.blob_calls import Answer, BlobCalls, Lost, Outcome, insist
from waybill.delivery.journal import Delivered, Journal
from waybill.delivery.locations import Location
from waybill.delivery.network import Network
from waybill.delivery.outgoing import DeliveryFailed, Outgoing, Undelivered, Wrote, unfit
from waybill.delivery.uplink import Uplink
from waybill.errors import ContentMissing, DataProblem, LocationRefused

MAX_BLOCKS = 50_000
"""Blocks of one blob, at most (Azure's rule)."""
_BATCH = 64
_BATCH_TIME = timedelta(seconds=0.1)
_HEARTBEAT = 0.5

Result = Delivered | Undelivered


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes and counts. Memory is about `at_once` + (`blocks` + 2) * `block`, whatever the files' size.

    whole: up to here a file goes by one call. block: size of a block. files, blocks: requests under way
    at once. at_once: bytes of small files under way at once.
    """

    whole: int = 4 * 2**20
    block: int = 8 * 2**20
    files: int = 16
    blocks: int = 4
    at_once: int = 32 * 2**20


class Container:
    """A `Target`. One delivery runs at a time in a container; deliveries of others may run beside it."""

    def __init__(self, location: Location, network: Network, sizes: Sizes | None = None) -> None:
        self._location = location
        self._network = network
        self._sizes = sizes or Sizes()

    def deliver(self, files: Iterator[Outgoing], journal: Journal, wrote: Wrote) -> Iterator[Result]:
        """See `Target.deliver`."""
        with ExitStack() as stack:
            try:
                uplink = stack.enter_context(Uplink(self._location, self._network))
            except LocationRefused as error:
                raise DeliveryFailed(error.message, error.hint) from None
            except OSError as error:
                raise DeliveryFailed(
                    f"The host {self._location.host} cannot be resolved ({type(error).__name__}).",
                    "Check this server's name resolution, then request the export again, into a new container.",
                ) from None
            delivery = _Delivery(uplink, self._location, self._network, self._sizes, journal, wrote)
            yield from delivery.run(files)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a request under way will have brought. `done`: the file that is whole with it."""

    path: str
    size: int
    done: Delivered | None


class _Delivery:
    """One call of `deliver`: reads in the calling thread, sends through the uplink."""

    def __init__(
        self,
        uplink: Uplink,
        location: Location,
        network: Network,
        sizes: Sizes,
        journal: Journal,
        wrote: Wrote,
    ) -> None:
        self._uplink = uplink
        self._calls: BlobCalls = uplink.calls
        self._location = location
        self._clock: Clock = network.clock
        self._patience = network.patience
        self._sizes = sizes
        self._journal = journal
        self._wrote = wrote
        self._seen: set[str] = set()
        self._arrivals: queue.SimpleQueue[tuple[_Sent, Future[Outcome]]] = queue.SimpleQueue()
        self._under_way = 0
        self._bytes_under_way = 0

    def run(self, files: Iterator[Outgoing]) -> Iterator[Result]:
        for batch in _batches(files, self._clock.now):
            fresh: list[tuple[Outgoing, bool]] = []
            for file in batch:
                known = self._known(file)
                if known is not None:
                    self._wrote(file.path, 0)
                    yield known
                else:
                    fresh.append((file, self._journal.was_begun(file.path)))
            self._journal.begun(file.path for file, _ in fresh)
            for file, again in fresh:
                yield from self._send(file, again)
        yield from self._wait(lambda: self._under_way == 0, "")

    def _known(self, file: Outgoing) -> Result | None:
        """What is certain about a file before it is opened."""
        if file.path in self._seen:
            raise DataProblem(f"The export has two files named {file.path}.", "Report this as a bug.")
        self._seen.add(file.path)
        why = unfit(file.path)
        return Undelivered(file.path, why) if why else self._journal.arrived(file.path)

    def _send(self, file: Outgoing, again: bool) -> Iterator[Result]:
        """Read a file and send it, by one call or by blocks. again: an earlier delivery began it."""
        chunks: Iterator[bytes] = iter(())
        try:
            chunks = file.open()
            head = bytearray()
            for chunk in chunks:
                head += chunk
                if len(head) > self._sizes.whole:
                    yield from self._send_blocks(file, head, chunks, again)
                    return
            yield from self._send_whole(file, bytes(head), again)
        except ContentMissing as error:
            yield from self._withdraw(file.path, again, str(error))
        finally:
            if isinstance(chunks, Generator):
                chunks.close()

    def _send_whole(self, file: Outgoing, data: bytes, again: bool) -> Iterator[Result]:
        sizes = self._sizes
        yield from self._wait(
            lambda: (
                (self._under_way < sizes.files and self._bytes_under_way + len(data) <= sizes.at_once)
                or self._under_way == 0
            ),
            file.path,
        )
        self._start(
            _Sent(file.path, len(data), Delivered(file.path, len(data), hashlib.sha256(data).hexdigest())),
            insist(
                lambda unsure: self._calls.put_blob(
                    file.path, data, file.media_type, fresh=not (again or unsure)
                ),
                self._patience,
            ),
        )

    def _send_blocks(
        self, file: Outgoing, head: bytearray, rest: Iterator[bytes], again: bool
    ) -> Iterator[Result]:
        digest, size, ids = hashlib.sha256(), 0, list[str]()
        for block in _blocks(head, rest, self._sizes.block):
            if len(ids) == MAX_BLOCKS:
                raise ContentMissing(f"The file is larger than {MAX_BLOCKS * self._sizes.block} bytes.")
            digest.update(block)
            size += len(block)
            ids.append(base64.b64encode(b"%08d" % len(ids)).decode())
            yield from self._wait(lambda: self._under_way < self._sizes.blocks, file.path)
            self._start_block(file.path, ids[-1], block)
        yield from self._wait(lambda: self._under_way == 0, file.path)
        self._start(
            _Sent(file.path, 0, Delivered(file.path, size, digest.hexdigest())),
            insist(
                lambda unsure: self._calls.put_block_list(
                    file.path, ids, file.media_type, fresh=not (again or unsure)
                ),
                self._patience,
            ),
        )

    def _start_block(self, path: str, block_id: str, block: bytes) -> None:
        self._start(
            _Sent(path, len(block), None),
            insist(lambda _: self._calls.put_block(path, block_id, block), self._patience),
        )

    def _start(self, sent: _Sent, work: Coroutine[Any, Any, Outcome]) -> None:
        self._under_way += 1
        self._bytes_under_way += sent.size
        future = self._uplink.begin(work)
        future.add_done_callback(lambda done: self._arrivals.put((sent, done)))

    def _wait(self, enough: Callable[[], bool], path: str) -> Iterator[Result]:
        """Take in what arrives until `enough`; `path` is what is waited for."""
        while not enough():
            try:
                sent, future = self._arrivals.get(timeout=_HEARTBEAT)
            except queue.Empty:
                self._wrote(path, 0)
                continue
            self._under_way -= 1
            self._bytes_under_way -= sent.size
            self._check(sent.path, future)
            if sent.done is not None:
                self._journal.done(sent.done)
            self._wrote(sent.path, sent.size)
            if sent.done is not None:
                yield sent.done

    def _check(self, path: str, future: Future[Outcome]) -> None:
        try:
            answer = future.result().answer
        except Lost as error:
            raise DeliveryFailed(
                f"The storage did not answer, {self._patience.tries} times ({error}).",
                "Check that this server can reach it, then request the export again, into a new container.",
            ) from None
        if not answer.well:
            raise refusal(answer, path, self._location, self._clock.now())

    def _withdraw(self, path: str, again: bool, reason: str) -> Iterator[Result]:
        """A file's bytes cannot be had. If an earlier delivery began it, it may stand there: take it away."""
        yield from self._wait(lambda: self._under_way == 0, path)
        if again:
            try:
                answer = self._uplink.do(insist(lambda _: self._calls.delete(path), self._patience)).answer
                gone = answer.well or answer.status == 404
            except Lost:
                gone = False
            if not gone:
                raise DeliveryFailed(
                    f"{path} may have arrived earlier, cannot be read any more, and cannot be taken away.",
                    "Request the export again, into a new container.",
                )
        yield Undelivered(path, reason)


def refusal(answer: Answer, path: str, location: Location, now: datetime) -> DeliveryFailed:
    """What storage's answer means for a person; it says the same 403 to everything, so the SAS is asked."""
    again = "Request the export again, with a new container and SAS."
    said = f"{answer.status} {answer.code}".rstrip()
    if answer.status == 403:
        # Storage has refused already, so its clock needs no allowance.
        why = location.sas.why_refused(now, location.scheme, timedelta(0)) or (
            "The SAS may have been revoked, or does not allow this server's network."
        )
        return DeliveryFailed(f"The storage refused to be written to ({said}). {why}", again)
    if answer.status == 404 or answer.code.startswith("Container"):
        return DeliveryFailed(f"The container is not there any more ({said}).", again)
    if answer.status in (409, 412):
        return DeliveryFailed(
            f"The container has a file {path} that this export did not write, or does not let it be written "
            f"({said}).",
            "Request the export again, into an empty container.",
        )
    return DeliveryFailed(f"The storage answered {said} to the writing of a file.", again)


def _batches(files: Iterator[Outgoing], now: Callable[[], datetime]) -> Iterator[list[Outgoing]]:
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


def _blocks(head: bytearray, rest: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The bytes of `head` and `rest` cut into blocks of `size`; only the last may be shorter."""
    for chunk in chain((b"",), rest):
        head += chunk
        while len(head) >= size:
            yield bytes(memoryview(head)[:size])
            del head[:size]
    if head:
        yield bytes(head)
