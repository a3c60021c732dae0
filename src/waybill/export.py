"""What an export is: frozen values that the API, the jobs and the file writers understand alike.

An export is one module in `waybill.exports` that builds one `Export` value, and one line in the
catalog there. Routes, OpenAPI, scope checks, CLI commands and the law tests follow from the value.
Nothing here knows HTTP, jobs, storage or the engine that answers queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import pyarrow as pa

Received = Mapping[str, tuple[str, ...]]
"""Parameters as received: wire name -> the values, already percent-decoded, in order."""

Batches = Iterator[pa.RecordBatch]
Rows = Callable[[], Batches]
"""Rows are pulled once, when their sheet is written: nothing is computed before it is needed."""


class Kind(StrEnum):
    """What a column holds, with the Arrow type its batches must have."""

    TEXT = "text"  # string
    LINK = "link"  # string, an absolute URL
    INT = "int"  # int64
    BOOL = "bool"  # bool
    TIME = "time"  # timestamp[us], UTC without zone


ARROW: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.LINK: pa.string(),
    Kind.INT: pa.int64(),
    Kind.BOOL: pa.bool_(),
    Kind.TIME: pa.timestamp("us"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet. `name` is the English heading and the key of its translations.

    `words` says that cells hold fixed words ("Member", "Unique") which are translated with the
    headings; names, claims, URLs and permission levels never are. A column that holds names as well
    lists in `only` the words it may hold: a group that is called "Members" keeps its name.
    """

    name: str
    kind: Kind = Kind.TEXT
    width: int = 20
    words: bool = False
    only: tuple[str, ...] = ()


def schema_of(columns: tuple[Column, ...]) -> pa.Schema:
    """The Arrow schema every batch of a sheet with these columns has."""
    return pa.schema([pa.field(column.name, ARROW[column.kind]) for column in columns])


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: the name people see, its columns in order, and rows that fit them."""

    name: str
    columns: tuple[Column, ...]
    rows: Rows


EXCEPTION_COLUMNS = (
    Column("Severity", words=True, width=10),
    Column("Site Url", Kind.LINK, width=50),
    Column("Object", width=50),
    Column("Principal", width=40),
    Column("Code", width=20),
    Column("Message", width=90),
)

ABOUT_COLUMNS = (
    Column("Section", words=True, width=18),
    Column("Item", words=True, width=34),
    Column("Value", width=110),
)


class Language(StrEnum):
    """The languages of the vendor's SDK (insights.md 1.3)."""

    EN = "en-US"
    JA = "ja-JP"
    FR = "fr-FR"


@dataclass(frozen=True, slots=True)
class AboutLine:
    """One line of the About sheet."""

    section: str
    item: str
    value: str


@dataclass(frozen=True, slots=True)
class Report:
    """What an export yields. The runner writes `sheets` in order, then Exceptions, then About.

    `exceptions` is pulled after all sheets; the runner appends what the writer itself had to do
    (cut cells, split sheets). Nothing in a report depends on the job, only on request and snapshot.
    """

    language: Language
    sheets: tuple[Sheet, ...]
    exceptions: Rows
    about: Callable[[], tuple[AboutLine, ...]]


class Facts(Protocol):
    """One pinned, immutable snapshot of one tenant, as an export sees it.

    `query` names a file below `waybill/tenant/queries` without its ending, or is a `Sql` value.
    Parameters are bound as `$name`.
    """

    @property
    def snapshot(self) -> str: ...
    @property
    def tenant(self) -> str: ...
    @property
    def as_of(self) -> datetime: ...
    def stage(self, query: str | Sql, **parameters: Any) -> None:
        """Run statements that leave temporary tables behind for later queries of this job."""

    def rows(self, query: str | Sql, columns: tuple[Column, ...], **parameters: Any) -> Batches:
        """Stream a query as batches that fit `columns` (positional)."""

    def table(self, query: str | Sql, **parameters: Any) -> list[tuple[Any, ...]]:
        """A small result, whole."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement given as text rather than by the name of its file."""

    text: str


class Where(StrEnum):
    PATH = "path"
    QUERY = "query"


class Family(StrEnum):
    """The wire protocol an export speaks; one module in `waybill.api` each."""

    INSIGHTS = "insights"


@dataclass(frozen=True, slots=True)
class Field:
    """One request field, told once for the HTTP API, OpenAPI and the command line.

    `wire` is the name on the wire (query names are matched without case), `option` the CLI option
    without dashes, `choices` the spellings shown to people; parsing itself is `Export.read`.
    """

    wire: str
    option: str
    help: str
    where: Where = Where.QUERY
    many: bool = False
    required: bool = False
    integer: bool = False
    flag: bool = False
    choices: tuple[str, ...] = ()
    hidden: bool = False  # accepted, but not offered in the docs


@dataclass(frozen=True, slots=True)
class Export:
    """One export: its place on the wire, its fields, and the two functions that answer it.

    read(received)        -> request value; raises BadRequest with the wire name at fault.
    admit(request, facts) -> raises NotFound or BadRequest for what only the snapshot can tell.
    report(request, facts)-> the Report; may be run again from the top at any time.
    sample(facts)         -> a valid request on this snapshot, for docs, the demo and the law tests.
    """

    name: str
    title: str
    description: str
    family: Family
    path: str
    file_stem: str
    fields: tuple[Field, ...]
    read: Callable[[Received], Any]
    admit: Callable[[Any, Facts], None]
    report: Callable[[Any, Facts], Report]
    sample: Callable[[Facts], Received]
    scope: str = "insights.graph.readwrite.all"


@dataclass(frozen=True, slots=True)
class SheetCount:
    """How many rows a sheet got, over all its parts."""

    name: str
    rows: int
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Produced:
    """A finished file: where it lies, what is in it, and its strong ETag (SHA-256, hex)."""

    path: str
    size: int
    sha256: str
    counts: tuple[SheetCount, ...] = field(default=())
    exceptions: int = 0
