"""Delegated tokens for trying things out: made by hand, for people of practice tenants only, soon over."""

from __future__ import annotations

import sqlalchemy as sa

from waybill.audit import Entry, record
from waybill.clock import Clock
from waybill.errors import BadRequest, Conflict
from waybill.identity.directory_roles import DIRECTORY_ROLES, GRAPH_SCOPES
from waybill.identity.graph_tokens import (
    CLIENT_CLAIM,
    PRACTICE_CLAIM,
    IsPractice,
    base_claims,
    encode,
    issuer_of,
)
from waybill.identity.keys import SigningKeys
from waybill.identity.tokens import IssuedToken

LIFETIME_SECONDS = 900

PRACTICE_CLIENT = "7a1b0e5c-5d0f-4f0c-9f37-0c5b7e9a1d20"
"""The client these tokens name: no registered application, so that none can get one by the token endpoint."""

_NO_BASE = "https://waybill.invalid"
_VERSION = "2.0"


class PracticeTokens:
    """Makes the tokens a signed-in person would have got from Entra. There is no sign-in of people here."""

    def __init__(
        self,
        engine: sa.Engine,
        keys: SigningKeys,
        clock: Clock,
        *,
        audience: str,
        public_url: str,
        is_practice: IsPractice,
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._clock = clock
        self._audience = audience
        self._base = public_url or _NO_BASE
        self._is_practice = is_practice

    def mint(
        self, tenant: str, user_id: str, user_name: str, scopes: tuple[str, ...], roles: tuple[str, ...]
    ) -> IssuedToken:
        """A token of this person (object id and UPN) with these scopes and directory roles (display names).

        Good for a quarter of an hour, and only as long as the tenant holds practice data. Audited.
        Raises Conflict for a tenant with other data, BadRequest for words we do not know.
        """
        if not self._is_practice(tenant):
            raise Conflict(
                "This tenant does not hold practice data: nobody can be impersonated in it.",
                "Use a tenant made by `waybill practice`; for a real one, sign in through Entra "
                "(WAYBILL_ENTRA_TENANTS names its id; the token must be for WAYBILL_APP_ID_URI).",
            )
        claims = {
            **base_claims(
                self._clock, LIFETIME_SECONDS, self._audience, issuer_of(self._base, tenant, _VERSION)
            ),
            "ver": _VERSION,
            "tid": tenant,
            "oid": user_id.lower(),
            "sub": user_id.lower(),
            "idtyp": "user",
            CLIENT_CLAIM[_VERSION]: PRACTICE_CLIENT,
            "preferred_username": user_name,
            "scp": " ".join(_known_scopes(scopes)),
            "wids": [_role_id(role) for role in roles],
            PRACTICE_CLAIM: True,
        }
        with self._engine.begin() as connection:
            detail = {"scopes": list(scopes), "roles": list(roles)}
            record(
                connection,
                Entry(self._clock.now(), tenant, PRACTICE_CLIENT, "practice-token.mint", user_id, detail),
            )
        return IssuedToken(encode(self._keys, claims), LIFETIME_SECONDS, scopes)


def _known_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    if not scopes:
        raise BadRequest("A delegated token needs a scope.", f"Use: {', '.join(GRAPH_SCOPES)}.")
    for scope in scopes:
        if scope not in GRAPH_SCOPES:
            raise BadRequest(f"No Graph call needs the scope {scope!r}.", f"Use: {', '.join(GRAPH_SCOPES)}.")
    return tuple(dict.fromkeys(scopes))


def _role_id(name: str) -> str:
    for known, template_id in DIRECTORY_ROLES.items():
        if name.casefold() in (known.casefold(), template_id):
            return template_id
    raise BadRequest(f"There is no directory role {name!r} here.", f"Use: {', '.join(DIRECTORY_ROLES)}.")
