"""Names and addresses: found in bounded time, and dialled only where they were checked."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakSet

import pytest

from tests.unit.delivery.delivery_parts import PATIENT, REQUEST_INFO
from tests.unit.delivery.hostile import GOOD_HOST, good
from tests.unit.delivery.test_hostile_locations import PUBLIC, RECORDER, stranger
from waybill.delivery import probe
from waybill.delivery.guard import Pinned, open_socket
from waybill.delivery.locations import StorageRules, parse_location
from waybill.delivery.network import Network
from waybill.delivery.patience import WHILE_THE_CALLER_WAITS, Patience
from waybill.errors import LocationFault, LocationRefused


def test_an_address_is_checked_at_the_last_door() -> None:
    """An address is not dialled unless it is pinned, whoever asks for it and wherever it came from."""

    async def ask(pinned: Pinned, address: str, port: int) -> int:
        with open_socket(pinned, address, WeakSet()) as line:
            await asyncio.get_running_loop().sock_connect(line, (address, port))
            return int(line.getpeername()[1])

    with stranger("GET", 200, {}) as theirs, RECORDER.listening() as recorder:
        host, port = theirs.address.split(":")
        with pytest.raises(OSError, match="pinned"):
            asyncio.run(ask(Pinned("storage.example", (PUBLIC,)), host, int(port)))
        assert recorder.dialled == []
        assert asyncio.run(ask(Pinned("storage.example", (host,)), host, int(port))) == int(port)


def test_a_slow_resolver_does_not_hold_the_caller() -> None:
    """The time for the checks of a location covers the lookup of its name, and the lookup is tried once."""
    asked: list[str] = []
    over = threading.Event()

    def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        over.wait(60)
        return [PUBLIC]

    hasty = Network(resolve=resolve, patience=replace(WHILE_THE_CALLER_WAITS, all=0.1))
    try:
        with RECORDER.listening() as recorder, pytest.raises(LocationRefused, match="TimeoutError") as caught:
            probe.claim(parse_location(good(), StorageRules()), REQUEST_INFO, hasty)
        assert caught.value.fault is LocationFault.INVALID
        assert not over.is_set()
    finally:
        over.set()
    assert (asked, recorder.dialled) == ([GOOD_HOST], [])


@pytest.mark.parametrize(("patience", "lookups"), [(WHILE_THE_CALLER_WAITS, 1), (PATIENT, 8)])
def test_a_resolver_that_says_try_again(patience: Patience, lookups: int) -> None:
    """A resolver without an answer is asked again by a delivery, and not while a caller waits."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    network = Network(resolve=resolve, patience=patience)
    with pytest.raises(LocationRefused, match="cannot be reached"):
        probe.claim(parse_location(good(), StorageRules()), REQUEST_INFO, network)
    assert len(asked) == lookups
