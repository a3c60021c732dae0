"""Clients of the token endpoint as the vendor's samples and Microsoft's libraries write their requests."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def basic(client_id: str, secret: str) -> dict[str, str]:
    """The Authorization header as IdentityModel 7 writes it: both halves form-encoded, then base64."""
    text = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"authorization": "Basic " + b64encode(text.encode()).decode()}


def discovery_faults(authority: str, document: dict[str, Any]) -> list[str]:
    """What IdentityModel 7 would refuse in a discovery document (its DiscoveryPolicy, default settings)."""
    faults = []
    if document.get("issuer", "").rstrip("/") != authority.rstrip("/"):
        faults.append("issuer is not the authority")
    for name, value in document.items():
        if not (name.endswith("endpoint") or name == "jwks_uri"):
            continue
        url, base = urlsplit(value), urlsplit(authority)
        if not url.scheme or url.netloc != base.netloc:
            faults.append(f"{name} is on another host")
        if not value.startswith(authority.rstrip("/")):
            faults.append(f"{name} is outside the authority")
        if url.scheme != "https" and url.hostname not in ("localhost", "127.0.0.1"):
            faults.append(f"{name} is not https")
    return faults


def base64url(raw: bytes, padded: bool = False) -> str:
    text = urlsafe_b64encode(raw).decode()
    return text if padded else text.rstrip("=")


@dataclass(frozen=True)
class CertificateClient:
    """A client with a key pair and a self-signed certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def sha1(self) -> bytes:
        return hashlib.sha1(self.der, usedforsecurity=False).digest()

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.der).digest()

    def dotnet_header(self) -> dict[str, Any]:
        """X509SigningCredentials of .NET: kid is the thumbprint in upper-case hex (the vendor's samples)."""
        return {"alg": "RS256", "kid": self.sha1.hex().upper(), "x5t": base64url(self.sha1), "typ": "JWT"}

    def msal_sha1_header(self) -> dict[str, Any]:
        """MSAL for Python with a thumbprint: x5t with base64 padding."""
        return {"alg": "RS256", "x5t": base64url(self.sha1, padded=True), "typ": "JWT"}

    def msal_sha256_header(self) -> dict[str, Any]:
        """MSAL with public_certificate: PS256, x5t#S256 and the whole chain, far over 512 bytes."""
        chain = [b64encode(self.der).decode()] * 3
        return {"alg": "PS256", "x5t#S256": base64url(self.sha256), "x5c": chain, "typ": "JWT"}

    def sign(
        self, header: Mapping[str, Any], claims: Mapping[str, Any], key: rsa.RSAPrivateKey | None = None
    ) -> str:
        """A compact JWS, signed by hand so that headers and claims may be as odd as a test wants."""
        text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        padded: padding.AsymmetricPadding = padding.PKCS1v15()
        if header["alg"].startswith("PS"):
            padded = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        signature = (key or self.key).sign(text.encode(), padded, hashes.SHA256())
        return f"{text}.{base64url(signature)}"


def certificate_client(valid_from: datetime, valid_until: datetime) -> CertificateClient:
    """A new client."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
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
    return CertificateClient(key, made)


def assertion_claims(
    client_id: str, audience: str, now: datetime, jti: str, **changed: Any
) -> dict[str, Any]:
    """The claims of the vendor's SDK sample: five minutes, a new GUID as jti. None leaves a claim out."""
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": jti,
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=5)).timestamp()),
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not None}


def assertion_form(assertion: str, **more: str) -> dict[str, str]:
    """The vendor's form: no client_id, the assertion names the client (insights.md 1.1)."""
    return {
        "grant_type": "client_credentials",
        "scope": "insights.graph.readwrite.all",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **more,
    }
