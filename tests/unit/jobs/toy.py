"""A toy export whose pace the tests decide, and the parts to run it with."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa

from waybill.clock import SYSTEM_CLOCK, Clock
from waybill.control import open_control
from waybill.errors import BadRequest
from waybill.export import (
    EXCEPTION_COLUMNS,
    AboutLine,
    Batches,
    Column,
    Export,
    Facts,
    Family,
    Kind,
    Language,
    Received,
    Report,
    Sheet,
    Sql,
    schema_of,
)
from waybill.jobs.produce import Means
from waybill.jobs.service import Jobs
from waybill.settings import Settings

DEADLINE = 30.0
COLUMNS = (Column("Number", Kind.INT), Column("Text"))
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class ToyFacts:
    """A snapshot that holds nothing but its name."""

    tenant: str
    snapshot: str
    as_of: datetime = datetime(2026, 1, 2, tzinfo=UTC)
    today: date = date(2026, 11, 21)
    latest_day: date = date(2026, 11, 19)

    def stage(self, query: str | Sql, **parameters: Any) -> None:
        raise NotImplementedError

    def rows(self, query: str | Sql, columns: tuple[Column, ...], **parameters: Any) -> Batches:
        raise NotImplementedError

    def table(self, query: str | Sql, **parameters: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def content(self, key: str) -> Iterator[bytes]:
        raise NotImplementedError


@contextmanager
def open_facts(tenant: str, snapshot: str) -> Iterator[Facts]:
    yield ToyFacts(tenant, snapshot)


def wait_until(what: Callable[[], bool], why: str) -> None:
    """Poll until `what` holds; fails with `why` after the deadline."""
    end = time.monotonic() + DEADLINE
    while not what():
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE} s: {why}")
        time.sleep(0.01)


def feed(gate: Path) -> Callable[[], bool]:
    """Each call lets one more batch through the gate, so that a job notices what it should between two."""
    numbers = count()

    def one_more() -> bool:
        (gate / str(next(numbers))).touch()
        return False

    return one_more


def received(gate: Path | None = None, *, batches: int = 3, mode: str = "", name: str = "toy") -> Received:
    """A request for `batches` batches; batch i waits until the file `gate/i` or `gate/open` exists."""
    return {
        "gate": (str(gate) if gate else "",),
        "batches": (str(batches),),
        "mode": (mode,),
        "name": (name,),
    }


def _read(got: Received) -> dict[str, str]:
    request = {name: values[0] for name, values in got.items()}
    if request["mode"] == "refuse":
        raise BadRequest("The toy does not like this.", "Ask for something else.", "mode")
    return request


def _rows(request: dict[str, str]) -> Batches:
    gate = Path(request["gate"]) if request["gate"] else None
    for number in range(int(request["batches"])):
        if gate is not None:
            (gate / f"{request['name']}-asked-{number}").touch()
            wait_until(lambda n=number: (gate / "open").exists() or (gate / str(n)).exists(), "gate")  # type: ignore[misc]  # mypy cannot infer a lambda's default
        values = range(number * BATCH, (number + 1) * BATCH)
        yield pa.RecordBatch.from_arrays(
            [pa.array(values, pa.int64()), pa.array([f"row {value}" for value in values])],
            schema=schema_of(COLUMNS),
        )


def _odd_rows() -> Batches:
    texts = ["x" * 40_000, "bell\x07", "=cmd|'/c calc'!A0"]
    yield pa.RecordBatch.from_arrays(
        [pa.array([1, 2, 3], pa.int64()), pa.array(texts)], schema=schema_of(COLUMNS)
    )


def _exceptions() -> Batches:
    line = ("Warning", "https://a.example/s", "object", "someone", "PRINCIPAL_DELETED", "Gone.")
    yield pa.RecordBatch.from_arrays([pa.array([text]) for text in line], schema=schema_of(EXCEPTION_COLUMNS))


def _none() -> Batches:
    return iter(())


def _report(request: dict[str, str], facts: Facts) -> Report:
    mode = request["mode"]
    if mode == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "boom":
        raise RuntimeError("secret: https://x.blob.example/c?sig=abcdef0123456789")
    if mode == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    rows = _odd_rows if mode == "odd" else lambda: _rows(request)
    return Report(
        language=Language.EN,
        sheets=(Sheet("Numbers", COLUMNS, rows),),
        exceptions=_exceptions if mode == "exceptions" else _none,
        about=lambda: (AboutLine("Request", "Snapshot", facts.snapshot),),
    )


TOY = Export(
    name="toy",
    title="Toy",
    description="A toy.",
    family=Family.INSIGHTS,
    path="/insights/toy/export",
    file_stem="ToyReport",
    fields=(),
    read=_read,
    admit=lambda _request, _facts: None,
    report=_report,
    sample=lambda _facts: received(),
)


class Hands:
    """A clock that goes like the system's, moved by as much as a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: SYSTEM_CLOCK.now() + self.ahead)


def means(settings: Settings) -> Means:
    return Means(
        {TOY.name: TOY}, open_facts, lambda sheet, _language: sheet, settings.work_path, settings.files_path
    )


def jobs_in(settings: Settings, clock: Clock = SYSTEM_CLOCK) -> Jobs:
    return Jobs(open_control(settings.control_path), settings, clock)
