"""`/admin/reportSettings`: whether usage reports conceal names (graph.md 7)."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from waybill.api.graph_access import authorize_graph, graph_services
from waybill.api.graph_errors import GraphProblem
from waybill.api.graph_paths import GraphPattern
from waybill.api.graph_routes import graph_route, json_answer, read_json, version_root
from waybill.api.services import Services
from waybill.export import Access
from waybill.identity.directory_roles import (
    EXCHANGE_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    GLOBAL_READER,
    REPORTS_READER,
    SHAREPOINT_ADMINISTRATOR,
    SKYPE_ADMINISTRATOR,
    TEAMS_ADMINISTRATOR,
    TEAMS_COMMUNICATIONS_ADMINISTRATOR,
)

SETTINGS = GraphPattern("/admin/reportSettings")
MEMBER = "displayConcealedNames"

_CHANGE = "ReportSettings.ReadWrite.All"
_READ = "ReportSettings.Read.All"

READ_ACCESS = Access(
    (_READ, _CHANGE),
    (_READ, _CHANGE),
    frozenset(
        {
            GLOBAL_ADMINISTRATOR,
            EXCHANGE_ADMINISTRATOR,
            SHAREPOINT_ADMINISTRATOR,
            SKYPE_ADMINISTRATOR,
            TEAMS_ADMINISTRATOR,
            TEAMS_COMMUNICATIONS_ADMINISTRATOR,
            GLOBAL_READER,
            REPORTS_READER,
        }
    ),
)
"""Who may read the settings: the same people as may read a report (graph.md 1.5)."""
CHANGE_ACCESS = Access((_CHANGE,), (_CHANGE,), frozenset({GLOBAL_ADMINISTRATOR}))


def report_settings_route(services: Services) -> Route:
    """GET and PATCH; anything else is 405."""
    face = _Settings(services)
    return graph_route(SETTINGS, {"GET": face.read, "PATCH": face.change}, services)


@dataclass(frozen=True, slots=True)
class _Settings:
    services: Services

    def read(self, request: Request, _body: bytes) -> Response:
        caller = authorize_graph(request, self.services, READ_ACCESS)
        context = f"{version_root(request, self.services)}/$metadata#admin/reportSettings/$entity"
        conceals = graph_services(self.services).report_settings.conceals(caller.tenant)
        return json_answer({"@odata.context": context, MEMBER: conceals})

    def change(self, request: Request, body: bytes) -> Response:
        """204. Members we do not know are ignored, as Graph does."""
        caller = authorize_graph(request, self.services, CHANGE_ACCESS)
        if "content-type" not in request.headers:
            raise GraphProblem(415, "UnsupportedMediaType", "Send the body as application/json in UTF-8.")
        wanted = read_json(request, body).get(MEMBER)
        if not isinstance(wanted, bool):
            raise GraphProblem(400, "BadRequest", f"The body must hold {MEMBER}: true or false.")
        graph_services(self.services).report_settings.set_conceals(caller.tenant, wanted, caller.client_id)
        return Response(status_code=204)
