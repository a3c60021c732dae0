"""The Graph face of a Waybill server as a client sees it: token, export, operation, report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import httpx2

from waybill.cli import screen
from waybill.cli.remote import RemoteError, Unreachable, trusted
from waybill.export import Export, Received, Where

_POLL_SECONDS = 0.3
_PATIENCE_SECONDS = 60.0
_ENDED = ("complete", "failed")


class GraphServer:
    """One server and one application's token on its Graph face."""

    def __init__(self, url: str, tenant: str, client_id: str, client_secret: str) -> None:
        self._url = url.rstrip("/")
        self._http = httpx2.Client(timeout=60, trust_env=False, verify=trusted())
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": f"{self._url}/.default",
        }
        answer = self._send("POST", f"/{quote(tenant, safe='')}/oauth2/v2.0/token", data=form)
        self._headers = {"Authorization": f"Bearer {answer.json().get('access_token', '')}"}

    def close(self) -> None:
        self._http.close()

    def export(self, export: Export, received: Received, storage_location: str) -> dict[str, Any]:
        """Ask for a person's data and wait for the operation's end; its facts."""
        answer = self._send(
            "POST",
            _target(export, received),
            headers=self._headers,
            json={"storageLocation": storage_location},
        )
        guid = answer.headers.get("location", "").rpartition("/")[2]
        with screen.progress(export.title) as meter:
            body = self._wait(guid, meter)
        return {
            "operation": guid,
            "status": body.get("status"),
            "user": body.get("userId"),
            "storage_location": body.get("storageLocation"),
            "gaps": None,
            "error": None,
        }

    def _wait(self, guid: str, meter: screen.Meter) -> dict[str, Any]:
        """Poll until the operation has ended; the server may be away for a while, as during a restart."""
        missed = 0
        while True:
            try:
                body = self._send("GET", f"/v1.0/dataPolicyOperations/{guid}", headers=self._headers).json()
            except Unreachable:
                missed += 1
                if missed * _POLL_SECONDS > _PATIENCE_SECONDS:
                    raise
            else:
                missed = 0
                meter(str(body.get("status")), float(body.get("progress") or 0) / 100)
                if body.get("status") in _ENDED:
                    return dict(body)
            time.sleep(_POLL_SECONDS)

    def report(self, export: Export, received: Received, target: Path | None, folder: Path) -> Path:
        """Save the CSV to `target`, or under its own name in `folder`; only a whole file gets its name."""
        answer = self._send("GET", _target(export, received), headers=self._headers)
        if answer.status_code == 302:
            # The address is signed: it needs no token, and gets none.
            answer = self._send("GET", urljoin(self._url, answer.headers["location"]))
        final = target or folder / f"{export.file_stem}.csv"
        final.parent.mkdir(parents=True, exist_ok=True)
        partial = final.with_name(final.name + ".part")
        partial.write_bytes(answer.content)
        partial.replace(final)
        return final

    def _send(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, urljoin(self._url, path), **arguments)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            # The error's own text may hold the request with its headers: only its kind is told.
            raise Unreachable(
                f"{self._url} cannot be reached ({type(error).__name__}).",
                "Is `waybill serve` running there? With `--tls`, SSL_CERT_FILE must name its ca.pem.",
            ) from None
        if answer.status_code >= 400:
            raise RemoteError(_message(answer))
        return answer


def _target(export: Export, received: Received) -> str:
    path = export.path
    call = []
    for field in export.fields:
        for value in received.get(field.wire, ()):
            if field.where is Where.PATH:
                path = path.replace("{" + field.wire + "}", quote(value, safe=""))
            else:
                call.append(f"{field.wire}={value}" if field.wire == "date" else f"{field.wire}='{value}'")
    return f"/{export.versions[0]}{path}" + (f"({','.join(call)})" if call else "")


def _message(answer: httpx2.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    error = body.get("error") if isinstance(body, dict) else None
    text = error.get("message") if isinstance(error, dict) else error
    return f"The server answered {answer.status_code}{f': {text}' if text else '.'}"
