"""Errors in the words of Microsoft Graph: OData bodies, their codes and request ids (graph.md 1.3 to 1.5)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from waybill.api.visit import Visit
from waybill.errors import (
    BadRequest,
    Busy,
    Cancelled,
    Conflict,
    DataProblem,
    Gone,
    LocationFault,
    LocationRefused,
    NotFound,
    WaybillError,
    is_disk_full,
)
from waybill.identity.refusals import KeysUnavailable
from waybill.identity.tokens import TokenRefused

BUSY_RETRY_SECONDS = 30

DIAGNOSTIC = orjson.dumps(
    {
        "ServerInfo": {
            "DataCenter": "Waybill",
            "Slice": "E",
            "Ring": "1",
            "ScaleUnit": "000",
            "RoleInstance": "waybill",
        }
    }
).decode()
"""The header x-ms-ags-diagnostic: clients are told to log it. It names no machine of ours."""

_SAS_DOCS = (
    "https://docs.microsoft.com/en-us/azure/storage/common/storage-dotnet-shared-access-signature-part-1"
)
_PREMIUM_DOCS = (
    "https://docs.microsoft.com/en-us/rest/api/storageservices/using-blob-service-operations-with-azure-premium-storage"
    "#premium-storage-accounts-support-page-blobs-only"
)

LOCATION_WORDS: Mapping[LocationFault, tuple[str, str]] = {
    LocationFault.INVALID: ("StorageLocationInvalid", "Storage Location is not valid."),
    LocationFault.NO_SAS: (
        "SharedAccessSignatureTokenInvalid",
        "Storage destination does not include SAS credentials.",
    ),
    LocationFault.ACCOUNT_SAS: (
        "StorageLocationNotServiceSAS",
        f"Storage destination needs to have a Service SAS, not an Account SAS. See {_SAS_DOCS} for more information.",
    ),
    LocationFault.NOT_A_CONTAINER: (
        "StorageLocationNotAzureBlob",
        "Storage destination must be an azure blob container.",
    ),
    LocationFault.MAY_LIST: (
        "StorageLocationShouldNotAllowListAccess",
        "Storage destination should not allow list access.",
    ),
    LocationFault.USED: (
        "StorageLocationAlreadyUsed",
        "Storage destination has already been used for an export. "
        "If this is not true, delete 'RequestInfo.json' from the container and try again.",
    ),
    LocationFault.NO_WRITE: (
        "StorageLocationNeedsWriteAddPermissions",
        "Storage destination does not have write/add permissions.",
    ),
    LocationFault.NO_APPEND_BLOBS: (
        "StorageLocationShouldSupportAppendBlobs",
        "Storage destination should support append blobs. You might be using premium storage. "
        f"See {_PREMIUM_DOCS} for more information.",
    ),
    LocationFault.MAY_READ: (
        "StorageLocationShouldNotAllowReadAccess",
        "Storage destination should not allow read access.",
    ),
}
"""Why a storageLocation is refused -> code and message, letter by letter (graph.md 2.3)."""


class GraphProblem(WaybillError):
    """An error ready for the wire. Any handler of the Graph face may raise one.

    `inner` are further members of innerError; `message` is safe to show.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        inner: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.inner = dict(inner or {})


def too_many_requests(message: str, retry_after_seconds: float) -> GraphProblem:
    """429. Retry-After is whole seconds, at least one: clients ignore fractions (graph.md 1.6)."""
    return GraphProblem(
        429,
        "TooManyRequests",
        message,
        {"retry-after": str(max(1, math.ceil(retry_after_seconds)))},
        {"code": "429", "status": "429"},
    )


def method_not_allowed(allowed: str) -> GraphProblem:
    """405. `allowed` is the value of the header Allow."""
    message = "Specified HTTP method is not allowed for the request target."
    return GraphProblem(405, "Request_BadRequest", message, {"allow": allowed})


def no_such_path() -> GraphProblem:
    """404 for what is no path of this face, or not of this version."""
    return GraphProblem(404, "ResourceNotFound", "The resource is not found.")


@dataclass(frozen=True, slots=True)
class _Kind:
    status: int
    code: str
    headers: Mapping[str, str] = field(default_factory=dict)


_KINDS: tuple[tuple[type[WaybillError], _Kind], ...] = (
    (TokenRefused, _Kind(401, "InvalidAuthenticationToken", {"www-authenticate": "Bearer"})),
    (BadRequest, _Kind(400, "BadRequest")),
    (NotFound, _Kind(404, "Request_ResourceNotFound")),
    (Gone, _Kind(410, "Gone")),
    (Conflict, _Kind(409, "Conflict")),
    (Cancelled, _Kind(409, "Conflict")),
)


def graph_problem_of(error: Exception) -> GraphProblem:
    """Any exception as Graph says it. What we do not know is 500 with a fixed text."""
    if isinstance(error, GraphProblem):
        return error
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, LocationRefused):
        return GraphProblem(400, *LOCATION_WORDS[error.fault])
    if isinstance(error, KeysUnavailable):  # nobody asked too often
        return GraphProblem(503, "ServiceUnavailable", str(error), {"retry-after": str(error.retry_after)})
    if isinstance(error, Busy):
        return too_many_requests(str(error), BUSY_RETRY_SECONDS)
    if isinstance(error, DataProblem):
        return GraphProblem(500, "InternalServerError", "Stored data of this tenant cannot be read.")
    for kind, said in _KINDS:
        if isinstance(error, kind):
            return GraphProblem(said.status, said.code, str(error), said.headers)
    if is_disk_full(error):
        message = "The disk of the server is full. Ask its operator to free space, then request again."
        return GraphProblem(503, "ServiceUnavailable", message, {"retry-after": str(BUSY_RETRY_SECONDS)})
    return GraphProblem(500, "UnknownError", "An unknown error occurred.")


def _of_http(error: HTTPException) -> GraphProblem:
    """What the router itself refuses."""
    if error.status_code == 404:
        return no_such_path()
    if error.status_code == 405:
        return method_not_allowed((error.headers or {}).get("Allow", ""))
    return GraphProblem(error.status_code, "BadRequest", f"{error.detail}.", dict(error.headers or {}))


def graph_error_answer(error: Exception, visit: Visit) -> Response:
    """The answer to a request that failed, for the client's ODataError (graph.md 1.4)."""
    problem = graph_problem_of(error)
    inner = {
        "date": visit.started.strftime("%Y-%m-%dT%H:%M:%S"),  # no zone, as the real one
        "request-id": visit.trace_id,
        "client-request-id": visit.client_request_id,
    }
    body = {"code": problem.code, "message": problem.message, "innerError": {**problem.inner, **inner}}
    return Response(
        orjson.dumps({"error": body}),
        status_code=problem.status,
        media_type="application/json",
        headers=problem.headers,
    )


def graph_headers(visit: Visit) -> Mapping[str, str]:
    """What every answer of this face carries, beside request-id (graph.md 1.3)."""
    return {
        "client-request-id": visit.client_request_id,
        "date": format_datetime(visit.started, usegmt=True),
        "x-ms-ags-diagnostic": DIAGNOSTIC,
    }
