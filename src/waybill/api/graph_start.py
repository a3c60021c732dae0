"""The call that starts a personal-data export: its checks in their order, then 202 (graph.md 2, 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waybill.api.graph_access import denied, graph_match, graph_services, has_permission, has_role, identify
from waybill.api.graph_errors import GraphProblem, too_many_requests
from waybill.api.graph_routes import Slow, json_answer, read_json, version_root
from waybill.api.graph_throttle import CallerThrottle
from waybill.api.services import Services
from waybill.errors import BadRequest, LocationFault, LocationRefused, NotFound
from waybill.export import Access, Export, Facts, Received, Where
from waybill.identity.graph_tokens import GraphCaller

RETRY_AFTER_SECONDS = 60
"""What the real service always says (graph.md 2.2)."""

THROTTLED = (
    "Client application has been throttled and should not attempt to repeat the request "
    "until an amount of time has elapsed."
)
_MAY_BE_A_NAME = re.compile(r"[A-Za-z0-9._-]{1,63}")
"""What a registered destination can be called, and no URL."""
_FORBIDDEN = "Access is denied to the requested resource. The user might not have enough permission."


@dataclass(frozen=True, slots=True)
class _Person:
    """Whom to export: the object id, and the snapshot that knows them."""

    user_id: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class Start:
    """The handler of one export. `export.access` and `export.subject` must be set."""

    export: Export
    services: Services
    throttle: CallerThrottle

    def __call__(self, request: Request, body: bytes) -> Slow:
        """Rows 1 to 4 of graph.md 2.3, the first failure wins; what is left asks the storage.

        The token's permission is looked at before them, as Graph's gateway does; the person's
        directory role in row 4, as the service behind it does. A person's name (row 1) and a
        destination's (row 2) are looked up only for callers who would pass row 4: others learn
        nothing of who exists, or of what is registered.
        """
        access, root = self._access(), version_root(request, self.services)
        caller = identify(request, self.services)
        if not has_permission(caller, access):
            raise denied(request)
        sent = read_json(request, body)
        key = self._key(request, caller)
        asked = self._read(key)
        allowed = has_role(caller, access)
        if allowed and not is_guid(key):
            key = self._object_id(caller, asked, key)
            asked = self._read(key)
        location = self._location(caller, sent, allowed=allowed)
        self._count(caller)
        if not allowed:
            raise GraphProblem(403, "Forbidden", _FORBIDDEN)
        person = self._person(caller, asked, key)
        return Slow(caller.tenant, lambda: self._begin(caller, person, location, root))

    def _begin(self, caller: GraphCaller, person: _Person, location: str, root: str) -> Response:
        """Rows 5 to 11."""
        operation = graph_services(self.services).operations.begin(
            tenant=caller.tenant,
            export=self.export.name,
            subject=person.user_id,
            received=self._received(person.user_id),
            client_id=caller.client_id,
            snapshot=person.snapshot,
            storage_location=location,
        )
        return self._accepted(f"{root}/dataPolicyOperations/{operation.id}")

    def _access(self) -> Access:
        if self.export.access is None or self.export.subject is None:
            raise TypeError(f"The export {self.export.name} must say who may ask, and for whom.")
        return self.export.access

    def _key(self, request: Request, caller: GraphCaller) -> str:
        """The id of the path; of /me the signed-in person's."""
        values = graph_match(request).values
        wire = self._wire()
        if wire in values:
            return values[wire]
        if not caller.delegated:
            raise GraphProblem(
                400, "BadRequest", "/me request is only valid with delegated authentication flow."
            )
        return caller.user_id

    def _wire(self) -> str:
        return key_field(self.export)

    def _received(self, key: str) -> Received:
        return {self._wire(): (key,)}

    def _read(self, key: str) -> Any:
        """Row 1: what cannot be an id."""
        try:
            return self.export.read(self._received(key))
        except BadRequest as error:
            if error.field != self._wire():
                raise
            raise invalid_guid(key) from error

    def _object_id(self, caller: GraphCaller, asked: Any, key: str) -> str:
        """Row 1 for names: one that is nobody's is as little an id as any other text."""
        try:
            with self.services.open_latest(caller.tenant) as facts:
                return self._subject(asked, facts)
        except NotFound as error:
            raise invalid_guid(key) from error

    def _location(self, caller: GraphCaller, sent: Mapping[str, Any], *, allowed: bool) -> str:
        """Row 2. Every name passes it for callers whom row 4 will refuse."""
        location = sent.get("storageLocation")
        if not isinstance(location, str) or not location:
            raise LocationRefused(LocationFault.INVALID, "There is no storageLocation.")
        if allowed or not _MAY_BE_A_NAME.fullmatch(location):
            graph_services(self.services).operations.check(caller.tenant, location)
        return location

    def _count(self, caller: GraphCaller) -> None:
        """Row 3."""
        wait = self.throttle.wait(caller.tenant, caller.client_id)
        if wait:
            raise too_many_requests(THROTTLED, wait)

    def _person(self, caller: GraphCaller, asked: Any, key: str) -> _Person:
        """Adaptation (c) of graph.md 2.3: 404 for somebody this tenant does not have, or was asked to forget.

        The snapshot is closed again before the storage is asked, which may take long.
        """
        removals = graph_services(self.services).removals
        with self.services.open_latest(caller.tenant) as facts:
            try:
                self.export.admit(asked, facts)
                user_id = self._subject(asked, facts)
            except NotFound as error:
                raise no_such_resource(key) from error
            if user_id in removals.hidden(caller.tenant, facts.as_of):
                raise no_such_resource(key)
            return _Person(user_id, facts.snapshot)

    def _subject(self, asked: Any, facts: Facts) -> str:
        assert self.export.subject is not None  # noqa: S101  `_access` has looked
        return self.export.subject(asked, facts)

    def _accepted(self, location: str) -> Response:
        headers = {"location": location, "retry-after": str(RETRY_AFTER_SECONDS)}
        if self.export.accepted_body:
            body = {"Location": location, "Retry-After": RETRY_AFTER_SECONDS}
            return json_answer(body, 202, headers)
        return Response(status_code=202, headers=headers)


def key_field(export: Export) -> str:
    """The wire name of the export's key in the path."""
    return next(one.wire for one in export.fields if one.where is Where.PATH)


_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def is_guid(text: str) -> bool:
    """Whether a key is an object id, in any case."""
    return _GUID.fullmatch(text) is not None


def invalid_guid(key: str) -> GraphProblem:
    """Row 1 and DPO-5."""
    return GraphProblem(
        400, "InvalidInput", f"The specified object-id: {key} in the request uri is an invalid Guid."
    )


def no_such_resource(key: str) -> GraphProblem:
    """404 in the directory's words."""
    return GraphProblem(
        404,
        "Request_ResourceNotFound",
        f"Resource '{key}' does not exist or one of its queried reference-property objects are not present.",
    )
