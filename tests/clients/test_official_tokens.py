"""Microsoft's own client libraries, unmodified, get tokens from the embedded issuer over TLS."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msal  # type: ignore[import-untyped]  # it ships no types
import pytest
from azure.identity import CertificateCredential, ClientSecretCredential
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.clients.entra_server import (
    APP_ID_URI,
    CONTOSO,
    ROLES,
    Authority,
    running_issuer,
)
from tests.clients.oauth_clients import CertificateClient, certificate_client
from tests.node_parts import require_package
from waybill.identity.graph_tokens import GraphCaller

SCOPE = f"{APP_ID_URI}/.default"
pytestmark = pytest.mark.usefixtures("trusting")
TENANTS = [CONTOSO, "contoso"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with running_issuer(tmp_path_factory.mktemp("authority")) as running:
        yield running


@pytest.fixture
def trusting(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `waybill serve --tls` tells people to set."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority.trust)
    monkeypatch.setenv("SSL_CERT_FILE", authority.trust)


@pytest.fixture(scope="module")
def holder() -> CertificateClient:
    now = datetime.now(UTC)
    return certificate_client(now - timedelta(days=1), now + timedelta(days=30))


def private_pem(holder: CertificateClient) -> str:
    return holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def check(authority: Authority, token: str, client_id: str) -> None:
    """The token proves this application, with exactly the roles it was given."""
    caller = authority.issuer.identity.graph_verifier.verify(token)
    roles, none = frozenset(ROLES), frozenset[str]()
    assert caller == GraphCaller(client_id, CONTOSO, False, roles, none, none, "")


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize(
    "scope", [SCOPE, "https://graph.microsoft.com/.default", "https://localhost/.default"]
)
def test_azure_identity_with_a_secret(authority: Authority, tenant: str, scope: str) -> None:
    """azure-identity signs in with a secret, by tenant id or name, whatever name of the API it asks for."""
    with ClientSecretCredential(
        tenant,
        authority.issuer.client_id,
        authority.issuer.secret,
        authority=authority.url,
        disable_instance_discovery=True,
    ) as credential:
        token = credential.get_token(scope)
    check(authority, token.token, authority.issuer.client_id)


@pytest.mark.parametrize("chain", [False, True])
def test_azure_identity_with_a_certificate(
    authority: Authority, holder: CertificateClient, chain: bool
) -> None:
    """azure-identity signs in with a PEM certificate, with and without sending its chain."""
    client_id = authority.issuer.with_certificate(holder.pem)
    with CertificateCredential(
        CONTOSO,
        client_id,
        certificate_data=(private_pem(holder) + holder.pem).encode(),
        send_certificate_chain=chain,
        authority=authority.url,
        disable_instance_discovery=True,
    ) as credential:
        check(authority, credential.get_token(SCOPE).token, client_id)


def msal_token(authority: Authority, client_id: str, credential: Any) -> str:
    client = msal.ConfidentialClientApplication(
        client_id,
        client_credential=credential,
        authority=f"{authority.url}/{CONTOSO}",
        instance_discovery=False,
    )
    answer = client.acquire_token_for_client([SCOPE])
    assert "access_token" in answer, answer
    again = client.acquire_token_for_client([SCOPE])
    assert again["access_token"] == answer["access_token"]  # from its cache
    return str(answer["access_token"])


def test_msal_with_a_secret(authority: Authority) -> None:
    """MSAL for Python signs in with a secret and keeps the token."""
    token = msal_token(authority, authority.issuer.client_id, authority.issuer.secret)
    check(authority, token, authority.issuer.client_id)


def test_msal_with_a_certificate(authority: Authority, holder: CertificateClient) -> None:
    """MSAL for Python signs in by PS256 with x5t#S256 and its chain, and by RS256 with a SHA-1 thumbprint."""
    client_id = authority.issuer.with_certificate(holder.pem)
    credential = {"private_key": private_pem(holder), "public_certificate": holder.pem}
    check(authority, msal_token(authority, client_id, credential), client_id)
    sha1 = {"private_key": private_pem(holder), "thumbprint": holder.sha1.hex()}
    check(authority, msal_token(authority, client_id, sha1), client_id)


def test_msal_tells_why_it_was_refused(authority: Authority) -> None:
    """MSAL hands on our error: code, number, correlation id, and no part of the secret."""
    client = msal.ConfidentialClientApplication(
        authority.issuer.client_id,
        client_credential="not-the-secret",
        authority=f"{authority.url}/contoso",
        instance_discovery=False,
    )
    answer = client.acquire_token_for_client([SCOPE])
    assert answer["error"] == "invalid_client"
    assert answer["error_codes"] == [7000215]
    assert answer["correlation_id"]
    assert "not-the-secret" not in json.dumps(answer)


_SCRIPT = """
const { ClientSecretCredential, ClientCertificateCredential } = require("@azure/identity");
const given = JSON.parse(process.argv[2]);
const options = { authorityHost: given.authority, disableInstanceDiscovery: true };
const credentials = [
  new ClientSecretCredential(given.tenant, given.client, given.secret, options),
  new ClientCertificateCredential(given.tenant, given.holder, { certificatePath: given.pem }, options),
  new ClientCertificateCredential(given.tenant, given.holder, { certificatePath: given.pem },
    { ...options, sendCertificateChain: true }),
];
(async () => {
  const tokens = [];
  for (const credential of credentials) tokens.push((await credential.getToken(given.scope)).token);
  console.log(JSON.stringify(tokens));
})().catch((error) => { console.error(error.name, error.message); process.exit(1); });
"""


def test_azure_identity_for_javascript(
    authority: Authority, holder: CertificateClient, tmp_path: Path
) -> None:
    """@azure/identity signs in with a secret, and with a certificate with and without its chain."""
    node, package = require_package("@azure/identity")
    client_id = authority.issuer.with_certificate(holder.pem)
    script, pem = tmp_path / "tokens.cjs", tmp_path / "client.pem"
    script.write_text(_SCRIPT)
    pem.write_text(private_pem(holder) + holder.pem)
    given = {
        "authority": authority.url,
        "tenant": CONTOSO,
        "client": authority.issuer.client_id,
        "secret": authority.issuer.secret,
        "holder": client_id,
        "pem": str(pem),
        "scope": SCOPE,
    }
    run = subprocess.run(
        [node, script, json.dumps(given)],
        env={**os.environ, "NODE_PATH": str(package.parents[1]), "NODE_EXTRA_CA_CERTS": authority.trust},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    by_secret, by_certificate, with_chain = json.loads(run.stdout)
    check(authority, by_secret, authority.issuer.client_id)
    check(authority, by_certificate, client_id)
    check(authority, with_chain, client_id)
