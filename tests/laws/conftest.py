"""What the laws run on: two practice tenants, one server process over them, and every report of the catalog."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.laws.reports import Press
from tests.laws.serving import Client, Server, serving
from tests.laws.tenants import SCOPES, Practice, copied, furnished


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A data folder with two tiny practice tenants of different seeds, kept at rest: tests work on copies."""
    made = furnished(tmp_path_factory, "original", 1, 2)
    yield made
    made.house.control.dispose()


@pytest.fixture(scope="module")
def other_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """The first practice tenant once more, built on its own, in a data folder of its own."""
    made = furnished(tmp_path_factory, "other", 1)
    yield made
    made.house.control.dispose()


@pytest.fixture(scope="session")
def practice(original: Practice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """The folder that `server` works on; nothing in it is broken."""
    with copied(original, tmp_path_factory.mktemp("practice") / "data") as copy:
        yield copy


@pytest.fixture(scope="module")
def server(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`waybill serve` on the practice folder: one for each file, since an idle one costs too."""
    with serving(practice.data, tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture(scope="module")
def clients(practice: Practice, server: Server) -> tuple[Client, Client]:
    """An application of each of the two tenants."""
    one, two = (
        Client(server.url, guest.client_id, guest.secret, " ".join(SCOPES)) for guest in practice.guests
    )
    return one, two


@pytest.fixture(scope="session")
def press(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    """Makes reports without a server, each once."""
    with Press.opened(practice, tmp_path_factory.mktemp("press")) as made:
        yield made
