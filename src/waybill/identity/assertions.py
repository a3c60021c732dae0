"""Client assertions (private_key_jwt, RFC 7523): proof by a registered certificate, each good for one use."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping

import sqlalchemy as sa

from waybill.clock import Clock
from waybill.control import metadata
from waybill.identity.apps import App
from waybill.identity.certificates import Certificate
from waybill.identity.jose import (
    NotSigned,
    Unverified,
    audiences,
    read_unverified,
    signed_by,
    text_claim,
    time_claim,
)
from waybill.identity.refusals import ClientRefused, TooManyAttempts

used_assertion = sa.Table(
    "used_assertion",
    metadata,
    sa.Column("client_id", sa.String(64), primary_key=True),
    sa.Column("jti_hash", sa.String(64), primary_key=True),  # SHA-256, hex: a jti is free text
    sa.Column("forget_at", sa.BigInteger, nullable=False, index=True),  # seconds since 1970, UTC
)

SKEW_SECONDS = 300.0
"""How far a client's clock may be off."""

LONGEST_LIFE_SECONDS = 3600.0
"""The vendor's documentation sample signs for 60 minutes, its SDK sample for 5 (insights.md 1.1)."""

MOST_LIVE = 10_000
"""Assertions of one application remembered at a time."""

_ALGORITHMS = ("RS256", "PS256")
_LONGEST_JTI = 1024


class AssertionCheck:
    """Checks assertions against the certificates of registered applications."""

    def __init__(self, engine: sa.Engine, find: Callable[[str], App | None], clock: Clock) -> None:
        self._engine = engine
        self._find = find
        self._clock = clock

    def application(
        self, assertion: str, client_id: str, accepted: tuple[str, ...], *, single_use: bool = True
    ) -> App:
        """The application that signed this assertion.

        `client_id` is the form field, "" if absent (the vendor's samples leave it out: the assertion
        names the client). `accepted` are the audiences that mean us. `single_use` is for endpoints
        whose clients sign anew each time; MSAL, on the Entra-shaped one, does not.
        Raises ClientRefused. Until the signature holds, the reason is the same for every fault, so
        that nobody learns which applications and certificates there are.
        """
        try:
            token = read_unverified(assertion, _ALGORITHMS, padded=True)
            app = self._signer(token, client_id)
            self._check_claims(token.claims, accepted)
            if single_use:
                self._use_up(app, token.claims)
        except NotSigned as error:
            raise ClientRefused(
                f"The client assertion is not accepted: {error}.",
                "Sign a new one with RS256 or PS256 and a certificate registered for this application.",
            ) from error
        return app

    def _signer(self, token: Unverified, client_id: str) -> App:
        named = text_claim(token.claims, "iss")
        app = self._find(named) if named and named == token.claims.get("sub") else None
        if app is not None and not app.disabled and client_id in ("", app.client_id):
            for certificate in _candidates(app.certificates, token.header):
                if signed_by(token, certificate.key):
                    if not certificate.valid_at(self._clock.now()):
                        raise NotSigned(
                            f"its certificate is valid only from {certificate.valid_from:%Y-%m-%d} "
                            f"to {certificate.valid_until:%Y-%m-%d}"
                        )
                    return app
        raise NotSigned(
            "it is not signed by a certificate of the application that its iss and sub name "
            "(and client_id, if sent)"
        )

    def _check_claims(self, claims: Mapping[str, object], accepted: tuple[str, ...]) -> None:
        now = self._clock.now().timestamp()
        if not set(audiences(claims)) & set(accepted):
            raise NotSigned(f"its aud must be {accepted[0]}")
        expires = time_claim(claims, "exp")
        if expires is None:
            raise NotSigned("it has no exp")
        if expires + SKEW_SECONDS <= now:
            raise NotSigned("it has expired; check the clock of the client")
        if expires - now > LONGEST_LIFE_SECONDS + SKEW_SECONDS:
            raise NotSigned("it is to live longer than 60 minutes")
        for name in ("nbf", "iat"):
            starts = time_claim(claims, name)
            if starts is not None and starts - SKEW_SECONDS > now:
                raise NotSigned(f"its {name} lies in the future; check the clock of the client")

    def _use_up(self, app: App, claims: Mapping[str, object]) -> None:
        """Remember the jti for as long as the assertion could be sent again, in the control store:
        a restart must not make a captured assertion good once more."""
        jti = text_claim(claims, "jti")
        if not 0 < len(jti) <= _LONGEST_JTI:
            raise NotSigned("it needs a jti, a new one each time")
        now = self._clock.now().timestamp()
        forget_at = math.ceil((time_claim(claims, "exp") or now) + SKEW_SECONDS)
        hashed = hashlib.sha256(jti.encode("utf-8", "surrogatepass")).hexdigest()
        table = used_assertion
        mine = table.c.client_id == app.client_id
        try:
            with self._engine.begin() as connection:
                connection.execute(table.delete().where(table.c.forget_at <= now))
                live = connection.scalar(sa.select(sa.func.count()).select_from(table).where(mine)) or 0
                if live >= MOST_LIVE:
                    raise TooManyAttempts(retry_after=60)
                connection.execute(
                    table.insert().values(client_id=app.client_id, jti_hash=hashed, forget_at=forget_at)
                )
        except sa.exc.IntegrityError as error:
            raise NotSigned("it has been used before; sign a new one with a new jti") from error


def _candidates(certificates: tuple[Certificate, ...], header: Mapping[str, object]) -> list[Certificate]:
    fitting = [certificate for certificate in certificates if certificate.matches(header)]
    named = [certificate for certificate in fitting if certificate.named_by(header.get("kid"))]
    return named or fitting
