"""Client authentication at the token endpoint: secret in the body, HTTP Basic, or a signed assertion."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from waybill.identity.apps import App, Apps
from waybill.identity.assertions import AssertionCheck
from waybill.identity.brake import Brake
from waybill.identity.refusals import ClientRefused, RequestMalformed

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Presented:
    """What a token request presents to authenticate with; "" where it does not. `address` is the peer's."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    assertion_type: str = ""
    assertion: str = field(default="", repr=False)
    authorization: str = field(default="", repr=False)
    address: str = ""

    @property
    def basic(self) -> bool:
        """Whether HTTP Basic was tried: then a refusal must challenge for it (RFC 6749 5.2)."""
        return self.authorization[:6].lower() == "basic "


class ClientAuthenticator:
    """Finds the application behind a token request."""

    def __init__(self, apps: Apps, assertions: AssertionCheck, brake: Brake) -> None:
        self._apps = apps
        self._assertions = assertions
        self._brake = brake

    def authenticate(
        self, presented: Presented, audiences: tuple[str, ...], *, single_use: bool = True
    ) -> App:
        """The application that authenticates here, by exactly one method (RFC 6749 2.3).

        `audiences` are what an assertion may name as its `aud`, the token endpoint's URL first;
        `single_use` says whether it counts only once (waybill.identity.assertions).
        Raises ClientRefused, RequestMalformed or TooManyAttempts.
        """
        _check_one_method(presented)
        if presented.assertion:
            return self._assertions.application(
                presented.assertion, presented.client_id, audiences, single_use=single_use
            )
        client_id, secret = presented.client_id, presented.client_secret
        if presented.authorization:
            client_id, secret = read_basic(presented.authorization)
            if presented.client_id not in ("", client_id):
                raise RequestMalformed(
                    "The client_id of the body and of the Authorization header differ.", "Send one of them."
                )
        if not client_id or not secret:
            raise ClientRefused(
                "The request does not authenticate its client.",
                "Send client_id and client_secret, HTTP Basic, or a client_assertion.",
            )
        return self._by_secret(client_id, secret, presented.address)

    def _by_secret(self, client_id: str, secret: str, address: str) -> App:
        self._brake.check(client_id, address)
        app = self._apps.with_secret(client_id, secret)
        if app is None:
            self._brake.failed(client_id, address)
            raise ClientRefused(
                "The client is unknown or its secret is wrong.",
                "Check client_id and client_secret; a secret is shown only once, when the application is made.",
            )
        return app


def read_basic(authorization: str) -> tuple[str, str]:
    """Client id and secret of an `Authorization: Basic` header, both halves form-decoded (RFC 6749 2.3.1).

    Raises ClientRefused. Clients that skip the form-encoding still fit: our ids and secrets hold
    no character it would change.
    """
    try:
        user, colon, password = b64decode(authorization[6:].strip(), validate=True).decode().partition(":")
        if not colon or not re.fullmatch(r"(?:[^%]|%[0-9A-Fa-f]{2})*", user + password):
            raise ValueError("no colon, or a broken escape")
        return unquote_plus(user, errors="strict"), unquote_plus(password, errors="strict")
    except ValueError:  # a UnicodeDecodeError carries the secret with it: it must not travel on
        raise ClientRefused(
            "The Authorization header cannot be read.",
            "It is the word Basic and base64 of client_id:client_secret, both form-encoded.",
        ) from None


def _check_one_method(presented: Presented) -> None:
    methods = [bool(presented.client_secret), bool(presented.assertion), bool(presented.authorization)]
    if sum(methods) > 1:
        raise RequestMalformed(
            "More than one way of authenticating the client is used.",
            "Use one of client_secret, HTTP Basic and client_assertion.",
        )
    if presented.authorization and not presented.basic:
        raise RequestMalformed(
            "The Authorization header is not HTTP Basic.", "Tokens are asked for with client credentials."
        )
    if bool(presented.assertion) != bool(presented.assertion_type):
        raise RequestMalformed("client_assertion and client_assertion_type go together.", "Send both.")
    if presented.assertion and presented.assertion_type != ASSERTION_TYPE:
        raise RequestMalformed("This client_assertion_type is not supported.", f"Use {ASSERTION_TYPE}.")
