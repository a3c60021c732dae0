"""The issuer in both its shapes on a real control store: in this process, or served over TLS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from waybill.api.entra import entra_routes
from waybill.api.oauth import oauth_routes
from waybill.api.served import Listening, serve
from waybill.clock import SYSTEM_CLOCK, Clock
from waybill.control import open_control
from waybill.identity.local_ca import open_tls, server_names
from waybill.identity.service import GraphRules, Identity, open_identity

APP_ID_URI = "api://waybill"
INSIGHTS = "insights.graph.readwrite.all"
ROLES = ("User.Export.All", "Reports.Read.All")
CONTOSO = "6babcaad-604b-40ac-a9d7-9fd97c0b779f"
FABRIKAM = "02aa6b54-9d1d-4e3f-9d5d-6a1b9c5f0e44"
TENANTS = {"contoso": CONTOSO, "fabrikam": FABRIKAM}
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def find_tenant(name_or_id: str) -> str | None:
    wanted = name_or_id.casefold()
    return TENANTS.get(wanted) or (wanted if wanted in TENANTS.values() else None)


@dataclass
class Issuer:
    """Both shapes of the issuer, with one application of contoso that has a secret."""

    folder: Path
    public_url: str = ""
    clock: Clock = SYSTEM_CLOCK
    engine: sa.Engine = field(init=False)
    identity: Identity = field(init=False)
    client_id: str = field(init=False)
    secret: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.engine = open_control(self.folder / "control.db")
        self.identity = open_identity(
            self.engine,
            self.folder / "sealing.key",
            self.clock,
            public_url=self.public_url,
            graph=GraphRules(app_id_uri=APP_ID_URI),
        )
        made = self.identity.apps.create("client", CONTOSO, (*ROLES, INSIGHTS))
        self.client_id, self.secret = made.client_id, made.client_secret

    def app(self) -> Starlette:
        parts = self.identity

        async def healthz(_request: Request) -> PlainTextResponse:
            return PlainTextResponse("ok")

        oauth = oauth_routes(
            parts.clients, parts.issuer, parts.keys, scopes=[INSIGHTS], public_url=self.public_url
        )
        entra = entra_routes(
            parts.clients,
            parts.graph_issuer,
            parts.keys,
            find_tenant,
            self.clock,
            app_id_uri=APP_ID_URI,
            public_url=self.public_url,
        )
        return Starlette(routes=[Route("/healthz", healthz), *oauth, *entra])

    def with_certificate(self, pem: str) -> str:
        return self.identity.apps.create("certificate client", CONTOSO, ROLES, pem).client_id

    def form(self, **changed: str | None) -> dict[str, str]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.secret,
            "scope": f"{APP_ID_URI}/.default",
            **changed,
        }
        return {name: value for name, value in form.items() if value is not None}

    def close(self) -> None:
        self.engine.dispose()


@dataclass(frozen=True)
class Authority:
    """A running issuer: its URL and the certificate that clients must trust."""

    issuer: Issuer
    url: str
    host: str
    trust: str


@contextmanager
def running_issuer(folder: Path) -> Iterator[Authority]:
    """The issuer over TLS on a free port, as `https://localhost:port`."""
    issuer = Issuer(folder)
    files = open_tls(folder / "tls", server_names("127.0.0.1", ""), SYSTEM_CLOCK)
    ready = threading.Event()
    found: list[Listening] = []

    def on_ready(listening: Listening) -> None:
        found.append(listening)
        ready.set()

    tls = (files.certificate, files.key)
    thread = threading.Thread(
        target=serve, args=(issuer.app(), "127.0.0.1", 0, on_ready, 2.0), kwargs={"tls": tls}
    )
    thread.start()
    try:
        assert ready.wait(20)
        assert found[0].url == f"https://127.0.0.1:{found[0].port}"
        host = f"localhost:{found[0].port}"
        yield Authority(issuer, f"https://{host}", host, str(files.authority))
    finally:
        for listening in found:
            listening.stop()
        thread.join(20)
        issuer.close()
        assert not thread.is_alive()


def entra_refusal(answer: Any, error: str, number: int, status: int) -> str:
    """Check an error answer's form, as Entra's; its description without ids and time."""
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
    }
    assert (body["error"], body["error_codes"]) == (error, [number]), body
    text, _, rest = str(body["error_description"]).partition(" Trace ID: ")
    assert text.startswith(f"AADSTS{number}: ")
    assert body["trace_id"] in rest
    assert body["correlation_id"] in rest
    assert "access_token" not in answer.text
    return text
