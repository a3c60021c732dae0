"""Client secrets as salted scrypt hashes: what is stored cannot be turned back into a secret."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_N, _R, _P = 2**14, 8, 1
"""16 MiB and about 40 ms each. Secrets are 256 random bits, so this is a second wall, not the first."""


def hash_secret(secret: str) -> str:
    """`scrypt$N$r$p$salt$hash`, the last two in hex, with a fresh salt."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${_scrypt(secret, salt, _N, _R, _P).hex()}"


def secret_fits(secret: str, stored: str) -> bool:
    """Compare in constant time. The cost numbers come from the stored text, so old hashes stay good."""
    _, n, r, p, salt, expected = stored.split("$")
    found = _scrypt(secret, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(expected))


def _scrypt(secret: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(secret.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p, dklen=32)


NOBODYS = hash_secret(secrets.token_urlsafe(32))
"""Compared with when there is no such client, so that an unknown id takes as long as a wrong secret."""
