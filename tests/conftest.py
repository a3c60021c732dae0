"""What all tests share: no sockets beyond loopback, the repository's own folders, room, and their order."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.room import leave_room, take_room

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

_ROOM = pytest.StashKey[Path | None]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the workers inherit it
        _keep_bytecode()
        config.stash[_ROOM] = take_room()
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False  # the order below, not that by number of tests


def _keep_bytecode() -> None:
    """Python's own default, where it is turned off: each of a hundred processes would compile it all again."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_unconfigure(config: pytest.Config) -> None:
    room = config.stash.get(_ROOM, None)
    if room is not None and config.stash.get(_PASSED, False):
        leave_room(room)


_PASSED = pytest.StashKey[bool]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_PASSED] = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.INTERRUPTED)


_LONGEST = (
    "crash/test_server_kill.py",
    "semantics/test_random_tenants.py",
)
"""Files that take long, the longest first: two workers then end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {str(ROOT / "tests" / name): number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: place.get(str(item.path), len(place)))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public samples beside the repository; a clone elsewhere has none, and skips visibly."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no ../shared beside this clone: the public samples are not here")
    return folder
