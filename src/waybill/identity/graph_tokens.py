"""Tokens of the Graph face: issued in the form of Microsoft Entra's, verified by one strict verifier."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from joserfc import jwt

from waybill.clock import Clock
from waybill.identity.apps import App
from waybill.identity.directory_roles import GRAPH_APP_ROLES
from waybill.identity.jose import (
    NotSigned,
    Unverified,
    audiences,
    read_unverified,
    signed_by,
    text_claim,
    time_claim,
)
from waybill.identity.keys import SigningKeys
from waybill.identity.memory import Memory
from waybill.identity.tokens import (
    REMEMBER_SECONDS,
    REMEMBER_TOKENS,
    SKEW_SECONDS,
    IssuedToken,
    TokenRefused,
)

TYPE = "JWT"
"""The `typ` of these tokens, as Entra writes it. Those of /connect/token say at+jwt: neither face takes
the other's, even where both were given one audience by mistake."""

CLIENT_CLAIM: Mapping[str, str] = {"1.0": "appid", "2.0": "azp"}
"""Token version (`ver`) -> the claim that names the client application."""

PRACTICE_CLAIM = "waybill_practice"
"""Marks delegated tokens that waybill.identity.delegated mints, for practice tenants only."""

ALGORITHMS = ("RS256",)

IsPractice = Callable[[str], bool]
"""Whether a tenant (its id) holds generated data, now."""


@dataclass(frozen=True, slots=True)
class GraphCaller:
    """Who calls the Graph face, as proved by a token. App roles and delegated scopes are never mixed.

    An application's own token has `app_roles` and neither `scopes` nor `directory_roles` (role
    template ids) nor `user_id`; a delegated one has those and no `app_roles`. `tenant` and
    `user_id` are lower-case GUIDs; `user_id` is the object id of the signed-in person.
    """

    client_id: str
    tenant: str
    delegated: bool
    app_roles: frozenset[str]
    scopes: frozenset[str]
    directory_roles: frozenset[str]
    user_id: str = ""


class Foreign(Protocol):
    """A verifier of another issuer's tokens (waybill.identity.entra)."""

    def issues(self, issuer: str) -> bool:
        """Whether this `iss` belongs to that issuer; says nothing about the token."""

    def check(self, token: Unverified, now: float) -> tuple[GraphCaller, float]:
        """The caller, and when the token expires (seconds since 1970). Raises NotSigned."""


class GraphIssuer:
    """Signs app-only tokens with Entra's claims (graph.md 1.5)."""

    def __init__(self, keys: SigningKeys, clock: Clock, lifetime_seconds: int, audience: str) -> None:
        self._keys = keys
        self._clock = clock
        self._lifetime = lifetime_seconds
        self._audience = audience

    def issue(self, app: App, version: str, base: str, *, by_certificate: bool) -> IssuedToken:
        """A token for `app` of version "1.0" or "2.0"; `base` is the authority without the tenant.

        Its audience is the installation's app-id URI, whatever name of it the client asked for. An
        application without Graph permissions gets a token without roles, as from Entra: the API
        then answers 403, which tells the client's developer more than a failed sign-in.
        """
        roles = [role for role in GRAPH_APP_ROLES if role in app.permissions]
        identity = service_principal(app.tenant, app.client_id)
        claims = {
            **base_claims(self._clock, self._lifetime, self._audience, issuer_of(base, app.tenant, version)),
            "ver": version,
            "tid": app.tenant,
            "sub": identity,
            "oid": identity,
            "idtyp": "app",
            CLIENT_CLAIM[version]: app.client_id,
            f"{CLIENT_CLAIM[version]}acr": "2" if by_certificate else "1",
            "app_displayname": app.name,  # CLI for Microsoft 365 fails without it
            "roles": roles,
        }
        return IssuedToken(encode(self._keys, claims), self._lifetime, tuple(roles))


class GraphVerifier:
    """Believes a token only if we, or an Entra tenant of the allow-list, signed it for this API and for now.

    Of our own tokens the issuer must be under `public_url`, if one is configured; without, clients
    reach us by several names and the signature alone proves where a token is from (waybill.identity.tokens).
    `is_practice(tenant)` says whether a tenant holds generated data; it is asked each time a
    practice token comes, so that such tokens die with the practice data and not a minute later.
    """

    def __init__(
        self,
        keys: SigningKeys,
        find: Callable[[str], App | None],
        clock: Clock,
        *,
        audience: str,
        public_url: str = "",
        is_practice: IsPractice = lambda _tenant: False,
        foreign: Foreign | None = None,
    ) -> None:
        self._keys = keys
        self._find = find
        self._clock = clock
        self._audience = audience
        self._public_url = public_url.rstrip("/")
        self._is_practice = is_practice
        self._foreign = foreign
        self._verified: Memory[bytes, _Proved] = Memory(REMEMBER_TOKENS)

    def verify(self, token: str) -> GraphCaller:
        """The caller this token proves. Raises waybill.identity.tokens.TokenRefused; for a token of
        Entra also waybill.identity.refusals.KeysUnavailable (a Busy), while its keys cannot be fetched.

        Remembered by SHA-256 for at most a minute and never beyond `exp`.
        """
        now = self._clock.now().timestamp()
        place = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        try:
            proved = self._verified.recall(place, now)
            if proved is None:
                proved, expires = self._check(token, now)
                self._verified.put(place, proved, min(expires, now + REMEMBER_SECONDS))
            if proved.practice and not self._is_practice(proved.caller.tenant):
                raise NotSigned("it is a practice token, and its tenant does not hold practice data")
        except NotSigned as error:
            raise TokenRefused(
                f"The access token is not accepted: {error}.",
                f"Get a new one for the scope {self._audience}/.default.",
            ) from error
        return proved.caller

    def _check(self, text: str, now: float) -> tuple[_Proved, float]:
        token = read_unverified(text, ALGORITHMS)
        if self._foreign is not None and self._foreign.issues(text_claim(token.claims, "iss")):
            caller, expires = self._foreign.check(token, now)
            return _Proved(caller), expires
        return self._own(token, now)

    def _own(self, token: Unverified, now: float) -> tuple[_Proved, float]:
        if token.header.get("typ") != TYPE:
            raise NotSigned("it is not a token for Microsoft Graph calls")
        key = self._keys.public(text_claim(token.header, "kid"))
        if key is None or not signed_by(token, key):
            raise NotSigned("it was not signed here")
        claims = token.claims
        version, tenant, issuer = (text_claim(claims, name) for name in ("ver", "tid", "iss"))
        if version not in CLIENT_CLAIM or not tenant or not issuer:
            raise NotSigned("it lacks ver, tid or iss")
        if self._public_url and issuer != issuer_of(self._public_url, tenant, version):
            raise NotSigned("it was issued under another URL")
        if self._audience not in audiences(claims):
            raise NotSigned("it is for another API")
        expires = check_lifetime(claims, now)
        if claims.get(PRACTICE_CLAIM) is True:
            return _Proved(delegated_caller(claims, tenant, version), practice=True), expires
        if "scp" in claims:
            raise NotSigned("it is delegated, and this server signs nobody in")
        client_id = text_claim(claims, CLIENT_CLAIM[version])
        app = self._find(client_id)
        if app is None or app.disabled or app.tenant != tenant:
            raise NotSigned("its application is not registered for this tenant, or is disabled")
        # What the app may no longer do, its older tokens may not either.
        return _Proved(app_caller(claims, tenant, version, allowed=frozenset(app.permissions))), expires


@dataclass(frozen=True, slots=True)
class _Proved:
    caller: GraphCaller
    practice: bool = False


def issuer_of(base: str, tenant: str, version: str) -> str:
    """The `iss` of our tokens of a version: as Entra's, with our own authority."""
    return f"{base.rstrip('/')}/{tenant}/{'v2.0' if version == '2.0' else ''}"


def service_principal(tenant: str, client_id: str) -> str:
    """The object id of an application in its tenant: always the same, and not the client id."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:waybill:service-principal:{tenant}:{client_id}"))


def base_claims(clock: Clock, lifetime_seconds: int, audience: str, issuer: str) -> dict[str, object]:
    """Who issued a token, for which API, for when; its one-time ids."""
    now = int(clock.now().timestamp())
    return {
        "iss": issuer,
        "aud": audience,
        "iat": now,
        "nbf": now,
        "exp": now + lifetime_seconds,
        "uti": clock.guid(),
    }


def encode(keys: SigningKeys, claims: Mapping[str, object]) -> str:
    """The signed token."""
    signing = keys.signing()
    header = {"alg": ALGORITHMS[0], "typ": TYPE, "kid": signing.kid}
    return jwt.encode(header, dict(claims), signing.key, algorithms=list(ALGORITHMS))


def check_lifetime(claims: Mapping[str, object], now: float) -> float:
    """When the token expires. Raises NotSigned if it does not count now, or does not say when it does."""
    expires, starts = time_claim(claims, "exp"), time_claim(claims, "nbf")
    if expires is None or expires + SKEW_SECONDS <= now:
        raise NotSigned("it has expired")
    if starts is None or starts - SKEW_SECONDS > now:
        raise NotSigned("it is not valid yet")
    return expires


def app_caller(
    claims: Mapping[str, object], tenant: str, version: str, allowed: frozenset[str] | None = None
) -> GraphCaller:
    """The caller of an app-only token: `roles`, of those only the allowed ones where that is known here."""
    roles = texts(claims, "roles")
    return GraphCaller(
        client_id=_client(claims, version),
        tenant=tenant,
        delegated=False,
        app_roles=roles if allowed is None else roles & allowed,
        scopes=frozenset(),
        directory_roles=frozenset(),
    )


def delegated_caller(claims: Mapping[str, object], tenant: str, version: str) -> GraphCaller:
    """The caller of a delegated token: `scp` and `wids`; `roles`, if there are any, do not count."""
    user_id, scopes = text_claim(claims, "oid").lower(), frozenset(text_claim(claims, "scp").split())
    if not user_id or not scopes:
        raise NotSigned("it is delegated and lacks oid or scp")
    return GraphCaller(
        client_id=_client(claims, version),
        tenant=tenant,
        delegated=True,
        app_roles=frozenset(),
        scopes=scopes,
        directory_roles=frozenset(role.lower() for role in texts(claims, "wids")),
        user_id=user_id,
    )


def texts(claims: Mapping[str, object], name: str) -> frozenset[str]:
    """A claim that is a list of strings; anything else counts as none."""
    value = claims.get(name)
    return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list) else frozenset()


def _client(claims: Mapping[str, object], version: str) -> str:
    client_id = text_claim(claims, CLIENT_CLAIM[version])
    if not client_id:
        raise NotSigned(f"it lacks {CLIENT_CLAIM[version]}")
    return client_id
