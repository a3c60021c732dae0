"""Snapshots held open for a while between short questions: opening one costs five times as much as the question."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from waybill.clock import Clock
from waybill.errors import WaybillError
from waybill.export import Facts, Sql
from waybill.tenant.registry import Registry

KEPT = timedelta(minutes=1)
"""From its opening on a snapshot is held no longer than this, and never into another day."""
MOST = 8
"""Snapshots held, over all tenants: each has some 20 MB."""

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Held:
    tenant: str
    facts: Facts
    file: _Stamp
    opened: datetime
    close: ExitStack


class HeldSnapshots:
    """The latest snapshot of each tenant, for questions of a few milliseconds. Each asker has a connection alone."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: list[_Held] = []

    @contextmanager
    def latest(self, tenant: str) -> Iterator[Facts]:
        """As Registry.open of the latest. Raises Conflict if there is none, DataProblem if it cannot be read.

        Which one is the latest, and that its file is still the same, is looked at each time.
        """
        held = self._taken(tenant, self._registry.latest(tenant).id)
        question, whole = _Question(held.facts), False
        try:
            yield cast(Facts, question)
            whole = True
        except WaybillError:  # what was asked for was refused; the connection is as good as before
            whole = True
            raise
        finally:
            if not (whole and not question.staged and self._put_back(held)):
                held.close.close()

    def sweep(self) -> int:
        """Close what was held long enough; how many."""
        with self._lock:
            over = [held for held in self._idle if not self._young(held)]
            self._idle = [held for held in self._idle if held not in over]
        for held in over:
            held.close.close()
        return len(over)

    def _taken(self, tenant: str, snapshot: str) -> _Held:
        self.sweep()
        with self._lock:
            mine = [held for held in self._idle if held.tenant == tenant]
            found = next((held for held in mine if self._is_now(held, snapshot)), None)
            # Of an older snapshot, or of a file that is another now: nobody will ask these again.
            stale = [held for held in mine if held is not found and not self._is_now(held, snapshot)]
            self._idle = [held for held in self._idle if held is not found and held not in stale]
        for held in stale:
            held.close.close()
        return found or self._open(tenant, snapshot)

    def _open(self, tenant: str, snapshot: str) -> _Held:
        now, file = self._clock.now(), self._stamp(tenant, snapshot)
        with ExitStack() as opened:
            facts = opened.enter_context(self._registry.open(tenant, snapshot))
            return _Held(tenant, facts, file, now, opened.pop_all())

    def _put_back(self, held: _Held) -> bool:
        with self._lock:
            if len(self._idle) >= MOST:
                return False
            self._idle.append(held)
            return True

    def _young(self, held: _Held) -> bool:
        now = self._clock.now()
        return now.date() == held.opened.date() and now - held.opened < KEPT

    def _is_now(self, held: _Held, snapshot: str) -> bool:
        return held.facts.snapshot == snapshot and held.file == self._stamp(held.tenant, snapshot)

    def _stamp(self, tenant: str, snapshot: str) -> _Stamp:
        try:
            stat = self._registry.path(tenant, snapshot).stat()
        except FileNotFoundError:
            return (0, 0, 0)  # whoever opens it says what is wrong
        return stat.st_ino, stat.st_size, stat.st_mtime_ns


class _Question:
    """The facts for one question, which notes whether it made temporary tables: those would outlive it."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.staged = False

    def stage(self, query: str | Sql, **parameters: Any) -> None:
        self.staged = True
        self._facts.stage(query, **parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._facts, name)
