"""Jobs as they stand, read in some 10 microseconds and without waiting: what an event loop may do by itself.

The way through SQLAlchemy and a thread takes twenty times as long (docs/performance.md), for the call
that clients make most.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType, SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from waybill.jobs.table import Job, job_of, job_table

Key = tuple[str, int]
"""A tenant, and the number of a job of its."""

MOST = 100
"""Keys of one read; its statement has two values for each."""

_ALL = str(sa.select(job_table).compile(dialect=sqlite.dialect()))
_COLUMNS = tuple(job_table.c.keys())
_NONE: Mapping[Key, Job] = MappingProxyType({})


class Glance:
    """Reads the job rows of a control store that is one SQLite file, by a connection of each thread's own.

    In WAL mode readers wait for nobody; where one would have to all the same (busy, a store that is no
    such file), nothing is found and the caller asks again in a thread.
    """

    def __init__(self, control: sa.Engine) -> None:
        url = control.url
        self._path = url.database if url.get_backend_name() == "sqlite" else None
        self._own = threading.local()

    def jobs(self, keys: Sequence[Key]) -> Mapping[Key, Job]:
        """Those of the first 100 jobs asked for that can be told at once, as they stand now."""
        asked = keys[:MOST]
        if not asked or not self._path or self._path == ":memory:":
            return _NONE
        values = [value for key in asked for value in key]
        try:
            # To the last row: a statement left half-read would pin what it sees.
            rows = self._connection(self._path).execute(_query(len(asked)), values).fetchall()
        except sqlite3.DatabaseError:  # `get` says what is wrong, if it still is
            self._own.connection = None
            return _NONE
        return {(job.tenant, job.number): job for job in map(_job, rows)}

    def _connection(self, path: str) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = sqlite3.connect(path, timeout=0, isolation_level=None)
            self._own.connection = connection
        return connection


@lru_cache(maxsize=MOST)
def _query(count: int) -> str:
    # SQLite takes the index of (tenant, number) for each of these; for a list of pairs it would read the table.
    return f"{_ALL} WHERE {' OR '.join(['tenant = ? AND number = ?'] * count)}"


@lru_cache(maxsize=256)
def _job(row: tuple[Any, ...]) -> Job:
    """The value of a row. The row is read each time; only what it says is not understood anew each time."""
    return job_of(SimpleNamespace(**dict(zip(_COLUMNS, row, strict=True))))
