"""How client authentication fails, in the words of RFC 6749 5.2."""

from __future__ import annotations

from waybill.errors import Busy, WaybillError


class ClientRefused(WaybillError):
    """The client is not who it says it is: `invalid_client`. Holds no credential."""


class RequestMalformed(WaybillError):
    """The credentials are sent in a way the standard does not allow: `invalid_request`."""


class TooManyAttempts(Busy):
    """Too many failed attempts from one place for one client. `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many attempts for this client.", f"Try again in {retry_after} seconds.")
        self.retry_after = retry_after


class KeysUnavailable(Busy):
    """The keys of an Entra tenant cannot be fetched, so its tokens cannot be judged: try again later."""

    def __init__(self) -> None:
        super().__init__("The sign-in service's keys cannot be fetched just now.", "Try again in a minute.")
        self.retry_after = 60
