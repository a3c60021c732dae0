"""What an export is: frozen values that the API, the jobs and the file writers understand alike.

An export is one module in `waybill.exports` that builds one `Export` value, and one line in the
catalog there. Routes, OpenAPI, scope checks, CLI commands and the law tests follow from the value.
Nothing here knows HTTP, jobs, storage or the engine that answers queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

    ARROW: Mapping[Kind, pa.DataType]
    """The Arrow type of each kind of column."""

Received = Mapping[str, tuple[str, ...]]
"""Parameters as received: wire name -> the values, already percent-decoded, in order."""

Batches: TypeAlias = "Iterator[pa.RecordBatch]"
Rows = Callable[[], Batches]
"""Rows are pulled once, when their sheet is written: nothing is computed before it is needed."""


class Kind(StrEnum):
    """What a column holds, with the Arrow type its batches must have."""

    TEXT = "text"  # string
    LINK = "link"  # string, an absolute URL
    INT = "int"  # int64
    BOOL = "bool"  # bool
    TIME = "time"  # timestamp[us], UTC without zone
    DATE = "date"  # date32


@cache
def _arrow() -> Mapping[Kind, pa.DataType]:
    import pyarrow as pa  # here, not above: it is two fifths of the start of a command that needs none of it

    return {
        Kind.TEXT: pa.string(),
        Kind.LINK: pa.string(),
        Kind.INT: pa.int64(),
        Kind.BOOL: pa.bool_(),
        Kind.TIME: pa.timestamp("us"),
        Kind.DATE: pa.date32(),
    }


def __getattr__(name: str) -> Any:
    """ARROW is made when it is first asked for."""
    if name == "ARROW":
        return _arrow()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
    import pyarrow as pa

    return pa.schema([pa.field(column.name, _arrow()[column.kind]) for column in columns])


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


@dataclass(frozen=True, slots=True)
class Wording:
    """How the page for people shows a file of records.

    tells: what the file tells, in words for a lay person; labels: words for its members, by name
    main: members that get a column each, where there are too many for that; unfolded: shown open
    """

    tells: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    main: tuple[str, ...] = ()
    unfolded: bool = False


NO_WORDING = Wording()


@dataclass(frozen=True, slots=True)
class Records:
    """One JSON file of a bundle: an array of records (graph.md 8).

    path: place in the container, "20/Memberships.json"; product: the folder's meaning in words
    title: for the index page; source: where the facts come from, in words a person understands
    rows: (when it happened or was read, the record's own members); values are JSON values. Pulled
    once. A file without rows is not delivered: the manifest names it as looked for and found empty.
    as_of: the time (aware) its facts are of, where that is not the snapshot's
    """

    path: str
    product: str
    title: str
    source: str
    rows: Callable[[], Iterator[tuple[datetime, Mapping[str, Any]]]]
    wording: Wording = NO_WORDING
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """One file of a bundle as it is, byte for byte. `size` in bytes as the source states it, if it does.

    `open` may be called again for a retry; it raises ContentMissing if the bytes cannot be had,
    which the manifest then names. `as_of` as of Records.
    """

    path: str
    product: str
    title: str
    source: str
    size: int | None
    open: Callable[[], Iterator[bytes]]
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that belongs in a bundle but could not be read: its place, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a personal-data export yields: many files about one person.

    The runner adds `index.html` and `manifest.json`. `parts` come in order and are pulled one by
    one, `gaps` after all of them; `expected` is about how many files there will be, for progress.
    Nothing depends on the job, only on request and snapshot. `organisation`: the tenant's name, and
    `not_covered`: what such an export never holds, for the page.
    """

    subject: str
    display_name: str
    expected: int
    parts: Callable[[], Iterator[Records | Content]]
    gaps: Callable[[], Iterator[Gap]]
    about: Callable[[], tuple[AboutLine, ...]]
    organisation: str = ""
    not_covered: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """What a report call yields: one flat table, as CSV or as JSON objects (graph.md 6.3, 6.6).

    members: the JSON member of each column; entity: the JSON type's name, without namespace
    json_only: columns (names) the CSV does not have
    names, ids: columns whose values are replaced when the tenant conceals names: by a pseudonym, by zeros
    gaps: what the snapshot could not tell, one plain ASCII sentence each
    """

    entity: str
    columns: tuple[Column, ...]
    members: tuple[str, ...]
    rows: Rows
    json_only: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()


class Facts(Protocol):
    """One pinned, immutable snapshot of one tenant, as an export sees it.

    `query` names a file below `waybill/tenant/queries` without its ending, or is a `Sql` value.
    Parameters are bound as `$name`. `today` (UTC) and `latest_day` are the only things that do not
    come from the snapshot: the wire contract ties windows of dates to them (graph.md 6.1, 6.4).
    `latest_day` is the last day whose activity counts as complete today.
    """

    @property
    def snapshot(self) -> str: ...
    @property
    def tenant(self) -> str: ...
    @property
    def as_of(self) -> datetime: ...
    @property
    def today(self) -> date: ...
    @property
    def latest_day(self) -> date: ...
    def stage(self, query: str | Sql, **parameters: Any) -> None:
        """Run statements that leave temporary tables behind for later queries of this job."""

    def rows(self, query: str | Sql, columns: tuple[Column, ...], **parameters: Any) -> Batches:
        """Stream a query as batches that fit `columns` (positional)."""

    def table(self, query: str | Sql, **parameters: Any) -> list[tuple[Any, ...]]:
        """A small result, whole."""

    def content(self, key: str) -> Iterator[bytes]:
        """The bytes of a file by the key its row holds, in chunks of at most 1 MiB; the same every time.

        Raises ContentMissing, before the first chunk where that can be known.
        """


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement given as text rather than by the name of its file."""

    text: str


class Where(StrEnum):
    PATH = "path"
    QUERY = "query"
    CALL = "call"  # a parameter of an OData function, in the parentheses of the last segment


class Family(StrEnum):
    """The wire protocol an export speaks; one module in `waybill.api` each."""

    INSIGHTS = "insights"  # a job number, then a ZIP with a workbook; answers are `Report`s
    GRAPH_OPERATION = "graph-operation"  # 202, then blobs in the caller's container; answers are `Bundle`s
    GRAPH_REPORT = "graph-report"  # 302 to a CSV at once, or JSON pages; answers are `Table`s


@dataclass(frozen=True, slots=True)
class Access:
    """Who may make a Graph call (graph.md 1.5): an application token needs any of `app_roles`; a
    delegated one any of `scopes` and, unless empty, any of `directory_roles` (role template ids)."""

    app_roles: tuple[str, ...]
    scopes: tuple[str, ...]
    directory_roles: frozenset[str] = frozenset()


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
    quoted: bool = False  # of a CALL: a string literal in single quotes; otherwise an Edm.Date, bare


@dataclass(frozen=True, slots=True)
class Export:
    """One export: its place on the wire, its fields, and the two functions that answer it.

    read(received)        -> request value; raises BadRequest with the wire name at fault.
    admit(request, facts) -> raises NotFound or BadRequest for what only the snapshot can tell.
    report(request, facts)-> the Report; may be run again from the top at any time.
    sample(facts)         -> a valid request on this snapshot, for docs, the demo and the law tests.

    Of the Graph families: `path` is without the version; `versions` are those that have the call;
    `access` says who may make it. Of operations: `subject` gives the object id (lower-case GUID) of
    the person asked for and raises NotFound; `accepted_body` says that 202 also has a JSON body.
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
    report: Callable[[Any, Facts], Report | Bundle | Table]
    sample: Callable[[Facts], Received]
    scope: str = "insights.graph.readwrite.all"
    versions: tuple[str, ...] = ()
    access: Access | None = None
    subject: Callable[[Any, Facts], str] | None = None
    accepted_body: bool = False


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
