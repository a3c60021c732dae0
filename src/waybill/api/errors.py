"""Errors in the words of the Insights API: one envelope, HTTP status equal to `status` (insights.md 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.responses import Response

from waybill.api.bodies import Body, ExportRefused, StatusRefused
from waybill.api.visit import Visit
from waybill.errors import (
    BadRequest,
    Busy,
    Cancelled,
    Conflict,
    DataProblem,
    Gone,
    NotFound,
    WaybillError,
    is_disk_full,
)
from waybill.identity.tokens import TokenRefused
from waybill.jobs.service import NotReady

BUSY_RETRY_SECONDS = 30

_GENERIC = "The server failed to answer this. Quote the traceId to whoever runs it; the cause is in its log."
_DAMAGED = "Stored data of this tenant cannot be read. Quote the traceId to whoever runs the server."
_DISK_FULL = "The disk of the server is full. Ask its operator to free space, then request again."
_WORDS = {404: "There is nothing at this path. GET /docs lists what there is."}


class ScopeMissing(WaybillError):
    """The token is good but does not allow this (HTTP 403). `scope` is the one that is needed."""

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"The token does not hold the scope {scope}.",
            "Ask for that scope at the token endpoint; the app must have been given it.",
        )
        self.scope = scope


@dataclass(frozen=True, slots=True)
class Problem:
    """An error ready for the wire: HTTP status, a text that is safe to show, extra headers."""

    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


_STATUS: tuple[tuple[type[WaybillError], int], ...] = (
    (BadRequest, 400),
    (ScopeMissing, 403),
    (NotFound, 404),
    (Gone, 410),
    (Conflict, 409),
    (Cancelled, 409),
    (Busy, 429),
)


def problem_of(error: Exception) -> Problem:
    """Status, text and headers of any exception. What we do not know is 500 with a fixed text."""
    if isinstance(error, TokenRefused):
        return _unauthorized(error)
    if isinstance(error, HTTPException):
        text = _WORDS.get(error.status_code, f"{error.detail}.")
        return Problem(error.status_code, text, dict(error.headers or {}))
    if isinstance(error, DataProblem):
        return Problem(500, _DAMAGED)
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return Problem(status, str(error), _headers_of(error))
    if is_disk_full(error):
        return Problem(503, _DISK_FULL, {"retry-after": str(BUSY_RETRY_SECONDS)})
    return Problem(500, _GENERIC)


def _unauthorized(error: TokenRefused) -> Problem:
    return Problem(401, str(error), {"www-authenticate": 'Bearer error="invalid_token"'})


def _headers_of(error: WaybillError) -> dict[str, str]:
    if isinstance(error, ScopeMissing):
        return {"www-authenticate": f'Bearer error="insufficient_scope", scope="{error.scope}"'}
    if isinstance(error, NotReady):
        return {"retry-after": str(error.retry_after)}
    if isinstance(error, Busy):
        return {"retry-after": str(BUSY_RETRY_SECONDS)}
    return {}


def json_answer(body: Body, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that nobody stores: an export is a GET that creates work (insights.md 1.3)."""
    return json_text_answer(body.model_dump_json(), status, headers)


def json_text_answer(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """As `json_answer`, of a body that is JSON already."""
    return Response(
        text,
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store", **(headers or {})},
    )


def error_answer(problem: Problem, visit: Visit) -> Response:
    """The envelope of the endpoint that was asked, with the trace id that the log has too."""
    about_status = visit.match is not None and visit.match.pattern.endswith("/exportstatus")
    envelope = StatusRefused if about_status else ExportRefused
    body = envelope(status=problem.status, message=problem.message, trace_id=visit.trace_id)
    return json_answer(body, problem.status, problem.headers)
