"""The token endpoint, its discovery documents and its JWKS: OAuth 2.0 client credentials (insights.md 1.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

import anyio
import orjson
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from waybill import log
from waybill.identity.apps import App
from waybill.identity.clients import ClientAuthenticator, Presented
from waybill.identity.keys import SigningKeys
from waybill.identity.refusals import ClientRefused, RequestMalformed, TooManyAttempts
from waybill.identity.tokens import INSIGHTS_AUDIENCE, IssuedToken, TokenIssuer

LONGEST_BODY = 64 * 1024
"""Bytes. The longest honest body is an assertion with its certificate chain, some 10 KiB."""

_MOST_FIELDS = 50
_FORM = "application/x-www-form-urlencoded"
_CREDENTIALS = ("client_secret", "client_assertion")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}

_AT_ONCE = 4
"""Token requests worked on at a time: each takes up to 16 MiB and 40 ms for its scrypt hash."""

_log = log.get(__name__)


class OAuthError(Exception):
    """An error of RFC 6749 5.2. `description` is for the client's developer and holds no credential."""

    def __init__(self, code: str, description: str, status: int = 400, **headers: str) -> None:
        super().__init__(code, description)
        self.code = code
        self.description = description
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


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
            base = self._base(request)
            form = await _form(request)
            presented = _presented(form, request)
            issued = await run_sync(self._grant, form, presented, base, limiter=self._limit)
        except OAuthError as error:
            return _refusal(error)
        except RequestMalformed as error:
            return _refusal(OAuthError("invalid_request", str(error)))
        except TooManyAttempts as error:
            return _refusal(OAuthError("invalid_client", str(error), 429, retry_after=str(error.retry_after)))
        except ClientRefused as error:
            # The id is not logged: people paste secrets into the wrong field.
            _log.warning(
                "client refused at the token endpoint", reason=error.message, address=presented.address
            )
            if presented.basic:
                challenge = 'Basic realm="waybill", charset="UTF-8"'
                return _refusal(OAuthError("invalid_client", str(error), 401, www_authenticate=challenge))
            return _refusal(OAuthError("invalid_client", str(error)))
        body = {
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "ext_expires_in": issued.expires_in,
            "access_token": issued.value,
            "scope": " ".join(issued.scopes),
        }
        return _json(body, 200, _NO_STORE)

    async def discovery(self, request: Request) -> Response:
        """GET /.well-known/openid-configuration, and the same below /connect for clients that need a path."""
        try:
            base = self._base(request)
        except OAuthError as error:
            return _refusal(error)
        below = request.url.path.startswith("/connect/")
        place = _Place(base + ("/connect" if below else ""), f"{base}/connect/token")
        document = {**place.document(), "scopes_supported": self._scopes}
        # With no public_url the document depends on the Host header: a shared cache must not mix them up.
        return _json(document, 200, {"cache-control": "private, max-age=300"})

    async def jwks(self, _request: Request) -> Response:
        """GET /.well-known/jwks.json: the public halves of the keys that sign or lately signed."""
        keys = await run_sync(self._keys.jwks)
        return _json(keys, 200, {"cache-control": "public, max-age=300"})

    async def authorize(self, _request: Request) -> Response:
        """GET /connect/authorize: there is no sign-in of people here."""
        return _refusal(
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

    def _base(self, request: Request) -> str:
        """The URL this installation is reached by: configured, else as the client typed it.

        X-Forwarded-Proto tells which scheme the client used at a TLS-ending proxy in front of us. It
        is believed from anybody: it only shapes URLs in the answer to the one who sent it. What it
        (and Host) cannot give is safety: without public_url an assertion's `aud` is compared with a
        name the sender chose, so one captured by another server could be sent here. Installations
        reached by strangers should set public_url.
        """
        if self._public_url:
            return self._public_url
        host = request.headers.get("host", "")
        if not _HOST.fullmatch(host):
            raise OAuthError("invalid_request", "The Host header is not a host name with an optional port.")
        forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
        scheme = forwarded if forwarded in ("http", "https") else request.url.scheme
        return f"{scheme}://{host}"


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
    scopes = tuple(dict.fromkeys(wanted.split())) or app.permissions
    if not set(scopes) <= set(app.permissions):
        offered = " ".join(app.permissions)
        raise OAuthError("invalid_scope", f"This application may ask for no other scopes than: {offered}.")
    return scopes


async def _form(request: Request) -> dict[str, str]:
    """The form fields of the body. An empty value counts as absent (RFC 6749 3.2)."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != _FORM:
        raise OAuthError("invalid_request", f"Send the parameters as a body of type {_FORM}.")
    if set(_CREDENTIALS) & set(request.query_params):
        # A URL ends in the logs of every proxy on the way.
        raise OAuthError("invalid_request", "Credentials belong in the body or the header, not in the URL.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise OAuthError("invalid_request", f"The body is larger than {LONGEST_BODY // 1024} KiB.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:  # carries the body, which holds the secret: it must not travel on
        raise OAuthError("invalid_request", "The body is not form-encoded UTF-8.") from None
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise OAuthError("invalid_request", "A parameter is repeated. Send each one once.")
    return {name: value for name, value in pairs if value}


def _presented(form: Mapping[str, str], request: Request) -> Presented:
    headers = request.headers.getlist("authorization")
    if len(headers) > 1:
        raise OAuthError("invalid_request", "There is more than one Authorization header.")
    return Presented(
        client_id=form.get("client_id", ""),
        client_secret=form.get("client_secret", ""),
        assertion_type=form.get("client_assertion_type", ""),
        assertion=form.get("client_assertion", ""),
        authorization="".join(headers),
        address=request.client.host if request.client else "",
    )


def _refusal(error: OAuthError) -> Response:
    # RFC 6749 5.2 lets descriptions hold neither quotes nor backslashes, and ASCII only.
    description = re.sub(r'[^\x20-\x7e]|["\\]', "?", error.description)
    body = {"error": error.code, "error_description": description}
    return _json(body, error.status, {**_NO_STORE, **error.headers})


def _json(body: Mapping[str, object], status: int, headers: Mapping[str, str]) -> Response:
    return Response(orjson.dumps(body), status, dict(headers), "application/json")
