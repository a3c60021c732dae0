"""Access tokens issued by Microsoft Entra for our app-id URI, believed from tenants on the allow-list only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from waybill.errors import BadRequest
from waybill.identity.entra_keys import EntraKeys, checked_authority
from waybill.identity.graph_tokens import (
    CLIENT_CLAIM,
    GraphCaller,
    app_caller,
    check_lifetime,
    delegated_caller,
)
from waybill.identity.jose import NotSigned, Unverified, audiences, signed_by, text_claim

_V1_ISSUERS: Mapping[str, str] = {
    "login.microsoftonline.com": "https://sts.windows.net",
    "login.microsoftonline.us": "https://sts.windows.net",
    "login.partner.microsoftonline.cn": "https://sts.chinacloudapi.cn",
    "login.chinacloudapi.cn": "https://sts.chinacloudapi.cn",
}
"""Host of the authority -> who v1 tokens say issued them; any other authority is its own issuer."""

_TYPES = ("jwt", "at+jwt")
_GRAPH_ITSELF = ("https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000")


class EntraVerifier:
    """Checks tokens of Entra tenants (graph.md 1.5; access token reference of the identity platform).

    Nothing is fetched for a token whose tenant is not both on the allow-list (`tenants`) and a
    tenant of this installation: `is_tenant` says the latter. The applications of an Entra tenant
    are registered there, not here; what they may do is what their tokens say.
    """

    def __init__(
        self,
        authority: str,
        tenants: frozenset[str],
        accepted: tuple[str, ...],
        keys: EntraKeys,
        is_tenant: Callable[[str], bool],
    ) -> None:
        """`accepted` are the audiences that mean us, the app-id URI first. Raises BadRequest."""
        if any(audience.rstrip("/") in _GRAPH_ITSELF for audience in accepted):
            raise BadRequest(
                "Microsoft Graph itself cannot be an accepted audience: only Microsoft can verify such tokens.",
                "Register an application with an app-id URI of your own in Entra and name that.",
            )
        base = checked_authority(authority)
        v1 = _V1_ISSUERS.get(urlsplit(base).hostname or "", base)
        self._issuers = {"1.0": f"{v1}/{{}}/", "2.0": f"{base}/{{}}/v2.0"}
        self._ours = tuple({f"{v1}/", f"{base}/"})
        self._tenants = tenants
        self._accepted = accepted
        self._keys = keys
        self._is_tenant = is_tenant

    def issues(self, issuer: str) -> bool:
        return issuer.startswith(self._ours)

    def check(self, token: Unverified, now: float) -> tuple[GraphCaller, float]:
        """The caller, and when the token expires. Raises NotSigned, KeysUnavailable."""
        claims = token.claims
        tenant, version = text_claim(claims, "tid"), text_claim(claims, "ver")
        if tenant not in self._tenants:
            raise NotSigned("it is of an Entra tenant that is not listed in the setting entra_tenants")
        if not self._is_tenant(tenant):
            raise NotSigned("its Entra tenant has no data here")
        if "nonce" in token.header:
            raise NotSigned(
                "it was issued for Microsoft Graph itself, which nobody but Microsoft can verify; "
                f"ask Entra for the scope {self._accepted[0]}/.default"
            )
        if version not in CLIENT_CLAIM or text_claim(token.header, "typ").lower() not in _TYPES:
            raise NotSigned("it is not an access token of version 1.0 or 2.0")
        if text_claim(claims, "iss") != self._issuers[version].format(tenant):
            raise NotSigned("its issuer is not that of its tenant")
        key = self._keys.public(tenant, version, text_claim(token.header, "kid"))
        if key is None or not signed_by(token, key):
            raise NotSigned("it was not signed by its tenant's Entra")
        if not set(audiences(claims)) & set(self._accepted):
            raise NotSigned("it is for another API")
        return self._caller(claims, tenant, version), check_lifetime(claims, now)

    def _caller(self, claims: Mapping[str, object], tenant: str, version: str) -> GraphCaller:
        kind = text_claim(claims, "idtyp")
        if "scp" in claims:
            if kind == "app":
                raise NotSigned("it says that it is an application's own and a person's")
            return delegated_caller(claims, tenant, version)
        # An id token of a v2 client has our client id as its audience, and may hold a person's roles.
        # Only in an application's own token is the subject the application's object id.
        own = text_claim(claims, "oid") and claims.get("sub") == claims.get("oid")
        if kind not in ("", "app") or not own:
            raise NotSigned(
                "it is neither delegated (scp) nor an application's own (idtyp, or sub equal to oid)"
            )
        return app_caller(claims, tenant, version)
