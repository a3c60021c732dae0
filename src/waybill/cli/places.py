"""Where a person's data may go, as the command line takes it: a folder here, a container, a registered destination."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from waybill.errors import BadRequest, LocationFault, LocationRefused

if TYPE_CHECKING:
    from waybill.app import House
    from waybill.settings import Settings

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def is_location(to: str) -> bool:
    """Whether this is meant as a URL, however badly written. What might hold a SAS must never become the
    name of a folder: names are shown."""
    return _SCHEME.match(to) is not None or "://" in to or "sig=" in to.lower()


def folder_of(house: House, tenant: str, to: str) -> Path | None:
    """The folder of this machine that `--to` means; None if it means a storage location.

    A bare name is a registered destination before it is a folder; where it could well be either,
    nobody's data is sent on a guess. A bare name that is neither is a typo rather than a new folder.
    Raises BadRequest, LocationRefused.
    """
    if is_location(to):
        house.operations.check(tenant, to)  # what is no URL at all is said before jobs are started
        return None
    folder = Path(to)
    if to in {one.name for one in house.destinations.list(tenant)}:
        if folder.exists():
            raise BadRequest(
                f"--to {to} is a registered destination, and a folder here has the same name.",
                f"Write ./{to} for the folder; for the destination, run the command in another folder.",
            )
        return None
    if "/" not in to and not folder.is_dir():
        raise BadRequest(
            f"--to {to} is neither a registered destination nor a folder here.",
            f"For a new folder write ./{to}. `waybill destinations list` shows the destinations.",
        )
    return folder.absolute()


@contextmanager
def host_told(location: str, settings: Settings) -> Iterator[None]:
    """Say that the host is at fault where a path is refused only because the host is no known emulator.

    An emulator's URL has its account in the path: on any other host that is no container's path, which is
    checked first (graph.md 2.3) and would send people to look for the fault where it is not.
    """
    from waybill.jobs.storage import is_strange_host

    try:
        yield
    except LocationRefused as error:
        if error.fault is not LocationFault.NOT_A_CONTAINER or not is_strange_host(location, settings):
            raise
        raise LocationRefused(
            error.fault,
            f"{urlsplit(location).netloc.rpartition('@')[2]} is not an allowed storage host.",
            "Allowed are Azure's own, those in WAYBILL_STORAGE_HOSTS and, for tests, emulators as HOST:PORT in "
            "WAYBILL_STORAGE_EMULATORS.",
        ) from None
