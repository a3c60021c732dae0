"""The site permission report: every access list entry of the asked sites, and the people it reaches.

Wire: insights.md 1.3 B; workbook: 2.2; semantics: 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from waybill.errors import BadRequest
from waybill.export import (
    EXCEPTION_COLUMNS,
    AboutLine,
    Batches,
    Column,
    Export,
    Facts,
    Family,
    Field,
    Language,
    Received,
    Report,
    Rows,
    Sheet,
    schema_of,
)
from waybill.exports.legend import about_lines
from waybill.exports.reading import (
    LANGUAGE_FIELD,
    SITE_FIELD,
    SPECIAL_KINDS,
    SiteUrl,
    read_flag,
    read_language,
    read_sites,
)
from waybill.exports.scope import describe_sites, find_sites
from waybill.exports.site_permissions_sheets import (
    GROUP_MEMBER_COLUMNS,
    LINK_COLUMNS,
    PEOPLE_COLUMNS,
    PERMISSION_COLUMNS,
    SUMMARY_COLUMNS,
    UNIQUE_COLUMNS,
)

if TYPE_CHECKING:
    import pyarrow as pa

_SITES = replace(SITE_FIELD, required=True)
_LIMITED = Field(
    "includeLimitedAccess",
    "include-limited-access",
    "Also list system-made Limited Access entries.",
    flag=True,
)


BATCH_WEIGHT = 400_000
"""Access list entries plus people reached that are worked on at once; a larger site is its own batch."""

SLICE_CELLS = 3_200_000
"""Cells of a batch that are fetched at once: what is held if the engine has to spill them."""


@dataclass(frozen=True, slots=True)
class SitePermissionsRequest:
    """A request that fits the wire contract; which of its URLs are sites, the snapshot tells."""

    sites: tuple[SiteUrl, ...]
    language: Language
    language_note: str
    limited: bool
    received: tuple[tuple[str, str], ...]


def read(received: Received) -> SitePermissionsRequest:
    # `startTime` and `finishTime` are a slip of the vendor's text: accepted and ignored (1.3 B).
    sites = read_sites(received)
    if not sites:
        raise BadRequest(
            "siteUrls is required.", "Name at least one site collection URL, at most 100.", _SITES.wire
        )
    language, note = read_language(received)
    return SitePermissionsRequest(
        sites=sites,
        language=language,
        language_note=note,
        limited=read_flag(received, _LIMITED.wire),
        received=tuple(sorted((name, value) for name, values in received.items() for value in values)),
    )


def admit(request: SitePermissionsRequest, facts: Facts) -> None:
    """Raises BadRequest only if none of the URLs is a known site; one unknown goes to Exceptions."""
    if all(one.site is None for one in find_sites(request.sites, facts)):
        raise BadRequest(
            "None of the siteUrls is a site collection of this tenant.",
            "Check the URLs (a site in the recycle bin has no access to report), or load a newer snapshot.",
            _SITES.wire,
        )


def report(request: SitePermissionsRequest, facts: Facts) -> Report:
    run = _Run(request, facts)
    return Report(
        request.language,
        (
            Sheet("Summary", SUMMARY_COLUMNS, run.summary),
            Sheet(
                "Permissions",
                PERMISSION_COLUMNS,
                run.each_line(
                    "permissions", PERMISSION_COLUMNS, "who_text", "link_people", "permissions_stage"
                ),
            ),
            Sheet("People", PEOPLE_COLUMNS, run.each_line("people", PEOPLE_COLUMNS, "people_stage")),
            Sheet("Group Members", GROUP_MEMBER_COLUMNS, run.group_members),
            Sheet(
                "Sharing Links",
                LINK_COLUMNS,
                run.each_line(
                    "sharing_links", LINK_COLUMNS, "who_text", "link_people", "sharing_links_stage"
                ),
            ),
            Sheet(
                "Unique Objects",
                UNIQUE_COLUMNS,
                run.each_line("unique_objects", UNIQUE_COLUMNS, "unique_objects_stage"),
            ),
        ),
        run.exceptions,
        run.about,
    )


class _Run:
    """One report in the making: its temporary tables are staged when the first sheet is pulled."""

    def __init__(self, request: SitePermissionsRequest, facts: Facts) -> None:
        self._request = request
        self._facts = facts
        self._staged = False
        self._sites = find_sites(request.sites, facts)

    def _stage(self) -> None:
        if self._staged:
            return
        self._staged = True
        facts = self._facts
        ids = sorted({one.site for one in self._sites if one.site is not None})
        facts.stage("shared/words")
        facts.stage("site_permissions/asked_sites", sites=ids)
        facts.stage("shared/specials", kinds=list(SPECIAL_KINDS))
        facts.stage("site_permissions/prepare", limited=self._request.limited, batch_weight=BATCH_WEIGHT)

    def each_batch(self, query: str, columns: tuple[Column, ...]) -> Rows:
        """Rows batch by batch of sites, so that memory is bounded by a batch, not by the request."""

        def rows() -> Batches:
            for batch in self._batches():
                self._stage_batch(batch)
                yield from self._facts.rows(f"site_permissions/{query}", columns)

        return rows

    def each_line(self, query: str, columns: tuple[Column, ...], *stages: str) -> Rows:
        """The same for sheets with many rows: the stages number them (`line`), the query fetches slices."""

        def rows() -> Batches:
            for batch in self._batches():
                self._stage_batch(batch, *stages)
                yield from self._lines(query, columns)

        return rows

    def _stage_batch(self, batch: int, *stages: str) -> None:
        for stage in ("clear", "batch", *stages):
            self._facts.stage(f"site_permissions/{stage}", batch=batch)

    def _lines(self, query: str, columns: tuple[Column, ...]) -> Batches:
        ((total,),) = self._facts.table("site_permissions/lines")
        rows = SLICE_CELLS // len(columns)
        for first in range(0, int(total), rows):
            yield from self._facts.rows(f"site_permissions/{query}", columns, first=first, until=first + rows)

    def _batches(self) -> list[int]:
        """Numbers of the batches, in report order."""
        self._stage()
        return [int(row[0]) for row in self._facts.table("site_permissions/batches")]

    def summary(self) -> Batches:
        """One row per requested URL, in report order; URLs that are no site come last."""
        yield from self.each_batch("summary", SUMMARY_COLUMNS)()
        missing = [one.asked.given for one in self._sites if one.site is None]
        if missing:
            yield _not_found(missing)

    def group_members(self) -> Batches:
        """Directory groups first, each once; then the SharePoint groups and links, batch by batch."""
        for batch in (None, *self._batches()):
            self._facts.stage("site_permissions/clear")
            self._facts.stage("site_permissions/group_members_stage", batch=batch)
            yield from self._lines("group_members", GROUP_MEMBER_COLUMNS)

    def exceptions(self) -> Batches:
        self._stage()
        missing = [one.asked.given for one in self._sites if one.site is None]
        return self._facts.rows("site_permissions/exceptions", EXCEPTION_COLUMNS, not_found=missing)

    def about(self) -> tuple[AboutLine, ...]:
        self._stage()
        understood = [
            ("Report", EXPORT.title),
            ("Sites", f"{len({one.site for one in self._sites if one.site is not None})} site collections"),
            ("Language", self._request.language.value),
        ]
        if self._request.language_note:
            understood.append(("Language note", self._request.language_note))
        understood += describe_sites(self._sites)
        return about_lines(list(self._request.received), understood, self._facts)


def _not_found(urls: list[str]) -> pa.RecordBatch:
    """Summary rows for URLs that are no site: the URL and the result, nothing else."""
    import pyarrow as pa  # here, not above: naming the exports does not take it

    schema = schema_of(SUMMARY_COLUMNS)
    names = [column.name for column in SUMMARY_COLUMNS]
    given: dict[str, list[str | int | bool | datetime | None]] = {name: [None] * len(urls) for name in names}
    given["Url"] = list(urls)
    given["Result"] = ["Not found"] * len(urls)
    return pa.RecordBatch.from_pydict(given, schema=schema)


def sample(facts: Facts) -> dict[str, tuple[str, ...]]:
    return {_SITES.wire: tuple(str(row[0]) for row in facts.table("site_permissions/sample"))}


EXPORT = Export(
    name="site-permissions",
    title="Site permission report",
    description="Every access list entry of up to 100 site collections, the people it reaches and why, sharing links, "
    "and objects with unique permissions. Answers with a job id; the file is a ZIP with one XLSX workbook.",
    family=Family.INSIGHTS,
    path="/insights/sites/permission/export",
    file_stem="SitePermissionReport",
    fields=(_SITES, LANGUAGE_FIELD, _LIMITED),
    read=read,
    admit=admit,
    report=report,
    sample=sample,
)
