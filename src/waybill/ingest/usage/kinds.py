"""Know a usage report by its column headings: never by its file's name, never by position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GROUPS_REPORT = "getOffice365GroupsActivityDetail"


@dataclass(frozen=True, slots=True)
class Kind:
    """One report. `report`: the call that makes it; `tells`: headings (as `plain_heading` gives them)
    that it has and no other kind has together; `person`: the heading that names the person, "" if it
    is not about people; `used`: whether this version loads it."""

    report: str
    tells: frozenset[str]
    person: str = "user principal name"
    used: bool = True


def plain_heading(heading: str) -> str:
    """A heading as it is compared: lower case, single blanks."""
    return " ".join(heading.split()).casefold()


def _kind(report: str, *tells: str, person: str = "user principal name", used: bool = True) -> Kind:
    own = (person,) if person else ()
    return Kind(report, frozenset(("report refresh date", *own, *tells)), person, used)


GROUPS = _kind(
    GROUPS_REPORT, "group display name", "is deleted", "exchange received email count", "report period", person=""
)  # fmt: skip

KINDS: tuple[Kind, ...] = (
    GROUPS,
    _kind("getOffice365ActiveUserDetail", "exchange last activity date", "has exchange license"),
    _kind("getOffice365ActivationsUserDetail", "product type", "last activated date"),
    _kind("getSharePointActivityUserDetail", "viewed or edited file count", "shared externally file count",
          "visited page count"),
    _kind("getOneDriveActivityUserDetail", "viewed or edited file count", "shared externally file count"),
    _kind("getOneDriveUsageAccountDetail", "site url", "storage allocated (byte)", "active file count",
          person="owner principal name"),
    _kind("getEmailActivityUserDetail", "send count", "receive count", "read count"),
    _kind("getEmailAppUsageUserDetail", "outlook for web", "pop3 app"),
    _kind("getMailboxUsageDetail", "item count", "storage used (byte)", "issue warning quota (byte)"),
    _kind("getTeamsUserActivityUserDetail", "team chat message count", "private chat message count"),
    _kind("getTeamsDeviceUsageUserDetail", "used web", "used android phone", "used mac"),
    _kind("getYammerActivityUserDetail", "posted count", "read count", "liked count"),
    _kind("getYammerDeviceUsageUserDetail", "used web", "used iphone", "used others"),
    _kind("getM365AppUserDetail", "last activation date", "outlook", "teams"),
    _kind("getSharePointSiteUsageDetail", "site url", "storage allocated (byte)", "active file count",
          "root web template", "page view count", person="", used=False),
    _kind("getYammerGroupsActivityDetail", "group display name", "posted count", person="", used=False),
)  # fmt: skip
"""The kinds this version knows; headings as on Microsoft's pages and in captured files."""


def kind_of(headings: Sequence[str]) -> Kind | None:
    """The kind with these headings (as they stand in the file); None if it is none of ours.

    Of several that fit, the one that tells most: a SharePoint report has all of OneDrive's headings.
    """
    told = {plain_heading(heading) for heading in headings}
    fitting = [kind for kind in KINDS if kind.tells <= told]
    return max(fitting, key=lambda kind: len(kind.tells), default=None)
