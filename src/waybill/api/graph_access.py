"""Who may make a Graph call: the token's app roles, or its scopes with the person's directory roles."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

from waybill.api.access import bearer
from waybill.api.graph_errors import GraphProblem
from waybill.api.services import GraphServices, Services
from waybill.api.urls import Match
from waybill.api.visit import visit_of
from waybill.export import Access
from waybill.identity.directory_roles import GLOBAL_ADMINISTRATOR
from waybill.identity.graph_tokens import GraphCaller

_CALLER = "waybill.graph_caller"
_REPORT_ROUTES = ("/graph/reports/", "/graph/admin/reportsettings")


def graph_services(services: Services) -> GraphServices:
    """The parts of the Graph face; its routes exist only where they do."""
    if services.graph is None:  # only a mistake in wiring can bring this about
        raise TypeError("The routes of the Graph face need Services.graph.")
    return services.graph


def graph_match(request: Request) -> Match:
    """What the edge found in the raw path; 404 where only a router's decoding led here."""
    match = visit_of(request.scope).match
    if match is None:
        raise HTTPException(404)
    return match


def identify(request: Request, services: Services) -> GraphCaller:
    """The caller that the bearer token proves; verified once for each request. Raises TokenRefused (401)."""
    known = request.scope.get(_CALLER)
    if isinstance(known, GraphCaller):
        return known
    caller = graph_services(services).verify_graph(bearer(request))
    request.scope[_CALLER] = caller
    visit = visit_of(request.scope)
    visit.client_id, visit.tenant = caller.client_id, caller.tenant
    return caller


def authorize_graph(request: Request, services: Services, access: Access) -> GraphCaller:
    """The caller, who may make this call. Raises TokenRefused (401) or GraphProblem (403); graph.md 1.5."""
    caller = identify(request, services)
    if not (has_permission(caller, access) and has_role(caller, access)):
        raise denied(request)
    return caller


def has_permission(caller: GraphCaller, access: Access) -> bool:
    """Whether the token itself allows it. App roles never count for people, nor scopes for applications."""
    if caller.delegated:
        return not caller.scopes.isdisjoint(access.scopes)
    return not caller.app_roles.isdisjoint(access.app_roles)


def has_role(caller: GraphCaller, access: Access) -> bool:
    """Whether the signed-in person's directory roles allow it; applications need none."""
    if not caller.delegated or not access.directory_roles:
        return True
    return not caller.directory_roles.isdisjoint(access.directory_roles)


def sees_everything(caller: GraphCaller) -> bool:
    """Whether the caller sees every operation of the tenant, rather than those about themself (DPO-7)."""
    return not caller.delegated or GLOBAL_ADMINISTRATOR in caller.directory_roles


def denied(request: Request) -> GraphProblem:
    """403 in the words of the service that answers behind this path: reports have their own."""
    if graph_match(request).pattern.casefold().startswith(_REPORT_ROUTES):
        return GraphProblem(403, "S2SUnauthorized", "Invalid permission.")
    return GraphProblem(
        403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
    )
