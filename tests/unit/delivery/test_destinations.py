"""Registered destinations: a bare name stands for a sealed URL, for one tenant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.unit.delivery.delivery_parts import clock_at
from tests.unit.delivery.hostile import good
from waybill.control import open_control
from waybill.delivery.destinations import Destination, Destinations
from waybill.delivery.locations import StorageRules
from waybill.errors import BadRequest, Conflict, DataProblem, LocationRefused, NotFound
from waybill.sealing import Sealer

NOW = datetime(2026, 6, 1, tzinfo=UTC)
URL = good()
SHOWN = URL.partition("?")[0]


@pytest.fixture
def control(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_control(tmp_path / "control.db")
    yield engine
    engine.dispose()


def opened(control: sa.Engine, key: bytes = b"k" * 32) -> Destinations:
    return Destinations(control, Sealer(key), StorageRules(), clock_at(NOW))


def test_a_name_stands_for_its_url_in_its_tenant(control: sa.Engine) -> None:
    """What was added is found, with its SAS, by its tenant alone, and is gone once removed."""
    destinations = opened(control)
    assert destinations.add("t1", "MyStorageAccount", URL) == Destination("MyStorageAccount", SHOWN, NOW)
    assert opened(control).find("t1", "MyStorageAccount") == URL
    assert destinations.find("t2", "MyStorageAccount") is None
    assert destinations.find("t1", "other") is None
    destinations.add("t1", "Another", URL)
    assert [each.name for each in destinations.list("t1")] == ["Another", "MyStorageAccount"]
    assert destinations.list("t2") == []
    destinations.remove("t1", "MyStorageAccount")
    assert destinations.find("t1", "MyStorageAccount") is None
    with pytest.raises(NotFound):
        destinations.remove("t2", "Another")


def test_a_bad_destination_is_refused_when_it_is_added(control: sa.Engine) -> None:
    """Names, URLs and doubles that do not fit are refused at once, and no error holds a SAS."""
    destinations = opened(control)
    destinations.add("t1", "Here", URL)
    for name, url, kind in (
        ("a/b", URL, BadRequest),
        ("https://x", URL, BadRequest),
        ("", URL, BadRequest),
        ("Bad", "https://127.0.0.1/c?sv=1&sig=x", LocationRefused),
        ("Here", URL, Conflict),
    ):
        with pytest.raises(kind) as caught:
            destinations.add("t1", name, url)
        assert "sig=" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_the_sas_is_sealed_at_rest(control: sa.Engine, tmp_path: Path) -> None:
    """The store's files hold nothing of the SAS, and another key does not open it."""
    opened(control).add("t1", "Here", URL)
    signature = URL.rpartition("sig=")[2].encode()
    assert not [
        path for path in tmp_path.iterdir() if signature in path.read_bytes() or b"sig=" in path.read_bytes()
    ]
    with pytest.raises(DataProblem, match="another key"):
        opened(control, b"x" * 32).find("t1", "Here")
