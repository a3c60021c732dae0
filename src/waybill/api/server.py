"""The web application: every face, its documentation and the edge around them, as one ASGI callable."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from waybill import __version__, log
from waybill.api import docs_page, openapi
from waybill.api.direct import Direct
from waybill.api.edge import Edge
from waybill.api.errors import error_answer, problem_of
from waybill.api.graph import graph_face, graph_routes
from waybill.api.graph_errors import graph_error_answer, graph_problem_of
from waybill.api.graph_openapi import SECURITY, graph_paths, graph_schemas, graph_security
from waybill.api.insights import insights_catalog, insights_patterns, insights_routes
from waybill.api.services import Services
from waybill.api.urls import find
from waybill.api.visit import Face, visit_of
from waybill.errors import WaybillError
from waybill.export import Export
from waybill.settings import Settings

TITLE = "Waybill export API"
DESCRIPTION = """Exports of a Microsoft 365 tenant: who can reach what, and why.

An export answers at once with a job number. Ask for its status until it is finished, then fetch the file: \
a ZIP with one workbook. Paths and names of parameters may be in any case; lists are repeated parameters.

Errors are JSON: status is the HTTP status, message says what is wrong and what to do, traceId finds it in \
the server's log."""

_log = log.get(__name__)


def build_app(
    catalog: tuple[Export, ...],
    services: Services,
    settings: Settings,
    oauth_routes: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """The application for `waybill.api.served.serve`. `oauth_routes` come from waybill.api.oauth."""
    app = FastAPI(title=TITLE, version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    app.router.redirect_slashes = False  # a redirect would be built from the Host header
    routes = insights_routes(catalog, services, settings)
    own = _own_routes(catalog, routes.described, services, settings)
    graph = graph_routes(catalog, services) if services.graph is not None else []
    app.router.routes.extend([*routes.served, *graph, *oauth_routes, *own])
    for kind in (WaybillError, HTTPException, Exception):
        app.add_exception_handler(kind, _on_error)
    faces = (graph_face(catalog),) if services.graph is not None else ()
    return Edge(Direct(app, routes.direct, _on_error), (*faces, _insights_face(catalog)), services.clock)


def _insights_face(catalog: tuple[Export, ...]) -> Face:
    """The Insights API, whose words also answer for every path that is nobody's."""
    patterns = insights_patterns(catalog)
    return Face(
        owns=lambda _path: True,
        find=lambda path: find(patterns, path),
        refuse=lambda error, visit: error_answer(problem_of(error), visit),
    )


async def _on_error(request: Request, error: Exception) -> Response:
    """Every error that a route raises, in its face's words; a traceback only for what we did not foresee."""
    visit = visit_of(request.scope)
    answer = visit.face.refuse(error, visit)
    if (
        answer.status_code < 500
        and isinstance(error, WaybillError)
        and visit.face.refuse is graph_error_answer
    ):
        # Graph's own words for it are few and fixed: which fault it was stands here alone. Ours hold no query.
        _log.info(
            "request refused",
            trace_id=visit.trace_id,
            status=answer.status_code,
            code=graph_problem_of(error).code,
            reason=str(error),
        )
    if answer.status_code >= 500 and isinstance(error, WaybillError):  # others pass the edge, which logs them
        _log.error("request failed", trace_id=visit.trace_id, exc_info=error)
    return answer


def _own_routes(
    catalog: tuple[Export, ...], routes: Sequence[BaseRoute], services: Services, settings: Settings
) -> list[BaseRoute]:
    """Documentation and health."""

    @cache
    def document() -> dict[str, Any]:
        described = get_openapi(title=TITLE, version=__version__, description=DESCRIPTION, routes=routes)
        words = "Start exports, read their status and their files."
        scopes = {export.scope: words for export in insights_catalog(catalog)}
        whole = openapi.complete(described, scopes)
        graph = graph_paths(catalog) if services.graph is not None else {}
        if graph:
            whole["paths"] |= graph
            whole["components"]["schemas"] |= graph_schemas()
            whole["components"]["securitySchemes"][SECURITY] = graph_security(settings.app_id_uri)
        return whole

    async def openapi_json(_request: Request) -> Response:
        return JSONResponse(document())

    async def docs(request: Request) -> Response:
        base = settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        headers = {"content-security-policy": docs_page.CSP}
        return HTMLResponse(docs_page.page(document(), base), headers=headers)

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__})

    return [
        Route("/openapi.json", openapi_json),
        Route("/docs", docs),
        Route("/healthz", healthz),
    ]
