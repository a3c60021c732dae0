"""What the web faces need from the rest of the house; app.py passes the real parts in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from waybill.clock import SYSTEM_CLOCK, Clock
from waybill.export import Export, Facts, Received
from waybill.identity.graph_tokens import GraphCaller
from waybill.identity.tokens import INSIGHTS_AUDIENCE, Caller
from waybill.jobs.table import Job
from waybill.settings import Settings


class Jobs(Protocol):
    """The durable jobs, as a protocol that hands out numbers sees them (waybill.jobs.service)."""

    def submit(self, tenant: str, export: str, received: Received, client_id: str, snapshot: str) -> Job:
        """Accept a job, or give the identical unfinished one. Raises Busy when the queue is full."""

    def get(self, tenant: str, number: int) -> Job:
        """Raises NotFound for an unknown number and for another tenant's, alike."""

    def glance(self, keys: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Job]:
        """What `get` gives for each (tenant, number), without waiting; what is not in the answer, ask `get`."""

    def file_of(self, job: Job) -> Path:
        """The finished file. Raises NotReady before the end, Conflict if there is none, Gone after retention."""


class Operation(Protocol):
    """A data policy operation (graph.md 4), as waybill.jobs.operations gives it.

    `id` and `user_id` are lower-case GUIDs; times are aware, UTC; `storage_location` has no query;
    `status` is notStarted, running, complete or failed; `progress` is 0.0 to 100.0. `error` says why
    it failed, `gaps` how much of it could not be read.
    """

    @property
    def id(self) -> str: ...
    @property
    def user_id(self) -> str: ...
    @property
    def storage_location(self) -> str | None: ...
    @property
    def submitted(self) -> datetime: ...
    @property
    def completed(self) -> datetime | None: ...
    @property
    def status(self) -> str: ...
    @property
    def progress(self) -> float: ...
    @property
    def error(self) -> str: ...
    @property
    def gaps(self) -> int: ...


class Operations(Protocol):
    """The personal-data exports that run or have run (waybill.jobs.operations)."""

    def check(self, tenant: str, storage_location: str) -> None:
        """Row 2 of graph.md 2.3 alone, without the network. Raises LocationRefused."""

    def begin(
        self,
        tenant: str,
        export: str,
        subject: str,
        received: Received,
        client_id: str,
        snapshot: str,
        storage_location: str,
    ) -> Operation:
        """Claim the container (rows 2 and 5 to 11), then accept. Raises LocationRefused or Busy."""

    def get(self, tenant: str, id: str) -> Operation:  # noqa: A002  the field's word
        """Raises NotFound for an unknown id and for another tenant's, alike."""

    def list(self, tenant: str) -> Sequence[Operation]:
        """Every operation of the tenant that retention still keeps, newest first."""


class PreparedFile(Protocol):
    """A finished file of a report: its bytes are those of `sha256` (hex) for ever; `size` in bytes."""

    @property
    def sha256(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def size(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def gaps(self) -> tuple[str, ...]:
        """What the snapshot could not tell, one plain sentence each."""


class PreparedPage(Protocol):
    """Rows of a report from `start` on; columns are named by their JSON members, `total` counts all rows.

    `sha256` (hex) names the whole table, so that later pages are of the same rows.
    """

    @property
    def entity(self) -> str: ...
    @property
    def rows(self) -> pa.Table: ...
    @property
    def sha256(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def gaps(self) -> tuple[str, ...]: ...


class Prepared(Protocol):
    """The files of report calls, made at once and kept for a while (waybill.jobs.prepared)."""

    def csv(self, tenant: str, export: Export, received: Received, facts: Facts) -> PreparedFile:
        """The CSV that answers this request on this snapshot; computed once."""

    def page(self, tenant: str, export: Export, received: Received, facts: Facts, count: int) -> PreparedPage:
        """The first `count` rows of the answer, for JSON."""

    def later_page(
        self, tenant: str, export: Export, received: Received, sha256: str, start: int, count: int
    ) -> PreparedPage:
        """Rows from `start` of the table an earlier page came from. Raises Gone."""

    def find(self, tenant: str, sha256: str) -> PreparedFile:
        """A file by its hash. Raises Gone when it was swept, or never was this tenant's."""


class Links(Protocol):
    """Signed download tokens, which name one immutable file of one tenant (waybill.delivery.links)."""

    def make(self, tenant: str, sha256: str) -> str:
        """A token that is safe in a URL and works for `Settings.download_link_seconds`."""

    def read(self, token: str) -> tuple[str, str]:
        """(tenant, sha256) of a token. Raises NotFound if it is forged or expired."""


class ReportSettings(Protocol):
    """What a tenant chose for its usage reports (waybill.jobs.report_settings, graph.md 7)."""

    def conceals(self, tenant: str) -> bool:
        """Whether names are concealed; true for a tenant that never said."""

    def set_conceals(self, tenant: str, conceal: bool, client_id: str) -> None:
        """Change it, audited. Counts for files made from now on."""


class Removals(Protocol):
    """Requests to forget an inbound profile (waybill.jobs.removals, graph.md 5)."""

    def request(self, tenant: str, user_id: str, client_id: str) -> None:
        """Note the request, audited; the newest counts."""

    def requested(self, tenant: str, user_id: str) -> bool:
        """Whether anybody ever asked."""

    def hidden(self, tenant: str, as_of: datetime) -> frozenset[str]:
        """Object ids whose removal was asked for when facts of `as_of` had been read already."""


@dataclass(frozen=True, slots=True)
class GraphServices:
    """What the Graph face needs beside the snapshots and the clock of `Services`.

    verify_graph(token) -> GraphCaller; raises waybill.identity.tokens.TokenRefused.
    """

    verify_graph: Callable[[str], GraphCaller] = field(repr=False)
    operations: Operations
    prepared: Prepared
    links: Links = field(repr=False)
    report_settings: ReportSettings
    removals: Removals
    settings: Settings


def _recalls_nobody(_token: str, _audience: str) -> Caller | None:
    return None


@dataclass(frozen=True, slots=True)
class Services:
    """Everything passed in. Frozen; the parts themselves are thread-safe, calls come from many threads.

    verify(token, audience) -> Caller; raises waybill.identity.tokens.TokenRefused.
    recall(token, audience) -> the Caller of a token verified shortly before, at once; None: ask verify.
    open_latest(tenant)     -> the tenant's latest snapshot, open; raises Conflict, with what to do,
                               when nothing has been ingested for the tenant yet.
    ask_latest(tenant)      -> the same for a short question, without staging: it may have been open already;
                               None: as open_latest.
    graph                   -> None in an installation without the Graph face.
    """

    verify: Callable[[str, str], Caller] = field(repr=False)
    jobs: Jobs
    open_latest: Callable[[str], AbstractContextManager[Facts]]
    clock: Clock = SYSTEM_CLOCK
    audience: str = INSIGHTS_AUDIENCE
    graph: GraphServices | None = None
    ask_latest: Callable[[str], AbstractContextManager[Facts]] | None = None
    recall: Callable[[str, str], Caller | None] = field(default=_recalls_nobody, repr=False)
