"""Tokens from the running server, by every way the vendor's samples know (insights.md 1.1)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.clients.command_line import Commands
from tests.clients.insights_house import Answer
from tests.clients.oauth_clients import (
    assertion_claims,
    assertion_form,
    basic,
    certificate_client,
    discovery_faults,
)
from tests.clients.product_reports import group_target
from tests.clients.product_server import Client, Product
from waybill.api.insights import SCOPE
from waybill.ingest.practice.stage import group_id

GRANT = {"grant_type": "client_credentials", "scope": SCOPE}


def _works(product: Product, answer: Answer) -> None:
    """The answer has the five members of the vendor's documentation, and its token starts an export."""
    assert answer.status == 200, answer.body
    body = answer.json
    assert body == {
        "token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "scope": SCOPE,
        "access_token": body["access_token"],
    }  # fmt: skip
    assert answer.headers["cache-control"] == "no-store"
    client = Client(product.client.host, product.client.port, body["access_token"])
    assert client.ended(client.ask(group_target(group_id("Press"))).job) == 2


def test_secret_in_the_body(product: Product) -> None:
    """The documented form, client id and secret in the body, gets a token that works."""
    app = product.credentials
    form = {**GRANT, "client_id": app.client_id, "client_secret": app.client_secret}
    _works(product, product.client.ask_token(form))


def test_secret_by_basic(product: Product) -> None:
    """The C# sample's way, HTTP Basic, gets a token that works."""
    app = product.credentials
    _works(product, product.client.ask_token(GRANT, basic(app.client_id, app.client_secret)))


def test_certificate(product: Product, commands: Commands, tmp_path: Path) -> None:
    """A certificate registered while the server runs signs in by assertion, without a client_id, once each."""
    now = datetime.now(UTC)
    holder = certificate_client(now - timedelta(days=1), now + timedelta(days=1))
    (tmp_path / "app.pem").write_text(holder.pem)
    made = commands(
        "apps", "create", "by certificate", "--tenant", product.tenant, "--permission", SCOPE,
        "--certificate", tmp_path / "app.pem", "--data", product.data, "--json",
    )  # fmt: skip
    assert made.json == {"client_id": made.json["client_id"], "client_secret": None, "tenant": product.tenant}
    claims = assertion_claims(
        made.json["client_id"], f"{product.url}/connect/token", datetime.now(UTC), str(uuid4())
    )
    form = assertion_form(holder.sign(holder.dotnet_header(), claims))
    _works(product, product.client.ask_token(form))
    again = product.client.ask_token(form)
    assert (again.status, again.json["error"]) == (400, "invalid_client")


@pytest.mark.parametrize("way", ["body", "basic"])
def test_wrong_secret(product: Product, way: str) -> None:
    """A wrong secret is refused in RFC 6749 words (401 with a challenge for Basic) and never repeated."""
    app, wrong = product.credentials, "wrong-secret-of-a-test"
    if way == "basic":
        answer = product.client.ask_token(GRANT, basic(app.client_id, wrong))
        assert (answer.status, answer.headers["www-authenticate"].split()[0]) == (401, "Basic")
    else:
        answer = product.client.ask_token({**GRANT, "client_id": app.client_id, "client_secret": wrong})
        assert answer.status == 400
    assert answer.json["error"] == "invalid_client"
    assert wrong.encode() not in answer.body


def test_discovery(product: Product) -> None:
    """The discovery document passes the rules of the vendor's library, and its keys can be fetched."""
    document: dict[str, Any] = product.client.ask("/.well-known/openid-configuration", token=None).json
    assert discovery_faults(product.url, document) == []
    assert document["token_endpoint"] == f"{product.url}/connect/token"
    keys = product.client.ask(document["jwks_uri"].removeprefix(product.url), token=None)
    assert json.loads(keys.body)["keys"]


def test_no_secret_in_the_data_folder(product: Product) -> None:
    """Neither a client's secret nor a token is anywhere in the data folder of the running server."""
    secret = re.compile(
        f"{re.escape(product.credentials.client_secret)}|{re.escape(product.client.token)}".encode()
    )
    found = [
        path.name for path in product.data.rglob("*") if path.is_file() and secret.search(path.read_bytes())
    ]
    assert found == []
