"""Identity of one installation, wired together: what app.py opens once and passes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from waybill.clock import Clock
from waybill.identity.apps import Apps
from waybill.identity.assertions import AssertionCheck
from waybill.identity.brake import Brake
from waybill.identity.clients import ClientAuthenticator
from waybill.identity.delegated import PracticeTokens
from waybill.identity.entra import EntraVerifier
from waybill.identity.entra_keys import EntraKeys, Fetch, fetch_https
from waybill.identity.graph_tokens import GraphIssuer, GraphVerifier, IsPractice
from waybill.identity.keys import SigningKeys
from waybill.identity.tokens import TokenIssuer, TokenVerifier
from waybill.sealing import open_sealer

_MARGIN_SECONDS = 300


@dataclass(frozen=True, slots=True)
class GraphRules:
    """How tokens of the Graph face are judged: from the settings of the same names, and what only others know.

    is_tenant(id): whether it is a tenant of this installation; is_practice(id): whether its latest
    snapshot was generated. `fetch` gets the keys of Entra tenants.
    """

    app_id_uri: str = "api://waybill"
    entra_tenants: tuple[str, ...] = ()
    entra_authority: str = "https://login.microsoftonline.com"
    entra_audiences: tuple[str, ...] = ()
    is_tenant: Callable[[str], bool] = lambda _tenant: False
    is_practice: IsPractice = lambda _tenant: False
    fetch: Fetch = fetch_https


@dataclass(frozen=True, slots=True)
class Identity:
    """The parts: `apps` to administer, `clients` and the issuers for the token endpoints, verifiers for the APIs.

    `issuer` and `verifier` are of the Insights face, `graph_issuer` and `graph_verifier` of the
    Graph face: neither takes the other's tokens. `practice_tokens` are for trying the latter out.
    """

    apps: Apps
    keys: SigningKeys
    issuer: TokenIssuer
    verifier: TokenVerifier
    clients: ClientAuthenticator
    graph_issuer: GraphIssuer
    graph_verifier: GraphVerifier
    practice_tokens: PracticeTokens


def open_identity(
    engine: sa.Engine,
    sealing_key: Path,
    clock: Clock,
    *,
    public_url: str = "",
    token_seconds: int = 3600,
    graph: GraphRules | None = None,
) -> Identity:
    """Wire identity on an open control store. `sealing_key` is `<data>/sealing.key`, made if missing.

    Import this module before `open_control`, which creates the tables declared so far.
    Raises DataProblem if the key file cannot be used, BadRequest for settings that cannot be safe.
    """
    rules = graph or GraphRules()
    apps = Apps(engine, clock)
    keys = SigningKeys(engine, open_sealer(sealing_key), clock, keep_seconds=token_seconds + _MARGIN_SECONDS)
    return Identity(
        apps=apps,
        keys=keys,
        issuer=TokenIssuer(keys, clock, token_seconds),
        verifier=TokenVerifier(keys, apps.find, clock, public_url),
        clients=ClientAuthenticator(apps, AssertionCheck(engine, apps.find, clock), Brake(clock)),
        graph_issuer=GraphIssuer(keys, clock, token_seconds, rules.app_id_uri),
        graph_verifier=GraphVerifier(
            keys,
            apps.find,
            clock,
            audience=rules.app_id_uri,
            public_url=public_url,
            is_practice=rules.is_practice,
            foreign=_entra(rules, clock),
        ),
        practice_tokens=PracticeTokens(
            engine,
            keys,
            clock,
            audience=rules.app_id_uri,
            public_url=public_url,
            is_practice=rules.is_practice,
        ),
    )


def _entra(rules: GraphRules, clock: Clock) -> EntraVerifier:
    """Also without any listed tenant: it then refuses every token of Entra, in words that help."""
    tenants = frozenset(tenant.lower() for tenant in rules.entra_tenants)
    return EntraVerifier(
        rules.entra_authority,
        tenants,
        (rules.app_id_uri, *rules.entra_audiences),
        EntraKeys(rules.entra_authority, tenants, rules.fetch, clock),
        rules.is_tenant,
    )
