"""The OAuth routes on a real control store, for the tests that speak to them over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.clients.oauth_clients import CertificateClient, assertion_claims
from waybill.api.oauth import oauth_routes
from waybill.clock import Clock
from waybill.control import open_control
from waybill.identity.service import Identity, open_identity
from waybill.identity.tokens import INSIGHTS_AUDIENCE, Caller

SCOPE = "insights.graph.readwrite.all"
BASE = "http://localhost:8400"
TOKEN_URL = f"{BASE}/connect/token"
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Server:
    """The OAuth routes on a real control store, with a clock set by hand and one application of contoso."""

    folder: Path
    public_url: str = ""
    now: datetime = START
    jti: int = 0
    engine: sa.Engine = field(init=False)
    identity: Identity = field(init=False)
    http: TestClient = field(init=False)

    def __post_init__(self) -> None:
        self.start()
        made = self.identity.apps.create("client", "contoso", (SCOPE, "other.read"))
        self.client_id, self.secret = made.client_id, made.client_secret

    def start(self) -> None:
        """Start, or start again on the same data."""
        self.engine = open_control(self.folder / "control.db")
        self.identity = open_identity(
            self.engine, self.folder / "sealing.key", Clock(now=lambda: self.now), public_url=self.public_url
        )
        parts = self.identity
        routes = oauth_routes(
            parts.clients, parts.issuer, parts.keys, scopes=[SCOPE], public_url=self.public_url
        )
        self.http = TestClient(Starlette(routes=routes), base_url=BASE)

    def stop(self) -> None:
        self.http.close()
        self.engine.dispose()

    def ask(
        self, form: dict[str, str] | None = None, headers: dict[str, str] | None = None, **more: str
    ) -> Any:
        """POST /connect/token; by default the vendor's secret form."""
        fields = self.form() if form is None else form
        return self.http.post("/connect/token", data={**fields, **more}, headers=headers)

    def form(self, **changed: str) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.secret,
            "scope": SCOPE,
            **changed,
        }

    def caller(self, answer: Any) -> Caller:
        assert answer.status_code == 200, answer.text
        return self.identity.verifier.verify(answer.json()["access_token"], INSIGHTS_AUDIENCE)

    def claims(self, app: str, **changed: Any) -> dict[str, Any]:
        self.jti += 1
        return assertion_claims(app, TOKEN_URL, self.now, **{"jti": f"jti-{self.jti}", **changed})

    def register(self, client: CertificateClient) -> str:
        return self.identity.apps.create("cert", "contoso", (SCOPE,), client.pem).client_id


def refused(answer: Any, error: str, status: int = 400) -> str:
    """Check an error answer's form (RFC 6749 5.2); its description."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    assert body["error"] == error
    assert "access_token" not in answer.text
    return str(body["error_description"])
