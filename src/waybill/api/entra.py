"""The token endpoints, discovery and keys in the shape of Microsoft Entra's, for Microsoft's own client libraries.

What MSAL, azure-identity and their kin need was measured (jobs-report.md 2.2). A tenant is a path
segment, its id or its name. Whoever has not proved to be an application of that tenant learns
neither which tenants nor which applications there are: discovery answers alike for every segment
that could be a tenant, and all refusals of credentials are one and the same (docs/decisions/0005).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

import anyio
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from waybill import log
from waybill.api.token_requests import (
    NO_STORE,
    OAuthError,
    base_of,
    oauth_answer,
    presented_by,
    read_form,
)
from waybill.clock import Clock
from waybill.identity.apps import App
from waybill.identity.clients import ClientAuthenticator, Presented
from waybill.identity.graph_tokens import GraphIssuer
from waybill.identity.keys import SigningKeys
from waybill.identity.refusals import ClientRefused, RequestMalformed, TooManyAttempts
from waybill.identity.tokens import IssuedToken

FindTenant = Callable[[str], str | None]
"""The id of the tenant with this name or id, in any letter case; None if there is none."""

GRAPH = "https://graph.microsoft.com"

_AT_ONCE = 4  # as waybill.api.oauth: each takes up to 16 MiB and 40 ms for its scrypt hash
_DEFAULT = "/.default"
_TENANT = re.compile(r"[\w][\w .\-]{0,62}")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

_NUMBERS = {
    "invalid_request": 900144,
    "unsupported_grant_type": 70003,
    "unsupported_response_type": 700054,
    "invalid_client": 7000215,
    "invalid_scope": 1002012,
    "invalid_resource": 500011,
    "invalid_tenant": 90002,
    "invalid_instance": 50049,
    "temporarily_unavailable": 90055,
}
"""Error code -> Entra's number for it (AADSTS...), which people search for."""

_REFUSED = (
    "The client is not registered in this tenant, there is no such tenant, or the credential is wrong. "
    "Check tenant, client id and secret or certificate."
)

_log = log.get(__name__)


class _Entra:
    """The endpoints' handlers with the parts they need."""

    def __init__(
        self,
        clients: ClientAuthenticator,
        issuer: GraphIssuer,
        keys: SigningKeys,
        find_tenant: FindTenant,
        clock: Clock,
        app_id_uri: str,
        public_url: str,
    ) -> None:
        self._clients = clients
        self._issuer = issuer
        self._keys = keys
        self._find_tenant = find_tenant
        self._clock = clock
        self._app_id_uri = app_id_uri
        self._public_url = public_url.rstrip("/")
        self._limit = anyio.CapacityLimiter(_AT_ONCE)

    async def token(self, request: Request) -> Response:
        """POST /{tenant}/oauth2/v2.0/token, and /{tenant}/oauth2/token of version 1."""
        version = "2.0" if request.url.path.endswith("/v2.0/token") else "1.0"
        presented = Presented()
        try:
            base = base_of(request, self._public_url)
            form = await read_form(request)
            presented = presented_by(form, request)
            tenant = _segment(request)
            issued = await run_sync(self._grant, form, presented, base, tenant, version, limiter=self._limit)
        except OAuthError as error:
            return self._refusal(request, error)
        except RequestMalformed as error:
            return self._refusal(request, OAuthError("invalid_request", str(error)))
        except TooManyAttempts as error:
            wait = str(error.retry_after)
            return self._refusal(
                request, OAuthError("temporarily_unavailable", str(error), 429, retry_after=wait)
            )
        except ClientRefused as error:
            # Neither the id nor the tenant is logged: people paste secrets into the wrong field.
            _log.warning("client refused at an Entra-shaped endpoint", reason=error.message,
                         address=presented.address)  # fmt: skip
            return self._refusal(request, OAuthError("invalid_client", _REFUSED, 401))
        return oauth_answer(self._answer(issued, version, form), 200, NO_STORE)

    async def discovery(self, request: Request) -> Response:
        """GET /{tenant}/v2.0/.well-known/openid-configuration, and the same without /v2.0."""
        try:
            place = f"{base_of(request, self._public_url)}/{quote(_segment(request))}"
        except OAuthError as error:
            return self._refusal(request, error)
        version = "/v2.0" if "/v2.0/" in request.url.path else ""
        document = {
            "issuer": f"{place}/{version[1:]}",
            "authorization_endpoint": f"{place}/oauth2{version}/authorize",
            "token_endpoint": f"{place}/oauth2{version}/token",
            "jwks_uri": f"{place}/discovery{version}/keys",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": ["token"],
            "response_modes_supported": ["query"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "client_secret_basic",
                "private_key_jwt",
            ],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256"],
            "scopes_supported": [f"{self._app_id_uri}{_DEFAULT}"],
            "tenant_region_scope": None,
            "cloud_instance_name": urlsplit(place).netloc,
            "cloud_graph_host_name": urlsplit(place).netloc,
        }
        return oauth_answer(document, 200, {"cache-control": "private, max-age=300"})

    async def keys(self, request: Request) -> Response:
        """GET /{tenant}/discovery/v2.0/keys, and the same without v2.0: one set of keys for all."""
        try:
            _segment(request)
        except OAuthError as error:
            return self._refusal(request, error)
        keys = await run_sync(self._keys.jwks)
        return oauth_answer(keys, 200, {"cache-control": "public, max-age=300"})

    async def instance(self, request: Request) -> Response:
        """GET /common/discovery/instance: MSAL asks an authority which names it goes by. One: ours."""
        try:
            base = base_of(request, self._public_url)
            asked = urlsplit(request.query_params.get("authorization_endpoint", ""))
            host = urlsplit(base).netloc
            if asked.netloc.lower() != host.lower():
                raise OAuthError("invalid_instance", "This server speaks for no other authority than itself.")
        except (OAuthError, ValueError) as error:
            known = error if isinstance(error, OAuthError) else OAuthError("invalid_instance", "No URL.")
            return self._refusal(request, known)
        tenant = asked.path.strip("/").partition("/")[0] or "common"
        body = {
            "tenant_discovery_endpoint": f"{base}/{quote(tenant)}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
        return oauth_answer(body, 200, NO_STORE)

    async def authorize(self, request: Request) -> Response:
        """GET /{tenant}/oauth2/v2.0/authorize: there is no sign-in of people here."""
        return self._refusal(
            request, OAuthError("unsupported_response_type", "Only client credentials are offered here.")
        )

    def _grant(
        self, form: Mapping[str, str], presented: Presented, base: str, tenant: str, version: str
    ) -> IssuedToken:
        grant_type = form.get("grant_type", "")
        if not grant_type:
            raise OAuthError("invalid_request", "The request body must contain: grant_type.")
        if grant_type != "client_credentials":
            raise OAuthError("unsupported_grant_type", "Only client_credentials is offered here.")
        app, by_certificate = self._application(presented, base, tenant)
        self._check_resource(form, base, version)
        issued = self._issuer.issue(app, version, base, by_certificate=by_certificate)
        _log.info("graph token issued", client_id=app.client_id, tenant=app.tenant,
                  roles=" ".join(issued.scopes))  # fmt: skip
        return issued

    def _application(self, presented: Presented, base: str, tenant: str) -> tuple[App, bool]:
        """The authenticated application, if it is of this tenant, and whether a certificate proved it."""
        known = self._find_tenant(tenant)
        names = dict.fromkeys((quote(tenant), known or quote(tenant)))
        accepted = tuple(
            f"{base}/{name}/{rest}"
            for name in names
            for rest in ("oauth2/v2.0/token", "oauth2/token", "v2.0", "")
        )
        # MSAL sends one assertion until it nearly expires, so it cannot be good for one use only.
        app = self._clients.authenticate(presented, accepted, single_use=False)
        if app.tenant != known:
            raise ClientRefused("The application is not registered in the tenant of the path.")
        return app, bool(presented.assertion)

    def _check_resource(self, form: Mapping[str, str], base: str, version: str) -> None:
        """Version 2 asks by scope for `<resource>/.default`, version 1 by `resource` (Entra's own rules)."""
        name = "scope" if version == "2.0" else "resource"
        asked = form.get(name, "")
        if not asked:
            raise OAuthError("invalid_request", f"The request body must contain: {name}.")
        if version == "2.0":
            if not asked.endswith(_DEFAULT) or " " in asked:
                raise OAuthError(
                    "invalid_scope",
                    f"The scope must be one resource with /.default after it, e.g. {self._app_id_uri}{_DEFAULT}.",
                )
            asked = asked.removesuffix(_DEFAULT)
        if _plain(asked) not in self._resources(base):
            raise OAuthError(
                "invalid_resource",
                f"There is no such resource here. Ask for {self._app_id_uri}"
                + (f"{_DEFAULT}." if version == "2.0" else "."),
            )

    def _resources(self, base: str) -> set[str]:
        """What means this API: our app-id URI, our URLs, and Graph's own, which some clients cannot change.

        Kiota asks for `https://<host>/.default`, leaving out the port (jobs-report.md 2.2, trap 7).
        """
        host = urlsplit(base).netloc
        without_port = re.sub(r":[0-9]+$", "", host)
        names = (self._app_id_uri, base, f"https://{host}", f"https://{without_port}", GRAPH)
        return {_plain(name) for name in names}

    def _answer(self, issued: IssuedToken, version: str, form: Mapping[str, str]) -> dict[str, object]:
        body: dict[str, object] = {"token_type": "Bearer", "access_token": issued.value}
        if version == "2.0":
            return {**body, "expires_in": issued.expires_in, "ext_expires_in": issued.expires_in}
        now = int(self._clock.now().timestamp())
        return {  # version 1 writes numbers as text
            **body,
            "expires_in": str(issued.expires_in),
            "ext_expires_in": str(issued.expires_in),
            "expires_on": str(now + issued.expires_in),
            "not_before": str(now),
            "resource": form.get("resource", ""),
        }

    def _refusal(self, request: Request, error: OAuthError) -> Response:
        """The error in Entra's form: RFC 6749 with numbers, ids and time, all repeated in the description."""
        trace = self._clock.guid()
        sent = request.headers.get("client-request-id", "")
        correlation = sent if _GUID.fullmatch(sent) else trace
        number = _NUMBERS[error.code]
        stamp = f"{self._clock.now():%Y-%m-%d %H:%M:%SZ}"
        text = f"AADSTS{number}: {error.description}"
        body = {
            "error": error.code,
            "error_description": f"{text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }
        return oauth_answer(body, error.status, {**NO_STORE, **error.headers})


def entra_routes(
    clients: ClientAuthenticator,
    issuer: GraphIssuer,
    keys: SigningKeys,
    find_tenant: FindTenant,
    clock: Clock,
    *,
    app_id_uri: str,
    public_url: str = "",
) -> list[Route]:
    """The Entra-shaped routes; they come after those of waybill.api.oauth, whose /connect looks like a tenant.

    `app_id_uri` and `public_url` are the settings, the latter "" = as each client typed.
    """
    entra = _Entra(clients, issuer, keys, find_tenant, clock, app_id_uri, public_url)
    routes = [Route("/common/discovery/instance", entra.instance, methods=["GET"])]
    for oauth, root, keys_at in (
        ("oauth2/v2.0", "v2.0/", "discovery/v2.0/keys"),
        ("oauth2", "", "discovery/keys"),
    ):
        routes += [
            Route(f"/{{tenant}}/{oauth}/token", entra.token, methods=["POST"]),
            Route(f"/{{tenant}}/{oauth}/authorize", entra.authorize, methods=["GET"]),
            Route(f"/{{tenant}}/{root}.well-known/openid-configuration", entra.discovery, methods=["GET"]),
            Route(f"/{{tenant}}/{keys_at}", entra.keys, methods=["GET"]),
        ]
    return routes


def _segment(request: Request) -> str:
    """The tenant of the path, decoded. Raises OAuthError for what could not be one."""
    tenant: str = request.path_params["tenant"]
    if not _TENANT.fullmatch(tenant):
        raise OAuthError("invalid_tenant", "This cannot be a tenant. Give its id or its name.")
    return tenant


def _plain(resource: str) -> str:
    """A resource for comparing: without its last slash, and in lower case, since hosts are."""
    return resource.rstrip("/").lower()
