"""Deliver files into an Azure Storage container whose SAS can only write: each whole or not at all.

Small files go by one call each, several at once; larger ones as blocks that become a blob in one
moment, at the end. Storage compares every body with its MD5. What is begun is in the journal first, so
that a blob which stands under a name of ours is known to be ours, and overwritten, or a stranger's.
"""

from __future__ import annotations

import base64
import hashlib
import queue
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from waybill.clock import Clock
from waybill.delivery.blob_calls import Answer, BlobCalls, Body, Lost, Outcome, Try, body_of, insist
from waybill.delivery.journal import Delivered, Journal
from waybill.delivery.locations import Location
from waybill.delivery.network import Network
from waybill.delivery.outgoing import DeliveryFailed, Outgoing, Undelivered, Wrote, unfit
from waybill.delivery.portions import batches, blocks
from waybill.delivery.uplink import Uplink
from waybill.errors import ContentMissing, DataProblem, LocationRefused

MAX_BLOCKS = 50_000
"""Blocks of one blob, at most (Azure's rule)."""
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
                at_once = max(self._sizes.files, self._sizes.blocks)
                uplink = stack.enter_context(Uplink(self._location, self._network, at_once))
            except LocationRefused as error:
                raise DeliveryFailed(error.message, error.hint) from None
            except OSError as error:
                raise DeliveryFailed(
                    f"The host {self._location.host} cannot be resolved ({type(error).__name__}).",
                    "Check this server's name resolution, then request the export again, into a new container.",
                ) from None
            delivery = _Delivery(uplink, self._location, self._network, self._sizes, journal, wrote)
            yield from delivery.run(files)


class _Sent(NamedTuple):
    """What a request under way will have brought. `done`: the file that is whole with it."""

    path: str
    size: int
    done: Delivered | None = None


_Arrived = tuple[_Sent, Outcome | Exception]
"""How a request ended: by an answer, or by an error."""


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
        self._arrivals: queue.SimpleQueue[_Arrived] = queue.SimpleQueue()
        self._under_way = 0
        self._bytes_under_way = 0

    def run(self, files: Iterator[Outgoing]) -> Iterator[Result]:
        for batch in batches(files, self._clock.now):
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
            self._uplink.flush()
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
            parts, size = list[bytes](), 0
            for chunk in chunks:
                parts.append(chunk)
                size += len(chunk)
                if size > self._sizes.whole:
                    yield from self._send_blocks(file, chain(parts, chunks), again)
                    return
            if not self._room_for(size):
                yield from self._wait(lambda: self._room_for(size), file.path)
            self._start_whole(file, parts[0] if len(parts) == 1 else b"".join(parts), again)
        except ContentMissing as error:
            yield from self._withdraw(file.path, again, str(error))
        finally:
            if isinstance(chunks, Generator):
                chunks.close()

    def _room_for(self, size: int) -> bool:
        """Whether a small file may be begun: as many again as are sent at once wait, so that none is waited for."""
        sizes, waiting = self._sizes, self._under_way
        return waiting == 0 or (waiting < 2 * sizes.files and self._bytes_under_way + size <= sizes.at_once)

    def _start_whole(self, file: Outgoing, data: bytes, again: bool) -> None:
        body, digest = body_of((data,)), hashlib.sha256(data).hexdigest()
        calls = self._calls

        def call(unsure: bool) -> Awaitable[Answer]:
            return calls.put_blob(file.path, body, file.media_type, fresh=not (again or unsure))

        def first(then: Callable[[Answer | Lost], None]) -> bool:
            return calls.begin_put_blob(file.path, body, file.media_type, then, fresh=not again)

        sent = _Sent(file.path, body.size, Delivered(file.path, body.size, digest))
        self._count(sent)
        self._uplink.begin(lambda: self._try(sent, call, first))

    def _send_blocks(self, file: Outgoing, chunks: Iterator[bytes], again: bool) -> Iterator[Result]:
        digest, size, ids = hashlib.sha256(), 0, list[str]()
        for parts in blocks(chunks, self._sizes.block):
            if len(ids) == MAX_BLOCKS:
                raise ContentMissing(f"The file is larger than {MAX_BLOCKS * self._sizes.block} bytes.")
            for part in parts:
                digest.update(part)
            body = body_of(parts)
            size += body.size
            ids.append(base64.b64encode(b"%08d" % len(ids)).decode())
            yield from self._wait(lambda: self._under_way < self._sizes.blocks, file.path)
            self._start_block(file.path, ids[-1], body)
        yield from self._wait(lambda: self._under_way == 0, file.path)
        self._start(
            _Sent(file.path, 0, Delivered(file.path, size, digest.hexdigest())),
            lambda unsure: self._calls.put_block_list(
                file.path, ids, file.media_type, fresh=not (again or unsure)
            ),
        )

    def _start_block(self, path: str, block_id: str, body: Body) -> None:
        self._start(_Sent(path, body.size), lambda _: self._calls.put_block(path, block_id, body))

    def _start(self, sent: _Sent, call: Try) -> None:
        self._count(sent)
        self._uplink.begin(lambda: self._uplink.task(self._tell(sent, call)))
        self._uplink.flush()

    def _count(self, sent: _Sent) -> None:
        self._under_way += 1
        self._bytes_under_way += sent.size

    def _try(self, sent: _Sent, call: Try, first: Callable[[Callable[[Answer | Lost], None]], bool]) -> None:
        """Make a call's first try without a task, where that can be; the rare others follow in one."""

        def tried(told: Answer | Lost) -> None:
            if isinstance(told, Answer) and not told.temporary:
                self._arrivals.put((sent, Outcome(told, unsure=False)))
                self._uplink.over()
            else:
                self._uplink.task(self._tell(sent, _tried(told, call)))

        try:
            begun = first(tried)
        except Exception as error:  # noqa: BLE001  raised where it is waited for
            self._arrivals.put((sent, error))
            self._uplink.over()
        else:
            if not begun:
                self._uplink.task(self._tell(sent, call))

    async def _tell(self, sent: _Sent, call: Try) -> None:
        """Make a call and tell the calling thread how it ended."""
        try:
            outcome: Outcome | Exception = await insist(call, self._patience)
        except Exception as error:  # noqa: BLE001  raised where it is waited for
            outcome = error
        self._arrivals.put((sent, outcome))
        self._uplink.over()

    def _wait(self, enough: Callable[[], bool], path: str) -> Iterator[Result]:
        """Take in what arrives until `enough`; `path` is what is waited for."""
        while not enough():
            self._uplink.flush()
            try:
                arrived = [self._arrivals.get(timeout=_HEARTBEAT)]
            except queue.Empty:
                self._wrote(path, 0)
                continue
            arrived += [self._arrivals.get_nowait() for _ in range(self._arrivals.qsize())]
            well, failure = self._take_in(arrived)
            for sent in well:
                self._wrote(sent.path, sent.size)
                if sent.done is not None:
                    yield sent.done
            if failure is not None:
                raise failure

    def _take_in(self, arrived: Sequence[_Arrived]) -> tuple[list[_Sent], Exception | None]:
        """What of this went well, noted in the journal by one writing for all, and the first failure."""
        well: list[_Sent] = []
        failure: Exception | None = None
        for sent, outcome in arrived:
            self._under_way -= 1
            self._bytes_under_way -= sent.size
            if isinstance(outcome, Outcome) and outcome.answer.well:
                well.append(sent)
            else:
                failure = failure or self._wrong(sent.path, outcome)
        done = [sent.done for sent in well if sent.done is not None]
        if done:
            self._journal.done(*done)
        return well, failure

    def _wrong(self, path: str, outcome: Outcome | Exception) -> Exception:
        """What is wrong with how a call ended."""
        if isinstance(outcome, Lost):
            return DeliveryFailed(
                f"The storage did not answer, {self._patience.tries} times ({outcome}).",
                "Check that this server can reach it, then request the export again, into a new container.",
            )
        if isinstance(outcome, Exception):
            return outcome
        return refusal(outcome.answer, path, self._location, self._clock.now())

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


def _tried(told: Answer | Lost, call: Try) -> Try:
    """`call`, of which the first try was made already and was told this."""
    first: list[Answer | Lost] = [told]

    async def next_try(unsure: bool) -> Answer:
        if not first:
            return await call(unsure)
        before = first.pop()
        if isinstance(before, Lost):
            raise before
        return before

    return next_try


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
