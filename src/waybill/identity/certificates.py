"""Certificates an application signs with: read from PEM, and matched by the names a JWS header gives them."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import RSAKey

from waybill.errors import BadRequest

SMALLEST_KEY = 2048
LONGEST_PEM = 64 * 1024


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Certificate:
    """One RSA certificate. `sha1` and `sha256` are its thumbprints; validity is UTC, both ends included."""

    pem: str = field(repr=False)
    sha1: bytes
    sha256: bytes
    valid_from: datetime
    valid_until: datetime
    key: RSAKey = field(repr=False, compare=False)

    @property
    def thumbprint(self) -> str:
        """SHA-256 of the DER form, in hex: how Waybill names a certificate to people."""
        return self.sha256.hex()

    def valid_at(self, now: datetime) -> bool:
        return self.valid_from <= now <= self.valid_until

    def matches(self, header: Mapping[str, object]) -> bool:
        """Whether every certificate name in this JWS header fits.

        `x5t` and `x5t#S256` come with or without base64 padding (MSAL for Python pads). They are
        names of exactly this certificate, so a wrong one rules it out. `kid` is free text by the
        standard and therefore only helps to prefer one (`named_by`), never to refuse.
        """
        for name, thumbprint in (("x5t", self.sha1), ("x5t#S256", self.sha256)):
            given = header.get(name)
            if given is not None and not (
                isinstance(given, str) and given.rstrip("=") == _base64url(thumbprint)
            ):
                return False
        return True

    def named_by(self, kid: object) -> bool:
        """Whether `kid` is this certificate's thumbprint: hex in any case (IdentityModel), base64url, or RFC 7638."""
        if not isinstance(kid, str):
            return False
        if kid.lower() in (self.sha1.hex(), self.sha256.hex()):
            return True
        return kid.rstrip("=") in (_base64url(self.sha1), _base64url(self.sha256), self.key.thumbprint())


def read_certificate(pem: str) -> Certificate:
    """Read one PEM certificate; of a chain, the first is taken (the leaf comes first).

    Raises BadRequest for anything an assertion could not safely be checked with, and for a file
    that holds a private key: it must not leave the machine of the application.
    """
    if len(pem) > LONGEST_PEM:
        raise BadRequest("The certificate file is larger than 64 KiB.", "Give one PEM certificate.")
    if "PRIVATE KEY" in pem:
        raise BadRequest(
            "This file holds a private key.",
            "Give the certificate alone (openssl x509 -in FILE -out certificate.pem); "
            "the private key stays with the application.",
        )
    try:
        parsed = x509.load_pem_x509_certificates(pem.encode())[0]
        key = parsed.public_key()
    except (ValueError, x509.InvalidVersion) as error:
        raise BadRequest(
            "This is not a PEM certificate.",
            "It must begin with -----BEGIN CERTIFICATE-----; "
            "openssl x509 -inform der -in FILE converts the binary form.",
        ) from error
    if not isinstance(key, RSAPublicKey):
        raise BadRequest(
            "The certificate's key is not an RSA key.",
            "Client assertions are signed with RS256 or PS256: make an RSA certificate.",
        )
    if key.key_size < SMALLEST_KEY:
        raise BadRequest(
            f"The certificate's RSA key has {key.key_size} bits.",
            f"Make one with at least {SMALLEST_KEY} bits.",
        )
    der = parsed.public_bytes(Encoding.DER)
    return Certificate(
        pem=parsed.public_bytes(Encoding.PEM).decode(),
        # x5t is defined over SHA-1 (RFC 7515 4.1.7); it only names a certificate, it proves nothing.
        sha1=hashlib.sha1(der, usedforsecurity=False).digest(),
        sha256=hashlib.sha256(der).digest(),
        valid_from=parsed.not_valid_before_utc,
        valid_until=parsed.not_valid_after_utc,
        key=RSAKey.import_key(key),
    )
