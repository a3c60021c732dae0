"""The time and fresh identifiers, passed in wherever they are needed, so that tests can decide them."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _new_guid() -> str:
    return str(uuid.uuid4())


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Clock:
    """Everything that differs from one run to the next: the time (aware, UTC), GUIDs and secrets."""

    now: Callable[[], datetime] = _utc_now
    guid: Callable[[], str] = _new_guid
    secret: Callable[[], str] = _new_secret


SYSTEM_CLOCK = Clock()
