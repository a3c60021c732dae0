"""Requests to the token endpoints, read strictly, and their errors: shared by both shapes of the issuer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response

from waybill.identity.clients import Presented

LONGEST_BODY = 64 * 1024
"""Bytes. The longest honest body is an assertion with its certificate chain, some 10 KiB."""

_MOST_FIELDS = 50
_FORM = "application/x-www-form-urlencoded"
_CREDENTIALS = ("client_secret", "client_assertion")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


class OAuthError(Exception):
    """An error of RFC 6749 5.2. `description` is for the client's developer and holds no credential."""

    def __init__(self, code: str, description: str, status: int = 400, **headers: str) -> None:
        super().__init__(code, description)
        self.code = code
        self.description = description
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


async def read_form(request: Request) -> dict[str, str]:
    """The form fields of the body. An empty value counts as absent (RFC 6749 3.2). Raises OAuthError."""
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


def presented_by(form: Mapping[str, str], request: Request) -> Presented:
    """What the request authenticates its client with. Raises OAuthError."""
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


def refusal(error: OAuthError) -> Response:
    """The error as RFC 6749 5.2 has it."""
    # RFC 6749 5.2 lets descriptions hold neither quotes nor backslashes, and ASCII only.
    description = re.sub(r'[^\x20-\x7e]|["\\]', "?", error.description)
    body = {"error": error.code, "error_description": description}
    return oauth_answer(body, error.status, {**NO_STORE, **error.headers})


def oauth_answer(body: Mapping[str, object], status: int, headers: Mapping[str, str]) -> Response:
    """A JSON answer of the issuer."""
    return Response(orjson.dumps(body), status, dict(headers), "application/json")


def base_of(request: Request, public_url: str) -> str:
    """The URL this installation is reached by: configured, else as the client typed it. Raises OAuthError.

    X-Forwarded-Proto tells which scheme the client used at a TLS-ending proxy in front of us. It
    is believed from anybody: it only shapes URLs in the answer to the one who sent it. What it
    (and Host) cannot give is safety: without public_url an assertion's `aud` is compared with a
    name the sender chose, so one captured by another server could be sent here. Installations
    reached by strangers should set public_url.
    """
    if public_url:
        return public_url
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise OAuthError("invalid_request", "The Host header is not a host name with an optional port.")
    forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
    scheme = forwarded if forwarded in ("http", "https") else request.url.scheme
    return f"{scheme}://{host}"
