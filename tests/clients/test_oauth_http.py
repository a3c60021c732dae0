"""The token endpoint, discovery and JWKS over HTTP, as clients use them (insights.md 1.1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.clients.oauth_clients import (
    CertificateClient,
    assertion_form,
    basic,
    certificate_client,
    discovery_faults,
)
from tests.clients.oauth_server import BASE, SCOPE, START, Server, refused
from waybill.identity.tokens import Caller


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For tests that leave clock and applications as they are and fail with no secret."""
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def holder() -> CertificateClient:
    return certificate_client(START - timedelta(days=1), START + timedelta(days=365))


def test_secret_in_the_body_gets_a_token_with_all_five_members(lasting: Server) -> None:
    """The vendor's secret form is answered with token_type, expires_in, ext_expires_in, access_token and scope."""
    answer = lasting.ask()
    assert lasting.caller(answer) == Caller(lasting.client_id, "contoso", frozenset({SCOPE}))
    body = answer.json()
    assert set(body) == {"token_type", "expires_in", "ext_expires_in", "access_token", "scope"}
    assert (body["token_type"], body["expires_in"], body["ext_expires_in"]) == ("Bearer", 3600, 3600)
    assert body["scope"] == SCOPE
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"


def test_secret_by_basic_gets_a_token(lasting: Server) -> None:
    """IdentityModel's default, the Authorization header, is as good as the body; case of the word Basic is free."""
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    headers = basic(lasting.client_id, lasting.secret)
    assert lasting.caller(lasting.ask(form, headers)).client_id == lasting.client_id
    lower = {"authorization": headers["authorization"].replace("Basic", "basic")}
    assert lasting.caller(lasting.ask(form, lower)).client_id == lasting.client_id
    assert lasting.caller(lasting.ask(form, headers, client_id=lasting.client_id))


def test_no_scope_gets_all_the_application_has(lasting: Server) -> None:
    """Without a scope the token carries all permissions; with some, exactly those."""
    form = lasting.form()
    del form["scope"]
    assert lasting.ask(form).json()["scope"] == f"{SCOPE} other.read"
    assert lasting.ask(scope="").json()["scope"] == f"{SCOPE} other.read"
    answer = lasting.ask(scope=f"other.read other.read  {SCOPE}")
    assert answer.json()["scope"] == f"other.read {SCOPE}"
    assert lasting.caller(answer).scopes == {SCOPE, "other.read"}


def test_the_published_keys_verify_the_token(lasting: Server) -> None:
    """A third party can check a token with the JWKS that discovery names."""
    keys = lasting.http.get(lasting.http.get("/.well-known/openid-configuration").json()["jwks_uri"])
    read = jwt.decode(lasting.ask().json()["access_token"], KeySet.import_key_set(keys.json()), ["RS256"])
    assert read.claims["iss"] == BASE
    assert not {"d", "p", "q"} & set(keys.json()["keys"][0])


# --- requests that are wrong --------------------------------------------------------------------


def test_wrong_secret_and_unknown_client_are_told_alike(server: Server) -> None:
    """Unknown, disabled and wrong give byte for byte the same refusal: nobody learns which clients there are."""
    gone = server.identity.apps.create("gone", "contoso", (SCOPE,))
    server.identity.apps.disable(gone.client_id)
    answers = [
        server.ask(client_secret="wrong"),
        server.ask(client_id="made-up"),
        server.ask(client_id="\0", client_secret="x"),
        server.ask(client_id=gone.client_id, client_secret=gone.client_secret),
    ]
    for answer in answers:
        refused(answer, "invalid_client")
        assert answer.content == answers[0].content


def test_basic_is_refused_with_a_challenge(server: Server) -> None:
    """When Basic was used, invalid_client is 401 and challenges for Basic; otherwise it is 400 without."""
    form = {"grant_type": "client_credentials"}
    for header in (
        basic(server.client_id, "wrong"),
        basic("made-up", "wrong"),
        {"authorization": "Basic !!!"},
        {"authorization": "Basic /////w=="},
        {"authorization": "Basic bm9jb2xvbg=="},
        basic(server.client_id, ""),
        {"authorization": "Basic JXp6OiV6eg=="},
        {"authorization": "Basic "},
    ):
        answer = server.ask(form, header)
        refused(answer, "invalid_client", 401)
        assert answer.headers["www-authenticate"].startswith("Basic ")
    assert "www-authenticate" not in server.ask(client_secret="wrong").headers


def test_a_client_must_authenticate(lasting: Server) -> None:
    """A client id alone, or nothing, is no authentication."""
    for form in (
        {"grant_type": "client_credentials"},
        {"grant_type": "client_credentials", "client_id": lasting.client_id},
        {"grant_type": "client_credentials", "client_id": lasting.client_id, "client_secret": ""},
    ):
        refused(lasting.ask(form), "invalid_client")


def test_more_than_one_way_of_authenticating_is_refused(lasting: Server, holder: CertificateClient) -> None:
    """Body, Basic and assertion exclude each other; a second client id that differs is refused too."""
    assertion = holder.sign(holder.dotnet_header(), lasting.claims(lasting.register(holder)))
    header = basic(lasting.client_id, lasting.secret)
    refused(lasting.ask(headers=header), "invalid_request")
    refused(lasting.ask(assertion_form(assertion), header), "invalid_request")
    refused(lasting.ask(assertion_form(assertion, client_secret="x")), "invalid_request")
    refused(lasting.ask({"grant_type": "client_credentials"}, header, client_id="x"), "invalid_request")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": "CLIENT_CREDENTIALS"}, "unsupported_grant_type"),
        ({"scope": "made.up"}, "invalid_scope"),
        ({"scope": f"{SCOPE} made.up"}, "invalid_scope"),
        ({"scope": SCOPE.upper()}, "invalid_scope"),
    ],
    ids=str,
)
def test_wrong_parameters_are_refused_in_rfc_words(
    lasting: Server, changed: dict[str, str], error: str
) -> None:
    """Grant types and scopes that are not offered are refused with the words of RFC 6749."""
    refused(lasting.ask(lasting.form(**changed)), error)


def test_only_a_form_is_a_request(lasting: Server) -> None:
    """JSON, multipart, no type, broken encoding: each is invalid_request; a charset on the type is fine."""
    post = lasting.http.post
    form_type = "application/x-www-form-urlencoded"
    refused(post("/connect/token", json=lasting.form()), "invalid_request")
    refused(post("/connect/token", data=lasting.form(), files={"file": b"x"}), "invalid_request")
    refused(post("/connect/token", content=b"grant_type=client_credentials"), "invalid_request")
    for body in (b"client_id=%ff", b"\xff", b"&".join(b"a%d=1" % number for number in range(100))):
        refused(post("/connect/token", content=body, headers={"content-type": form_type}), "invalid_request")
    charset = {"content-type": f"{form_type.upper()}; charset=UTF-8"}
    assert lasting.caller(lasting.ask(headers=charset))


def test_a_body_is_bounded(lasting: Server) -> None:
    """A body over 64 KiB is refused."""
    assert "64 KiB" in refused(lasting.ask(scope="x" * 70_000), "invalid_request")


def test_a_repeated_parameter_is_refused(lasting: Server) -> None:
    """A parameter sent twice is refused, also with equal values, also an empty one."""
    for extra in ("&scope=x", f"&client_id={lasting.client_id}", "&scope="):
        body = "&".join(f"{name}={value}" for name, value in lasting.form().items()) + extra
        answer = lasting.http.post(
            "/connect/token", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert "repeated" in refused(answer, "invalid_request")


def test_credentials_in_the_url_are_refused(lasting: Server) -> None:
    """A secret in the query is refused: URLs end in logs."""
    answer = lasting.http.post(f"/connect/token?client_secret={lasting.secret}", data=lasting.form())
    refused(answer, "invalid_request")
    assert lasting.secret not in answer.text


def test_another_kind_of_authorization_is_refused(lasting: Server) -> None:
    """A bearer token does not get a token; two Authorization headers are refused."""
    refused(lasting.ask(headers={"authorization": "Bearer x"}), "invalid_request")
    headers = [("authorization", "Basic eDp5"), ("authorization", "Basic eDp5")]
    answer = lasting.http.post("/connect/token", data={"grant_type": "client_credentials"}, headers=headers)
    refused(answer, "invalid_request")


def test_only_post_gets_tokens(lasting: Server) -> None:
    """GET /connect/token is not allowed."""
    assert lasting.http.get("/connect/token").status_code == 405


def test_many_wrong_secrets_brake_and_let_go(server: Server) -> None:
    """After 20 wrong secrets in a minute the client is refused with 429 and Retry-After; a minute later it works."""
    for _ in range(20):
        refused(server.ask(client_secret="wrong"), "invalid_client")
    server.now += timedelta(seconds=20)
    answer = server.ask()
    refused(answer, "invalid_client", 429)
    assert answer.headers["retry-after"] == "40"
    other = server.identity.apps.create("other", "contoso", (SCOPE,))
    assert server.caller(server.ask(client_id=other.client_id, client_secret=other.client_secret))
    server.now += timedelta(seconds=40)
    assert server.caller(server.ask())


@pytest.mark.parametrize(
    ("headers", "authority"),
    [
        ({}, "http://localhost:8400"),
        ({"host": "127.0.0.1:8400"}, "http://127.0.0.1:8400"),
        ({"host": "export.contoso.com", "x-forwarded-proto": "https"}, "https://export.contoso.com"),
        (
            {"host": "export.contoso.com:8443", "x-forwarded-proto": "HTTPS, http"},
            "https://export.contoso.com:8443",
        ),
        ({"host": "localhost:1", "x-forwarded-proto": "gopher"}, "http://localhost:1"),
        ({"host": "[::1]:8400"}, "http://[::1]:8400"),
    ],
    ids=str,
)
@pytest.mark.parametrize("below", ["", "/connect"])
def test_discovery_describes_the_authority_the_client_typed(
    lasting: Server, headers: dict[str, str], authority: str, below: str
) -> None:
    """The issuer is the URL the client used, and every endpoint is absolute, on it and below it."""
    answer = lasting.http.get(f"{below}/.well-known/openid-configuration", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    loopback_ipv6 = "[::1]" in authority  # IdentityModel knows only localhost and 127.0.0.1 by name
    faults = discovery_faults(authority + below, document)
    assert not [fault for fault in faults if not (loopback_ipv6 and "https" in fault)]
    assert document["token_endpoint"] == f"{authority}/connect/token"
    for path in (document["jwks_uri"], document["token_endpoint"], document["authorization_endpoint"]):
        assert lasting.http.get(path.removeprefix(authority), headers=headers).status_code in (200, 400, 405)


def test_discovery_says_what_is_offered(lasting: Server) -> None:
    """The document names the grant, the three ways of authenticating, the scopes and the signing algorithms."""
    document = lasting.http.get("/.well-known/openid-configuration").json()
    assert document["grant_types_supported"] == ["client_credentials"]
    assert set(document["token_endpoint_auth_methods_supported"]) == {
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    }
    assert document["token_endpoint_auth_signing_alg_values_supported"] == ["RS256", "PS256"]
    assert document["scopes_supported"] == [SCOPE]


@pytest.mark.parametrize("host", ["evil.example/path", "a b", "user@host", "a:b:c", "x:999999", ""])
def test_a_host_that_is_none_is_refused(lasting: Server, host: str) -> None:
    """A Host header that is no host and port never gets into a document or a token."""
    refused(lasting.http.get("/.well-known/openid-configuration", headers={"host": host}), "invalid_request")
    refused(lasting.ask(headers={"host": host}), "invalid_request")


def test_a_configured_url_is_used_whatever_the_host(tmp_path: Path, holder: CertificateClient) -> None:
    """With public_url set, documents, token issuer and assertion audience are it, also behind a path."""
    url = "https://gate.contoso.com/waybill"
    server = Server(tmp_path, public_url=f"{url}/")
    headers = {"host": "10.0.0.7:8400"}
    document = server.http.get("/.well-known/openid-configuration", headers=headers).json()
    assert discovery_faults(url, document) == []
    below = server.http.get("/connect/.well-known/openid-configuration", headers=headers).json()
    assert discovery_faults(f"{url}/connect", below) == []
    assert server.caller(server.ask(headers=headers))
    app = server.register(holder)
    good = holder.sign(holder.dotnet_header(), server.claims(app, aud=document["token_endpoint"]))
    assert server.caller(server.ask(assertion_form(good), headers))
    bad = holder.sign(holder.dotnet_header(), server.claims(app, aud="http://10.0.0.7:8400/connect/token"))
    refused(server.ask(assertion_form(bad), headers), "invalid_client")
    server.stop()


def test_there_is_no_sign_in_of_people(lasting: Server) -> None:
    """The authorization endpoint exists, because MSAL wants one named, and refuses."""
    refused(lasting.http.get("/connect/authorize"), "unsupported_response_type")


WORDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["client_credentials", SCOPE, "x.y.z", "Basic x", "urn:ietf:params:oauth:grant-type:x"]),
)
NAMES = st.sampled_from(
    [
        "grant_type",
        "client_id",
        "client_secret",
        "scope",
        "client_assertion",
        "client_assertion_type",
        "other",
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.dictionaries(NAMES, WORDS), st.binary(max_size=200)))
def test_no_body_breaks_the_endpoint(server: Server, body: dict[str, str] | bytes) -> None:
    """Whatever is posted, the answer is an error of RFC 6749 and never a failure of the server."""
    raw = body if isinstance(body, bytes) else urlencode(body).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = server.http.post("/connect/token", content=raw, headers=headers)
    assert answer.status_code in (400, 429)
    assert answer.json()["error"]
