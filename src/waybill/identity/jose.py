"""Signed tokens (JWS, compact form), read strictly: one reader for access tokens and client assertions."""

from __future__ import annotations

import json
import math
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_PADDED = re.compile(r"([A-Za-z0-9_-]+={0,2})\.([A-Za-z0-9_-]+={0,2})\.([A-Za-z0-9_-]+={0,2})")
LONGEST = 32 * 1024
"""Characters of a token we look at. MSAL's assertions carry the whole certificate chain in `x5c`."""


class NotSigned(Exception):
    """This is not a signed token, or the signature is not by the expected key. Says why, without the token."""


class _Registry(jws.JWSRegistry):
    # joserfc refuses headers over 512 bytes; an x5c chain is a few thousand.
    max_header_length = 16 * 1024


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token as read, its signature not yet checked: believe nothing but which key to check with."""

    text: str = field(repr=False)
    header: Mapping[str, object] = field(repr=False)
    claims: Mapping[str, object] = field(repr=False)


def read_unverified(text: str, algorithms: Iterable[str], *, padded: bool = False) -> Unverified:
    """Take a compact JWS apart. Raises NotSigned unless it is whole and its `alg` is one of `algorithms`.

    `padded`: also with the padding of base64, which RFC 7515 forbids and azure-identity's asynchronous
    CertificateCredential writes (as of 1.27); the signature is over the text with it.

    `crit` and `b64` are refused: no client needs them, and both change what a signature covers.
    Keys inside the token (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
    """
    form = _PADDED if padded else _COMPACT
    parts = form.fullmatch(text) if len(text) <= LONGEST else None
    if not parts:
        raise NotSigned("it is not a compact JWS")
    header, claims = _json_object(parts[1]), _json_object(parts[2])
    if header.get("alg") not in tuple(algorithms):
        raise NotSigned("its signature algorithm is not allowed")
    if "crit" in header or "b64" in header:
        raise NotSigned("it uses header extensions (crit, b64)")
    return Unverified(text, header, claims)


def signed_by(token: Unverified, key: RSAKey) -> bool:
    """Whether the signature is by this key, with the algorithm `read_unverified` let pass."""
    if "=" in token.text:  # only what `read_unverified` was told to let pass; joserfc reads none of it
        return _padded_signed_by(token, key)
    registry = _Registry(algorithms=[str(token.header["alg"])], strict_check_header=False)
    try:
        jws.deserialize_compact(token.text, key, registry=registry)
    except (JoseError, ValueError):
        return False
    return True


def _padded_signed_by(token: Unverified, key: RSAKey) -> bool:
    signed, _, signature = token.text.rpartition(".")
    schemes = {"RS256": padding.PKCS1v15(), "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), 32)}
    try:
        key.public_key.verify(
            urlsafe_b64decode(signature), signed.encode(), schemes[str(token.header["alg"])], hashes.SHA256()
        )
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True


def text_claim(claims: Mapping[str, object], name: str) -> str:
    """A claim that is a string, else ""."""
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def time_claim(claims: Mapping[str, object], name: str) -> float | None:
    """A NumericDate (seconds since 1970; MSAL sends fractions), or None if absent. Raises NotSigned if malformed."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotSigned(f"its {name} is not a number")
    try:
        number = float(value)
    except OverflowError as error:
        raise NotSigned(f"its {name} is out of range") from error
    if not math.isfinite(number):
        raise NotSigned(f"its {name} is not a number")
    return number


def audiences(claims: Mapping[str, object]) -> tuple[str, ...]:
    """The `aud` claim, one string or a list of them; anything else counts as none."""
    value = claims.get("aud")
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return tuple(one for one in value if isinstance(one, str))
    return ()


def _json_object(part: str) -> dict[str, object]:
    try:
        value = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError) as error:
        raise NotSigned("it does not hold JSON") from error
    if not isinstance(value, dict):
        raise NotSigned("it does not hold a JSON object")
    return value
