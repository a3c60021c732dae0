"""The issuer's signing keys and how they are sealed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.unit.identity.identity_parts import PERMISSION, House
from waybill.errors import DataProblem
from waybill.identity.keys import SigningKeys, signing_key
from waybill.identity.tokens import INSIGHTS_AUDIENCE
from waybill.sealing import CannotOpen, Sealer, open_sealer

KEPT_SECONDS = 3900
"""What open_identity keeps for tokens of an hour."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def token_of(house: House) -> str:
    made = house.identity.apps.create("a", "contoso", (PERMISSION,))
    app = house.identity.apps.find(made.client_id)
    assert app is not None
    return house.identity.issuer.issue(app, (PERMISSION,), "http://localhost", INSIGHTS_AUDIENCE).value


def test_the_key_survives_a_restart(house: House) -> None:
    """The key is made once: after a restart the same one signs, and older tokens still count."""
    kid, token = house.identity.keys.signing().kid, token_of(house)
    house.close()
    house.open()
    assert house.identity.keys.signing().kid == kid
    assert house.identity.verifier.verify(token, INSIGHTS_AUDIENCE).tenant == "contoso"


def test_the_jwks_is_public_only(house: House) -> None:
    """The published set holds public members only, and the kid is the thumbprint of the key."""
    signing = house.identity.keys.signing()
    (published,) = house.identity.keys.jwks()["keys"]
    assert set(published) == {"kty", "n", "e", "kid", "use", "alg"}
    assert published["kid"] == signing.kid == signing.key.thumbprint()


def test_rotation_leaves_no_gap(house: House) -> None:
    """After a rotation the new key signs and both verify, until the last old token has expired."""
    old, token = house.identity.keys.signing().kid, token_of(house)
    new = house.identity.keys.rotate().kid
    assert house.identity.keys.signing().kid == new != old
    assert {key["kid"] for key in house.identity.keys.jwks()["keys"]} == {old, new}
    assert house.identity.verifier.verify(token, INSIGHTS_AUDIENCE)
    house.hand.forward(KEPT_SECONDS + 1)
    assert {key["kid"] for key in house.identity.keys.jwks()["keys"]} == {new}
    house.identity.keys.rotate()
    with house.engine.connect() as connection:
        assert old not in connection.execute(sa.select(signing_key.c.kid)).scalars().all()


def test_another_process_sees_a_rotation(house: House) -> None:
    """A token signed by a key another process has just made verifies within a second."""
    sealer = open_sealer(house.folder / "sealing.key")
    house.identity.keys.signing()
    other = SigningKeys(house.engine, sealer, house.hand.clock(), KEPT_SECONDS)
    made = other.rotate()
    house.hand.forward(1)
    assert house.identity.keys.public(made.kid) is not None
    assert house.identity.keys.signing().kid == made.kid
    assert house.identity.keys.public("made-up") is None


def test_the_private_key_lies_nowhere_in_the_clear(house: House) -> None:
    """No file of the data folder holds the private key, as DER, PEM or JWK."""
    key = house.identity.keys.signing().key
    jwk = key.as_dict(private=True)
    house.close()
    secrets = [key.as_der(private=True), key.as_pem(private=True)[30:90], str(jwk["d"]).encode()]
    for path in house.folder.iterdir():
        content = path.read_bytes()
        assert not [one for one in secrets if one in content]


def test_another_key_file_does_not_stop_the_server(house: House) -> None:
    """With a lost sealing.key a new signing key takes over, and tokens that are out still verify."""
    old, token = house.identity.keys.signing().kid, token_of(house)
    house.close()
    (house.folder / "sealing.key").unlink()
    house.open()
    assert house.identity.keys.signing().kid != old
    assert house.identity.verifier.verify(token, INSIGHTS_AUDIENCE)


def test_a_sealed_value_opens_only_in_its_row() -> None:
    """A sealed value opens with its key in its row; not in another row, not altered, not with another key."""
    sealer = Sealer(b"k" * 32)
    sealed = sealer.seal(b"value", "table/1")
    assert sealer.open(sealed, "table/1") == b"value"
    assert sealer.seal(b"value", "table/1") != sealed
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for wrong, row in (
        (sealed, "table/2"),
        (altered, "table/1"),
        (b"", "table/1"),
        (b"\x02" + sealed[1:], "table/1"),
    ):
        with pytest.raises(CannotOpen):
            sealer.open(wrong, row)
    with pytest.raises(CannotOpen):
        Sealer(b"K" * 32).open(sealed, "table/1")


def test_the_key_file_is_private_and_made_once(tmp_path: Path) -> None:
    """sealing.key is made with mode 0600, whole, and ten simultaneous starts agree on one."""
    path = tmp_path / "data" / "sealing.key"
    sealed: list[bytes] = []
    starts = [
        threading.Thread(target=lambda: sealed.append(open_sealer(path).seal(b"value", "row")))
        for _ in range(10)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert [open_sealer(path).open(one, "row") for one in sealed] == [b"value"] * 10
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["sealing.key"]


def test_a_bad_key_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """A damaged key file, or one all users may read, is an error that says what to do."""
    path = tmp_path / "sealing.key"
    open_sealer(path)
    path.chmod(0o644)
    with pytest.raises(DataProblem, match="chmod 600"):
        open_sealer(path)
    path.write_bytes(b"short")
    with pytest.raises(DataProblem, match="backup"):
        open_sealer(path)
