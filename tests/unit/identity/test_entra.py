"""Tokens of Microsoft Entra, against an authority on loopback. The real one was never reachable from here."""

from __future__ import annotations

import hashlib
import hmac
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from tests.unit.identity.fake_entra import CLIENT, FakeEntra, fake_entra
from tests.unit.identity.graph_parts import APP_ID_URI, CONTOSO, FABRIKAM, PERSON, UNLISTED, GraphHouse
from tests.unit.identity.identity_parts import rsa_key
from tests.unit.identity.test_graph_tokens import refusal
from tests.unit.identity.test_tokens import part, raw_token
from waybill.errors import BadRequest
from waybill.identity.directory_roles import GLOBAL_ADMINISTRATOR
from waybill.identity.entra_keys import AT_MOST_EVERY_SECONDS, KEEP_SECONDS, LONGEST_BODY, fetch_https
from waybill.identity.graph_tokens import GraphCaller
from waybill.identity.refusals import KeysUnavailable

NONE: frozenset[str] = frozenset()
CLIENT_AUDIENCE = "9b1f8b1e-5f3a-4c55-8a52-0d0a5a3b6a11"


@pytest.fixture
def entra() -> Iterator[FakeEntra]:
    with fake_entra() as running:
        running.key("one")
        yield running


@pytest.fixture
def house(entra: FakeEntra, tmp_path: Path) -> Iterator[GraphHouse]:
    house = GraphHouse(
        tmp_path,
        entra_tenants=(CONTOSO.upper(), UNLISTED),
        entra_authority=entra.url,
        entra_audiences=(CLIENT_AUDIENCE,),
        fetch=fetch_https,
    )
    yield house
    house.close()


def signed(house: GraphHouse, entra: FakeEntra, version: str = "2.0", **changed: Any) -> str:
    return entra.sign(entra.claims(house.hand.seconds, version, **changed))


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("audience", [APP_ID_URI, CLIENT_AUDIENCE, [CLIENT_AUDIENCE]])
def test_an_application_of_an_entra_tenant_is_believed(
    house: GraphHouse, entra: FakeEntra, version: str, audience: object
) -> None:
    """App-only tokens of both versions prove the application and the roles that its tenant gave it."""
    caller = house.verify(signed(house, entra, version, aud=audience, idtyp="app"))
    assert caller == GraphCaller(CLIENT, CONTOSO, False, frozenset({"User.Export.All"}), NONE, NONE, "")
    end = "discovery/v2.0/keys" if version == "2.0" else "discovery/keys"
    assert entra.asked == [f"/{CONTOSO}/{end}"]


def test_a_signed_in_person_is_believed(house: GraphHouse, entra: FakeEntra) -> None:
    """A delegated token gives scopes and directory roles; the person's app roles in it never count."""
    token = signed(
        house,
        entra,
        scp="User.Export.All Reports.Read.All",
        wids=[GLOBAL_ADMINISTRATOR.upper(), 7],
        oid=PERSON.upper(),
        sub="pairwise",
    )
    assert house.verify(token) == GraphCaller(
        CLIENT,
        CONTOSO,
        True,
        NONE,
        frozenset({"User.Export.All", "Reports.Read.All"}),
        frozenset({GLOBAL_ADMINISTRATOR}),
        PERSON,
    )


def test_a_verified_token_is_not_checked_again_for_a_minute(house: GraphHouse, entra: FakeEntra) -> None:
    """Repeated calls cost no fetch and no signature check, and the memory ends with the minute."""
    token = signed(house, entra)
    house.verify(token)
    house.tenants.clear()
    house.verify(token)
    house.hand.forward(60)
    assert "no data here" in refusal(house, token)
    assert len(entra.asked) == 1


@pytest.mark.parametrize(
    ("tenant", "words"), [(FABRIKAM, "not listed"), (UNLISTED, "no data here"), ("", "not listed")]
)
def test_other_tenants_cause_no_network_call(
    house: GraphHouse, entra: FakeEntra, tenant: str, words: str
) -> None:
    """A tenant must be on the allow-list and have data here before its authority is asked for anything."""
    assert words in refusal(house, signed(house, entra, tenant=tenant))
    assert words in refusal(house, signed(house, entra, "1.0", tenant=tenant))
    assert entra.asked == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"aud": "https://graph.microsoft.com"}, "another API"),
        ({"aud": None}, "another API"),
        ({"aud": f"{APP_ID_URI}/"}, "another API"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "expired"),
        ({"nbf": 9_999_999_999}, "not valid yet"),
        ({"nbf": None}, "not valid yet"),
        ({"ver": None}, "version"),
        ({"ver": "1.0"}, "issuer"),
        ({"tid": None}, "not listed"),
        ({"azp": None}, "lacks azp"),
        ({"azp": None, "appid": CLIENT}, "lacks azp"),
        ({"sub": "pairwise"}, "neither"),  # an id token: it holds a person's roles
        ({"sub": None, "oid": None}, "neither"),
        ({"idtyp": "user"}, "neither"),
        ({"idtyp": "app", "scp": "User.Export.All"}, "own and a person's"),
        ({"scp": ""}, "lacks oid or scp"),
        ({"scp": "User.Export.All", "oid": None}, "lacks oid or scp"),
    ],
    ids=str,
)
def test_claims_that_do_not_fit_are_refused(
    house: GraphHouse, entra: FakeEntra, changed: dict[str, Any], words: str
) -> None:
    """Even well signed by Entra, a token for another API, time, kind or version is not believed."""
    assert words in refusal(house, signed(house, entra, **changed))


@pytest.mark.parametrize(
    "issuer", ["{url}/{other}/v2.0", "{url}/{own}/", "{url}/{own}/v2.0/", "{url}/", "{url}/{own}"]
)
def test_the_issuer_must_be_the_tenants_own(house: GraphHouse, entra: FakeEntra, issuer: str) -> None:
    """Another tenant's issuer, another version's or a look-alike is refused before any fetch."""
    named = issuer.format(url=entra.url, own=CONTOSO, other=FABRIKAM)
    assert "issuer" in refusal(house, signed(house, entra, iss=named))
    assert entra.asked == []


def test_a_foreign_issuer_is_never_asked(house: GraphHouse, entra: FakeEntra) -> None:
    """A token that names neither Entra nor us as its issuer is judged by our own keys, and fails."""
    for named in ("https://evil.example/v2.0", f"{entra.url}.evil.example/{CONTOSO}/v2.0", None):
        assert "not signed here" in refusal(house, signed(house, entra, iss=named))
    assert entra.asked == []


def test_tokens_for_microsoft_graph_itself_are_explained(house: GraphHouse, entra: FakeEntra) -> None:
    """Nobody but Microsoft can verify those (nonce in the header): the refusal says what to ask for."""
    token = entra.sign(entra.claims(house.hand.seconds), nonce="x")
    assert f"ask Entra for the scope {APP_ID_URI}/.default" in refusal(house, token)
    assert entra.asked == []


def test_forged_tokens_are_refused(house: GraphHouse, entra: FakeEntra) -> None:
    """No signature, one by a stranger under a published id, by a shared secret, or over other claims counts."""
    claims = entra.claims(house.hand.seconds)
    stranger = RSAKey.import_key(rsa_key("stranger"))
    good = entra.sign(claims)
    header, _, signature = good.split(".")
    rs = {"alg": "RS256", "typ": "JWT", "kid": "one"}
    none, hs = {**rs, "alg": "none"}, {**rs, "alg": "HS256"}
    text = f"{part(hs)}.{part(claims)}"
    public = entra.key("one").as_pem(private=False)
    forged = [
        raw_token(rs, claims, stranger),
        raw_token({**rs, "jwk": stranger.as_dict(private=False)}, claims, stranger),
        raw_token({**rs, "kid": "broken"}, claims, stranger),
        raw_token({**rs, "kid": house.identity.keys.signing().kid}, claims, stranger),
        raw_token({**rs, "kid": ""}, claims, stranger),
        f"{part(none)}.{part(claims)}.",
        f"{part(none)}.{part(claims)}.{signature}",
        f"{text}.{part(hmac.digest(public, text.encode(), hashlib.sha256))}",
        f"{header}.{part({**claims, 'roles': ['User.Read.All']})}.{signature}",
        entra.sign(claims, typ="id"),
        entra.sign(claims, crit=["x"]),
        house.signed(claims),  # by our own key, for an Entra tenant
    ]
    for token in forged:
        refusal(house, token)
    assert house.verify(good).client_id == CLIENT


def test_a_new_key_is_found_and_strangers_cannot_make_us_fetch(house: GraphHouse, entra: FakeEntra) -> None:
    """An unknown key id fetches at most once a minute; after that minute a new key counts."""
    house.verify(signed(house, entra))
    claims = entra.claims(house.hand.seconds)
    later = entra.sign(claims, kid="two")
    for number in range(20):
        refusal(
            house, raw_token({"alg": "RS256", "typ": "JWT", "kid": f"x{number}"}, claims, entra.key("one"))
        )
    refusal(house, later)
    assert len(entra.asked) == 1
    house.hand.forward(AT_MOST_EVERY_SECONDS)
    assert house.verify(later).client_id == CLIENT
    assert len(entra.asked) == 2


def test_a_withdrawn_key_stops_counting_within_a_day(house: GraphHouse, entra: FakeEntra) -> None:
    """Keys are fetched anew once a day, and those no longer published are forgotten."""
    house.verify(signed(house, entra))
    old = entra.key("one")
    entra.key("two")
    del entra.keys["one"]
    house.hand.forward(KEEP_SECONDS)
    claims = entra.claims(house.hand.seconds)
    assert house.verify(entra.sign(claims, kid="two")).client_id == CLIENT
    refusal(house, raw_token({"alg": "RS256", "typ": "JWT", "kid": "one"}, claims, old))


def test_known_keys_go_on_counting_while_entra_is_away(house: GraphHouse, entra: FakeEntra) -> None:
    """A failing authority takes nobody's access away, and is not asked oftener than once a minute."""
    house.verify(signed(house, entra))
    house.hand.forward(KEEP_SECONDS)
    entra.answer = (500, b"")
    assert house.verify(signed(house, entra)).client_id == CLIENT
    assert house.verify(signed(house, entra, azp="another")).client_id == "another"
    assert len(entra.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"keys": {}}'),
        (200, b'{"keys": []}'),
        (200, b'{"keys": [' + b"{}," * 200 + b"{}]}"),
        (200, b" " * (LONGEST_BODY + 1)),
        (204, b""),
    ],
    ids=lambda value: f"{value[0]} {value[1][:16]!r}",
)
def test_without_any_keys_nobody_is_judged(
    house: GraphHouse, entra: FakeEntra, answer: tuple[int, bytes]
) -> None:
    """While the keys cannot be had the answer is "try again", not "your token is wrong"."""
    entra.answer = answer
    with pytest.raises(KeysUnavailable):
        house.verify(signed(house, entra))


def test_redirects_are_not_followed(house: GraphHouse, entra: FakeEntra) -> None:
    """Keys come from the authority's own address and nowhere else."""
    entra.answer, entra.location = (302, b""), f"{entra.url}/elsewhere"
    with pytest.raises(KeysUnavailable):
        house.verify(signed(house, entra))
    assert entra.asked == [f"/{CONTOSO}/discovery/v2.0/keys"]


def test_a_key_of_another_issuer_does_not_count(house: GraphHouse, entra: FakeEntra) -> None:
    """A published key may be bound to one tenant; `{tenantid}` stands for every tenant."""
    entra.extra = {"issuer": f"https://login.microsoftonline.com/{FABRIKAM}/v2.0"}
    with pytest.raises(KeysUnavailable):
        house.verify(signed(house, entra))
    house.hand.forward(AT_MOST_EVERY_SECONDS)
    entra.extra = {"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}
    assert house.verify(signed(house, entra)).client_id == CLIENT


def test_an_installation_without_entra_says_so(tmp_path: Path) -> None:
    """With no tenant listed, a token of the real Entra is refused with the setting's name, without a fetch."""
    house = GraphHouse(tmp_path)
    real = "https://login.microsoftonline.com"
    for issuer in (f"{real}/{CONTOSO}/v2.0", f"https://sts.windows.net/{CONTOSO}/"):
        key = RSAKey.import_key(rsa_key("stranger"))
        claims = house.claims(iss=issuer)
        assert "entra_tenants" in refusal(house, raw_token({"alg": "RS256", "kid": "k"}, claims, key))
    house.close()


@pytest.mark.parametrize(
    "settings",
    [
        {"entra_authority": "http://login.microsoftonline.com"},
        {"entra_authority": "login.microsoftonline.com"},
        {"entra_authority": "https://user@login.microsoftonline.com"},
        {"entra_audiences": ("https://graph.microsoft.com/",)},
        {"entra_audiences": ("00000003-0000-0000-c000-000000000000",)},
    ],
    ids=str,
)
def test_settings_that_cannot_be_safe_stop_the_start(tmp_path: Path, settings: dict[str, Any]) -> None:
    """Keys over plain HTTP, and Microsoft Graph as our own audience, are refused with words."""
    with pytest.raises(BadRequest):
        GraphHouse(tmp_path, **settings)


def test_what_a_fetch_raises_is_plain(entra: FakeEntra) -> None:
    """An authority that does not answer is an OSError, one that answers wrongly a ValueError."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but it does not listen
        with pytest.raises(OSError, match="ConnectError"):
            fetch_https(f"http://127.0.0.1:{closed.getsockname()[1]}/keys")
    entra.answer = (404, b"")
    with pytest.raises(ValueError, match="status 404"):
        fetch_https(f"{entra.url}/keys")
