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

from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from waybill.delivery.addresses import may_dial
from waybill.delivery.locations import Location
from waybill.errors import LocationFault, LocationRefused

Resolve = Callable[[str, int], Sequence[str]]
"""(host, port) -> its addresses as text. Raises OSError. May take as long as the system's resolver does."""
_TURN, _TURNS = 0.001, 500
_KEEP_IDLE = 4.0
"""Seconds a connection is kept unused; shorter than storage keeps it, so that few are lost at reuse."""


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


class _PinnedResolver(AbstractResolver):
    """Answers for one host with its pinned addresses, and for no other."""

    def __init__(self, pinned: Pinned) -> None:
        self._pinned = pinned

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host != self._pinned.host:
            raise OSError("only the pinned host is dialled")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._pinned.addresses
            if family in (socket.AF_UNSPEC, socket.AF_INET6 if ":" in address else socket.AF_INET)
        ]

    async def close(self) -> None:
        """Nothing is held open."""


def guarded_connector(pinned: Pinned, ca: Path | None, opened: WeakSet[socket.socket]) -> TCPConnector:
    """A connector that reaches the pinned addresses and nothing else. TLS verifies the host's name.

    ca: a PEM file of more authorities to trust. opened: gets every socket that is opened. Must be called
    inside a running event loop.
    """
    trust = ssl.create_default_context()
    if ca is not None:
        trust.load_verify_locations(ca)

    def open_socket(info: tuple[object, ...]) -> socket.socket:
        """The last door, past everything a library may do with names: only a pinned address."""
        family, kind, protocol, _, address = info
        if not isinstance(address, tuple) or address[0] not in pinned.addresses:
            raise OSError("only pinned addresses are dialled")
        made = socket.socket(_int(family), _int(kind), _int(protocol))
        opened.add(made)
        return made

    return TCPConnector(
        resolver=_PinnedResolver(pinned),
        ssl=trust,
        limit=0,
        use_dns_cache=False,
        keepalive_timeout=_KEEP_IDLE,
        socket_factory=open_socket,
    )


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


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value
