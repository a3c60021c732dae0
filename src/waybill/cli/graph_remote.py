"""The Graph face of a Waybill server as a client sees it: token, export, operation, report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import httpx2

from waybill.cli import screen
from waybill.cli.remote import RemoteError, TokenExpired, Unreachable, no_answer, trusted
from waybill.export import Export, Received, Where

_POLL_SECONDS = 0.3
_PATIENCE_SECONDS = 60.0
"""How long a server may be away while an operation is waited for: it comes back with the operation."""
_ENDED = ("complete", "failed")
_NOT_OURS = "Give the address that `waybill serve` printed."


class GraphServer:
    """One server and one application's token on its Graph face."""

    def __init__(self, url: str, tenant: str, client_id: str, client_secret: str) -> None:
        """Signs in. Raises RemoteError."""
        self._url = url.rstrip("/")
        self._http = httpx2.Client(timeout=60, trust_env=False, verify=trusted())
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": f"{self._url}/.default",
        }
        self._token_path = f"/{quote(tenant, safe='')}/oauth2/v2.0/token"
        self._headers: dict[str, str] = {}
        try:
            self._sign_in()
        except BaseException:
            self.close()
            raise

    def _sign_in(self) -> None:
        token = _object(self._send("POST", self._token_path, data=self._form)).get("access_token")
        if not isinstance(token, str):
            raise RemoteError(f"{self._url} gave no token.", _NOT_OURS)
        self._headers = {"Authorization": f"Bearer {token}"}

    def close(self) -> None:
        self._http.close()

    def export(self, export: Export, received: Received, storage_location: str) -> dict[str, Any]:
        """Ask for a person's data and wait for the operation's end; its facts. Raises RemoteError."""
        answer = self._ask("POST", _target(export, received), json={"storageLocation": storage_location})
        guid = answer.headers.get("location", "").rpartition("/")[2]
        if answer.status_code != HTTPStatus.ACCEPTED or not guid:
            raise RemoteError(f"{self._url} did not accept the export as a Waybill server does.", _NOT_OURS)
        with screen.progress(export.title) as meter:
            body = self._wait(guid, meter)
        return {
            "operation": guid,
            "status": body.get("status"),
            "user": body.get("userId"),
            "storage_location": body.get("storageLocation"),
            "gaps": body.get("@waybill.gaps", 0),
            "error": body.get("@waybill.reason"),
        }

    def _wait(self, guid: str, meter: screen.Meter) -> Mapping[str, Any]:
        """Poll until the operation has ended; the server may be away for a while, as during a restart."""
        missed = 0
        while True:
            try:
                body = _object(self._ask("GET", f"/v1.0/dataPolicyOperations/{guid}"))
            except Unreachable:
                missed += 1
                if missed * _POLL_SECONDS > _PATIENCE_SECONDS:
                    raise
            else:
                missed = 0
                meter(str(body.get("status")), float(body.get("progress") or 0) / 100)
                if body.get("status") in _ENDED:
                    return body
            time.sleep(_POLL_SECONDS)

    def report(self, export: Export, received: Received, final: Path) -> tuple[str, ...]:
        """Save the CSV as `final`, which gets that name only whole; what it lacks, in words."""
        answer = self._ask("GET", _target(export, received))
        place = answer.headers.get("location")
        if answer.status_code != HTTPStatus.FOUND or not place:
            raise RemoteError(f"{self._url} did not give the report as a Waybill server does.", _NOT_OURS)
        gaps = answer.headers.get("x-waybill-gaps")
        # The address is signed: it needs no token, and gets none.
        content = self._send("GET", urljoin(f"{self._url}/", place)).content
        final.parent.mkdir(parents=True, exist_ok=True)
        partial = final.with_name(final.name + ".part")
        try:
            partial.write_bytes(content)
            partial.replace(final)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        return (gaps,) if gaps else ()

    def _ask(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        """A call with the token; one that has expired meanwhile is renewed."""
        try:
            return self._send(method, path, headers=self._headers, **arguments)
        except TokenExpired:
            self._sign_in()
            return self._send(method, path, headers=self._headers, **arguments)

    def _send(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, path if "://" in path else self._url + path, **arguments)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise no_answer(self._url, error) from None
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise TokenExpired(_message(answer))
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            wait = answer.headers.get("retry-after", "")
            raise RemoteError(_message(answer), f"Try again in {wait} s." if wait.isdecimal() else "")
        return answer


def _target(export: Export, received: Received) -> str:
    """The call under the first of its versions; literals as OData writes them."""
    path = export.path
    call = []
    for field in export.fields:
        for value in received.get(field.wire, ()):
            if field.where is Where.PATH:
                path = path.replace("{" + field.wire + "}", quote(value, safe=""))
            elif field.where is Where.CALL:
                doubled = value.replace("'", "''")
                literal = f"'{doubled}'" if field.quoted else value
                call.append(f"{field.wire}={quote(literal, safe=chr(39))}")
    return f"/{export.versions[0]}{path}" + (f"({','.join(call)})" if call else "")


def _object(answer: httpx2.Response) -> Mapping[str, Any]:
    """The JSON object of an answer. Raises RemoteError."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise RemoteError(f"{answer.url.host} answers, but not as a Waybill server does.", _NOT_OURS)
    return body


def _message(answer: httpx2.Response) -> str:
    """What the server says: Graph's error, or that of the token endpoint."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    told = body if isinstance(body, dict) else {}
    error = told.get("error")
    text = error.get("message") if isinstance(error, dict) else told.get("error_description") or error
    return f"The server answered {answer.status_code}{f': {text}' if text else '.'}"
