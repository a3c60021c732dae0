"""Who may ask: the bearer token of a request, verified, with the scope the call needs."""

from __future__ import annotations

from anyio.to_thread import run_sync
from starlette.requests import Request

from waybill.api.errors import ScopeMissing
from waybill.api.services import Services
from waybill.api.visit import visit_of
from waybill.identity.tokens import Caller, TokenRefused

MAX_TOKEN_CHARACTERS = 16_384


def authorize(request: Request, services: Services, scope: str) -> Caller:
    """The verified caller. Raises TokenRefused (401) or ScopeMissing (403); insights.md 1.1, 1.2."""
    return _allowed(request, services.verify(bearer(request), services.audience), scope)


async def authorize_at_once(request: Request, services: Services, scope: str) -> Caller:
    """As `authorize`, on the event loop: only a token not seen within the minute is verified in a thread."""
    token = bearer(request)
    caller = services.recall(token, services.audience)
    if caller is None:
        caller = await run_sync(services.verify, token, services.audience)
    return _allowed(request, caller, scope)


def _allowed(request: Request, caller: Caller, scope: str) -> Caller:
    visit = visit_of(request.scope)
    visit.client_id, visit.tenant = caller.client_id, caller.tenant
    if scope not in caller.scopes:
        raise ScopeMissing(scope)
    return caller


def bearer(request: Request) -> str:
    """The one bearer token of the request. Raises TokenRefused (401)."""
    headers = request.headers.getlist("authorization")
    if not headers:
        raise TokenRefused("No access token was sent.", "Send it as: Authorization: Bearer <token>.")
    kind, _, token = headers[0].partition(" ")
    if len(headers) > 1 or kind.casefold() != "bearer" or not token.strip():
        raise TokenRefused("The Authorization header is not one bearer token.", "Send: Bearer <token>.")
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise TokenRefused("The access token is longer than any this server issues.", "Ask for a new one.")
    return token.strip()
