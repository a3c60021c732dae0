"""OpenAPI of the Insights API, made from the fields each export declares; nothing is written twice."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from waybill.api.bodies import ExportRefused, JobAccepted, JobStatus, StatusRefused
from waybill.export import Export, Field, Where

SECURITY = "oauth2"
TAG_EXPORTS, TAG_JOBS = "Exports", "Jobs"

Answer = Callable[[Request], Response] | Callable[[Request], Coroutine[Any, Any, Response]]

_REFUSALS = {
    400: "A parameter is missing or does not fit; the message names it.",
    401: "No token, or one that is not accepted.",
    403: "The token does not hold the scope.",
    404: "Unknown group, site or job of this tenant.",
    409: "Not possible now: nothing ingested yet, or the file is not ready (then with Retry-After).",
    410: "The file was deleted when its time was over.",
    412: "If-Match names another content.",
    416: "The range asked for starts behind the end of the file.",
    429: "The queue of this tenant is full; see Retry-After.",
    500: "The server failed; its log has the traceId.",
    503: "The disk of the server is full; see Retry-After.",
}
_JOB_ID: dict[str, Any] = {
    "name": "jobId",
    "in": "path",
    "required": True,
    "description": "The number that the export call answered.",
    "schema": {"type": "integer", "minimum": 1},
    "example": 4802,
}


def export_route(export: Export, endpoint: Answer, limits: str) -> APIRoute:
    """The GET route of one export. `limits` is a short clause about how many jobs run."""
    return APIRoute(
        export.path,
        endpoint,
        methods=["GET"],
        name=export.name,
        operation_id=export.name,
        summary=export.title,
        description=f"{export.description}\n\nAnswers at once with the number of a job; {limits}.",
        tags=[TAG_EXPORTS],
        response_description="The export was accepted; ask for its status with this jobId.",
        responses={
            200: {"model": JobAccepted},
            **_refusals(ExportRefused, 400, 401, 403, 404, 409, 429, 500, 503),
        },
        openapi_extra={
            "parameters": [parameter(one) for one in export.fields if not one.hidden],
            "security": [{SECURITY: [export.scope]}],
        },
    )


def status_route(path: str, endpoint: Answer, scope: str) -> APIRoute:
    """The status of a job, to describe it."""
    return APIRoute(
        path,
        endpoint,
        methods=["GET"],
        name="exportstatus",
        operation_id="exportstatus",
        summary="Status of an export",
        description="Ask every few seconds until jobStatus is no longer 1.",
        tags=[TAG_JOBS],
        response_description="Where the job stands.",
        responses={200: {"model": JobStatus}, **_refusals(StatusRefused, 401, 403, 404, 500)},
        openapi_extra={"parameters": [_JOB_ID], "security": [{SECURITY: [scope]}]},
    )


def file_route(path: str, endpoint: Answer, scope: str) -> APIRoute:
    """The file of a job, to describe it."""
    zipped = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
    return APIRoute(
        path,
        endpoint,
        methods=["GET"],
        name="exportfile",
        operation_id="exportfile",
        summary="File of an export",
        description="A ZIP with one workbook, as often as wanted until it expires. Knows Range and ETag.",
        tags=[TAG_JOBS],
        response_class=Response,
        response_description="The whole file.",
        responses={
            200: {"content": zipped},
            206: {"description": "The part asked for by Range.", "content": zipped},
            304: {"description": "The client has this content already (If-None-Match)."},
            **_refusals(ExportRefused, 401, 403, 404, 409, 410, 416, 500),
            412: {"description": _REFUSALS[412]},
        },
        openapi_extra={"parameters": [_JOB_ID], "security": [{SECURITY: [scope]}]},
    )


def parameter(one: Field) -> dict[str, Any]:
    """The OpenAPI parameter of a request field."""
    described: dict[str, Any] = {
        "name": one.wire,
        "in": one.where.value,
        "required": one.required or one.where is Where.PATH,
        "description": one.help,
        "schema": _schema(one),
    }
    if one.many:
        described |= {"style": "form", "explode": True}
    if one.choices:
        first = _choices(one)[0]
        described["example"] = [first] if one.many else first
    return described


def _choices(one: Field) -> list[str | int]:
    return [int(choice) if one.integer else choice for choice in one.choices]


def _schema(one: Field) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "string"}
    if one.integer:
        item = {"type": "integer"}
    elif one.flag:
        item = {"type": "boolean"}
    if one.choices:
        item["enum"] = _choices(one)
    return {"type": "array", "items": item} if one.many else item


def complete(document: dict[str, Any], scopes: dict[str, str]) -> dict[str, Any]:
    """The document with the security scheme in it. `scopes`: name -> what it allows."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = {
        SECURITY: {
            "type": "oauth2",
            "description": "Client credentials: a secret (in the body or by HTTP Basic) or a certificate assertion.",
            "flows": {"clientCredentials": {"tokenUrl": "/connect/token", "scopes": scopes}},
        }
    }
    return document


def _refusals(model: type[ExportRefused | StatusRefused], *statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": model, "description": _REFUSALS[status]} for status in statuses}
