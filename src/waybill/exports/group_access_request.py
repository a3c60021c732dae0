"""What a group access report may be asked for: the fields of the call, read into one request (insights.md 1.3 A)."""

from __future__ import annotations

from dataclasses import dataclass

from waybill.errors import BadRequest
from waybill.export import Field, Language, Received, Where
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
from waybill.tenant.claims import Meaning, classify, plain

MAX_GROUPS = 100
"""Groups per export (the vendor's SDK; a comma list in the path is our extension)."""

SITES_ONLY, WITH_OBJECTS, SUMMARY_ONLY = 1, 2, 3

GROUP = Field(
    "groupId",
    "group",
    "Entra object id, mail address or special principal name; skip it for all groups (option 3).",
    Where.PATH,
)
OPTION = Field(
    "exportOptionType",
    "option",
    "1: summary and site collections; 2: summary and all objects; 3: summary only.",
    required=True,
    integer=True,
    choices=("1", "2", "3"),
)
SOURCES = Field(
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


_GROUP_CLAIMS = (Meaning.M365_GROUP, Meaning.M365_OWNERS, Meaning.GROUP)

FIELDS = (GROUP, OPTION, SITE_FIELD, SOURCES, LANGUAGE_FIELD, _INHERITED, _IMPLIED)
"""In the order in which help and OpenAPI tell them."""


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
    option = read_choice(received, OPTION.wire, (SITES_ONLY, WITH_OBJECTS, SUMMARY_ONLY))
    if not groups and option != SUMMARY_ONLY:
        raise BadRequest(
            "Without a groupId the report covers all groups, which needs exportOptionType 3.",
            "Add a groupId to the path, or ask with exportOptionType=3.",
            OPTION.wire,
        )
    language, note = read_language(received)
    return GroupAccessRequest(
        groups=groups,
        option=option,
        modules=read_modules(received, SOURCES),
        sites=read_sites(received),
        language=language,
        language_note=note,
        inherited=read_flag(received, _INHERITED.wire),
        implied=read_flag(received, _IMPLIED.wire),
        received=tuple(sorted((name, value) for name, values in received.items() for value in values)),
    )


def _read_groups(received: Received) -> tuple[GroupKey, ...]:
    found: dict[str, GroupKey] = {}
    for value in received.get(GROUP.wire, ()):
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
            GROUP.wire,
        )
    return tuple(found.values())
