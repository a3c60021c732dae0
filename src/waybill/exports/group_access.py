"""The group access report: where a group, its nested groups and its owners have access, and why.

Wire: insights.md 1.3 A; workbook: 2.1; semantics: 3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from waybill.errors import NotFound
from waybill.export import (
    EXCEPTION_COLUMNS,
    AboutLine,
    Batches,
    Column,
    Export,
    Facts,
    Family,
    Report,
    Sheet,
)
from waybill.exports.group_access_request import (
    FIELDS,
    GROUP,
    OPTION,
    SITES_ONLY,
    SOURCES,
    SUMMARY_ONLY,
    WITH_OBJECTS,
    GroupAccessRequest,
    read,
)
from waybill.exports.group_access_sheets import (
    MEMBER_COLUMNS,
    OBJECT_COLUMNS,
    SITE_COLUMNS,
    SUMMARY_COLUMNS,
)
from waybill.exports.legend import about_lines
from waybill.exports.reading import MODULES, SPECIAL_KINDS
from waybill.exports.scope import describe_sites, find_sites

GROUPS_PER_SLICE = 2000
"""Groups whose grants are held in memory at once when many groups are asked for."""

MEMBER_SLICES = 10
"""Slices whose members are held at once: they are fewer."""

SLICE_ROWS = 250_000
"""Rows of a sheet that are fetched at once: what is held if the engine has to spill them."""


def _find_groups(request: GroupAccessRequest, facts: Facts) -> dict[str, int]:
    """By Entra id; mail addresses are sought for the names that are none."""
    found: dict[str, int] = {}
    for query in ("find_groups", "find_groups_by_mail"):
        names = [key.name for key in request.groups if key.special is None and key.name not in found]
        for name, principal in facts.table(f"shared/{query}", names=names) if names else []:
            found.setdefault(str(name), int(principal))
    return found


def admit(request: GroupAccessRequest, facts: Facts) -> None:
    """Raises NotFound for a group the snapshot does not hold, or if no site URL is known."""
    known = _find_groups(request, facts)
    for key in request.groups:
        if key.special is None and key.name not in known:
            raise NotFound(
                f"Group {_shorten(key.given)} was not found.",
                "Use the Entra object id of a group of this tenant, or a special principal name.",
            )
    found = find_sites(request.sites, facts)
    if found and all(one.site is None for one in found):
        raise NotFound("None of the siteUrls is a site collection of this tenant.", "Check the URLs.")


def report(request: GroupAccessRequest, facts: Facts) -> Report:
    run = _Run(request, facts)
    sheets = [Sheet("Summary", SUMMARY_COLUMNS, run.summary)]
    if request.option in (SITES_ONLY, WITH_OBJECTS):
        sheets.append(Sheet("Site Collections", SITE_COLUMNS, run.sites))
    if request.option == WITH_OBJECTS:
        sheets.append(Sheet("Objects", OBJECT_COLUMNS, run.objects))
    sheets.append(Sheet("Members", MEMBER_COLUMNS, run.members))
    return Report(request.language, tuple(sheets), run.exceptions, run.about)


class _Run:
    """One report in the making: its temporary tables are staged when the first sheet is pulled."""

    def __init__(self, request: GroupAccessRequest, facts: Facts) -> None:
        self._request = request
        self._facts = facts
        self._staged = False
        self._way = False
        self._sites = find_sites(request.sites, facts)
        asked = [key.special for key in request.groups if key.special]
        self._specials = asked if request.groups else list(SPECIAL_KINDS)

    def _stage(self) -> None:
        if self._staged:
            return
        self._staged = True
        request, facts = self._request, self._facts
        known = _find_groups(request, facts)
        groups = sorted(set(known.values())) if request.groups else None
        sites = [one.site for one in self._sites if one.site is not None] if request.sites else None
        facts.stage("shared/words")
        facts.stage("group_access/sites", sites=sites, modules=list(request.modules))
        if self._specials:
            facts.stage("shared/specials", kinds=self._specials)
        else:
            facts.stage("group_access/no_specials")
        facts.stage(
            "group_access/asked",
            groups=groups,
            specials=self._specials,
            implied=request.implied,
            groups_per_slice=GROUPS_PER_SLICE,
        )
        facts.stage("group_access/reach")
        if request.implied:
            facts.stage("group_access/implied")

    def _ways(self) -> None:
        """Every way to every object; each sheet about objects takes its part of them."""
        self._stage()
        if not self._way:
            self._way = True
            request, facts = self._request, self._facts
            # At most MAX_GROUPS groups have these sheets: all their grants at once.
            facts.stage("group_access/hits", slice=None)
            facts.stage("group_access/way", implied=request.implied)
            sites_only = request.option == SITES_ONLY
            inherited = request.inherited and not sites_only
            facts.stage("group_access/ways", sites_only=sites_only, inherited=inherited)

    def _lines(self, query: str, columns: tuple[Column, ...], counted: str, **parameters: bool) -> Batches:
        ((total,),) = self._facts.table(f"group_access/{counted}")
        for first in range(0, int(total), SLICE_ROWS):
            until = first + SLICE_ROWS
            yield from self._facts.rows(
                f"group_access/{query}", columns, first=first, until=until, **parameters
            )

    def _slices(self, *, counted: bool) -> list[int]:
        if self._request.groups:  # MAX_GROUPS are one slice
            return [0] if counted or self._specials or self._request.implied else []
        return [int(row[0]) for row in self._facts.table("group_access/slices", counted=counted)]

    def summary(self) -> Batches:
        """What groups reach was counted with the snapshot; special groups' and implied access is counted here."""
        self._stage()
        self._facts.stage("group_access/counted")
        for number in self._slices(counted=False):
            self._facts.stage("group_access/hits", slice=number)
            self._facts.stage("group_access/hits_counted")
        modules = list(self._request.modules)
        yield from self._facts.rows("group_access/summary", SUMMARY_COLUMNS, asked_modules=modules)

    def sites(self) -> Batches:
        self._ways()
        self._facts.stage("group_access/site_ways")
        yield from self._lines("site_collections", SITE_COLUMNS, "site_lines")

    def objects(self) -> Batches:
        self._ways()
        yield from self._lines("objects", OBJECT_COLUMNS, "lines", inherited=self._request.inherited)

    def members(self) -> Batches:
        self._stage()
        self._facts.stage("group_access/listed")
        self._facts.stage("group_access/directory", as_of=self._facts.as_of)
        for first in self._slices(counted=True)[::MEMBER_SLICES]:
            self._facts.stage("group_access/members_stage", first=first, until=first + MEMBER_SLICES)
            yield from self._lines("members", MEMBER_COLUMNS, "lines")

    def exceptions(self) -> Batches:
        self._stage()
        missing = [one.asked.given for one in self._sites if one.site is None]
        self._facts.stage("group_access/capped")
        self._facts.stage("group_access/gone")
        if "eeeu" in self._specials:
            self._facts.stage("group_access/private_claim")
        ((entries, others),) = self._facts.table("group_access/gone_count")
        yield from self._facts.rows(
            "group_access/exceptions", EXCEPTION_COLUMNS, not_found=missing, gone=bool(others)
        )
        if entries:
            yield from self._facts.rows("group_access/exceptions_entries", EXCEPTION_COLUMNS)

    def about(self) -> tuple[AboutLine, ...]:
        self._stage()
        request = self._request
        understood = [
            ("Report", EXPORT.title),
            ("Groups", ", ".join(key.given for key in request.groups) or "All groups"),
            ("exportOptionType", _OPTION_WORDS[request.option]),
            ("dataSources", ", ".join(request.modules)),
            (
                "Sites",
                "Every site of the data sources" if not request.sites else f"{len(request.sites)} URLs",
            ),
            ("Language", request.language.value),
        ]
        if request.language_note:
            understood.append(("Language note", request.language_note))
        understood += describe_sites(self._sites)
        return about_lines(list(request.received), understood, self._facts)


_OPTION_WORDS: Mapping[int, str] = {
    SITES_ONLY: "1: summary and site collections",
    WITH_OBJECTS: "2: summary and all objects",
    SUMMARY_ONLY: "3: summary only",
}


def _shorten(text: str) -> str:
    """A caller's text, safe to repeat in an error: printable and short."""
    clean = re.sub(r"[^\x20-\x7e]", "?", text)
    return repr(clean[:100])


def sample(facts: Facts) -> dict[str, tuple[str, ...]]:
    rows: list[tuple[Any, ...]] = facts.table("group_access/sample")
    return {
        GROUP.wire: (str(rows[0][0]),) if rows else ("c:0(.s|true",),
        OPTION.wire: ("2",),
        SOURCES.wire: MODULES,
    }


EXPORT = Export(
    name="group-access",
    title="Group access report",
    description="Where groups have access, at which level, and through what: directly, nested, as owners, by SharePoint "
    "group, sharing link or administrator flag. Answers with a job id; the file is a ZIP with one XLSX workbook.",
    family=Family.INSIGHTS,
    path="/insights/groups/{groupId}/access/export",
    file_stem="GroupAccessReport",
    fields=FIELDS,
    read=read,
    admit=admit,
    report=report,
    sample=sample,
)
