"""What is known of one HTTP request beside its bytes: its id, its canonical route, and who asked."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from waybill.api.urls import Match

_KEY = "waybill.visit"


@dataclass(slots=True)
class Visit:
    """One request. Only `client_id` and `tenant` change, once the token is verified (for the log)."""

    trace_id: str
    started: datetime
    match: Match | None
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
