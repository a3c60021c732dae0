"""Identity of one installation, wired together: what app.py opens once and passes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from waybill.clock import Clock
from waybill.identity.apps import Apps
from waybill.identity.assertions import AssertionCheck
from waybill.identity.brake import Brake
from waybill.identity.clients import ClientAuthenticator
from waybill.identity.keys import SigningKeys
from waybill.identity.tokens import TokenIssuer, TokenVerifier
from waybill.sealing import open_sealer

_MARGIN_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Identity:
    """The parts: `apps` to administer, `clients` and `issuer` for the token endpoint, `verifier` for the APIs."""

    apps: Apps
    keys: SigningKeys
    issuer: TokenIssuer
    verifier: TokenVerifier
    clients: ClientAuthenticator


def open_identity(
    engine: sa.Engine, sealing_key: Path, clock: Clock, *, public_url: str = "", token_seconds: int = 3600
) -> Identity:
    """Wire identity on an open control store. `sealing_key` is `<data>/sealing.key`, made if missing.

    Import this module before `open_control`, which creates the tables declared so far.
    Raises DataProblem if the key file cannot be used.
    """
    apps = Apps(engine, clock)
    keys = SigningKeys(engine, open_sealer(sealing_key), clock, keep_seconds=token_seconds + _MARGIN_SECONDS)
    return Identity(
        apps=apps,
        keys=keys,
        issuer=TokenIssuer(keys, clock, token_seconds),
        verifier=TokenVerifier(keys, apps.find, clock, public_url),
        clients=ClientAuthenticator(apps, AssertionCheck(engine, apps.find, clock), Brake(clock)),
    )
