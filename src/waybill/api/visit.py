"""What is known of one HTTP request beside its bytes: its ids, its face and canonical route, and who asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from waybill.api.urls import Match

_KEY = "waybill.visit"


@dataclass(frozen=True, slots=True)
class Face:
    """One protocol family, as the edge sees it.

    owns(raw path)       -> whether the path is this family's, known or not
    find(raw path)       -> the canonical route it fits, if any
    refuse(error, visit) -> the answer to a request that failed, in the family's own words
    headers(visit)       -> what every answer of the family carries beside request-id
    """

    owns: Callable[[bytes], bool]
    find: Callable[[bytes], Match | None]
    refuse: Callable[[Exception, Visit], Response]
    headers: Callable[[Visit], Mapping[str, str]] = lambda _visit: {}


@dataclass(slots=True)
class Visit:
    """One request. Only `client_id` and `tenant` change, once the token is verified (for the log).

    `client_request_id` is the caller's own id of the request, or `trace_id` again if it sent none.
    """

    trace_id: str
    started: datetime
    match: Match | None
    face: Face
    client_request_id: str
    client_id: str = ""
    tenant: str = ""


def attach(scope: MutableMapping[str, Any], visit: Visit) -> None:
    """Let everything behind the edge find this visit in the ASGI scope."""
    scope[_KEY] = visit


def visit_of(scope: MutableMapping[str, Any]) -> Visit:
    """The visit of this request; the edge attaches one to every HTTP request."""
    visit = scope[_KEY]
    if not isinstance(visit, Visit):  # only a mistake in wiring can bring this about
        raise TypeError("The request did not come through waybill.api.edge.Edge.")
    return visit
