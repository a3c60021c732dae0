"""Access tokens: issued as RS256 JWTs (RFC 9068), and believed only by the one strict verifier here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from joserfc import jwt

from waybill.clock import Clock
from waybill.errors import WaybillError
from waybill.identity.apps import App
from waybill.identity.jose import (
    NotSigned,
    audiences,
    read_unverified,
    signed_by,
    text_claim,
    time_claim,
)
from waybill.identity.keys import SigningKeys
from waybill.identity.memory import Memory

INSIGHTS_AUDIENCE = "urn:waybill:insights"
"""What tokens from /connect/token are for. A later face (Graph) has its own; none accepts another's."""

SKEW_SECONDS = 30.0
"""How far the clocks of two of our own machines may be apart."""

REMEMBER_SECONDS = 60.0
"""A verified token is not looked at again for this long, so this is how late a disabling may act."""

REMEMBER_TOKENS = 4096

_ALGORITHMS = ("RS256",)
_TYPES = ("at+jwt", "application/at+jwt")


class TokenRefused(WaybillError):
    """The access token does not count (HTTP 401). Never holds the token."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as proved by a token: the application, its one tenant, and what it may do."""

    client_id: str
    tenant: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A fresh access token, its lifetime in seconds, and the scopes it carries."""

    value: str = field(repr=False)
    expires_in: int
    scopes: tuple[str, ...]


class TokenIssuer:
    """Signs access tokens for authenticated applications."""

    def __init__(self, keys: SigningKeys, clock: Clock, lifetime_seconds: int) -> None:
        self._keys = keys
        self._clock = clock
        self._lifetime = lifetime_seconds

    def issue(self, app: App, scopes: tuple[str, ...], issuer: str, audience: str) -> IssuedToken:
        """A token for `app`; whether it may have `scopes` is the caller's check."""
        now = int(self._clock.now().timestamp())
        signing = self._keys.signing()
        claims = {
            "iss": issuer,
            "aud": audience,
            "sub": app.client_id,
            "client_id": app.client_id,
            "tid": app.tenant,
            "scope": " ".join(scopes),
            "iat": now,
            "nbf": now,
            "exp": now + self._lifetime,
            "jti": self._clock.guid(),
        }
        header = {"alg": "RS256", "typ": "at+jwt", "kid": signing.kid}
        value = jwt.encode(header, claims, signing.key, algorithms=list(_ALGORITHMS))
        return IssuedToken(value, self._lifetime, scopes)


class TokenVerifier:
    """Believes a token only if our key signed it, for this audience, for now, for an app that still counts.

    The issuer: with a configured `public_url` the token must name it. Without one, clients reach us
    by several names (loopback, host name, a proxy's), and the name in the token is whatever Host
    header the token request carried; so any is accepted. That costs no safety: nobody else holds
    the signing key, so the signature alone proves that this installation issued the token.
    """

    def __init__(
        self, keys: SigningKeys, find: Callable[[str], App | None], clock: Clock, public_url: str = ""
    ) -> None:
        self._keys = keys
        self._find = find
        self._clock = clock
        self._issuer = public_url.rstrip("/")
        self._verified: Memory[tuple[bytes, str], Caller] = Memory(REMEMBER_TOKENS)

    def verify(self, token: str, audience: str) -> Caller:
        """The caller this token proves. Raises TokenRefused.

        Remembered for at most a minute and never beyond `exp`; remembered by SHA-256, so that no
        usable token lies in memory longer than its request.
        """
        known = self.recall(token, audience)
        if known is not None:
            return known
        now = self._clock.now().timestamp()
        caller, expires = self._check(token, audience, now)
        self._verified.put(_place(token, audience), caller, min(expires, now + REMEMBER_SECONDS))
        return caller

    def recall(self, token: str, audience: str) -> Caller | None:
        """The caller of a token that was verified within the minute, at once; None: ask `verify`."""
        return self._verified.recall(_place(token, audience), self._clock.now().timestamp())

    def _check(self, text: str, audience: str, now: float) -> tuple[Caller, float]:
        try:
            token = read_unverified(text, _ALGORITHMS)
            # RFC 9068 4: the type keeps other JWTs signed by the same key from passing as access tokens.
            if token.header.get("typ") not in _TYPES:
                raise NotSigned("it is not an access token")
            key = self._keys.public(text_claim(token.header, "kid"))
            if key is None or not signed_by(token, key):
                raise NotSigned("it was not signed here")
            claims = token.claims
            if not text_claim(claims, "iss") or (self._issuer and claims["iss"] != self._issuer):
                raise NotSigned("it was issued under another URL")
            if audience not in audiences(claims):
                raise NotSigned("it is for another API")
            expires, starts = time_claim(claims, "exp"), time_claim(claims, "nbf")
            if expires is None or expires + SKEW_SECONDS <= now:
                raise NotSigned("it has expired")
            if starts is None or starts - SKEW_SECONDS > now:
                raise NotSigned("it is not valid yet")
        except NotSigned as error:
            raise _refused(str(error)) from error
        client_id = text_claim(claims, "client_id")
        app = self._find(client_id) if client_id == claims.get("sub") else None
        if app is None or app.disabled or app.tenant != claims.get("tid"):
            raise _refused("its application is not registered for this tenant, or is disabled")
        # What the app may no longer do, its older tokens may not either.
        scopes = frozenset(text_claim(claims, "scope").split()) & frozenset(app.permissions)
        return Caller(app.client_id, app.tenant, scopes), expires


def _place(token: str, audience: str) -> tuple[bytes, str]:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest(), audience


def _refused(why: str) -> TokenRefused:
    return TokenRefused(f"The access token is not accepted: {why}.", "Get a new one from /connect/token.")
