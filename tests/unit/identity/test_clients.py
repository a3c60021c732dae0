"""Client authentication below HTTP: races, bounds and the brake."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.unit.identity.identity_parts import PERMISSION, HandClock, House, certificate_pem, rsa_key
from waybill.identity.apps import Apps
from waybill.identity.assertions import MOST_LIVE, AssertionCheck, used_assertion
from waybill.identity.brake import FAILURES, MOST_REMEMBERED, Brake
from waybill.identity.clients import ASSERTION_TYPE, Presented, read_basic
from waybill.identity.refusals import ClientRefused, TooManyAttempts

AUDIENCE = "http://localhost/connect/token"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def assertion_of(house: House, client_id: str, jti: str = "1") -> str:
    now = house.hand.seconds
    claims: dict[str, Any] = {
        "iss": client_id,
        "sub": client_id,
        "aud": AUDIENCE,
        "exp": now + 300,
        "jti": jti,
    }
    return jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(rsa_key()))


def registered(house: House) -> str:
    return house.identity.apps.create("a", "contoso", (PERMISSION,), certificate_pem(rsa_key())).client_id


def test_of_simultaneous_replays_exactly_one_counts(house: House) -> None:
    """One assertion presented by eight threads at once is accepted once."""
    assertion = assertion_of(house, registered(house))
    presented = Presented(assertion=assertion, assertion_type=ASSERTION_TYPE)
    results: list[str] = []
    line = threading.Barrier(8)

    def present() -> None:
        line.wait(timeout=30)
        try:
            house.identity.clients.authenticate(presented, (AUDIENCE,))
            results.append("accepted")
        except ClientRefused:
            results.append("refused")

    threads = [threading.Thread(target=present) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["accepted"] + ["refused"] * 7


def test_an_endpoint_may_let_an_assertion_be_used_again(house: House) -> None:
    """Where single use is off (MSAL signs once in nine minutes), the same assertion is good twice."""
    client_id = registered(house)
    clock = house.hand.clock()
    check = AssertionCheck(house.engine, Apps(house.engine, clock).find, clock)
    assertion = assertion_of(house, client_id)
    for _ in range(2):
        assert check.application(assertion, "", (AUDIENCE,), single_use=False).client_id == client_id


def test_remembered_assertions_are_bounded_per_application(house: House) -> None:
    """With 10,000 live assertions an application must wait; another one need not."""
    full, other = registered(house), registered(house)
    rows = [
        {"client_id": full, "jti_hash": str(number), "forget_at": house.hand.seconds + 60}
        for number in range(MOST_LIVE)
    ]
    with house.engine.begin() as connection:
        connection.execute(used_assertion.insert(), rows)

    def ask(client_id: str) -> None:
        assertion = assertion_of(house, client_id)
        presented = Presented(assertion=assertion, assertion_type=ASSERTION_TYPE)
        house.identity.clients.authenticate(presented, (AUDIENCE,))

    with pytest.raises(TooManyAttempts):
        ask(full)
    ask(other)
    house.hand.forward(60)
    ask(full)


def test_the_brake_is_per_client_and_address() -> None:
    """A stranger failing in a client's name brakes himself, not the client at its own address."""
    brake = Brake(HandClock().clock())
    for _ in range(FAILURES):
        brake.check("app", "10.0.0.1")
        brake.failed("app", "10.0.0.1")
    with pytest.raises(TooManyAttempts) as refused:
        brake.check("app", "10.0.0.1")
    assert refused.value.retry_after == 60
    brake.check("app", "10.0.0.2")
    brake.check("other", "10.0.0.1")


def test_the_brake_forgets_after_a_minute() -> None:
    """Failures older than a minute do not count together with new ones."""
    hand = HandClock()
    brake = Brake(hand.clock())
    for _ in range(3 * FAILURES):
        brake.failed("app", "")
        brake.check("app", "")
        hand.forward(60 / (FAILURES - 1))


def test_the_brakes_memory_is_bounded() -> None:
    """Ten thousand made-up ids, however long, leave at most 4,096 short entries."""
    brake = Brake(HandClock().clock())
    for number in range(10_000):
        brake.failed(f"{number}-" + "x" * 1000, "10.0.0.1")
    assert len(brake) == MOST_REMEMBERED


def test_credentials_are_in_no_repr() -> None:
    """What a client presents never shows its secret, assertion or header in a repr."""
    presented = Presented("id", "canary-1", ASSERTION_TYPE, "canary-2", "Basic canary-3", "10.0.0.1")
    assert "canary" not in repr(presented)


@given(st.text(min_size=1).filter(lambda text: text.isprintable()), st.text())
def test_basic_round_trips_any_text(client_id: str, secret: str) -> None:
    """Whatever a client form-encodes into Basic (RFC 6749 2.3.1) is read back as it was."""
    text = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    assert read_basic("Basic " + b64encode(text.encode()).decode()) == (client_id, secret)


@given(st.one_of(st.text(), st.binary().map(lambda raw: b64encode(raw).decode())))
def test_no_header_breaks_basic(text: str) -> None:
    """Any Authorization header is read as two texts or refused; nothing else is raised."""
    with suppress(ClientRefused):
        client_id, secret = read_basic(f"Basic {text}")
        assert isinstance(client_id + secret, str)


def test_a_header_that_cannot_be_read_is_not_carried_on() -> None:
    """The refusal of a broken header keeps no cause: a decoding error would hold the secret."""
    with pytest.raises(ClientRefused) as refused:
        read_basic("Basic " + b64encode(b"id:canary\xff").decode())
    assert refused.value.__cause__ is None
    assert "canary" not in str(refused.value)
