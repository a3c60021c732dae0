"""How often one application may ask for an export: a window of time per caller (graph.md 1.6, 2.3 row 3)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from waybill.clock import Clock


@dataclass(slots=True)
class _Window:
    began: datetime
    calls: int = 0


class CallerThrottle:
    """At most `calls` of one caller within `window`. Kept in memory: a restart forgives everybody.

    Only the `callers` seen last are remembered, so that strangers cannot fill the memory.
    """

    def __init__(self, clock: Clock, calls: int, window: timedelta, callers: int = 4096) -> None:
        self._clock = clock
        self._calls = calls
        self._window = window
        self._callers = callers
        self._windows: OrderedDict[tuple[str, str], _Window] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, tenant: str, client_id: str) -> float:
        """Count one call. 0.0 if it may go on, else the seconds until the window ends."""
        now = self._clock.now()
        with self._lock:
            window = self._windows.setdefault((tenant, client_id), _Window(now))
            self._windows.move_to_end((tenant, client_id))
            if not timedelta() <= now - window.began < self._window:
                window.began, window.calls = now, 0
            window.calls += 1
            while len(self._windows) > self._callers:
                self._windows.popitem(last=False)
            if window.calls <= self._calls:
                return 0.0
            return (window.began + self._window - now).total_seconds()
