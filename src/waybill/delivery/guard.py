"""Dial a storage host only at addresses that were checked: resolved once, pinned, no proxy, no redirect."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakSet

from waybill.delivery.addresses import may_dial
from waybill.delivery.locations import Location
from waybill.errors import LocationFault, LocationRefused

Resolve = Callable[[str, int], Sequence[str]]
"""(host, port) -> its addresses as text. Raises OSError. May take as long as the system's resolver does."""
_TURN, _TURNS = 0.001, 500


def system_resolve(host: str, port: int) -> Sequence[str]:
    """The addresses the operating system knows for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Pinned:
    """A host's addresses, every one of them checked."""

    host: str
    addresses: tuple[str, ...]


def pin(location: Location, resolve: Resolve) -> Pinned:
    """Resolve the location's host, once, and check every address it has.

    Raises LocationRefused (INVALID) without an address in its words, which would tell a stranger what
    our network looks like; OSError if the name cannot be resolved.
    """
    host = location.host.strip("[]")
    addresses = tuple(resolve(host, location.port))
    if not addresses:
        raise OSError("the name has no address")
    if not all(may_dial(address, location.kind) for address in addresses):
        raise LocationRefused(
            LocationFault.INVALID,
            "The storage location is not valid. Its host has an address that is not open to exports.",
            "If it is a private endpoint, ask the operator of this service to list its host (storage_hosts).",
        )
    return Pinned(host, addresses)


def trust(ca: Path | None) -> ssl.SSLContext:
    """What TLS trusts: the system's authorities and those of the PEM file `ca`. The host's name is verified."""
    context = ssl.create_default_context()
    if ca is not None:
        context.load_verify_locations(ca)
    return context


def open_socket(pinned: Pinned, address: str, opened: WeakSet[socket.socket]) -> socket.socket:
    """A socket to dial `address` with, not connected yet; the last door: raises OSError unless it is pinned.

    opened: gets every socket that is opened.
    """
    if address not in pinned.addresses:
        raise OSError("only pinned addresses are dialled")
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    opened.add(made)
    return made


async def closed(opened: WeakSet[socket.socket]) -> None:
    """Wait until all these sockets are closed, having cut what is still open: a library that closes a TLS
    connection politely waits for the other side, which may never answer."""
    for each in opened:
        if each.fileno() != -1:
            with suppress(OSError):  # the other side was first
                each.shutdown(socket.SHUT_RDWR)
    for _ in range(_TURNS):
        if all(each.fileno() == -1 for each in opened):
            return
        await asyncio.sleep(_TURN)
