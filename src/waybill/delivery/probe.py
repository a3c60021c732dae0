"""Claim a container for one export, by the checks of graph.md 2.3, rows 8 to 11, and release it again.

Where the SAS itself says what storage will answer, its word is taken and nothing is written:

- row 9b: expired, not yet valid, https only, not for a container, without `w`. Storage would answer
  403 to the first write (row 8 passes: it answers 403 to the listing too). Microsoft's service accepts
  a SAS with create and add alone; ours does not, since large files and retries need `w`.
- row 10: with `r`, reading tells whether the container is used (row 9) or merely readable.

Beyond the contract, a container that anybody can read without a SAS is refused like row 10. That is
found out by reading RequestInfo.json, which stays behind if the SAS does not allow deleting.

Who owns a container is decided by the first append, at position 0, and not by the creation of the
blob. If the answer to the creation is lost and the next try meets 409, the blob is either ours or
stands for another export; ours is still empty, and only there an append at position 0 succeeds.
If the answer to that append is lost and the next try meets 412, the bytes are there, and are taken
for ours. They are, unless a second claim came in the same moment, lost the answer to its creation, and
appended between our two tries, the first of which never arrived. Without permission to read nothing
can tell these apart; then both claims stand, and two exports of callers who both hold the SAS share
a container, each with a manifest of its own over files that the other may have overwritten.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Never

from waybill.delivery.blob_calls import Answer, BlobCalls, Lost, Outcome, insist
from waybill.delivery.locations import Location
from waybill.delivery.network import Network
from waybill.delivery.patience import Patience
from waybill.delivery.uplink import Uplink
from waybill.errors import LocationFault, LocationRefused

REQUEST_INFO = "RequestInfo.json"
_JSON = "application/json"
_CLEAN_UP = Patience(
    tries=2, first_wait=0.2, longest_wait=1, connect=3, silence=3, whole=5, lookups=1, all=15
)


def claim(location: Location, request_info: bytes, network: Network) -> None:
    """Make the container ours: RequestInfo.json with these bytes (at most 4 MiB) stands in it.

    Raises LocationRefused (INVALID, MAY_LIST, USED, NO_WRITE, NO_APPEND_BLOBS, MAY_READ); what this call
    itself had written is then deleted again if the SAS allows it. Safe to call from any thread.
    `network.patience` should be WHILE_THE_CALLER_WAITS.
    """
    try:
        with Uplink(location, network) as uplink:
            checks = _Claim(location, request_info, network, uplink.calls)
            uplink.do(uplink.in_time(checks.run()))
    except OSError as error:  # the name has no address, or time is up
        raise _invalid(f"Its host cannot be reached ({type(error).__name__}).") from None


def release(location: Location, network: Network) -> bool:
    """Delete RequestInfo.json, for a claim whose export did not come to be. False if that did not work;
    raises nothing about storage."""
    try:
        with Uplink(location, replace(network, patience=_CLEAN_UP)) as uplink:
            return uplink.do(_delete(uplink.calls))
    except (OSError, LocationRefused):
        return False


async def _delete(calls: BlobCalls) -> bool:
    try:
        outcome = await insist(lambda _: calls.delete(REQUEST_INFO), _CLEAN_UP)
    except Lost:
        return False
    return outcome.answer.well or outcome.answer.status == 404


class _Claim:
    """One claim, step by step. `_ours`: a RequestInfo.json of ours may stand there."""

    def __init__(self, location: Location, request_info: bytes, network: Network, calls: BlobCalls) -> None:
        self._location = location
        self._request_info = request_info
        self._patience = network.patience
        self._now = network.clock.now
        self._calls = calls
        self._ours = False

    async def run(self) -> None:
        try:
            await self._must_not_list()
            await self._must_allow_writing()
            await self._create()
            await self._must_not_read()
        except Lost as error:
            await self._undo()
            raise _invalid(f"The storage did not answer ({error}).") from None
        except BaseException:
            await self._undo()
            raise

    async def _must_not_list(self) -> None:
        """Row 8."""
        answer = (await insist(lambda _: self._calls.list_blobs(), self._patience)).answer
        if answer.well:
            raise LocationRefused(
                LocationFault.MAY_LIST,
                "The SAS allows listing the container.",
                "Make one with add, create and write, without read and list.",
            )
        if answer.status != 403:
            _unexpected(answer)

    async def _must_allow_writing(self) -> None:
        """Rows 9b and 10, as far as the SAS itself tells."""
        sas = self._location.sas
        why = sas.why_refused(self._now(), self._location.scheme)
        if why:
            raise _no_write(why)
        if sas.allows("r"):
            answer = (await insist(lambda _: self._calls.read_byte(REQUEST_INFO), self._patience)).answer
            if answer.well or answer.status == 416:
                raise _used()
            if answer.status == 403:
                raise _no_write("The SAS is refused: revoked, altered, or for another container or network.")
            if answer.status != 404 or answer.code == "ContainerNotFound":
                _unexpected(answer)
            raise _may_read("The SAS allows reading from the container.")

    async def _create(self) -> None:
        """Row 9: create the append blob, then append at position 0."""
        created = await insist(lambda _: self._calls.create_append_blob(REQUEST_INFO, _JSON), self._patience)
        self._ours = created.answer.well
        if not created.answer.well and not (created.unsure and _exists(created.answer)):
            self._refused_write(created)
        appended = await insist(
            lambda _: self._calls.append_at_start(REQUEST_INFO, self._request_info), self._patience
        )
        if appended.answer.well or (appended.unsure and appended.answer.status == 412):
            self._ours = True
            return
        if appended.answer.status == 412 or not self._ours:
            self._ours = False  # not empty, so another export's: not ours to delete
            raise _used()
        self._refused_write(appended)

    async def _must_not_read(self) -> None:
        """Row 10, and the same without the SAS."""
        signed = await insist(lambda _: self._calls.read_byte(REQUEST_INFO), self._patience)
        if signed.answer.well or signed.answer.status == 416:
            raise _may_read("The SAS allows reading from the container.")
        if signed.answer.status != 403:
            _unexpected(signed.answer)
        public = await insist(lambda _: self._calls.read_byte(REQUEST_INFO, signed=False), self._patience)
        if public.answer.well:
            raise _may_read("Anybody can read from the container: its access level is public.")

    async def _undo(self) -> None:
        if self._ours:
            await _delete(self._calls)

    def _refused_write(self, outcome: Outcome) -> Never:
        answer = outcome.answer
        if answer.code == "BlobTypeNotSupported":
            raise LocationRefused(
                LocationFault.NO_APPEND_BLOBS,
                "The storage account has no append blobs; it may be premium storage.",
                "Use a container of a general-purpose storage account.",
            )
        if answer.status == 403:
            raise _no_write("The SAS is refused: revoked, altered, or for another container or network.")
        if _exists(answer):
            raise _used()
        _unexpected(answer)


def _exists(answer: Answer) -> bool:
    """Whether storage says that the blob is there already (and not that the container is being deleted)."""
    return answer.status in (409, 412) and not answer.code.startswith(("Container", "Account"))


def _used() -> LocationRefused:
    return LocationRefused(
        LocationFault.USED,
        "The container has been used for an export already.",
        f"Use a new container, or delete {REQUEST_INFO} from this one if that is not true.",
    )


def _no_write(why: str) -> LocationRefused:
    return LocationRefused(
        LocationFault.NO_WRITE,
        f"The container cannot be written to. {why}",
        "Make a service SAS for this container with add, create and write that is valid long enough.",
    )


def _may_read(why: str) -> LocationRefused:
    return LocationRefused(LocationFault.MAY_READ, why, "Nobody who holds the SAS may read what is exported.")


def _unexpected(answer: Answer) -> Never:
    raise _invalid(f"The storage answered {answer.status} {answer.code}".rstrip() + ".")


def _invalid(why: str) -> LocationRefused:
    return LocationRefused(
        LocationFault.INVALID,
        f"The storage location is not valid. {why}",
        "Check the account and that the container exists.",
    )
