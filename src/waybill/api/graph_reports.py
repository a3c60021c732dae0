"""Usage reports as Microsoft Graph gives them: 302 to a CSV, or JSON pages on /beta (graph.md 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from waybill.api.downloads import Download, download_answer, has_it
from waybill.api.graph_access import authorize_graph, graph_match, graph_services
from waybill.api.graph_errors import GraphProblem, too_many_requests
from waybill.api.graph_paths import VERSION, GraphPattern
from waybill.api.graph_report_settings import SETTINGS, report_settings_route
from waybill.api.graph_routes import graph_route, json_answer, server_origin, version_root
from waybill.api.odata import query_options
from waybill.api.report_options import Asked, Place, call_text, read_asked, received_of, skip_token
from waybill.api.report_throttle import Throttle
from waybill.api.services import PreparedPage, Services
from waybill.api.urls import Pattern
from waybill.api.visit import visit_of
from waybill.errors import BadRequest, Gone, NotFound
from waybill.export import Access, Export, Facts, Family, Received, Where
from waybill.identity.graph_tokens import GraphCaller

DOWNLOAD = Pattern("/reports/download/{token}")
"""Where a CSV is fetched without a token of one's own."""
GAPS_HEADER = "x-waybill-gaps"
"""On answers that rest on facts which lack something: what, in words."""

REPORTS_AT_ONCE = 4
"""Report calls worked on at a time; each has a query engine of its own."""


def graph_reports(catalog: tuple[Export, ...]) -> tuple[Export, ...]:
    """The exports of this family."""
    return tuple(export for export in catalog if export.family is Family.GRAPH_REPORT)


def report_patterns(catalog: tuple[Export, ...]) -> tuple[GraphPattern, ...]:
    """The canonical paths of this family, without DOWNLOAD, which is below no version root."""
    return (*(_pattern(export) for export in graph_reports(catalog)), SETTINGS)


def _pattern(export: Export) -> GraphPattern:
    arguments = tuple(field.wire for field in export.fields if field.where is Where.CALL)
    return GraphPattern(export.path, export.versions, bound=True, arguments=arguments)


def report_routes(catalog: tuple[Export, ...], services: Services) -> list[BaseRoute]:
    """Every report, the settings of reports, and the download. No export is known by its name."""
    throttle = Throttle()
    reports = [
        graph_route(
            _pattern(export),
            {"GET": _Report(export, services, throttle)},
            services,
            at_once=REPORTS_AT_ONCE,
        )
        for export in graph_reports(catalog)
    ]
    return [*reports, report_settings_route(services), Route(DOWNLOAD.text, _Fetch(services).answer)]


@dataclass(frozen=True, slots=True)
class _Report:
    """The handler of one report: authorisation, validation, counting, and only then the work."""

    export: Export
    services: Services
    throttle: Throttle

    def __call__(self, request: Request, _body: bytes) -> Response:
        caller = authorize_graph(request, self.services, self._access())
        values = graph_match(request).values
        query = query_options(request.scope["query_string"])
        asked = read_asked(query, ",".join(request.headers.getlist("accept")), values[VERSION])
        received, wanted = self._read(values)
        with self.services.open_latest(caller.tenant) as facts:
            self._admit(wanted, facts)
            self._count(caller, asked)
            if asked.as_json:
                return self._json(request, caller, received, facts, asked)
            return self._csv(request, caller, received, facts)

    def _access(self) -> Access:
        if self.export.access is None:
            raise TypeError(f"The export {self.export.name} must say who may ask.")
        return self.export.access

    def _read(self, values: Mapping[str, str]) -> tuple[Received, Any]:
        try:
            received = received_of(self.export, values)
            return received, self.export.read(received)
        except BadRequest as error:
            _refuse(error)

    def _admit(self, wanted: Any, facts: Facts) -> None:
        try:
            self.export.admit(wanted, facts)
        except BadRequest as error:
            _refuse(error)

    def _count(self, caller: GraphCaller, asked: Asked) -> None:
        count = self.throttle.json if asked.as_json else self.throttle.csv
        wait = count(self.export.name, caller.tenant, caller.client_id, self.services.clock.now())
        if wait:
            raise too_many_requests("Too many requests for this report within ten minutes.", wait)

    def _csv(self, request: Request, caller: GraphCaller, received: Received, facts: Facts) -> Response:
        """302 to the file, or 304 when the client has its bytes; the ETag is of the CSV itself."""
        parts = graph_services(self.services)
        file = parts.prepared.csv(caller.tenant, self.export, received, facts)
        headers = {"etag": f'"{file.sha256}"', "cache-control": "no-store", **_told(file.gaps)}
        if has_it(_listed(request, "if-none-match"), headers["etag"]):
            return Response(status_code=304, headers=headers)
        token = quote(parts.links.make(caller.tenant, file.sha256), safe="")
        place = DOWNLOAD.text.replace("{token}", token)
        headers["location"] = f"{server_origin(request, self.services)}{place}"
        return Response(status_code=302, headers=headers, media_type="text/plain")

    def _json(
        self, request: Request, caller: GraphCaller, received: Received, facts: Facts, asked: Asked
    ) -> Response:
        """One page. A later page is of the table that the first one came from."""
        prepared = graph_services(self.services).prepared
        if asked.place is None:
            page: PreparedPage = prepared.page(caller.tenant, self.export, received, facts, asked.rows)
        else:
            place = asked.place
            try:
                page = prepared.later_page(
                    caller.tenant, self.export, received, place.sha256, place.start, asked.rows
                )
            except Gone as error:
                message = "The page that $skiptoken stands for is not kept any more; begin without it."
                raise GraphProblem(400, "BadRequest", message) from error
        root = version_root(request, self.services)
        return json_answer(
            _page_body(page, f"{root}{call_text(self.export, received)}", root, asked), 200, _told(page.gaps)
        )


def _page_body(page: PreparedPage, call: str, root: str, asked: Asked) -> dict[str, Any]:
    """The collection as graph.md 6.6 shows it: what is not known is null, a date is a date."""
    body: dict[str, Any] = {"@odata.context": f"{root}/$metadata#Collection({page.entity})"}
    end = page.start + page.rows.num_rows
    if end < page.total:
        top = f"&$top={asked.top}" if asked.top else ""
        token = skip_token(Place(page.sha256, end))
        body["@odata.nextLink"] = f"{call}?$format=application/json{top}&$skiptoken={token}"
    kind = f"#microsoft.graph.{page.entity}"
    body["value"] = [{"@odata.type": kind, **row} for row in page.rows.to_pylist()]
    return body


def _refuse(error: BadRequest) -> NoReturn:
    """A call of the wrong shape is a BadRequest, a value that does not fit an InvalidArgument (6.1)."""
    raise GraphProblem(400, "InvalidArgument" if error.field else "BadRequest", str(error)) from error


def _told(gaps: tuple[str, ...]) -> dict[str, str]:
    return {GAPS_HEADER: " ".join(gaps)} if gaps else {}


def _listed(request: Request, name: str) -> str | None:
    """A list header, which may be sent in several lines."""
    return ",".join(request.headers.getlist(name)) or None


@dataclass(frozen=True, slots=True)
class _Fetch:
    """The download: the signed address is all the permission it needs; an Authorization is not looked at."""

    services: Services

    def answer(self, request: Request) -> Response:
        parts = graph_services(self.services)
        match = visit_of(request.scope).match
        try:
            tenant, sha256 = parts.links.read(match.values["token"] if match else "")
        except NotFound as error:
            return PlainTextResponse(f"{error}\n", 403)
        visit_of(request.scope).tenant = tenant
        try:
            file = parts.prepared.find(tenant, sha256)
            download = Download(file.path, file.size, file.sha256, file.name, "application/octet-stream")
            return download_answer(download, request.headers, lambda text: PlainTextResponse(text, 416))
        except Gone as error:
            return PlainTextResponse(f"{error}\n", 404)
