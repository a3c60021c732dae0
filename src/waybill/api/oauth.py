"""The token endpoint, its discovery documents and its JWKS: OAuth 2.0 client credentials (insights.md 1.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    refusal,
)
from waybill.identity.apps import App
from waybill.identity.clients import ClientAuthenticator, Presented
from waybill.identity.directory_roles import GRAPH_APP_ROLES
from waybill.identity.keys import SigningKeys
from waybill.identity.refusals import ClientRefused, RequestMalformed, TooManyAttempts
from waybill.identity.tokens import INSIGHTS_AUDIENCE, IssuedToken, TokenIssuer

_AT_ONCE = 4
"""Token requests worked on at a time: each takes up to 16 MiB and 40 ms for its scrypt hash."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    """One address of the issuer: the authority a client types, and the endpoints it then is told.

    IdentityModel wants the issuer to be the authority letter by letter and every endpoint to begin
    with it, so each discovery path describes itself (insights.md 1.1, rules 1 and 2).
    """

    authority: str
    token_endpoint: str

    def document(self) -> dict[str, object]:
        at_root = self.token_endpoint == f"{self.authority}/connect/token"
        return {
            "issuer": self.authority,
            # MSAL wants this member to be there; what it names is answered (with a refusal).
            "authorization_endpoint": self.authority + ("/connect/authorize" if at_root else "/authorize"),
            "token_endpoint": self.token_endpoint,
            "jwks_uri": f"{self.authority}/.well-known/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic",
                "client_secret_post",
                "private_key_jwt",
            ],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256"],
        }


class _OAuth:
    """The endpoints' handlers with the parts they need."""

    def __init__(
        self,
        clients: ClientAuthenticator,
        issuer: TokenIssuer,
        keys: SigningKeys,
        scopes: Sequence[str],
        public_url: str,
    ) -> None:
        self._clients = clients
        self._issuer = issuer
        self._keys = keys
        self._scopes = sorted(set(scopes))
        self._public_url = public_url.rstrip("/")
        self._limit = anyio.CapacityLimiter(_AT_ONCE)

    async def token(self, request: Request) -> Response:
        """POST /connect/token."""
        presented = Presented()
        try:
            base = base_of(request, self._public_url)
            form = await read_form(request)
            presented = presented_by(form, request)
            issued = await run_sync(self._grant, form, presented, base, limiter=self._limit)
        except OAuthError as error:
            return refusal(error)
        except RequestMalformed as error:
            return refusal(OAuthError("invalid_request", str(error)))
        except TooManyAttempts as error:
            return refusal(OAuthError("invalid_client", str(error), 429, retry_after=str(error.retry_after)))
        except ClientRefused as error:
            # The id is not logged: people paste secrets into the wrong field.
            _log.warning(
                "client refused at the token endpoint", reason=error.message, address=presented.address
            )
            if presented.basic:
                challenge = 'Basic realm="waybill", charset="UTF-8"'
                return refusal(OAuthError("invalid_client", str(error), 401, www_authenticate=challenge))
            return refusal(OAuthError("invalid_client", str(error)))
        body = {
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "ext_expires_in": issued.expires_in,
            "access_token": issued.value,
            "scope": " ".join(issued.scopes),
        }
        return oauth_answer(body, 200, NO_STORE)

    async def discovery(self, request: Request) -> Response:
        """GET /.well-known/openid-configuration, and the same below /connect for clients that need a path."""
        try:
            base = base_of(request, self._public_url)
        except OAuthError as error:
            return refusal(error)
        below = request.url.path.startswith("/connect/")
        place = _Place(base + ("/connect" if below else ""), f"{base}/connect/token")
        document = {**place.document(), "scopes_supported": self._scopes}
        # With no public_url the document depends on the Host header: a shared cache must not mix them up.
        return oauth_answer(document, 200, {"cache-control": "private, max-age=300"})

    async def jwks(self, _request: Request) -> Response:
        """GET /.well-known/jwks.json: the public halves of the keys that sign or lately signed."""
        keys = await run_sync(self._keys.jwks)
        return oauth_answer(keys, 200, {"cache-control": "public, max-age=300"})

    async def authorize(self, _request: Request) -> Response:
        """GET /connect/authorize: there is no sign-in of people here."""
        return refusal(
            OAuthError("unsupported_response_type", "Only client_credentials is offered, at /connect/token.")
        )

    def _grant(self, form: Mapping[str, str], presented: Presented, base: str) -> IssuedToken:
        grant_type = form.get("grant_type", "")
        if not grant_type:
            raise OAuthError("invalid_request", "grant_type is missing. Send grant_type=client_credentials.")
        if grant_type != "client_credentials":
            raise OAuthError("unsupported_grant_type", "Only client_credentials is offered.")
        connect = f"{base}/connect"
        app = self._clients.authenticate(presented, (f"{connect}/token", base, f"{base}/", connect))
        scopes = _granted(app, form.get("scope", ""))
        issued = self._issuer.issue(app, scopes, base, INSIGHTS_AUDIENCE)
        _log.info("token issued", client_id=app.client_id, tenant=app.tenant, scope=" ".join(scopes))
        return issued


def oauth_routes(
    clients: ClientAuthenticator,
    issuer: TokenIssuer,
    keys: SigningKeys,
    *,
    scopes: Sequence[str],
    public_url: str = "",
) -> list[Route]:
    """The routes of the token issuer.

    `scopes` are all there are, for discovery; `public_url` is the setting, "" = as each client typed.
    """
    oauth = _OAuth(clients, issuer, keys, scopes, public_url)
    routes = [
        Route("/connect/token", oauth.token, methods=["POST"]),
        Route("/connect/authorize", oauth.authorize, methods=["GET"]),
    ]
    for prefix in ("", "/connect"):
        routes += [
            Route(f"{prefix}/.well-known/openid-configuration", oauth.discovery, methods=["GET"]),
            Route(f"{prefix}/.well-known/jwks.json", oauth.jwks, methods=["GET"]),
        ]
    return routes


def _granted(app: App, wanted: str) -> tuple[str, ...]:
    """The scopes the token gets: those asked for, or all the application has if it asks for none."""
    # Graph permissions are for the Entra-shaped endpoints (waybill.api.entra), whose tokens this API refuses.
    offered = tuple(scope for scope in app.permissions if scope not in GRAPH_APP_ROLES)
    scopes = tuple(dict.fromkeys(wanted.split())) or offered
    if not offered:
        raise OAuthError("invalid_scope", "This application has only permissions for Microsoft Graph calls.")
    if not set(scopes) <= set(offered):
        raise OAuthError(
            "invalid_scope", f"This application may ask for no other scopes than: {' '.join(offered)}."
        )
    return scopes
