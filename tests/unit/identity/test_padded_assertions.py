"""Assertions with base64 padding, as azure-identity's asynchronous CertificateCredential writes them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import RSAKey

from waybill.identity.jose import NotSigned, read_unverified, signed_by

PRIVATE = rsa.generate_private_key(65537, 2048)
SCHEMES = {"RS256": padding.PKCS1v15(), "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), 32)}


def _public(private: rsa.RSAPrivateKey) -> RSAKey:
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return RSAKey.import_key(pem)


def _padded(algorithm: str) -> str:
    # Twenty bytes: their base64 ends in "=" whatever they are.
    claims = urlsafe_b64encode(json.dumps({"sub": "0123456"}).ljust(20).encode()).decode()
    signed = f"{urlsafe_b64encode(json.dumps({'alg': algorithm}).encode()).decode()}.{claims}"
    assert "=" in signed
    scheme = SCHEMES[algorithm]
    return f"{signed}.{urlsafe_b64encode(PRIVATE.sign(signed.encode(), scheme, hashes.SHA256())).decode()}"


@pytest.mark.parametrize("algorithm", SCHEMES)
def test_padding_is_read_where_it_is_allowed(algorithm: str) -> None:
    """A padded assertion counts if, and only if, its own key signed exactly this text."""
    text = _padded(algorithm)
    token = read_unverified(text, tuple(SCHEMES), padded=True)
    assert token.claims == {"sub": "0123456"}
    assert signed_by(token, _public(PRIVATE))
    assert not signed_by(token, _public(rsa.generate_private_key(65537, 2048)))
    header, claims, signature = text.split(".")
    other = urlsafe_b64encode(json.dumps({"sub": "7654321"}).ljust(20).encode()).decode()
    for changed in (f"{header}.{other}.{signature}", f"{header}.{claims}.AAAA{signature[4:]}"):
        assert not signed_by(read_unverified(changed, tuple(SCHEMES), padded=True), _public(PRIVATE))


def test_access_tokens_have_none() -> None:
    """Where padding is not asked for, a padded token is not one."""
    with pytest.raises(NotSigned):
        read_unverified(_padded("RS256"), tuple(SCHEMES))
