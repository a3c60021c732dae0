"""Files of report calls: made at once rather than by a job, kept while they are used, never changed.

A file lies at `<folder>/<tenant>/<sha256>/<name>`, so what is at a path has those bytes for ever and
the hash is its ETag. Which request gave which file is remembered in memory only: after a restart
the same request on the same snapshot gives the same bytes again, under the same path. The time of a
file's folder says when it was last asked for.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BufferedWriter
from pathlib import Path
from threading import Lock
from urllib.parse import quote

import pyarrow as pa

from waybill.clock import Clock
from waybill.delivery import folder as disk
from waybill.errors import DataProblem, Gone
from waybill.export import Export, Facts, Received, Table, schema_of
from waybill.files.table_csv import write_csv
from waybill.jobs.report_concealment import concealed
from waybill.jobs.report_settings import ReportSettings

KEPT_UNUSED = timedelta(days=1)
REMEMBERED = 4096
"""How many answered requests are remembered; the one unused for longest is forgotten first."""

ROWS_NAME = "rows.arrow"
_MAKING = ".making"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REQUEST, _ENTITY = b"waybill.request", b"waybill.entity"


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A finished file: `sha256` in hex, `size` in bytes, the name clients save it under.

    gaps: what the snapshot could not tell, one sentence each (not known of a file that was found by hash).
    """

    sha256: str
    path: Path
    size: int
    name: str
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """Some rows of a table whose columns are named by their JSON members.

    `sha256` names the whole table, so that later pages are of the same rows; `start` is the place of the
    first row of this page, `total` counts all rows of the table.
    """

    entity: str
    rows: pa.Table
    sha256: str
    start: int
    total: int
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Key:
    """All that decides a file. `latest_day` and `today` are what a report knows beside the snapshot."""

    tenant: str
    snapshot: str
    latest_day: str
    today: str
    request: str
    form: str


class Prepared:
    """The prepared files of every tenant below `folder`. Safe to share between threads."""

    def __init__(self, folder: Path, settings: ReportSettings, clock: Clock) -> None:
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._lock = Lock()
        self._made: OrderedDict[_Key, PreparedFile] = OrderedDict()

    def csv(
        self,
        tenant: str,
        export: Export,
        received: Received,
        facts: Facts,
        *,
        guard_formulas: bool = False,
        conceal: bool | None = None,
    ) -> PreparedFile:
        """The CSV that answers this request on this snapshot, with names concealed as the tenant chose.

        guard_formulas: for people who open it in a spreadsheet. conceal: an operator's own choice.
        Raises what the export raises, DataProblem if the file cannot be read back, OSError on a full disk.
        """

        def write(file: BufferedWriter, table: Table, _request: str) -> None:
            write_csv(file, table, guard_formulas=guard_formulas)

        form = "csv, guarded" if guard_formulas else "csv"
        name = f"{export.file_stem}.csv"
        return self._prepare(tenant, export, received, facts, _Form(form, name, write, conceal))

    def page(self, tenant: str, export: Export, received: Received, facts: Facts, count: int) -> PreparedPage:
        """The first `count` rows. Raises as `csv`."""
        form = _Form("json", ROWS_NAME, _write_rows, None)
        file = self._prepare(tenant, export, received, facts, form)
        return replace(_read(file, 0, count), gaps=file.gaps)

    def later_page(
        self, tenant: str, export: Export, received: Received, sha256: str, start: int, count: int
    ) -> PreparedPage:
        """Rows from `start` of the table that a page came from, whatever snapshots came since.

        Raises Gone unless that table is still kept, answers this request, and hides as much as it
        must now.
        """
        file = self.find(tenant, sha256)
        page = _read(file, start, count) if file.name == ROWS_NAME else None
        request = _request_text(export, received, conceal=self._settings.conceals(tenant))
        if page is None or (page.rows.schema.metadata or {}).get(_REQUEST) != request.encode():
            raise _gone()
        return page

    def find(self, tenant: str, sha256: str) -> PreparedFile:
        """A file by its hash. Raises Gone when it was swept, or never was this tenant's."""
        place = self._place(tenant) / sha256
        names = [path for path in place.glob("*") if path.is_file()] if _SHA256.fullmatch(sha256) else []
        if len(names) != 1:
            raise _gone()
        self._used(place)
        return PreparedFile(sha256, names[0], names[0].stat().st_size, names[0].name)

    def sweep(self) -> int:
        """Delete what was not asked for since a day, and what crashes left half made; how many folders."""
        limit = (self._clock.now() - KEPT_UNUSED).timestamp()
        swept = 0
        for place in self._folder.glob("*/*"):
            if place.stat().st_mtime < limit:
                shutil.rmtree(place)
                swept += 1
        return swept

    def _prepare(
        self, tenant: str, export: Export, received: Received, facts: Facts, form: _Form
    ) -> PreparedFile:
        hides = self._settings.conceals(tenant) if form.conceal is None else form.conceal
        request = _request_text(export, received, conceal=hides)
        days = facts.latest_day.isoformat(), facts.today.isoformat()
        key = _Key(tenant, facts.snapshot, *days, request, form.name)
        known = self._known(key)
        if known is not None:
            return known
        table = export.report(export.read(received), facts)
        if not isinstance(table, Table):
            raise TypeError(f"{export.name} is not an export of tables.")
        if hides:
            table = concealed(table, self._settings.key(tenant))
        made = self._make(tenant, table, request, form)
        with self._lock:
            self._made[key] = made
            if len(self._made) > REMEMBERED:
                self._made.popitem(last=False)
        return made

    def _known(self, key: _Key) -> PreparedFile | None:
        """What was made before for this, if it is still there."""
        with self._lock:
            known = self._made.get(key)
            if known is None:
                return None
            self._made.move_to_end(key)
        if not known.path.is_file():  # swept: it is made again
            return None
        self._used(known.path.parent)
        return known

    def _make(self, tenant: str, table: Table, request: str, form: _Form) -> PreparedFile:
        """Write under a temporary name, publish by one rename under the hash of the bytes, read it again."""
        making = self._folder / _MAKING / self._clock.guid()
        making.mkdir(parents=True)
        try:
            temporary = making / form.file_name
            with temporary.open("wb") as file:
                form.write(file, table, request)
            with temporary.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size = temporary.stat().st_size
            final = self._place(tenant) / sha256 / form.file_name
            disk.publish(temporary, final)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        disk.verify(final, size, sha256)
        self._used(final.parent)
        return PreparedFile(sha256, final, size, form.file_name, table.gaps)

    def _place(self, tenant: str) -> Path:
        return self._folder / (quote(tenant, safe="").replace(".", "%2E") or "%")

    def _used(self, place: Path) -> None:
        now = self._clock.now().timestamp()
        with suppress(FileNotFoundError):  # swept in this very moment: asked for next, it is not found
            os.utime(place, (now, now))


@dataclass(frozen=True, slots=True)
class _Form:
    """How a table becomes a file: what the form is called, the file's name, its writer, whether to conceal."""

    name: str
    file_name: str
    write: Callable[[BufferedWriter, Table, str], None]
    conceal: bool | None


def _gone() -> Gone:
    return Gone("This report is no longer kept.", "Ask for it again from the start.")


def _request_text(export: Export, received: Received, *, conceal: bool) -> str:
    """The request as the export understands it, so that spellings of one request share a file."""
    return f"{export.name}\n{export.read(received)!r}\n{'concealed' if conceal else 'named'}"


def _write_rows(file: BufferedWriter, table: Table, request: str) -> None:
    """The table for pages: Arrow IPC, columns by their JSON members, without dictionary or compression."""
    fields = [
        pa.field(member, kind)
        for member, kind in zip(table.members, schema_of(table.columns).types, strict=True)
    ]
    schema = pa.schema(fields, {_REQUEST: request, _ENTITY: table.entity})
    with pa.ipc.new_file(file, schema) as writer:
        for batch in table.rows():
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))


def _read(file: PreparedFile, start: int, count: int) -> PreparedPage:
    """Rows `start` to `start + count` through a memory map: only their own pages are read from disk."""
    try:
        with pa.memory_map(str(file.path)) as source:
            whole = pa.ipc.open_file(source).read_all()
            rows = whole.slice(start, count)  # its buffers keep the map, even when the file is deleted
    except pa.ArrowInvalid as error:
        raise DataProblem("A prepared report is damaged.", "Ask for the report again.") from error
    entity = (rows.schema.metadata or {}).get(_ENTITY, b"").decode()
    return PreparedPage(entity, rows, file.sha256, start, len(whole))
