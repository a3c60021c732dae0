"""The group access report: where a group, its nested groups and its owners have access, and why.

Wire: insights.md 1.3 A; workbook: 2.1; semantics: 3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waybill.errors import BadRequest, NotFound
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
    Sheet,
    Where,
)
from waybill.exports.group_access_sheets import (
    MEMBER_COLUMNS,
    OBJECT_COLUMNS,
    SITE_COLUMNS,
    SUMMARY_COLUMNS,
)
from waybill.exports.legend import about_lines
from waybill.exports.reading import (
    LANGUAGE_FIELD,
    MODULES,
    SITE_FIELD,
    SPECIAL_KINDS,
    SiteUrl,
    read_choice,
    read_flag,
    read_language,
    read_modules,
    read_sites,
)
from waybill.exports.scope import describe_sites, find_sites
from waybill.tenant.claims import Meaning, classify, plain

MAX_GROUPS = 100
"""Groups per export (the vendor's SDK; a comma list in the path is our extension)."""

GROUPS_PER_SLICE = 2000
"""Groups whose grants are held in memory at once when many groups are asked for."""

MEMBER_SLICES = 10
"""Slices whose members are held at once: they are fewer."""

SLICE_ROWS = 250_000
"""Rows of a sheet that are fetched at once: what is held if the engine has to spill them."""

SITES_ONLY, WITH_OBJECTS, SUMMARY_ONLY = 1, 2, 3

_GROUP = Field(
    "groupId",
    "group",
    "Entra object id, mail address or special principal name; skip it for all groups (option 3).",
    Where.PATH,
)
_OPTION = Field(
    "exportOptionType",
    "option",
    "1: summary and site collections; 2: summary and all objects; 3: summary only.",
    required=True,
    integer=True,
    choices=("1", "2", "3"),
)
_SOURCES = Field(
    "dataSources",
    "source",
    f"Data source: {', '.join(MODULES)}; repeat it for more.",
    many=True,
    required=True,
    choices=MODULES,
)
_INHERITED = Field(
    "includeInherited",
    "include-inherited",
    "Option 2: also list objects that inherit their access list.",
    flag=True,
)
_IMPLIED = Field(
    "includeImplied",
    "include-implied",
    "Also list access the group has only through an everyone-type claim.",
    flag=True,
)


@dataclass(frozen=True, slots=True)
class GroupKey:
    """One group as asked for: a special kind, or a name (id or mail, lower case) to look up."""

    given: str
    special: str | None
    name: str


@dataclass(frozen=True, slots=True)
class GroupAccessRequest:
    """A request that fits the wire contract; whether its groups and sites exist, the snapshot tells."""

    groups: tuple[GroupKey, ...]  # empty: every group
    option: int
    modules: tuple[str, ...]
    sites: tuple[SiteUrl, ...]
    language: Language
    language_note: str
    inherited: bool
    implied: bool
    received: tuple[tuple[str, str], ...]


def read(received: Received) -> GroupAccessRequest:
    groups = _read_groups(received)
    option = read_choice(received, _OPTION.wire, (SITES_ONLY, WITH_OBJECTS, SUMMARY_ONLY))
    if not groups and option != SUMMARY_ONLY:
        raise BadRequest(
            "Without a groupId the report covers all groups, which needs exportOptionType 3.",
            "Add a groupId to the path, or ask with exportOptionType=3.",
            _OPTION.wire,
        )
    language, note = read_language(received)
    return GroupAccessRequest(
        groups=groups,
        option=option,
        modules=read_modules(received, _SOURCES),
        sites=read_sites(received),
        language=language,
        language_note=note,
        inherited=read_flag(received, _INHERITED.wire),
        implied=read_flag(received, _IMPLIED.wire),
        received=tuple(sorted((name, value) for name, values in received.items() for value in values)),
    )


def _read_groups(received: Received) -> tuple[GroupKey, ...]:
    found: dict[str, GroupKey] = {}
    for value in received.get(_GROUP.wire, ()):
        for part in value.split(","):
            text = plain(part)
            if text in ("", "{groupid}", "all"):
                continue
            claim = classify(text)
            special = claim.meaning.value if claim is not None and claim.meaning in SPECIAL_KINDS else None
            # A group's own claim names the group; its owners are part of every group's report.
            name = claim.value if claim is not None and claim.meaning in _GROUP_CLAIMS else text
            found.setdefault(special or name, GroupKey(part.strip(), special, name))
    if len(found) > MAX_GROUPS:
        raise BadRequest(
            f"{len(found)} groups were named; at most {MAX_GROUPS} are allowed.",
            "Ask in several exports.",
            _GROUP.wire,
        )
    return tuple(found.values())


_GROUP_CLAIMS = (Meaning.M365_GROUP, Meaning.M365_OWNERS, Meaning.GROUP)


def _find_groups(request: GroupAccessRequest, facts: Facts) -> dict[str, int]:
    names = [key.name for key in request.groups if key.special is None]
    found: dict[str, int] = {}
    for name, principal in facts.table("shared/find_groups", names=names) if names else []:
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
        facts.stage("shared/asked_sites", sites=sites, modules=list(request.modules))
        facts.stage("shared/specials", kinds=self._specials)
        facts.stage("group_access/asked", groups=groups, specials=self._specials)
        facts.stage("group_access/reach", implied=request.implied, groups_per_slice=GROUPS_PER_SLICE)

    def _ways(self, *, sites_only: bool) -> None:
        self._stage()
        if not self._way:
            self._way = True
            # At most MAX_GROUPS groups have these sheets: all their grants at once.
            self._facts.stage("group_access/hits", slice=None)
            self._facts.stage("group_access/way")
        inherited = self._request.inherited and not sites_only
        self._facts.stage("group_access/ways", sites_only=sites_only, inherited=inherited)

    def _lines(self, query: str, columns: tuple[Column, ...]) -> Batches:
        ((total,),) = self._facts.table("group_access/lines")
        for first in range(0, int(total), SLICE_ROWS):
            until = first + SLICE_ROWS
            yield from self._facts.rows(f"group_access/{query}", columns, first=first, until=until)

    def _slices(self, *, counted: bool) -> list[int]:
        self._stage()
        return [int(row[0]) for row in self._facts.table("group_access/slices", counted=counted)]

    def summary(self) -> Batches:
        """What groups reach was counted with the snapshot; special groups' and implied access is counted here."""
        for number in self._slices(counted=False):
            self._facts.stage("group_access/hits", slice=number)
            self._facts.stage("group_access/hits_counted")
        modules = list(self._request.modules)
        yield from self._facts.rows("group_access/summary", SUMMARY_COLUMNS, asked_modules=modules)

    def sites(self) -> Batches:
        self._ways(sites_only=True)
        yield from self._lines("site_collections", SITE_COLUMNS)

    def objects(self) -> Batches:
        self._ways(sites_only=False)
        yield from self._lines("objects", OBJECT_COLUMNS)

    def members(self) -> Batches:
        self._stage()
        self._facts.stage("group_access/directory", as_of=self._facts.as_of)
        for first in self._slices(counted=True)[::MEMBER_SLICES]:
            self._facts.stage("group_access/members_stage", first=first, until=first + MEMBER_SLICES)
            yield from self._lines("members", MEMBER_COLUMNS)

    def exceptions(self) -> Batches:
        self._stage()
        missing = [one.asked.given for one in self._sites if one.site is None]
        self._facts.stage("group_access/private_claim", asked="eeeu" in self._specials)
        return self._facts.rows("group_access/exceptions", EXCEPTION_COLUMNS, not_found=missing)

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
        _GROUP.wire: (str(rows[0][0]),) if rows else ("c:0(.s|true",),
        _OPTION.wire: ("2",),
        _SOURCES.wire: MODULES,
    }


EXPORT = Export(
    name="group-access",
    title="Group access report",
    description="Where groups have access, at which level, and through what: directly, nested, as owners, by SharePoint "
    "group, sharing link or administrator flag. Answers with a job id; the file is a ZIP with one XLSX workbook.",
    family=Family.INSIGHTS,
    path="/insights/groups/{groupId}/access/export",
    file_stem="GroupAccessReport",
    fields=(_GROUP, _OPTION, SITE_FIELD, _SOURCES, LANGUAGE_FIELD, _INHERITED, _IMPLIED),
    read=read,
    admit=admit,
    report=report,
    sample=sample,
)
