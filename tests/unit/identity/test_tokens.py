"""Access tokens and the one strict verifier."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.unit.identity.identity_parts import PERMISSION, House, rsa_key
from waybill.identity.apps import App
from waybill.identity.memory import Memory
from waybill.identity.tokens import INSIGHTS_AUDIENCE, Caller, TokenRefused

ISSUER = "https://export.contoso.com"


@dataclass
class Desk:
    """A house with one application of contoso, and the claims of a good token for it."""

    house: House
    app: App

    def issue(self, issuer: str = ISSUER, audience: str = INSIGHTS_AUDIENCE) -> str:
        return self.house.identity.issuer.issue(self.app, (PERMISSION,), issuer, audience).value

    def verify(self, token: str, audience: str = INSIGHTS_AUDIENCE) -> Caller:
        return self.house.identity.verifier.verify(token, audience)

    def header(self, **changed: Any) -> dict[str, Any]:
        kid = self.house.identity.keys.signing().kid
        return without_none({"alg": "RS256", "typ": "at+jwt", "kid": kid, **changed})

    def claims(self, **changed: Any) -> dict[str, Any]:
        now, client_id = self.house.hand.seconds, self.app.client_id
        good = {
            "iss": ISSUER,
            "aud": INSIGHTS_AUDIENCE,
            "sub": client_id,
            "client_id": client_id,
            "tid": "contoso",
            "scope": PERMISSION,
            "iat": now,
            "nbf": now,
            "exp": now + 60,
            "jti": "1",
        }
        return without_none({**good, **changed})

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """A token signed with our own key, however odd."""
        key = self.house.identity.keys.signing().key
        return raw_token(header, claims, key)


def without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw_token(header: dict[str, Any], claims: object, key: RSAKey) -> str:
    """Sign by hand, so that headers joserfc would refuse to write can be tried too."""
    private = key.private_key
    assert private is not None
    text = f"{part(header)}.{part(claims)}"
    return f"{text}.{part(private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def opened(folder: Path, public_url: str = "") -> Desk:
    house = House(folder, public_url=public_url)
    app = house.identity.apps.find(house.identity.apps.create("a", "contoso", (PERMISSION,)).client_id)
    assert app is not None
    return Desk(house, app)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """For tests that leave clock and application as they are."""
    desk = opened(tmp_path_factory.mktemp("desk"))
    yield desk
    desk.house.close()


@pytest.fixture
def own_desk(tmp_path: Path) -> Iterator[Desk]:
    desk = opened(tmp_path)
    yield desk
    desk.house.close()


def test_an_issued_token_proves_its_caller(desk: Desk) -> None:
    """A token we issued gives back the application, its tenant and its scopes."""
    assert desk.verify(desk.issue()) == Caller(desk.app.client_id, "contoso", frozenset({PERMISSION}))


def test_an_issued_token_has_the_claims_of_rfc_9068(desk: Desk) -> None:
    """The token is typed at+jwt, signed RS256, and names issuer, audience, subject, tenant, scope and times."""
    token = desk.issue()
    read = jwt.decode(token, RSAKey.import_key(desk.house.identity.keys.jwks()["keys"][0]), ["RS256"])
    assert read.header == desk.header()
    now = desk.house.hand.seconds
    jti = read.claims.pop("jti")
    assert jti != jwt.decode(desk.issue(), desk.house.identity.keys.signing().key, ["RS256"]).claims["jti"]
    assert read.claims == without_none(desk.claims(exp=now + 3600, jti=None))


def test_the_token_is_in_no_repr(desk: Desk) -> None:
    """An issued token does not show itself in a repr, a refused one not in its error."""
    issued = desk.house.identity.issuer.issue(desk.app, (PERMISSION,), ISSUER, INSIGHTS_AUDIENCE)
    assert issued.value not in repr(issued)
    with pytest.raises(TokenRefused) as refused:
        desk.verify(issued.value, "another")
    assert issued.value not in str(refused.value) + repr(refused.value) + repr(refused.value.__cause__)


def test_hand_made_good_token_counts(desk: Desk) -> None:
    """The token the refused ones below differ from in one point each is itself good."""
    assert desk.verify(desk.signed(desk.header(), desk.claims())).tenant == "contoso"


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"alg": "none"},
        {"alg": "PS256"},
        {"alg": None},
        {"alg": ["RS256"]},
        {"kid": None},
        {"kid": "forged"},
        {"kid": 7},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
    ],
    ids=str,
)
def test_a_header_that_differs_is_refused(desk: Desk, header: dict[str, Any]) -> None:
    """Only typ at+jwt, alg RS256 and a kid of ours are believed, with no header extension, our own signature or not."""
    with pytest.raises(TokenRefused):
        desk.verify(desk.signed(desk.header(**header), desk.claims()))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": None},
        {"iss": 5},
        {"aud": None},
        {"aud": "urn:other"},
        {"aud": []},
        {"aud": {"urn:waybill:insights": 1}},
        {"sub": "another"},
        {"sub": None},
        {"client_id": None},
        {"client_id": "another", "sub": "another"},
        {"client_id": 5, "sub": 5},
        {"tid": "fabrikam"},
        {"tid": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"exp": 1},
        {"nbf": None},
        {"nbf": 10**10},
        {"nbf": [1]},
    ],
    ids=str,
)
def test_claims_that_differ_are_refused(desk: Desk, claims: dict[str, Any]) -> None:
    """Every claim counts: a wrong, malformed or missing one refuses the token, although our key signed it."""
    with pytest.raises(TokenRefused) as refused:
        desk.verify(desk.signed(desk.header(), desk.claims(**claims)))
    assert refused.value.hint


def test_alg_none_is_refused(desk: Desk) -> None:
    """A token without signature is refused, with an empty third part or none."""
    for header in (desk.header(alg="none"), desk.header()):
        for end in (".", "", ".AA"):
            with pytest.raises(TokenRefused):
                desk.verify(f"{part(header)}.{part(desk.claims())}{end}")


def test_hs256_with_the_public_key_is_refused(desk: Desk) -> None:
    """The public key is no shared secret: a token HMACed with it is refused."""
    key = desk.house.identity.keys.signing().key
    for secret in (key.as_pem(private=False), key.as_der(private=False)):
        text = f"{part(desk.header(alg='HS256'))}.{part(desk.claims())}"
        mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
        with pytest.raises(TokenRefused):
            desk.verify(f"{text}.{part(mac)}")


def test_another_issuers_key_is_refused(desk: Desk) -> None:
    """A token with our kid and good claims, signed by another key, is refused; so is a key it brings along."""
    other = RSAKey.import_key(rsa_key("another issuer"))
    public = other.as_dict(private=False)
    for header in (desk.header(), desk.header(jwk=public), desk.header(kid=None, jwk=public)):
        with pytest.raises(TokenRefused):
            desk.verify(raw_token(header, desk.claims(), other))


def test_a_tampered_token_is_refused(desk: Desk) -> None:
    """Changing the claims, the header or the signature of a good token refuses it."""
    header, claims, signature = desk.issue().split(".")
    other = desk.claims(scope=f"{PERMISSION} more")
    for parts in (
        (header, part(other), signature),
        (part(desk.header(typ="application/at+jwt")), claims, signature),
        (header, claims, ("A" if signature[0] != "A" else "B") + signature[1:]),
        (header, claims, signature[:-4]),
    ):
        with pytest.raises(TokenRefused):
            desk.verify(".".join(parts))


def test_a_payload_that_is_no_object_is_refused(desk: Desk) -> None:
    """Claims that are not one JSON object are refused, deeply nested ones too."""
    payloads: list[Any] = [[], "x", b"{", b"[" * 20_000, b"\xff", b'{"exp":' + b"9" * 5000 + b"}"]
    for claims in payloads:
        with pytest.raises(TokenRefused):
            desk.verify(desk.signed(desk.header(), claims))


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.text(),
        st.builds(
            lambda header, claims: f"{part(header)}.{part(claims)}.AAAA",
            st.one_of(st.binary(), st.dictionaries(st.sampled_from(["alg", "kid", "typ"]), st.text())),
            st.binary(),
        ),
    )
)
def test_no_text_breaks_the_verifier(desk: Desk, text: str) -> None:
    """Whatever text is sent as a token, it is refused as TokenRefused and nothing else is raised."""
    with pytest.raises(TokenRefused):
        desk.verify(text)


def test_expiry_and_start_have_a_small_skew(desk: Desk) -> None:
    """A token counts from 30 seconds before nbf until 30 seconds after exp, and no longer."""
    now = desk.house.hand.seconds
    assert desk.verify(desk.signed(desk.header(), desk.claims(nbf=now + 30)))
    assert desk.verify(desk.signed(desk.header(), desk.claims(exp=now - 29)))
    for claims in ({"nbf": now + 31}, {"exp": now - 30}):
        with pytest.raises(TokenRefused):
            desk.verify(desk.signed(desk.header(), desk.claims(**claims)))


def test_a_remembered_token_still_expires(own_desk: Desk) -> None:
    """Being remembered does not lengthen a token's life."""
    token = own_desk.issue()
    for _ in range(3):
        assert own_desk.verify(token)
    own_desk.house.hand.forward(3600 + 30)
    with pytest.raises(TokenRefused, match="expired"):
        own_desk.verify(token)


def test_only_what_was_verified_is_recalled(own_desk: Desk) -> None:
    """A token is recalled for its audience, for a minute after it was verified, and not before."""
    token, verifier = own_desk.issue(), own_desk.house.identity.verifier
    assert verifier.recall(token, INSIGHTS_AUDIENCE) is None
    caller = own_desk.verify(token)
    assert verifier.recall(token, INSIGHTS_AUDIENCE) == caller
    assert verifier.recall(token, "another") is None
    own_desk.house.hand.forward(60)
    assert verifier.recall(token, INSIGHTS_AUDIENCE) is None


def test_one_audience_is_not_another(desk: Desk) -> None:
    """A token for one face is refused by another, also when it was just accepted by its own."""
    token = desk.issue(audience="urn:waybill:graph")
    assert desk.verify(token, "urn:waybill:graph")
    with pytest.raises(TokenRefused, match="another API"):
        desk.verify(token)


def test_a_disabled_application_is_out_within_a_minute(own_desk: Desk) -> None:
    """A disabled application's fresh tokens are refused at once, a just used one after a minute at the latest."""
    used, unused = own_desk.issue(), own_desk.issue()
    own_desk.verify(used)
    own_desk.house.identity.apps.disable(own_desk.app.client_id)
    with pytest.raises(TokenRefused, match="disabled"):
        own_desk.verify(unused)
    own_desk.house.hand.forward(60)
    with pytest.raises(TokenRefused, match="disabled"):
        own_desk.verify(used)


def test_scopes_the_application_does_not_have_do_not_count(desk: Desk) -> None:
    """A token gives no scope its application does not hold now."""
    token = desk.signed(desk.header(), desk.claims(scope=f"admin {PERMISSION}"))
    assert desk.verify(token).scopes == {PERMISSION}


def test_without_public_url_any_name_of_ours_is_an_issuer(desk: Desk) -> None:
    """With no configured URL, tokens fetched by whichever of our names count alike."""
    for issuer in ("http://localhost:8400", "http://127.0.0.1:8400", ISSUER):
        assert desk.verify(desk.issue(issuer))


def test_with_public_url_the_issuer_must_be_it(tmp_path: Path) -> None:
    """With a configured URL, a token must name exactly it; a trailing slash in the setting changes nothing."""
    desk = opened(tmp_path, public_url=f"{ISSUER}/")
    assert desk.verify(desk.issue(ISSUER))
    with pytest.raises(TokenRefused, match="another URL"):
        desk.verify(desk.issue("http://localhost:8400"))
    desk.house.close()


def test_the_memory_of_verified_tokens_is_bounded_and_timed() -> None:
    """However much is put in, at most the limit is kept, oldest out first, and nothing beyond its time."""
    memory: Memory[int, str] = Memory(3)
    for number in range(5):
        memory.put(number, f"value {number}", until=10 + number)
    assert len(memory) == 3
    assert memory.recall(1, now=0) is None
    assert memory.recall(2, now=11.9) == "value 2"
    assert memory.recall(2, now=12) is None
    assert len(memory) == 2
