"""Client assertions over HTTP, as the vendor's samples and MSAL sign them, and every way they are refused."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from joserfc.jwk import RSAKey

from tests.clients.oauth_clients import (
    CertificateClient,
    assertion_form,
    base64url,
    basic,
    certificate_client,
)
from tests.clients.oauth_server import BASE, SCOPE, START, TOKEN_URL, Server, refused
from waybill import log
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


@pytest.fixture(scope="module")
def stranger() -> CertificateClient:
    return certificate_client(START - timedelta(days=1), START + timedelta(days=365))


@pytest.mark.parametrize("style", ["dotnet_header", "msal_sha1_header", "msal_sha256_header"])
def test_an_assertion_as_each_library_writes_it_gets_a_token(
    lasting: Server, holder: CertificateClient, style: str
) -> None:
    """The headers of .NET (the vendor's samples) and of both kinds of MSAL are understood; client_id is optional."""
    app = lasting.register(holder)
    forms: list[dict[str, str]] = [{}, {"client_id": app}]
    for more in forms:
        assertion = holder.sign(getattr(holder, style)(), lasting.claims(app))
        answer = lasting.ask(assertion_form(assertion, **more))
        assert lasting.caller(answer) == Caller(app, "contoso", frozenset({SCOPE}))
        assert answer.json()["scope"] == SCOPE


def test_every_usual_name_of_the_certificate_fits(lasting: Server, holder: CertificateClient) -> None:
    """kid as hex of any case, base64url or the key's thumbprint, x5t padded or not, or no name at all."""
    app = lasting.register(holder)
    full = holder.dotnet_header()
    for header in (
        {"kid": holder.sha1.hex()},
        {"kid": holder.sha256.hex().upper()},
        {"kid": full["x5t"]},
        {"kid": full["x5t"] + "="},
        {"kid": RSAKey.import_key(holder.key).thumbprint()},
        {"kid": "a name of the client's own"},
        {"x5t": full["x5t"], "x5t#S256": holder.msal_sha256_header()["x5t#S256"] + "="},
        {},
    ):
        assertion = holder.sign({"alg": "RS256", **header}, lasting.claims(app))
        assert lasting.caller(lasting.ask(assertion_form(assertion))).client_id == app


@pytest.mark.parametrize("minutes", [1, 5, 60, 64])
def test_lifetimes_up_to_an_hour_and_skew_are_taken(
    lasting: Server, holder: CertificateClient, minutes: int
) -> None:
    """Both samples' lifetimes (5 and 60 minutes) fit, with the client's clock up to five minutes off."""
    app = lasting.register(holder)
    until = (lasting.now + timedelta(minutes=minutes)).timestamp()
    assertion = holder.sign(holder.dotnet_header(), lasting.claims(app, exp=until))
    assert lasting.caller(lasting.ask(assertion_form(assertion)))


def test_the_audience_is_the_token_endpoint_or_the_issuer(lasting: Server, holder: CertificateClient) -> None:
    """aud may be the token endpoint or the issuer, alone or in a list; another is refused and told which."""
    app = lasting.register(holder)
    for audience in (TOKEN_URL, BASE, f"{BASE}/", f"{BASE}/connect", ["https://other", TOKEN_URL]):
        assertion = holder.sign(holder.dotnet_header(), lasting.claims(app, aud=audience))
        assert lasting.caller(lasting.ask(assertion_form(assertion)))
    wrongs: list[Any] = ["https://login.example/connect/token", "", [], None, {"a": 1}]
    for wrong in wrongs:
        assertion = holder.sign(holder.dotnet_header(), lasting.claims(app, aud=wrong))
        assert TOKEN_URL in refused(lasting.ask(assertion_form(assertion)), "invalid_client")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": int((START - timedelta(minutes=5)).timestamp())},
        {"exp": int((START + timedelta(minutes=66)).timestamp())},
        {"exp": 10**400},
        {"nbf": int((START + timedelta(minutes=6)).timestamp())},
        {"iat": int((START + timedelta(minutes=6)).timestamp())},
        {"nbf": "x"},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 2000},
        {"iss": None},
        {"sub": None},
        {"sub": "another"},
        {"iss": "made-up", "sub": "made-up"},
        {"iss": "\ud800", "sub": "\ud800"},
        {"iss": ["x"], "sub": ["x"]},
    ],
    ids=str,
)
def test_an_assertion_with_wrong_claims_is_refused(
    lasting: Server, holder: CertificateClient, claims: dict[str, Any]
) -> None:
    """Every claim of an assertion counts, although the right key signed it."""
    app = lasting.register(holder)
    assertion = holder.sign(holder.dotnet_header(), lasting.claims(app, **claims))
    refused(lasting.ask(assertion_form(assertion)), "invalid_client")


def test_an_assertion_is_good_once_also_after_a_restart(server: Server, holder: CertificateClient) -> None:
    """A replayed assertion is refused while it lives, across restarts; a new jti is fine, another app's too."""
    app, other = server.register(holder), server.register(holder)
    claims = server.claims(app)
    form = assertion_form(holder.sign(holder.dotnet_header(), claims))
    assert server.caller(server.ask(form))
    assert "used before" in refused(server.ask(form), "invalid_client")
    resigned = assertion_form(holder.sign(holder.msal_sha256_header(), claims))
    assert "used before" in refused(server.ask(resigned), "invalid_client")
    server.stop()
    server.start()
    assert "used before" in refused(server.ask(form), "invalid_client")
    same_jti = server.claims(other, jti=claims["jti"])
    assert server.caller(server.ask(assertion_form(holder.sign(holder.dotnet_header(), same_jti))))
    server.now += timedelta(minutes=9, seconds=59)  # exp + skew is ten minutes from the start
    assert "used before" in refused(server.ask(form), "invalid_client")
    server.now += timedelta(seconds=1)
    assert "expired" in refused(server.ask(form), "invalid_client")


def test_used_assertions_are_swept(server: Server, holder: CertificateClient) -> None:
    """What can no longer be replayed is forgotten, so the store does not grow for ever."""
    app = server.register(holder)

    def used() -> int:
        with server.engine.connect() as connection:
            return int(connection.execute(sa.text("SELECT count(*) FROM used_assertion")).scalar_one())

    for _ in range(5):
        assert server.caller(
            server.ask(assertion_form(holder.sign(holder.dotnet_header(), server.claims(app))))
        )
    assert used() == 5
    server.now += timedelta(minutes=11)
    assert server.caller(server.ask(assertion_form(holder.sign(holder.dotnet_header(), server.claims(app)))))
    assert used() == 1


def test_a_refused_assertion_does_not_use_up_its_jti(lasting: Server, holder: CertificateClient) -> None:
    """Nobody can spoil a client's jti with an assertion of his own making."""
    app = lasting.register(holder)
    claims = lasting.claims(app)
    header = holder.dotnet_header()
    refused(lasting.ask(assertion_form(holder.sign(header, {**claims, "aud": "x"}))), "invalid_client")
    assert lasting.caller(lasting.ask(assertion_form(holder.sign(header, claims))))


def test_before_the_signature_holds_every_fault_is_told_alike(
    lasting: Server, holder: CertificateClient, stranger: CertificateClient
) -> None:
    """Unknown client, wrong key, wrong certificate name, disabled client: one and the same refusal."""
    app, gone = lasting.register(holder), lasting.register(holder)
    lasting.identity.apps.disable(gone)
    header, forged = holder.dotnet_header(), {**stranger.dotnet_header()}
    answers = [
        lasting.ask(assertion_form(one, **more))
        for one, more in (
            (holder.sign(header, lasting.claims("made-up")), {}),
            (holder.sign(header, lasting.claims(app), key=stranger.key), {}),
            (stranger.sign(forged, lasting.claims(app)), {}),
            (holder.sign({**header, "x5t": forged["x5t"]}, lasting.claims(app)), {}),
            (holder.sign({**header, "x5t": 7}, lasting.claims(app)), {}),
            (holder.sign(header, lasting.claims(gone)), {}),
            (holder.sign(header, lasting.claims(lasting.client_id)), {}),
            (holder.sign(header, lasting.claims(app)), {"client_id": lasting.client_id}),
        )
    ]
    for answer in answers:
        refused(answer, "invalid_client")
        assert answer.content == answers[0].content


def test_a_certificate_counts_only_while_it_is_valid(server: Server) -> None:
    """Before its first and after its last moment a certificate's assertions are refused, naming the dates."""
    client = certificate_client(START + timedelta(days=1), START + timedelta(days=2))
    app = server.register(client)
    for day, fine in ((0, False), (1, True), (2, True), (3, False)):
        server.now = START + timedelta(days=day)
        answer = server.ask(assertion_form(client.sign(client.dotnet_header(), server.claims(app))))
        if fine:
            assert server.caller(answer)
        else:
            assert "2026-11-21 to 2026-11-22" in refused(answer, "invalid_client")


def test_both_certificates_count_during_renewal(
    lasting: Server, holder: CertificateClient, stranger: CertificateClient
) -> None:
    """With a second certificate registered, assertions of either one are good, named or not."""
    app = lasting.register(holder)
    lasting.identity.apps.add_certificate(app, stranger.pem)
    for client in (holder, stranger):
        for header in (client.dotnet_header(), {"alg": "RS256"}):
            assert lasting.caller(lasting.ask(assertion_form(client.sign(header, lasting.claims(app)))))


def test_what_is_no_signed_assertion_is_refused(lasting: Server, holder: CertificateClient) -> None:
    """alg none, HS256 with the certificate, other algorithms, critical extensions, garbage: all refused."""
    app = lasting.register(holder)
    header, claims, signature = holder.sign(holder.dotnet_header(), lasting.claims(app)).split(".")
    text = f"{base64url(json.dumps({'alg': 'HS256'}).encode())}.{claims}"
    hs256 = f"{text}.{base64url(hmac.new(holder.pem.encode(), text.encode(), hashlib.sha256).digest())}"
    for assertion in (
        hs256,
        f"eyJhbGciOiJub25lIn0.{claims}.",
        f"eyJhbGciOiJub25lIn0.{claims}.{signature}",
        holder.sign({"alg": "RS384"}, lasting.claims(app)),
        holder.sign({"alg": "RS256", "crit": ["exp"]}, lasting.claims(app)),
        holder.sign({"alg": "RS256", "typ": 7}, lasting.claims(app)),
        f"{header}.{claims}.{'A' * len(signature)}",
        f"{header}.{claims}",
        "garbage",
        "." * 3,
        "ä.b.c",
        "A" * 40_000,
    ):
        refused(lasting.ask(assertion_form(assertion)), "invalid_client")


def test_assertion_and_type_go_together(lasting: Server, holder: CertificateClient) -> None:
    """An assertion without its type, with another type, or a type without assertion is invalid_request."""
    assertion = holder.sign(holder.dotnet_header(), lasting.claims(lasting.register(holder)))
    refused(lasting.ask(assertion_form(assertion, client_assertion_type="")), "invalid_request")
    saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
    refused(lasting.ask(assertion_form(assertion, client_assertion_type=saml)), "invalid_request")
    refused(lasting.ask(assertion_form("")), "invalid_request")


def test_no_secret_is_in_a_log_an_answer_or_the_data_folder(
    server: Server, holder: CertificateClient
) -> None:
    """Secrets, assertions, tokens and private keys are in no log line, no refusal and no file, whatever happens."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.set_up(as_json=True, stream=stream, level="DEBUG")
    try:
        app = server.register(holder)
        assertion = holder.sign(holder.dotnet_header(), server.claims(app))
        token = server.ask().json()["access_token"]
        answers = [
            server.ask(client_id=server.secret, client_secret="canary-wrong-secret"),
            server.ask({"grant_type": "client_credentials"}, basic(server.client_id, "canary-wrong-secret")),
            server.ask({"grant_type": "client_credentials"}, basic(server.secret, "canary-wrong-secret")),
            server.ask(scope=server.secret),
            server.ask(grant_type=server.secret),
            server.ask(assertion_form(assertion, client_assertion_type=server.secret)),
        ]
        server.ask(assertion_form(assertion))
        answers.append(server.ask(assertion_form(assertion)))
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
    private = server.identity.keys.signing().key
    server.stop()
    seen = stream.getvalue() + "".join(answer.text for answer in answers)
    assert "client refused" in seen
    assert "token issued" in seen
    canaries = [server.secret, "canary-wrong-secret", assertion, token, assertion.split(".")[2]]
    assert not [canary for canary in canaries if canary in seen]
    files = b"".join(path.read_bytes() for path in server.folder.iterdir())
    canaries += [str(private.as_dict(private=True)["d"]), token.split(".")[2]]
    assert not [canary for canary in canaries if canary.encode() in files]
    assert private.as_der(private=True) not in files
    for line in stream.getvalue().splitlines():
        assert json.loads(line)
