"""Signing keys of Microsoft Entra tenants: fetched when needed, seldom, with bounds on everything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from waybill import log
from waybill.clock import Clock
from waybill.errors import BadRequest
from waybill.identity.refusals import KeysUnavailable

Fetch = Callable[[str], bytes]
"""The body behind a URL. Raises OSError or ValueError when it cannot be had."""

KEEP_SECONDS = 24 * 3600.0
"""Entra asks to look for new keys once a day."""

AT_MOST_EVERY_SECONDS = 60.0
"""Strangers choose the `kid` of what they send: an unknown one fetches no oftener than this, failures included."""

LONGEST_BODY = 256 * 1024
LONGEST_FETCH_SECONDS = 10.0
_STEP_SECONDS = 5.0
MOST_KEYS = 100
SMALLEST_KEY = 2048

_PATHS: Mapping[str, str] = {"1.0": "discovery/keys", "2.0": "discovery/v2.0/keys"}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_log = log.get(__name__)


@dataclass(slots=True)
class _Ring:
    """The keys of one tenant and token version, as last fetched. Times are seconds since 1970."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    public: Mapping[str, RSAKey] = field(default_factory=dict)
    fetched: float = float("-inf")
    tried: float = float("-inf")


class EntraKeys:
    """The keys of the tenants in `tenants`, and of no other: whoever is not listed causes no fetch."""

    def __init__(self, authority: str, tenants: frozenset[str], fetch: Fetch, clock: Clock) -> None:
        self._authority = checked_authority(authority)
        self._fetch = fetch
        self._clock = clock
        self._rings = {(tenant, version): _Ring() for tenant in tenants for version in _PATHS}

    def public(self, tenant: str, version: str, kid: str) -> RSAKey | None:
        """The key that signs for this tenant under this id, or None.

        Raises KeysUnavailable when no keys could be had yet. Keys that are known go on counting
        while Entra cannot be reached. KeyError for a tenant that is not listed.
        """
        ring = self._rings[tenant, version]
        known = ring.public.get(kid)
        if known is not None and not self._is_old(ring):
            return known
        # One thread looks for newer keys; who has a known one need not wait for it.
        if ring.lock.acquire(blocking=known is None):
            try:
                if kid not in ring.public or self._is_old(ring):
                    self._refetch(ring, tenant, version)
            finally:
                ring.lock.release()
        if not ring.public:
            raise KeysUnavailable
        return ring.public.get(kid)

    def _is_old(self, ring: _Ring) -> bool:
        return self._clock.now().timestamp() - ring.fetched >= KEEP_SECONDS

    def _refetch(self, ring: _Ring, tenant: str, version: str) -> None:
        now = self._clock.now().timestamp()
        if now - ring.tried < AT_MOST_EVERY_SECONDS:
            return
        ring.tried = now
        url = f"{self._authority}/{tenant}/{_PATHS[version]}"
        try:
            ring.public = read_keys(self._fetch(url), tenant)
            ring.fetched = now
        except (OSError, ValueError) as error:
            _log.warning(
                "keys of Entra cannot be fetched", url=url, reason=f"{type(error).__name__}: {error}"
            )


def read_keys(body: bytes, tenant: str) -> dict[str, RSAKey]:
    """The RSA signature keys of a JWKS by id; others are passed over. Raises ValueError if there are none.

    A key may name the issuer it signs for: `{tenantid}` stands for every tenant, and a key that
    names another tenant is passed over.
    """
    document = orjson.loads(body)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError("it is not a JWKS of a sensible size")
    found: dict[str, RSAKey] = {}
    for member in listed:
        if not isinstance(member, dict) or member.get("kty") != "RSA" or member.get("use", "sig") != "sig":
            continue
        kid, named = member.get("kid"), member.get("issuer", "/{tenantid}/")
        if not isinstance(kid, str) or not kid or not isinstance(named, str):
            continue
        if f"/{tenant}/" not in f"{named.replace('{tenantid}', tenant)}/":
            continue
        try:
            key = RSAKey.import_key({name: member[name] for name in ("kty", "n", "e")})
            fits = key.public_key.key_size >= SMALLEST_KEY
        except (JoseError, ValueError, KeyError, TypeError):
            _log.warning("a key of Entra cannot be read and is passed over", kid=kid[:64])
            continue
        if fits:
            found[kid] = key
    if not found:
        raise ValueError("it holds no key that signs tokens")
    return found


def fetch_https(url: str) -> bytes:
    """The body behind a URL: status 200 only, no redirects, bounded in bytes and in time as a whole.

    Raises OSError or ValueError. A client of its own each time: that is once a minute at the most.
    """
    import httpx2  # at the first token of Entra, not at every start of a command

    deadline = time.monotonic() + LONGEST_FETCH_SECONDS  # how long we hang on, not what time it is
    body = b""
    try:
        with (
            httpx2.Client(timeout=_STEP_SECONDS, follow_redirects=False) as client,
            client.stream("GET", url, headers={"accept": "application/json"}) as answer,
        ):
            if answer.status_code != httpx2.codes.OK:
                raise ValueError(f"status {answer.status_code}")
            for chunk in answer.iter_bytes(16 * 1024):
                body += chunk
                if len(body) > LONGEST_BODY:
                    raise ValueError(f"more than {LONGEST_BODY} bytes")
                if time.monotonic() > deadline:
                    raise ValueError(f"not done after {LONGEST_FETCH_SECONDS:.0f} seconds")
    except httpx2.HTTPError as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    return body


def checked_authority(authority: str) -> str:
    """The setting `entra_authority` without its last slash. Raises BadRequest unless it is plain https.

    http is let pass to this machine itself, for tests: keys that travel unprotected prove nothing.
    """
    url = urlsplit(authority)
    secure = url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
    if not secure or not url.hostname or url.username or url.query or url.fragment:
        raise BadRequest(
            "The setting entra_authority is not an https URL.",
            "Give it like https://login.microsoftonline.com (WAYBILL_ENTRA_AUTHORITY).",
        )
    return authority.rstrip("/")
