"""Tokens of the Graph face that we issue ourselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from tests.unit.identity.graph_parts import (
    APP_ID_URI,
    BASE,
    CONTOSO,
    FABRIKAM,
    PERSON,
    ROLES,
    GraphHouse,
)
from tests.unit.identity.identity_parts import rsa_key
from tests.unit.identity.test_tokens import part
from waybill.audit import entries
from waybill.errors import BadRequest, Conflict
from waybill.identity.delegated import LIFETIME_SECONDS, PRACTICE_CLIENT
from waybill.identity.directory_roles import DIRECTORY_ROLES, GLOBAL_ADMINISTRATOR
from waybill.identity.graph_tokens import GraphCaller
from waybill.identity.tokens import INSIGHTS_AUDIENCE, TokenRefused

NONE: frozenset[str] = frozenset()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[GraphHouse]:
    house = GraphHouse(tmp_path)
    yield house
    house.close()


def claims_of(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return claims


def refusal(house: GraphHouse, token: str) -> str:
    with pytest.raises(TokenRefused) as caught:
        house.verify(token)
    assert not token or token not in str(caught.value)
    return caught.value.message


@pytest.mark.parametrize(("version", "client"), [("2.0", "azp"), ("1.0", "appid")])
def test_an_issued_token_proves_its_application(house: GraphHouse, version: str, client: str) -> None:
    """A token of each version has Entra's claims and proves the application with its Graph roles alone."""
    token = house.issue(version=version)
    claims = claims_of(token)
    end = "v2.0" if version == "2.0" else ""
    assert claims["iss"] == f"{BASE}/{CONTOSO}/{end}"
    assert (claims["aud"], claims["tid"], claims["ver"]) == (APP_ID_URI, CONTOSO, version)
    assert (claims[client], claims[f"{client}acr"]) == (house.app.client_id, "1")
    assert (claims["idtyp"], claims["app_displayname"]) == ("app", "client")
    assert claims["oid"] == claims["sub"] != house.app.client_id
    assert claims["roles"] == list(ROLES)
    assert "scp" not in claims
    assert house.verify(token) == GraphCaller(
        house.app.client_id, CONTOSO, False, frozenset(ROLES), NONE, NONE, ""
    )


def test_without_graph_permissions_a_token_has_no_roles(house: GraphHouse) -> None:
    """An application of the Insights face gets a Graph token that allows nothing."""
    caller = house.verify(house.issue(house.register("insights.graph.readwrite.all")))
    assert caller.app_roles == NONE


def test_neither_face_takes_the_others_tokens(house: GraphHouse) -> None:
    """The type of a token keeps the faces apart, even with one audience for both."""
    graph = house.issue()
    for audience in (INSIGHTS_AUDIENCE, APP_ID_URI):
        insights = house.identity.issuer.issue(house.app, ROLES, BASE, audience).value
        assert "not a token for Microsoft Graph" in refusal(house, insights)
        with pytest.raises(TokenRefused, match="not an access token"):
            house.identity.verifier.verify(graph, audience)


def test_what_an_application_loses_its_tokens_lose(house: GraphHouse) -> None:
    """A disabled application's token dies within a minute; roles that it does not hold never count."""
    more = house.signed(house.claims(roles=[*ROLES, "User.Read.All"]))
    assert house.verify(more).app_roles == frozenset(ROLES)
    token = house.issue()
    house.verify(token)
    house.identity.apps.disable(house.app.client_id)
    house.verify(token)
    house.hand.forward(60)
    assert "disabled" in refusal(house, token)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"aud": "https://graph.microsoft.com"}, "another API"),
        ({"aud": None}, "another API"),
        ({"aud": INSIGHTS_AUDIENCE}, "another API"),
        ({"iss": None}, "lacks"),
        ({"tid": None}, "lacks"),
        ({"ver": None}, "lacks"),
        ({"ver": "3.0"}, "lacks"),
        ({"tid": FABRIKAM}, "not registered for this tenant"),
        ({"azp": None}, "not registered"),
        ({"azp": "nobody"}, "not registered"),
        ({"exp": None}, "expired"),
        ({"exp": 1}, "expired"),
        ({"exp": "never"}, "not a number"),
        ({"nbf": None}, "not valid yet"),
        ({"nbf": 9_999_999_999}, "not valid yet"),
        ({"scp": "User.Export.All"}, "signs nobody in"),
        ({"waybill_practice": "yes", "scp": "User.Export.All"}, "signs nobody in"),
        ({"waybill_practice": True}, "lacks oid or scp"),
    ],
    ids=str,
)
def test_claims_that_do_not_fit_are_refused(house: GraphHouse, changed: dict[str, Any], words: str) -> None:
    """Even well signed, a token for another API, time, tenant or application is not believed."""
    assert house.verify(house.signed(house.claims())).client_id == house.app.client_id
    assert words in refusal(house, house.signed(house.claims(**changed)))


def test_forged_tokens_are_refused(house: GraphHouse) -> None:
    """No signature, one by another key, by a shared secret, or over other claims counts for nothing."""
    stranger = RSAKey.import_key(rsa_key("stranger"))
    claims = house.claims()
    good = house.signed(claims)
    header, _, signature = good.split(".")
    none = {"alg": "none", "typ": "JWT", "kid": house.identity.keys.signing().kid}
    hs = {**none, "alg": "HS256"}
    public = house.identity.keys.signing().key.as_pem(private=False)
    text = f"{part(hs)}.{part(claims)}"
    forged = [
        house.signed(claims, stranger),
        house.signed(claims, stranger, kid=stranger.thumbprint()),
        house.signed(claims, stranger, jwk=stranger.as_dict(private=False)),
        house.signed(claims, kid=None),
        house.signed(claims, typ=None),
        house.signed(claims, crit=["b64"]),
        f"{part(none)}.{part(claims)}.",
        f"{part(none)}.{part(claims)}.{signature}",
        f"{text}.{part(hmac.digest(public, text.encode(), hashlib.sha256))}",
        f"{header}.{part({**claims, 'roles': ['User.Read.All']})}.{signature}",
        f"{good}x",
        "",
        "a.b.c",
    ]
    for token in forged:
        refusal(house, token)


def test_with_a_public_url_the_issuer_must_be_under_it(tmp_path: Path) -> None:
    """A configured URL is the only issuer that counts; both versions are issued under it."""
    house = GraphHouse(tmp_path, public_url=BASE)
    for version in ("1.0", "2.0"):
        assert house.verify(house.issue(version=version)).tenant == CONTOSO
    assert "another URL" in refusal(house, house.issue(base="https://elsewhere.example"))
    assert house.verify(house.mint("User.Export.All")).delegated
    house.close()


def test_a_practice_token_is_delegated_and_nothing_else(house: GraphHouse) -> None:
    """A minted token carries scopes, directory roles and the person; app roles in it never count."""
    token = house.mint("User.Export.All", "Reports.Read.All", roles=("global administrator",))
    expected = GraphCaller(
        PRACTICE_CLIENT,
        CONTOSO,
        True,
        NONE,
        frozenset(("User.Export.All", "Reports.Read.All")),
        frozenset((GLOBAL_ADMINISTRATOR,)),
        PERSON,
    )
    assert house.verify(token) == expected
    mixed = house.signed({**claims_of(token), "roles": ["User.Read.All"]})
    assert house.verify(mixed) == expected
    house.hand.forward(LIFETIME_SECONDS + 31)
    assert "expired" in refusal(house, token)


def test_minting_is_audited(house: GraphHouse) -> None:
    """Who was impersonated, and with what, stands in the audit trail; the token does not."""
    token = house.mint("User.Export.All", roles=("Global Reader",))
    line = entries(house.engine, CONTOSO, 1)[0]
    assert (line.action, line.subject, line.client_id) == ("practice-token.mint", PERSON, PRACTICE_CLIENT)
    assert line.detail == {"scopes": ["User.Export.All"], "roles": ["Global Reader"]}
    assert token.split(".")[2] not in str(line)


def test_practice_tokens_die_with_the_practice_data(house: GraphHouse) -> None:
    """Once real data is loaded no token is minted, and those that are out are refused at once."""
    token = house.mint("User.Export.All")
    house.verify(token)
    house.practice.clear()
    assert "does not hold practice data" in refusal(house, token)
    with pytest.raises(Conflict, match="practice data"):
        house.mint("User.Export.All")


@pytest.mark.parametrize(
    ("scopes", "roles"),
    [((), ()), (("Mail.Read",), ()), (("User.Export.All",), ("Boss",)), (("User.Export.All x",), ())],
)
def test_unknown_words_mint_nothing(
    house: GraphHouse, scopes: tuple[str, ...], roles: tuple[str, ...]
) -> None:
    """A scope or role nobody knows, or no scope at all, is refused with those there are."""
    with pytest.raises(BadRequest, match="Use: "):
        house.mint(*scopes, roles=roles)


def test_directory_roles_go_by_name_or_id(house: GraphHouse) -> None:
    """Every known role can be named by its display name and by its template id."""
    for name, template_id in DIRECTORY_ROLES.items():
        by_name = house.verify(house.mint("User.Export.All", roles=(name,)))
        by_id = house.verify(house.mint("User.Export.All", roles=(template_id,)))
        assert by_name.directory_roles == by_id.directory_roles == frozenset((template_id,))
