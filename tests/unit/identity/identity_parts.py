"""Parts the identity tests share: a clock that is set by hand, a control store, certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from waybill.clock import Clock
from waybill.control import open_control
from waybill.identity.service import Identity, open_identity

PERMISSION = "insights.graph.readwrite.all"
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class HandClock:
    """A clock that moves only when told."""

    at: datetime = START

    def clock(self) -> Clock:
        return Clock(now=lambda: self.at)

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    @property
    def seconds(self) -> int:
        return int(self.at.timestamp())


@dataclass
class House:
    """Identity on a real control store in a folder, with its clock."""

    folder: Path
    hand: HandClock = field(default_factory=HandClock)
    public_url: str = ""
    engine: sa.Engine = field(init=False)
    identity: Identity = field(init=False)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> Identity:
        """Open it, or open it again as after a restart."""
        self.engine = open_control(self.folder / "control.db")
        self.identity = open_identity(
            self.engine, self.folder / "sealing.key", self.hand.clock(), public_url=self.public_url
        )
        return self.identity

    def close(self) -> None:
        self.engine.dispose()


@cache
def rsa_key(name: str = "client", bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key per name for the whole run: making keys is slow."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def certificate_pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    valid_from: datetime = START - timedelta(days=1),
    valid_until: datetime = START + timedelta(days=365),
) -> str:
    """A self-signed certificate as PEM text."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "waybill test client")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_until)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()
