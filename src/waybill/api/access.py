"""Who may ask: the bearer token of a request, verified, with the scope the call needs."""

from __future__ import annotations

from starlette.requests import Request

from waybill.api.errors import ScopeMissing
from waybill.api.services import Services
from waybill.api.visit import visit_of
from waybill.identity.tokens import Caller, TokenRefused

MAX_TOKEN_CHARACTERS = 16_384


def authorize(request: Request, services: Services, scope: str) -> Caller:
    """The verified caller. Raises TokenRefused (401) or ScopeMissing (403); insights.md 1.1, 1.2."""
    caller = services.verify(bearer(request), services.audience)
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
