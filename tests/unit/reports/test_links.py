"""Download addresses: signed, short-lived, and of one file (graph.md 6.2)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.semantics.activity_tenant import TENANT_ID
from tests.unit.reports.conftest import Press
from waybill.delivery.links import LinkRefused, Links
from waybill.errors import DataProblem
from waybill.sealing import Sealer

SHA256 = "0123456789abcdef" * 4


@pytest.fixture
def links(press: Press) -> Links:
    return Links(press.control, press.sealer, press.time.clock, 300)


def test_a_token_names_its_file(links: Links) -> None:
    """What was signed is read back, as often as wanted within its time."""
    token = links.make(TENANT_ID, SHA256)
    assert links.read(token) == links.read(token) == (TENANT_ID, SHA256)


def test_t26_a_token_ends(links: Links, press: Press) -> None:
    """A token works for its seconds and not one longer."""
    token = links.make(TENANT_ID, SHA256)
    press.time.move(seconds=299)
    assert links.read(token)
    press.time.move(seconds=1)
    with pytest.raises(LinkRefused):
        links.read(token)


def test_every_altered_character_is_noticed(links: Links) -> None:
    """Changing any one character, or adding or dropping one, makes the token worthless."""
    token = links.make(TENANT_ID, SHA256)
    for place, was in enumerate(token):
        other = "1" if was != "1" else "2"
        with pytest.raises(LinkRefused):
            links.read(token[:place] + other + token[place + 1 :])
    for altered in (
        "",
        token[:-1],
        token + "A",
        token.upper(),
        token + "\n",
        "." * 4,
        "9" * 10_000,
        token * 3,
    ):
        with pytest.raises(LinkRefused):
            links.read(altered)


def test_a_longer_life_cannot_be_written_into_a_token(links: Links, press: Press) -> None:
    """The end of a token's time is signed with the rest."""
    version, tenant, sha256, until, signature = links.make(TENANT_ID, SHA256).split(".")
    press.time.move(seconds=301)
    with pytest.raises(LinkRefused):
        links.read(".".join([version, tenant, sha256, str(int(until) + 10_000), signature]))


def test_the_key_is_kept_and_sealed(press: Press) -> None:
    """A restart, or another process at the same time, reads the tokens of the first; another store does not."""
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: Links(press.control, press.sealer, press.time.clock, 60), range(6)))
    for one in made:
        assert made[0].read(one.make(TENANT_ID, SHA256)) == (TENANT_ID, SHA256)
    with pytest.raises(DataProblem, match=r"sealing\.key"):
        Links(press.control, Sealer(b"x" * 32), press.time.clock, 60)


def test_a_link_shows_no_key(links: Links) -> None:
    """Nothing of the key is in the words for a developer."""
    assert repr(links) == "Links(0:05:00)"
