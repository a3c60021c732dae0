"""Read the cells of a usage report's row into values, or say which cell does not fit (graph.md 6.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import orjson

PERIODS = (7, 30, 90, 180)
"""Days a report may cover."""

_CONCEALED = re.compile(r"[0-9A-Fa-f]{32}")
"""How Microsoft writes a name that the tenant conceals: 32 hexadecimal digits."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOBODY = "00000000-0000-0000-0000-000000000000"

_Value = TypeVar("_Value")


class Misfit(Exception):
    """A cell that cannot be read; its text is the reason for people."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A row of the groups activity report; fields are those of `usage_report` in schema.sql.

    `numbers`: the values of the columns that `NUMBERS` lists, in its order.
    """

    refresh_date: date
    period: int
    concealed: bool
    display_name: str | None
    is_deleted: bool | None
    owner_upn: str | None
    last_activity: date | None
    group_type: str | None
    group_id: str | None
    numbers: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A row of a report about a person. `row_json`: the whole row by the headings of the file."""

    report: str
    refresh_date: date
    period: int | None
    upn: str
    concealed: bool
    display_name: str | None
    is_deleted: bool | None
    row_json: str


NUMBERS: Mapping[str, tuple[str, ...]] = {
    "members": ("member count",),
    "external_members": ("external member count", "guest count"),
    "emails_received": ("exchange received email count",),
    "active_files": ("sharepoint active file count",),
    "yammer_posted": ("yammer posted message count",),
    "yammer_read": ("yammer read message count",),
    "yammer_liked": ("yammer liked message count",),
    "mailbox_items": ("exchange mailbox total item count",),
    "mailbox_bytes": ("exchange mailbox storage used (byte)",),
    "site_files": ("sharepoint total file count",),
    "site_bytes": ("sharepoint site storage used (byte)",),
    "channel_messages": ("teams channel messages count",),
    "meetings": ("teams meetings organized count",),
}
"""Number fields with their headings, the newest spelling first. The form of the Chinese cloud has no
Yammer columns, the oldest no Group Id: what a file has no column for is NULL."""

GROUP_HEADINGS = frozenset(name for names in NUMBERS.values() for name in names) | {
    "report refresh date", "report period", "group display name", "is deleted", "owner principal name",
    "last activity date", "group type", "group id",
}  # fmt: skip
"""All headings of the groups report that are read; a file may have more, which are then named."""


def group_row(cells: Mapping[str, str]) -> GroupRow:
    """A row of the groups report from its cells by plain heading. Raises Misfit."""
    group_id = _read(cells, "group id", _guid)
    name = _read(cells, "group display name", str)
    return GroupRow(
        refresh_date=_needed(cells, "report refresh date", _day),
        period=_needed(cells, "report period", _period),
        concealed=group_id == _NOBODY or (group_id is None and _is_concealed(name)),
        display_name=name,
        is_deleted=_read(cells, "is deleted", _flag),
        owner_upn=_read(cells, "owner principal name", str),
        last_activity=_read(cells, "last activity date", _day),
        group_type=_read(cells, "group type", str),
        group_id=group_id,
        numbers=tuple(_number_of(cells, headings) for headings in NUMBERS.values()),
    )


def person_row(report: str, person: str, headings: tuple[str, ...], cells: Mapping[str, str]) -> PersonRow:
    """A row of a report about a person, named under the heading `person`. Raises Misfit."""
    upn = _needed(cells, person, str)
    whole = {heading: cell or None for heading, cell in zip(headings, cells.values(), strict=True)}
    return PersonRow(
        report=report,
        refresh_date=_needed(cells, "report refresh date", _day),
        period=_read(cells, "report period", _period),
        upn=upn,
        concealed=_is_concealed(upn),
        display_name=_read(cells, "display name", str),
        is_deleted=_read(cells, "is deleted", _flag),
        row_json=orjson.dumps(whole).decode(),
    )


def _is_concealed(name: str | None) -> bool:
    return name is not None and _CONCEALED.fullmatch(name) is not None


def _read(cells: Mapping[str, str], heading: str, parse: Callable[[str], _Value]) -> _Value | None:
    """The value of a cell; None if it is blank or the file has no such column."""
    text = cells.get(heading, "").strip()
    if not text:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise Misfit(f"{heading}: {error}") from error


def _needed(cells: Mapping[str, str], heading: str, parse: Callable[[str], _Value]) -> _Value:
    value = _read(cells, heading, parse)
    if value is None:
        raise Misfit(f"{heading} is empty")
    return value


def _number_of(cells: Mapping[str, str], headings: tuple[str, ...]) -> int | None:
    there = next((heading for heading in headings if heading in cells), None)
    return None if there is None else _read(cells, there, _number)


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no whole number")
    return int(text)


def _day(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no date of the form YYYY-MM-DD")
    return date.fromisoformat(text)


def _flag(text: str) -> bool:
    if text.casefold() not in ("true", "false"):
        raise ValueError(f"{text[:40]!r} is neither True nor False")
    return text.casefold() == "true"


def _period(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) not in PERIODS:
        raise ValueError(f"{text[:40]!r} is none of {', '.join(map(str, PERIODS))} days")
    return int(text)


def _guid(text: str) -> str:
    if not _GUID.fullmatch(text.lower()):
        raise ValueError(f"{text[:40]!r} is no GUID")
    return text.lower()
