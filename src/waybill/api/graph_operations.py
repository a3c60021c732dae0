"""Personal-data exports and their operations, as Microsoft Graph says them (graph.md 2, 3, 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from waybill.api.graph_access import authorize_graph, graph_match, graph_services, sees_everything
from waybill.api.graph_errors import GraphProblem
from waybill.api.graph_paths import GraphPattern
from waybill.api.graph_places import Places
from waybill.api.graph_routes import graph_route, json_answer, version_root
from waybill.api.graph_start import Start, invalid_guid, is_guid
from waybill.api.graph_throttle import CallerThrottle
from waybill.api.odata import (
    Offer,
    Page,
    page_of,
    query_options,
    read_item_options,
    read_options,
    selected,
)
from waybill.api.services import Operation, Services
from waybill.errors import NotFound
from waybill.export import Access, Export, Family
from waybill.identity.graph_tokens import GraphCaller

SET = "/dataPolicyOperations"
_COUNT, _ITEM = GraphPattern(f"{SET}/$count"), GraphPattern(f"{SET}/{{id}}")

READ = Access(("User.Export.All", "User.Read.All"), ("User.Export.All", "User.Read.All"))
"""Who may read operations; which of them is DPO-7."""

OFFER = Offer(
    members=(
        "id", "completedDateTime", "progress", "status", "storageLocation", "submittedDateTime", "userId",
    ),
    filters={
        "status": ("notStarted", "running", "complete", "failed", "unknownFutureValue"),
        "userId": None,
    },
    orders=("submittedDateTime",),
)  # fmt: skip

CALLS, WINDOW = 600, timedelta(minutes=10)
"""Exports one application may ask for in ten minutes. The real figures are not published."""

_USERS, _ME = "/users/{", "/me"


def graph_operation_catalog(catalog: tuple[Export, ...]) -> tuple[Export, ...]:
    """The exports of this family."""
    return tuple(export for export in catalog if export.family is Family.GRAPH_OPERATION)


def operation_patterns(catalog: tuple[Export, ...]) -> tuple[GraphPattern, ...]:
    """The canonical paths of this family; those before others that would also take their path come first."""
    starts = [one for export in graph_operation_catalog(catalog) for one in _start_patterns(export)]
    return (*starts, GraphPattern(SET), _COUNT, _ITEM)


def operation_routes(catalog: tuple[Export, ...], services: Services) -> list[Route]:
    """A POST for each export of this family, and the operations. No export is known by its name."""
    throttle, places = CallerThrottle(services.clock, CALLS, WINDOW), Places()
    face = _Operations(services)
    starts = [
        graph_route(pattern, {"POST": Start(export, services, throttle)}, services, places=places)
        for export in graph_operation_catalog(catalog)
        for pattern in _start_patterns(export)
    ]
    return [
        *starts,
        graph_route(GraphPattern(SET), {"GET": face.every}, services),
        graph_route(_COUNT, {"GET": face.count}, services),
        graph_route(_ITEM, {"GET": face.get}, services),
    ]


def _start_patterns(export: Export) -> list[GraphPattern]:
    """The export's own path; what is there for any user is there for `/me` as well (U7)."""
    found = [GraphPattern(export.path, export.versions, bound=True)]
    if export.path.startswith(_USERS):
        below = export.path.partition("}")[2]
        found.append(GraphPattern(_ME + below, export.versions, bound=True))
    return found


def no_such_operation() -> GraphProblem:
    """DPO-4: 400, not 404. Unknown ids, other tenants' and other people's answer alike."""
    return GraphProblem(400, "OperationNotFound", "Cannot find any operations with the input Id.")


def operation_body(operation: Operation) -> dict[str, Any]:
    """The members of a dataPolicyOperation, with exact types: progress is a number (graph.md 4).

    Why it failed and what it lacks, for which there are no members, are annotations: clients that do
    not know them pass them by.
    """
    told: dict[str, Any] = {}
    if operation.error:
        told["@waybill.reason"] = operation.error
    if operation.gaps:
        told["@waybill.gaps"] = operation.gaps
    return {
        "id": operation.id,
        "completedDateTime": None if operation.completed is None else _moment(operation.completed),
        "progress": float(operation.progress),
        "status": operation.status,
        "storageLocation": operation.storage_location,
        "submittedDateTime": _moment(operation.submitted),
        "userId": operation.user_id,
        **told,
    }


def _moment(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


@dataclass(frozen=True, slots=True)
class _Operations:
    """The handlers of what has been started."""

    services: Services

    def get(self, request: Request, _body: bytes) -> Response:
        """One operation (DPO-1)."""
        caller = authorize_graph(request, self.services, READ)
        select = read_item_options(query_options(request.scope["query_string"]), OFFER.members)
        key = graph_match(request).values["id"]
        if not is_guid(key):
            raise invalid_guid(key)
        try:
            found = graph_services(self.services).operations.get(caller.tenant, key.lower())
        except NotFound as error:
            raise no_such_operation() from error
        if not _visible(found, caller):
            raise no_such_operation()
        context = {"@odata.context": f"{self._context(request)}/$entity"}
        return json_answer({**context, **selected(operation_body(found), select)})

    def every(self, request: Request, _body: bytes) -> Response:
        """The operations the caller may see, newest first (DPO-2)."""
        page, count = self._page(request)
        answer: dict[str, Any] = {"@odata.context": self._context(request)}
        if count:
            answer["@odata.count"] = page.total
        if page.following is not None:
            options = urlencode({f"${name}": value for name, value in page.following.items()}, safe="$")
            answer["@odata.nextLink"] = f"{version_root(request, self.services)}{SET}?{options}"
        return json_answer({**answer, "value": page.items})

    def count(self, request: Request, _body: bytes) -> Response:
        """How many there are, as plain text; a filter counts."""
        page, _ = self._page(request)
        return PlainTextResponse(str(page.total))

    def _page(self, request: Request) -> tuple[Page, bool]:
        caller = authorize_graph(request, self.services, READ)
        asked = read_options(query_options(request.scope["query_string"]), OFFER)
        found = graph_services(self.services).operations.list(caller.tenant)
        return page_of((operation_body(one) for one in found if _visible(one, caller)), asked), asked.count

    def _context(self, request: Request) -> str:
        return f"{version_root(request, self.services)}/$metadata#dataPolicyOperations"


def _visible(operation: Operation, caller: GraphCaller) -> bool:
    """DPO-7: people without the role see the operations about themselves."""
    return sees_everything(caller) or operation.user_id == caller.user_id
