"""What all tests share: no sockets beyond loopback, and the repository's own folders."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _refuse_far_sockets(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook cannot be taken off again: not by our code, not by a library's."""
    if event not in ("socket.connect", "socket.sendto", "socket.bind"):
        return
    address = arguments[1]
    if not isinstance(address, tuple):
        return  # a local (AF_UNIX) socket
    host = str(address[0])
    if host == "localhost":
        return
    if event == "socket.bind" and host not in ("", "0.0.0.0", "::"):  # noqa: S104  named to be refused
        return  # an address of ours, or one that the system itself refuses
    try:
        allowed = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        allowed = False
    if not allowed:
        raise RuntimeError(f"A test tried to reach {host}: only loopback is allowed.")


sys.addaudithook(_refuse_far_sockets)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public samples beside the repository; a clone elsewhere has none, and skips visibly."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no ../shared beside this clone: the public samples are not here")
    return folder
