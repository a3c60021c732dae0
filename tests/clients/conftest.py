"""The servers that the tests of the wire talk to, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from insights_house import House, running_house


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server with echoing exports; point this fixture at the whole product to run the same cases."""
    with running_house(tmp_path_factory.mktemp("house")) as running:
        yield running
