"""Signed download tokens: short-lived addresses that need no Authorization (graph.md 6.2).

A token names one immutable file of one tenant and when it stops working; it is signed with
HMAC-SHA256 under a key that is sealed in the control store. It gives no more than the file itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from datetime import timedelta

import sqlalchemy as sa

from waybill.clock import Clock
from waybill.control import metadata
from waybill.errors import DataProblem, NotFound
from waybill.sealing import CannotOpen, Sealer

KEY_BYTES = 32
MAX_TOKEN_CHARACTERS = 300

_ROW = "link_key/1"
_TOKEN = re.compile(r"(1\.([0-9a-z-]{1,64})\.([0-9a-f]{64})\.([0-9]{1,12}))\.([A-Za-z0-9_-]{43})", re.ASCII)

link_key_table = sa.Table(
    "link_key",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)


class LinkRefused(NotFound):
    """The token is forged, damaged or too old. Which of them it is, is not told."""

    def __init__(self) -> None:
        super().__init__("This download address is not valid, or not any more.", "Ask for the report again.")


class Links:
    """Makes and reads tokens. `seconds` is how long one works. Safe to share between threads."""

    def __init__(self, control: sa.Engine, sealer: Sealer, clock: Clock, seconds: int) -> None:
        self._clock = clock
        self._lifetime = timedelta(seconds=seconds)
        self._key = _open_key(control, sealer)

    def __repr__(self) -> str:
        return f"Links({self._lifetime})"

    def make(self, tenant: str, sha256: str) -> str:
        """A token for the file of `tenant` (lower-case GUID) with these bytes, safe in a URL."""
        until = int((self._clock.now() + self._lifetime).timestamp())
        said = f"1.{tenant}.{sha256}.{until}"
        return f"{said}.{self._signature(said)}"

    def read(self, token: str) -> tuple[str, str]:
        """(tenant, sha256). Raises LinkRefused."""
        found = _TOKEN.fullmatch(token) if len(token) <= MAX_TOKEN_CHARACTERS else None
        if found is None or not hmac.compare_digest(self._signature(found[1]), found[5]):
            raise LinkRefused
        if int(found[4]) <= self._clock.now().timestamp():
            raise LinkRefused
        return found[2], found[3]

    def _signature(self, said: str) -> str:
        digest = hmac.digest(self._key, said.encode(), hashlib.sha256)
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _open_key(control: sa.Engine, sealer: Sealer) -> bytes:
    """The installation's key, made on first use. Raises DataProblem if it was sealed under another key file."""
    sealed = _sealed(control)
    if sealed is None:
        fresh = sealer.seal(secrets.token_bytes(KEY_BYTES), _ROW)
        try:
            with control.begin() as connection:
                connection.execute(sa.insert(link_key_table).values(id=1, sealed=fresh))
        except sa.exc.IntegrityError:  # another process was first; its key is the one to use
            fresh = b""
        sealed = fresh or _sealed(control) or b""
    try:
        return sealer.open(sealed, _ROW)
    except CannotOpen as error:
        raise DataProblem(
            "The key of download addresses cannot be opened with this data folder's key file.",
            "Put back the file sealing.key that belongs to this control store.",
        ) from error


def _sealed(control: sa.Engine) -> bytes | None:
    with control.connect() as connection:
        return connection.execute(sa.select(link_key_table.c.sealed)).scalar()
