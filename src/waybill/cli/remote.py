"""A Waybill server as a client sees it: token, export, status, file, over plain HTTP."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2

from waybill.cli import screen
from waybill.errors import WaybillError
from waybill.export import Export, Received, Where

_POLL_SECONDS = 0.3
_PATIENCE_SECONDS = 60.0
"""How long a server may be away while a job is waited for: it comes back with the job."""
UNFINISHED = (1, 5)


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """What the status call says of a job (insights.md 1.3 C), and its number."""

    number: str
    status: int
    message: str
    progress: Mapping[str, Any]


class RemoteError(WaybillError):
    """The server refused or could not be reached; the message is the server's own where it gave one."""


class Unreachable(RemoteError):
    """No answer came."""


class TokenExpired(RemoteError):
    """The server wants a new token (401)."""


def target_of(export: Export, received: Received) -> str:
    """Path and query of a request, encoded. Without a value the path's segment stays empty, which asks
    for all (insights.md 1.3 A)."""
    path = export.path
    query: list[tuple[str, str]] = []
    for field in export.fields:
        values = received.get(field.wire, ())
        if field.where is Where.PATH:
            path = path.replace("{" + field.wire + "}", quote(",".join(values), safe=""))
        else:
            query += [(field.wire, value) for value in values]
    return f"{path}?{urlencode(query)}"


def trusted() -> ssl.SSLContext:
    """The machine's certificate authorities and, if named, those in SSL_CERT_FILE (`waybill serve --tls`).

    Raises RemoteError if that file cannot be read.
    """
    context = ssl.create_default_context()
    if extra := os.environ.get("SSL_CERT_FILE"):
        try:
            context.load_verify_locations(extra)
        except OSError as error:  # ssl's own errors are OSErrors, and name no file
            raise RemoteError(
                f"SSL_CERT_FILE does not name a file of certificates ({error.strerror or 'it holds none'}).",
                "Give the file that `waybill serve --tls` printed, or unset the variable.",
            ) from None
    return context


def no_answer(url: str, error: Exception) -> Unreachable:
    """Why no answer came, and what to do about it. `error` is what the HTTP client raised.

    The error's own text may hold the request with its headers: only its kind is told.
    """
    causes = list(_causes(error))
    refused = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if refused is not None:
        return Unreachable(
            f"{url} cannot be trusted: {refused.verify_message}.",
            "If that is `waybill serve --tls`, set SSL_CERT_FILE to the authority it printed "
            "(tls/authority.pem in its data folder), and name the server as its certificate does.",
        )
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Unreachable(
            f"{url} cannot be reached: it does not speak https.",
            "Give its address as `waybill serve` printed it: http://HOST:PORT, unless it serves with --tls.",
        )
    if isinstance(error, httpx2.RemoteProtocolError):
        speaks = "; it may speak https" if url.lower().startswith("http:") else ""
        return Unreachable(
            f"{url} cannot be reached: what answers there does not speak {url.partition(':')[0]}{speaks}.",
            "Give its address as `waybill serve` printed it; that of `serve --tls` begins with https://.",
        )
    why = "nobody listens there" if any(isinstance(one, ConnectionRefusedError) for one in causes) else ""
    return Unreachable(
        f"{url} cannot be reached ({why or type(error).__name__}).",
        "Is `waybill serve` running there? Give its address as it printed it: http://HOST:PORT, "
        "or https://HOST:PORT of `serve --tls`.",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class Server:
    """One server and one application's token on it."""

    def __init__(self, url: str, client_id: str, client_secret: str, scope: str) -> None:
        self._url = url.rstrip("/")
        self._http = httpx2.Client(timeout=60, trust_env=False, verify=trusted())
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": scope,
        }
        self._headers: dict[str, str] = {}
        self._sign_in()

    def _sign_in(self) -> None:
        body = self._call("POST", "/connect/token", data=self._form)
        self._headers = {"Authorization": f"Bearer {body.get('access_token', '')}"}

    def close(self) -> None:
        self._http.close()

    def start(self, export: Export, received: Received) -> str:
        """Ask for an export; its job number."""
        return str(self._ask(target_of(export, received))["jobId"])

    def status(self, number: str) -> RemoteJob:
        body = self._ask(f"/insights/job/{number}/exportstatus")
        return RemoteJob(number, int(body["jobStatus"]), str(body["message"]), body.get("progress") or {})

    def wait(self, number: str, on_progress: Callable[[RemoteJob], None]) -> RemoteJob:
        """Poll until the job has ended; the server may be away for a while, as during a restart."""
        missed = 0
        while True:
            try:
                job = self.status(number)
            except Unreachable:
                missed += 1
                if missed * _POLL_SECONDS > _PATIENCE_SECONDS:
                    raise
            else:
                missed = 0
                on_progress(job)
                if job.status not in UNFINISHED:
                    return job
            time.sleep(_POLL_SECONDS)

    def follow(self, number: str, title: str) -> RemoteJob:
        """`wait`, with a progress bar."""
        with screen.progress(title) as meter:

            def show(job: RemoteJob) -> None:
                doing = job.progress.get("sheet") or job.progress.get("state", "")
                meter(f"{doing}, {screen.counted(int(job.progress.get('rows') or 0), 'row')}")

            return self.wait(number, show)

    def _ask(self, target: str) -> dict[str, Any]:
        """A GET with the token; one that has expired meanwhile is renewed."""
        try:
            return self._call("GET", target, headers=self._headers)
        except TokenExpired:
            self._sign_in()
            return self._call("GET", target, headers=self._headers)

    def download(self, number: str, target: Path | None, folder: Path) -> Path:
        """Save the file to `target`, or under its own name in `folder`; only a whole file gets its name."""
        url = f"{self._url}/insights/job/{number}/exportfile"
        with self._reached(), self._http.stream("GET", url, headers=self._headers) as answer:
            if answer.status_code != 200:
                answer.read()
                raise RemoteError(_message(answer))
            final = target or folder / _file_name(answer.headers.get("content-disposition", ""), number)
            final.parent.mkdir(parents=True, exist_ok=True)
            partial = final.with_name(final.name + ".part")
            with partial.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(final)
        return final

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        with self._reached():
            answer = self._http.request(method, self._url + path, **arguments)
        if answer.status_code == 401:
            raise TokenExpired(_message(answer))
        if answer.status_code != 200:
            raise RemoteError(_message(answer))
        body = _object(answer)
        if body is None:
            raise RemoteError(
                f"{self._url} answers, but not as a Waybill server does.",
                "Give the address that `waybill serve` printed.",
            )
        return body

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Connection trouble in words."""
        try:
            yield
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise no_answer(self._url, error) from None


def _object(answer: httpx2.Response) -> dict[str, Any] | None:
    """The JSON object of an answer, if it is one."""
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _message(answer: httpx2.Response) -> str:
    body = _object(answer) or {}
    text = body.get("message") or body.get("error_description") or body.get("error")
    return f"The server answered {answer.status_code}{f': {text}' if text else '.'}"


def _file_name(disposition: str, number: str) -> str:
    _, found, rest = disposition.partition('filename="')
    name = rest.partition('"')[0] if found else ""
    return Path(name).name or f"export-{number}.zip"
