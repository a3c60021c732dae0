"""What tests of Graph tokens share: a house whose tenants are set by hand, and odd tokens signed with its key."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from joserfc.jwk import RSAKey

from tests.unit.identity.identity_parts import HandClock
from tests.unit.identity.test_tokens import raw_token, without_none
from waybill.control import open_control
from waybill.identity.apps import App
from waybill.identity.entra_keys import Fetch
from waybill.identity.graph_tokens import GraphCaller
from waybill.identity.service import GraphRules, Identity, open_identity

CONTOSO = "6babcaad-604b-40ac-a9d7-9fd97c0b779f"
FABRIKAM = "02aa6b54-9d1d-4e3f-9d5d-6a1b9c5f0e44"
UNLISTED = "d5d1f0c4-7c0f-4a2e-8f1b-2f0a1f2b3c4d"
APP_ID_URI = "api://waybill"
BASE = "https://export.contoso.com"
ROLES = ("User.Export.All", "Reports.Read.All")
PERSON = "48d31887-5fad-4d73-a9f5-3c356e68a038"


def no_fetch(url: str) -> bytes:
    raise AssertionError(f"{url} was asked for")


@dataclass
class GraphHouse:
    """Identity whose tenants are practice tenants while they are in `practice`; one application of contoso."""

    folder: Path
    hand: HandClock = field(default_factory=HandClock)
    public_url: str = ""
    practice: set[str] = field(default_factory=lambda: {CONTOSO})
    tenants: set[str] = field(default_factory=lambda: {CONTOSO, FABRIKAM})
    entra_tenants: tuple[str, ...] = ()
    entra_authority: str = "https://login.microsoftonline.com"
    entra_audiences: tuple[str, ...] = ()
    fetch: Fetch = no_fetch
    engine: sa.Engine = field(init=False)
    identity: Identity = field(init=False)
    app: App = field(init=False)

    def __post_init__(self) -> None:
        self.engine = open_control(self.folder / "control.db")
        rules = GraphRules(
            app_id_uri=APP_ID_URI,
            entra_tenants=self.entra_tenants,
            entra_authority=self.entra_authority,
            entra_audiences=self.entra_audiences,
            is_tenant=lambda tenant: tenant in self.tenants,
            is_practice=lambda tenant: tenant in self.practice,
            fetch=self.fetch,
        )
        self.identity = open_identity(
            self.engine,
            self.folder / "sealing.key",
            self.hand.clock(),
            public_url=self.public_url,
            graph=rules,
        )
        self.app = self.register(*ROLES, "insights.graph.readwrite.all")

    def register(self, *permissions: str, tenant: str = CONTOSO) -> App:
        made = self.identity.apps.create("client", tenant, permissions)
        found = self.identity.apps.find(made.client_id)
        assert found is not None
        return found

    def close(self) -> None:
        self.engine.dispose()

    def issue(self, app: App | None = None, version: str = "2.0", base: str = BASE) -> str:
        return self.identity.graph_issuer.issue(app or self.app, version, base, by_certificate=False).value

    def mint(self, *scopes: str, roles: tuple[str, ...] = (), tenant: str = CONTOSO) -> str:
        made = self.identity.practice_tokens.mint(tenant, PERSON, "amara@contoso.example", scopes, roles)
        return made.value

    def verify(self, token: str) -> GraphCaller:
        return self.identity.graph_verifier.verify(token)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a good app-only token, changed; None leaves one out."""
        now = self.hand.seconds
        good = {
            "iss": f"{BASE}/{CONTOSO}/v2.0",
            "aud": APP_ID_URI,
            "ver": "2.0",
            "tid": CONTOSO,
            "azp": self.app.client_id,
            "sub": "s",
            "oid": "s",
            "roles": list(ROLES),
            "nbf": now,
            "exp": now + 60,
        }
        return without_none({**good, **changed})

    def signed(self, claims: dict[str, Any], key: RSAKey | None = None, **header: Any) -> str:
        """A token with our own key id, signed with our own key if no other is given."""
        signing = self.identity.keys.signing()
        members = without_none({"alg": "RS256", "typ": "JWT", "kid": signing.kid, **header})
        return raw_token(members, claims, key or signing.key)
