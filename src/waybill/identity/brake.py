"""A brake on guessing secrets: after some failures in a minute, the rest of the minute is refused unseen."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass

from waybill.clock import Clock
from waybill.identity.apps import LONGEST_ID
from waybill.identity.refusals import TooManyAttempts

FAILURES = 20
WINDOW_SECONDS = 60.0
MOST_REMEMBERED = 4096


@dataclass(slots=True)
class _Window:
    started: float
    failures: int


class Brake:
    """Counts failures per client id *and* address.

    Per client id alone, a stranger could lock an application out by failing in its name. Secrets are
    256 random bits: this saves our CPU and makes a misconfigured client visible, nothing rests on it.
    Memory is bounded: the client that failed longest ago is forgotten first.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: OrderedDict[tuple[str, str], _Window] = OrderedDict()

    def check(self, client_id: str, address: str) -> None:
        """Raises TooManyAttempts with the seconds left while the brake is on."""
        now = self._clock.now().timestamp()
        place = _place(client_id, address)
        with self._lock:
            window = self._windows.get(place)
            if window is None or window.failures < FAILURES:
                return
            left = window.started + WINDOW_SECONDS - now
            if left > 0:
                raise TooManyAttempts(retry_after=math.ceil(left))
            del self._windows[place]

    def failed(self, client_id: str, address: str) -> None:
        """Count one failure."""
        now = self._clock.now().timestamp()
        place = _place(client_id, address)
        with self._lock:
            window = self._windows.pop(place, None)
            if window is None or now - window.started >= WINDOW_SECONDS:
                window = _Window(now, 0)
            window.failures += 1
            self._windows[place] = window
            while len(self._windows) > MOST_REMEMBERED:
                self._windows.popitem(last=False)

    def __len__(self) -> int:
        return len(self._windows)


def _place(client_id: str, address: str) -> tuple[str, str]:
    return client_id[:LONGEST_ID], address  # a made-up id may be as long as a request body
