"""The issuer's RSA signing keys: made at first use, kept sealed, published as a JWKS, rotated without a gap."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import orjson
import sqlalchemy as sa
from joserfc.jwk import RSAKey

from waybill import log
from waybill.clock import Clock
from waybill.control import metadata
from waybill.sealing import CannotOpen, Sealer

signing_key = sa.Table(
    "signing_key",
    metadata,
    sa.Column("kid", sa.String(64), primary_key=True),  # RFC 7638 thumbprint
    sa.Column("public", sa.Text, nullable=False),  # JWK
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # private key, DER, AES-GCM bound to this row
    sa.Column("created", sa.BigInteger, nullable=False),  # seconds since 1970, UTC
    sa.Column("superseded", sa.BigInteger),  # when a newer key took over
)

_REREAD_AFTER = 60.0
_REREAD_FOR_UNKNOWN_KID = 1.0

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair with its id."""

    kid: str
    key: RSAKey = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class _Ring:
    """The keys as last read: the one that signs, and the public halves of all that still count."""

    signing: SigningKey
    public: dict[str, RSAKey]
    read_at: float


class SigningKeys:
    """The keys in the control store, shared by all threads.

    A superseded key stays published for `keep_seconds` (longer than any token lives) and is then
    deleted. Other processes' changes are seen within a minute, or at once by a kid not seen before.
    """

    def __init__(self, engine: sa.Engine, sealer: Sealer, clock: Clock, keep_seconds: float) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock
        self._keep = keep_seconds
        self._lock = threading.Lock()
        self._ring: _Ring | None = None

    def signing(self) -> SigningKey:
        """The key that signs now."""
        return self._current(_REREAD_AFTER).signing

    def public(self, kid: str) -> RSAKey | None:
        """The public half of a key that still counts, or None."""
        known = self._current(_REREAD_AFTER).public.get(kid)
        # An unknown kid may be one another process has just made; strangers can cause one read a second.
        return known or self._current(_REREAD_FOR_UNKNOWN_KID).public.get(kid)

    def jwks(self) -> dict[str, list[dict[str, str | list[str]]]]:
        """The JSON Web Key Set clients may check our tokens with: public halves only, RFC 7517."""
        ring = self._current(_REREAD_AFTER)
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": "RS256"}
                for kid, key in ring.public.items()
            ]
        }

    def rotate(self) -> SigningKey:
        """Let a new key sign from now on. Tokens signed by the old one stay good until they expire."""
        with self._lock:
            made = self._make()
            self._ring = None
        return made

    def _current(self, oldest: float) -> _Ring:
        with self._lock:
            if self._ring is None or self._clock.now().timestamp() - self._ring.read_at >= oldest:
                self._ring = self._read()
            return self._ring

    def _read(self) -> _Ring:
        now = self._clock.now().timestamp()
        table = signing_key
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(table)
                .where(sa.or_(table.c.superseded.is_(None), table.c.superseded + self._keep > now))
                .order_by(table.c.created.desc(), table.c.kid)
            ).all()
        public = {row.kid: RSAKey.import_key(orjson.loads(row.public)) for row in rows}
        for row in rows:
            if row.superseded is None and (found := self._unseal(row.kid, row.sealed)):
                return _Ring(found, public, now)
        made = self._make()
        return _Ring(made, {made.kid: _public_half(made.key), **public}, now)

    def _unseal(self, kid: str, sealed: bytes) -> SigningKey | None:
        """The private key of a row; None if it was sealed with another key file.

        Then a new key is made rather than the start refused: a signing key is the one secret that
        costs nothing to replace (its public half goes on verifying the tokens that are out).
        """
        try:
            return SigningKey(kid, RSAKey.import_key(self._sealer.open(sealed, _row(kid))))
        except CannotOpen:
            _log.warning(
                "signing key cannot be opened; a new one takes its place",
                kid=kid,
                hint="sealing.key is not the file this control store was used with; "
                "put it back from the backup if other sealed data is missed",
            )
            return None

    def _make(self) -> SigningKey:
        key = RSAKey.generate_key(2048, auto_kid=True)
        kid = key.thumbprint()
        now = self._clock.now().timestamp()
        table = signing_key
        with self._engine.begin() as connection:
            connection.execute(
                table.delete().where(table.c.superseded.is_not(None), table.c.superseded + self._keep <= now)
            )
            connection.execute(table.update().where(table.c.superseded.is_(None)).values(superseded=int(now)))
            connection.execute(
                table.insert().values(
                    kid=kid,
                    public=orjson.dumps(key.as_dict(private=False)).decode(),
                    sealed=self._sealer.seal(key.as_der(private=True), _row(kid)),
                    created=int(now),
                )
            )
        return SigningKey(kid, key)


def _row(kid: str) -> str:
    return f"signing_key/{kid}"


def _public_half(key: RSAKey) -> RSAKey:
    return RSAKey.import_key(key.public_key)
