"""Inbound shared user profiles: people of other organisations whom this tenant's channels let in (graph.md 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from waybill.api.graph_access import (
    authorize_graph,
    denied,
    graph_match,
    graph_services,
    has_permission,
    has_role,
    identify,
)
from waybill.api.graph_errors import GraphProblem
from waybill.api.graph_paths import GraphPattern
from waybill.api.graph_routes import graph_route, json_answer, version_root
from waybill.api.graph_start import invalid_guid, is_guid, no_such_resource
from waybill.api.odata import Offer, page_of, query_options, read_item_options, read_options, selected
from waybill.api.services import Services
from waybill.export import Access, Facts
from waybill.identity.directory_roles import GLOBAL_ADMINISTRATOR, GLOBAL_READER
from waybill.identity.graph_tokens import GraphCaller

SET = "/directory/inboundSharedUserProfiles"
_VERSIONS = ("beta",)
_LIST = GraphPattern(SET, _VERSIONS)
_ITEM = GraphPattern(f"{SET}/{{userId}}", _VERSIONS)
_REMOVE = GraphPattern(f"{SET}/{{userId}}/removePersonalData", _VERSIONS, bound=True)

OFFER = Offer(
    members=("userId", "userPrincipalName", "displayName", "homeTenantId"),
    filters={"userId": None, "userPrincipalName": None, "displayName": None, "homeTenantId": None},
    countable=False,
)

_READ_ALL = ("CrossTenantUserProfileSharing.Read.All", "CrossTenantUserProfileSharing.ReadWrite.All")
_WRITE_ALL = ("CrossTenantUserProfileSharing.ReadWrite.All",)

READ = Access(_READ_ALL, _READ_ALL, frozenset((GLOBAL_READER, GLOBAL_ADMINISTRATOR)))
READ_OWN = Access(
    _READ_ALL,
    ("CrossTenantUserProfileSharing.Read", "CrossTenantUserProfileSharing.ReadWrite", *_READ_ALL),
)
REMOVE = Access(_WRITE_ALL, _WRITE_ALL, frozenset((GLOBAL_ADMINISTRATOR,)))
REMOVE_OWN = Access(_WRITE_ALL, ("CrossTenantUserProfileSharing.ReadWrite", *_WRITE_ALL))


def profile_patterns() -> tuple[GraphPattern, ...]:
    """The canonical paths of the profiles; they are in beta only."""
    return (_LIST, _ITEM, _REMOVE)


def profile_routes(services: Services) -> list[Route]:
    """The profiles: list, one, and the request to forget one."""
    face = _Profiles(services)
    return [
        graph_route(_LIST, {"GET": face.every}, services),
        graph_route(_ITEM, {"GET": face.get}, services),
        graph_route(_REMOVE, {"POST": face.remove}, services),
    ]


@dataclass(frozen=True, slots=True)
class _Profiles:
    """The handlers."""

    services: Services

    def every(self, request: Request, _body: bytes) -> Response:
        """The profiles of the tenant's latest snapshot, by object id."""
        caller = authorize_graph(request, self.services, READ)
        asked = read_options(query_options(request.scope["query_string"]), OFFER)
        with self.services.open_latest(caller.tenant) as facts:
            page = page_of(self._profiles(caller, facts), asked)
        answer: dict[str, Any] = {"@odata.context": self._context(request)}
        if page.following is not None:
            options = urlencode({f"${name}": value for name, value in page.following.items()}, safe="$")
            answer["@odata.nextLink"] = f"{version_root(request, self.services)}{SET}?{options}"
        return json_answer({**answer, "value": page.items})

    def get(self, request: Request, _body: bytes) -> Response:
        """One profile."""
        caller, user_id = self._person(request, READ, READ_OWN)
        select = read_item_options(query_options(request.scope["query_string"]), OFFER.members)
        profile = self._profile(caller, user_id)
        context = {"@odata.context": f"{self._context(request)}/$entity"}
        return json_answer({**context, **selected(profile, select)})

    def remove(self, request: Request, _body: bytes) -> Response:
        """Ask for the person's data to be forgotten; asking again is no error."""
        caller, user_id = self._person(request, REMOVE, REMOVE_OWN)
        removals = graph_services(self.services).removals
        if not removals.requested(caller.tenant, user_id):
            self._profile(caller, user_id)
        removals.request(caller.tenant, user_id, caller.client_id)
        return Response(status_code=204)

    def _person(self, request: Request, access: Access, own: Access) -> tuple[GraphCaller, str]:
        """The caller and the lower-case id of the path, whose profile the caller may use."""
        caller = identify(request, self.services)
        key = graph_match(request).values["userId"]
        about_self = caller.delegated and caller.user_id == key.lower()
        allowed = has_permission(caller, access) and has_role(caller, access)
        if not (allowed or (about_self and has_permission(caller, own))):
            raise denied(request)
        if key.casefold() == "$count":
            raise GraphProblem(400, "BadRequest", "The resource inboundSharedUserProfiles cannot be counted.")
        if not is_guid(key):
            raise invalid_guid(key)
        return caller, key.lower()

    def _profile(self, caller: GraphCaller, user_id: str) -> dict[str, str]:
        with self.services.open_latest(caller.tenant) as facts:
            found = [one for one in self._profiles(caller, facts) if one["userId"] == user_id]
        if not found:
            raise no_such_resource(user_id)
        return found[0]

    def _profiles(self, caller: GraphCaller, facts: Facts) -> list[dict[str, str]]:
        hidden = graph_services(self.services).removals.hidden(caller.tenant, facts.as_of)
        rows = facts.table("profiles/inbound")
        return [dict(zip(OFFER.members, row, strict=True)) for row in rows if row[0] not in hidden]

    def _context(self, request: Request) -> str:
        return f"{version_root(request, self.services)}/$metadata#directory/inboundSharedUserProfiles"
