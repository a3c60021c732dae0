"""Progress of a running job: written to its rows a few times a second, and the place where it learns to stop."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import sqlalchemy as sa

from waybill.clock import Clock
from waybill.errors import Cancelled
from waybill.jobs.operation_table import count_done
from waybill.jobs.table import State, move

PROGRESS_EVERY = timedelta(seconds=0.25)


class Interrupted(BaseException):
    """This process ends; the job goes on in the next one. Not an Exception, so that nothing takes it for a
    failure: neither an export nor the engine, which then keeps the job as pending."""


class Progress:
    """The `Watch` of one run of one job. Writes about four times a second and learns by the same statement
    of a cancellation, which may come from another process."""

    def __init__(self, control: sa.Engine, clock: Clock, guid: str, leaving: threading.Event) -> None:
        """`leaving` is set when this process is told to end."""
        self._control = control
        self._clock = clock
        self._guid = guid
        self._leaving = leaving
        self._sheet = ""
        self._rows = 0
        self._files: tuple[int, int] | None = None
        self._last: datetime | None = None

    def wrote(self, sheet: str, rows: int) -> None:
        self._sheet = sheet
        self._rows += rows
        self._pass()

    def delivered(self, files: int, expected: int) -> None:
        self._files = (files, expected)
        self._pass()

    def _pass(self) -> None:
        if self._leaving.is_set():
            raise Interrupted
        now = self._clock.now()
        if self._last is not None and now - self._last < PROGRESS_EVERY:
            return
        self._last = now
        values: dict[str, object] = {"progress_sheet": self._sheet, "progress_rows": self._rows}
        with self._control.begin() as connection:
            if self._files is not None and count_done(connection, self._guid, *self._files):
                # Whatever ended the process before, this job gets on: it is none that must be given up.
                values["attempts"] = 1
            still = move(connection, self._guid, (State.RUNNING,), State.RUNNING, **values)
        if still is None:
            raise Cancelled("This job was asked to stop.")
