"""The Entra-shaped endpoints over HTTP: what they answer, what they refuse, and what they do not tell."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from tests.clients.entra_server import (
    APP_ID_URI,
    CONTOSO,
    FABRIKAM,
    INSIGHTS,
    ROLES,
    START,
    Issuer,
    entra_refusal,
)
from tests.clients.oauth_clients import (
    ASSERTION_TYPE,
    CertificateClient,
    assertion_claims,
    certificate_client,
    discovery_faults,
)
from waybill.clock import Clock
from waybill.identity.brake import FAILURES
from waybill.identity.tokens import TokenRefused

HOST = "export.example:8443"
BASE = f"https://{HOST}"
V2, V1 = "/oauth2/v2.0/token", "/oauth2/token"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    issuer = Issuer(tmp_path_factory.mktemp("issuer"), clock=Clock(now=lambda: START))
    yield issuer
    issuer.close()


@pytest.fixture(scope="module")
def http(issuer: Issuer) -> Iterator[TestClient]:
    with TestClient(issuer.app(), base_url=BASE) as client:
        yield client


@pytest.fixture(scope="module")
def holder() -> CertificateClient:
    return certificate_client(START - timedelta(days=1), START + timedelta(days=365))


def ask(http: TestClient, form: dict[str, str], tenant: str = CONTOSO, path: str = V2, **headers: str) -> Any:
    return http.post(f"/{tenant}{path}", data=form, headers=headers)


@pytest.mark.parametrize("tenant", [CONTOSO, CONTOSO.upper(), "contoso", "CONTOSO"])
def test_a_tenant_goes_by_id_or_name(issuer: Issuer, http: TestClient, tenant: str) -> None:
    """A token is of the tenant, however the path spells it."""
    answer = ask(http, issuer.form(), tenant)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert {**body, "access_token": ""} == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "ext_expires_in": 3600,
        "access_token": "",
    }
    assert answer.headers["cache-control"] == "no-store"
    caller = issuer.identity.graph_verifier.verify(body["access_token"])
    assert (caller.tenant, caller.app_roles) == (CONTOSO, frozenset(ROLES))


def test_version_1_writes_numbers_as_text(issuer: Issuer, http: TestClient) -> None:
    """The older endpoint takes `resource` and answers in its own form, with a version 1 token."""
    form = issuer.form(scope=None, resource=APP_ID_URI)
    body = ask(http, form, path=V1).json()
    now = int(START.timestamp())
    assert {**body, "access_token": ""} == {
        "token_type": "Bearer",
        "access_token": "",
        "expires_in": "3600",
        "ext_expires_in": "3600",
        "expires_on": str(now + 3600),
        "not_before": str(now),
        "resource": APP_ID_URI,
    }
    assert issuer.identity.graph_verifier.verify(body["access_token"]).client_id == issuer.client_id


@pytest.mark.parametrize(
    "resource",
    [
        APP_ID_URI,
        f"{APP_ID_URI}/",
        BASE,
        f"{BASE}/",
        "https://export.example",
        "https://EXPORT.example",
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/",
    ],
)
def test_every_name_of_the_api_gets_one_audience(issuer: Issuer, http: TestClient, resource: str) -> None:
    """Clients that cannot be told our app-id URI ask by our host, without its port, or by Graph's own name."""
    for path, named in ((V2, {"scope": f"{resource}/.default"}), (V1, {"scope": None, "resource": resource})):
        answer = ask(http, issuer.form(**named), path=path)
        assert answer.status_code == 200, answer.text
        assert issuer.identity.graph_verifier.verify(answer.json()["access_token"]).tenant == CONTOSO


@pytest.mark.parametrize(
    ("changed", "error", "number"),
    [
        ({"scope": "https://vault.azure.net/.default"}, "invalid_resource", 500011),
        ({"scope": "https://export.example.evil/.default"}, "invalid_resource", 500011),
        ({"scope": "/.default"}, "invalid_resource", 500011),
        ({"scope": f"{APP_ID_URI}/User.Export.All"}, "invalid_scope", 1002012),
        ({"scope": f"{APP_ID_URI}/.default openid"}, "invalid_scope", 1002012),
        ({"scope": None}, "invalid_request", 900144),
        ({"grant_type": None}, "invalid_request", 900144),
        ({"grant_type": "password"}, "unsupported_grant_type", 70003),
        ({"client_assertion": "x"}, "invalid_request", 900144),
    ],
    ids=str,
)
def test_requests_that_do_not_fit_are_refused_in_entras_form(
    issuer: Issuer, http: TestClient, changed: dict[str, str | None], error: str, number: int
) -> None:
    """Each fault has Entra's error code and number, and says what to send instead."""
    entra_refusal(ask(http, issuer.form(**changed)), error, number, 400)


def test_version_1_needs_a_resource(issuer: Issuer, http: TestClient) -> None:
    """A scope does not stand for the resource at the older endpoint."""
    text = entra_refusal(ask(http, issuer.form(), path=V1), "invalid_request", 900144, 400)
    assert "resource" in text


def test_a_body_that_is_not_a_form_is_refused(http: TestClient) -> None:
    """JSON, doubled parameters and secrets in the URL are refused as at the other token endpoint."""
    for answer in (
        http.post(f"/{CONTOSO}{V2}", json={"grant_type": "client_credentials"}),
        http.post(f"/{CONTOSO}{V2}?client_secret=x", data={"grant_type": "client_credentials"}),
        http.post(
            f"/{CONTOSO}{V2}",
            content="a=1&a=2",
            headers={"content-type": "application/x-www-form-urlencoded"},
        ),
    ):
        entra_refusal(answer, "invalid_request", 900144, 400)


def test_strangers_learn_neither_tenants_nor_applications(issuer: Issuer, http: TestClient) -> None:
    """Wrong secret, unknown application, unknown tenant and another tenant's path are answered alike."""
    made = issuer.identity.apps.create("neighbour", FABRIKAM, ROLES)
    foreign = {"client_id": made.client_id, "client_secret": made.client_secret}
    disabled = issuer.identity.apps.create("gone", CONTOSO, ROLES)
    issuer.identity.apps.disable(disabled.client_id)
    gone = {"client_id": disabled.client_id, "client_secret": disabled.client_secret}
    answers = [
        ask(http, issuer.form(client_secret="wrong")),
        ask(http, issuer.form(client_id="00000000-0000-4000-8000-000000000000")),
        ask(http, issuer.form(client_id="x", client_secret="wrong"), "nowhere"),
        ask(http, issuer.form(client_secret=None)),
        ask(http, issuer.form(**foreign)),
        ask(http, issuer.form(**gone)),
        ask(http, issuer.form(), FABRIKAM),
        ask(http, issuer.form(), "fabrikam"),
        ask(http, issuer.form(), "nowhere"),
        ask(http, issuer.form(), "99999999-9999-4999-8999-999999999999"),
        ask(http, issuer.form(client_secret=None, client_assertion="a.b.c",
                              client_assertion_type=ASSERTION_TYPE)),
    ]  # fmt: skip
    texts = {entra_refusal(answer, "invalid_client", 7000215, 401) for answer in answers}
    assert len(texts) == 1
    assert len({frozenset(answer.headers) for answer in answers}) == 1


def test_discovery_tells_nobody_which_tenants_there_are(http: TestClient) -> None:
    """A tenant, another one and none at all have the same documents, but for the name in them."""
    found = set()
    for tenant in (CONTOSO, "contoso", FABRIKAM, "nowhere", "99999999-9999-4999-8999-999999999999"):
        for version in ("/v2.0", ""):
            answer = http.get(f"/{tenant}{version}/.well-known/openid-configuration")
            assert answer.status_code == 200
            found.add((version, answer.text.replace(tenant, "T")))
    assert len(found) == 2


@pytest.mark.parametrize("tenant", ["contoso", CONTOSO, "My Tenant"])
def test_discovery_leads_to_endpoints_that_answer(issuer: Issuer, http: TestClient, tenant: str) -> None:
    """Each document names endpoints below its authority; the token and key endpoints it names work."""
    place = f"{BASE}/{tenant.replace(' ', '%20')}"
    for version in ("/v2.0", ""):
        document = http.get(f"{place}{version}/.well-known/openid-configuration").json()
        assert document["issuer"] == f"{place}/{version[1:]}"
        assert discovery_faults(place, {**document, "issuer": place}) == []
        keys = http.get(document["jwks_uri"]).json()
        assert keys == issuer.identity.keys.jwks()
        assert all("d" not in key for key in keys["keys"])
        entra_refusal(http.post(document["token_endpoint"], data={}), "invalid_request", 900144, 400)
        refused = http.get(document["authorization_endpoint"])
        entra_refusal(refused, "unsupported_response_type", 700054, 400)


@pytest.mark.parametrize("tenant", ["%00", "a%2Fb", "a%22b", "%3Cscript%3E", "x" * 64, "-x"])
def test_what_cannot_be_a_tenant_is_refused(issuer: Issuer, http: TestClient, tenant: str) -> None:
    """A path segment is looked at before it is put into any answer."""
    answer = http.get(f"/{tenant}/v2.0/.well-known/openid-configuration")
    if answer.status_code != 404:
        entra_refusal(answer, "invalid_tenant", 90002, 400)
        entra_refusal(ask(http, issuer.form(), tenant), "invalid_tenant", 90002, 400)


@pytest.mark.parametrize("style", ["dotnet_header", "msal_sha1_header", "msal_sha256_header"])
@pytest.mark.parametrize("audience", [f"{BASE}/contoso{V2}", f"{BASE}/{CONTOSO}{V2}", f"{BASE}/contoso/v2.0"])
def test_a_certificate_signs_in_again_and_again(
    issuer: Issuer, http: TestClient, holder: CertificateClient, style: str, audience: str
) -> None:
    """MSAL sends one assertion until it nearly expires; each of its kinds is taken more than once here."""
    client_id = issuer.with_certificate(holder.pem)
    claims = assertion_claims(client_id, audience, START, "one jti")
    assertion = holder.sign(getattr(holder, style)(), claims)
    form = issuer.form(
        client_id=client_id,
        client_secret=None,
        client_assertion=assertion,
        client_assertion_type=ASSERTION_TYPE,
    )
    for _ in range(2):
        answer = ask(http, form, "contoso")
        assert answer.status_code == 200, answer.text
    assert token_claims(answer.json()["access_token"])["azpacr"] == "2"
    other = {**form, "client_id": issuer.client_id}
    entra_refusal(ask(http, other, "contoso"), "invalid_client", 7000215, 401)


def token_claims(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return claims


def test_an_assertion_for_another_server_is_refused(
    issuer: Issuer, http: TestClient, holder: CertificateClient
) -> None:
    """An assertion names the endpoint it is for: Microsoft's, another tenant's or /connect's does not count."""
    client_id = issuer.with_certificate(holder.pem)
    for audience in (
        f"https://login.microsoftonline.com/{CONTOSO}{V2}",
        f"{BASE}/{FABRIKAM}{V2}",
        f"{BASE}/connect/token",
        BASE,
    ):
        claims = assertion_claims(client_id, audience, START, "jti")
        form = issuer.form(
            client_id=None,
            client_secret=None,
            client_assertion=holder.sign(holder.dotnet_header(), claims),
            client_assertion_type=ASSERTION_TYPE,
        )
        entra_refusal(ask(http, form), "invalid_client", 7000215, 401)


def test_basic_authentication_works_too(issuer: Issuer, http: TestClient) -> None:
    """A secret may come in the Authorization header, as RFC 6749 prefers."""
    basic = "Basic " + b64encode(f"{issuer.client_id}:{issuer.secret}".encode()).decode()
    form = issuer.form(client_id=None, client_secret=None)
    assert ask(http, form, authorization=basic).status_code == 200


def test_the_two_issuers_keep_their_permissions_apart(issuer: Issuer, http: TestClient) -> None:
    """/connect/token grants no Graph role and the Entra-shaped endpoint no Insights scope."""
    token = http.post("/connect/token", data=issuer.form(scope=None)).json()
    assert token["scope"] == INSIGHTS
    refused = http.post("/connect/token", data=issuer.form(scope=ROLES[0]))
    assert refused.json()["error"] == "invalid_scope"
    graph = issuer.identity.apps.create("graph only", CONTOSO, ROLES)
    only = issuer.form(client_id=graph.client_id, client_secret=graph.client_secret, scope=None)
    assert http.post("/connect/token", data=only).json()["error"] == "invalid_scope"
    with pytest.raises(TokenRefused):
        issuer.identity.graph_verifier.verify(token["access_token"])
    assert INSIGHTS not in token_claims(ask(http, issuer.form()).json()["access_token"])["roles"]


def test_a_clients_own_request_id_comes_back(issuer: Issuer, http: TestClient) -> None:
    """A GUID in client-request-id is the correlation id of the answer; anything else is not repeated."""
    sent = "0b9e4d3c-1111-4222-8333-444455556666"
    answer = ask(http, issuer.form(scope=None), **{"client-request-id": sent})
    assert answer.json()["correlation_id"] == sent
    odd = ask(http, issuer.form(scope=None), **{"client-request-id": "<script>"})
    assert GUID.fullmatch(odd.json()["correlation_id"])
    assert "<script" not in odd.text


def test_guessing_secrets_is_slowed_down(issuer: Issuer, http: TestClient) -> None:
    """After some failures the rest of the minute is refused with Retry-After, as at /connect/token."""
    form = issuer.form(client_id="guessed", client_secret="wrong")
    for _ in range(FAILURES):
        entra_refusal(ask(http, form), "invalid_client", 7000215, 401)
    answer = ask(http, form)
    entra_refusal(answer, "temporarily_unavailable", 90055, 429)
    assert int(answer.headers["retry-after"]) >= 1


def test_instance_discovery_knows_one_authority(http: TestClient) -> None:
    """MSAL's question which names an authority has is answered for our own and refused for others."""
    path = "/common/discovery/instance"
    own = http.get(path, params={"authorization_endpoint": f"{BASE}/contoso/oauth2/v2.0/authorize"})
    assert own.json()["tenant_discovery_endpoint"] == f"{BASE}/contoso/v2.0/.well-known/openid-configuration"
    assert own.json()["metadata"] == [{"preferred_network": HOST, "preferred_cache": HOST, "aliases": [HOST]}]
    for other in ("https://login.microsoftonline.com/common", "", "https://[", f"https://{HOST}.evil/x"):
        answer = http.get(path, params={"authorization_endpoint": other})
        entra_refusal(answer, "invalid_instance", 50049, 400)


def test_secrets_are_stored_and_answered_nowhere(issuer: Issuer, http: TestClient) -> None:
    """Neither answers nor the control store hold the secret that was sent."""
    answers = [
        ask(http, issuer.form(scope="x")),
        ask(http, issuer.form(), "nowhere"),
        ask(http, issuer.form()),
    ]
    assert all(issuer.secret not in answer.text for answer in answers)
    with issuer.engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')):
                assert issuer.secret not in str(row)


def test_with_a_public_url_everything_is_below_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A configured URL is used whatever Host a request names."""
    issuer = Issuer(tmp_path_factory.mktemp("public"), public_url="https://export.contoso.com/")
    with TestClient(issuer.app(), base_url="http://10.0.0.1") as http:
        document = http.get("/contoso/v2.0/.well-known/openid-configuration").json()
        assert document["token_endpoint"] == f"https://export.contoso.com/contoso{V2}"
        answer = ask(http, issuer.form(scope="https://export.contoso.com/.default"))
        assert (
            token_claims(answer.json()["access_token"])["iss"] == f"https://export.contoso.com/{CONTOSO}/v2.0"
        )
        entra_refusal(
            ask(http, issuer.form(scope="http://10.0.0.1/.default")), "invalid_resource", 500011, 400
        )
    issuer.close()
