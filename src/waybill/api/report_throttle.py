"""Counters of report calls over a sliding window, as the real service limits them (graph.md 1.6).

In memory and for one process: a restart forgets them, which gives a caller one window more.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

WINDOW = timedelta(minutes=10)
CSV_CALLS_PER_APP = 14
CSV_CALLS_PER_TENANT = 40
JSON_CALLS_PER_APP = 100
MAX_COUNTERS = 10_000
"""Beyond this the counter that was not used for longest is dropped; each holds at most 100 times."""


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted together: a report and its form, for a tenant, and for one app or ("") all of them."""

    report: str
    form: str
    tenant: str
    client_id: str


class Throttle:
    """Sliding windows. A call that is refused is not counted, so waiting always helps."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: OrderedDict[Counter, deque[datetime]] = OrderedDict()

    def csv(self, report: str, tenant: str, client_id: str, now: datetime) -> int:
        """Count a CSV call: 0 if it may go on, else after how many whole seconds (1 or more) to try again."""
        app = Counter(report, "csv", tenant, client_id)
        everybody = Counter(report, "csv", tenant, "")
        return self._take({app: CSV_CALLS_PER_APP, everybody: CSV_CALLS_PER_TENANT}, now)

    def json(self, report: str, tenant: str, client_id: str, now: datetime) -> int:
        """Count a JSON call, which has a counter of its own; returns as `csv`."""
        return self._take({Counter(report, "json", tenant, client_id): JSON_CALLS_PER_APP}, now)

    def _take(self, limits: dict[Counter, int], now: datetime) -> int:
        with self._lock:
            wait = max(self._wait(counter, limit, now) for counter, limit in limits.items())
            if not wait:
                for counter in limits:
                    self._calls[counter].append(now)
            return wait

    def _wait(self, counter: Counter, limit: int, now: datetime) -> int:
        calls = self._calls.setdefault(counter, deque())
        self._calls.move_to_end(counter)
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        if len(self._calls) > MAX_COUNTERS:
            self._calls.popitem(last=False)
        if len(calls) < limit:
            return 0
        return max(1, math.ceil((calls[0] + WINDOW - now).total_seconds()))
