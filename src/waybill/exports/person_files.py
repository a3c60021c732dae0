"""Which files a personal-data bundle has: for each its place, title, source, query and members.

docs/personal-data.md lists the same for people; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from waybill.export import Column, Kind
from waybill.exports.person_paths import delivered_path

PRODUCTS = {
    "10": "Directory",
    "20": "Groups",
    "30": "Access",
    "40": "Sharing",
    "50": "OneDrive",
    "60": "Activity",
}
"""The folders of a bundle. Their numbers are ours and stay what they are: programs rely on them."""


Members = dict[str, Any]
"""The members of one record, by name."""


class Loaded(StrEnum):
    """What a source may not have delivered at all. A file that needs it is then not made: to call it
    empty would say that somebody had looked."""

    ALWAYS = "always"
    LICENSES = "licenses"
    MANAGERS = "managers"
    CHANNELS = "channels"
    DRIVES = "drives"
    EVENTS = "events"
    DAYS = "days"
    USAGE = "usage"


def _as_it_is(members: Members) -> Members:
    return members


def _row_as_object(members: Members) -> Members:
    """A row of a usage report is kept as JSON text; a program wants its cells."""
    return {**members, "row": json.loads(members["row"])}


def _with_delivered_name(members: Members) -> Members:
    """An item of the OneDrive: where its bytes are in this bundle, or null."""
    copy = members.pop("copy")
    held = members["kind"] == "file" and members["contentHeld"]
    return {**members, "file": delivered_path(members["path"], copy) if held else None}


@dataclass(frozen=True, slots=True)
class RecordFile:
    """One JSON file. `columns` are the members of its records, in the order of the query's columns;
    `time` is the member that is the record's own time, if it has one."""

    path: str
    title: str
    source: str
    query: str
    columns: tuple[Column, ...]
    time: str = ""
    needs: Loaded = Loaded.ALWAYS
    parameters: dict[str, Any] = field(default_factory=dict)
    batched: bool = False
    """The query takes `$batch`; `person/batches` says how many there are."""
    shape: Callable[[Members], Members] = _as_it_is

    @property
    def product(self) -> str:
        return PRODUCTS[self.path.split("/")[0]]


def _columns(text: str) -> tuple[Column, ...]:
    """`name`, or `name:kind` for anything that is not text."""
    pairs = (word.partition(":") for word in text.split())
    return tuple(Column(name, Kind(kind) if kind else Kind.TEXT) for name, _, kind in pairs)


_DIRECTORY = "Directory (Microsoft Entra ID)"
_SHAREPOINT = "SharePoint and OneDrive permissions"
_ACCESS = "SharePoint and OneDrive permissions and the directory's groups; worked out by Waybill"
_ACTIVITY = "Audit and usage data of Microsoft 365"

_PROFILE = (
    "mail userType external:bool accountStatus loginName givenName surname jobTitle department companyName "
    "officeLocation city country usageLocation preferredLanguage employeeId mobilePhone businessPhone accountEnabled:bool "
    "lastPasswordChangeDateTime:time createdDateTime:time lastSignInDateTime:time"
)
PROFILE = RecordFile(
    "10/Profile.json", "Profile", _DIRECTORY, "person/profile",
    _columns(f"id userPrincipalName displayName homeTenantId {_PROFILE}"),
)  # fmt: skip
INBOUND_PROFILE = RecordFile(
    "10/Profile.json", "Inbound shared user profile", _DIRECTORY, "person/profile",
    _columns(f"userId userPrincipalName displayName homeTenantId {_PROFILE}"),
)  # fmt: skip

_PERSON = _columns("id userPrincipalName displayName mail jobTitle accountStatus")
_OF_DIRECTORY = (
    RecordFile(
        "10/Licenses.json", "Licences", _DIRECTORY, "person/licenses",
        _columns("skuId name state assignedDateTime:time"), "assignedDateTime", Loaded.LICENSES,
    ),
    RecordFile(
        "10/Manager.json", "Manager", _DIRECTORY, "person/managers", _PERSON,
        needs=Loaded.MANAGERS, parameters={"reports": False},
    ),
    RecordFile(
        "10/DirectReports.json", "Direct reports", _DIRECTORY, "person/managers", _PERSON,
        needs=Loaded.MANAGERS, parameters={"reports": True},
    ),
)  # fmt: skip
_ACCOUNTS = RecordFile(
    "10/OtherAccounts.json", "Other accounts of the same sign-in name", _DIRECTORY, "person/accounts",
    _columns("id userPrincipalName displayName accountStatus loginName createdDateTime:time accessListEntries:int"),
)  # fmt: skip

_GROUPS = (
    RecordFile(
        "20/Memberships.json", "Group memberships", _DIRECTORY, "person/memberships",
        _columns(
            "groupId groupName groupType mail membershipType groupStatus direct:bool distance:int "
            "viaGroupName viaGroupId carriesAccess:bool path groupCreatedDateTime:time"
        ),
    ),
    RecordFile(
        "20/Ownerships.json", "Group ownerships", _DIRECTORY, "person/ownerships",
        _columns(
            "groupId groupName groupType mail groupStatus direct:bool viaGroupName viaGroupId path "
            "groupCreatedDateTime:time"
        ),
    ),
    RecordFile(
        "20/SharePointGroups.json", "SharePoint group memberships", _SHAREPOINT, "person/site_groups",
        _columns(
            "siteName siteUrl groupName associatedRole direct:bool distance:int viaGroupName carriesAccess:bool "
            "siteState path"
        ),
    ),
)  # fmt: skip

_GRANT = _columns(
    "siteName siteUrl module siteState objectType objectName objectUrl permission grantedThrough isSiteAdmin:bool "
    "isDirect:bool directMembershipsLeadingHere:int grantedTo grantedToType grantedToId linkId linkExpires:time accessPath "
    "objectsInheriting:int noAccessBecause"
)
ACCESS = (
    RecordFile(
        "30/Sites.json", "Sites the person can reach", _ACCESS, "person/sites",
        _columns(
            "siteName siteUrl siteId module siteType channelName privacy siteState groupName highestPermission "
            "permissionOnEntireSite scope isSiteAdmin:bool objects:int grants:int onChannelRoster:bool"
        ),
    ),
    RecordFile(
        "30/Access.json", "Everything that gives the person access, and why", _ACCESS, "person/grants",
        _GRANT, parameters={"live": True}, batched=True,
    ),
    RecordFile(
        "30/GrantsWithoutEffect.json", "Permissions that name the person and give no access", _ACCESS,
        "person/grants", _GRANT, parameters={"live": False}, batched=True,
    ),
    RecordFile(
        "30/Channels.json", "Private and shared channels", "Channel rosters of Microsoft Teams", "person/channels",
        _columns("channelName channelType siteName siteUrl siteState teamName hasAccess:bool"),
        needs=Loaded.CHANNELS,
    ),
)  # fmt: skip

_SHARING = (
    RecordFile(
        "40/LinksCreated.json", "Sharing links the person created", _SHAREPOINT, "person/links_created",
        _columns(
            "linkId linkType linkPermission objectType objectName objectUrl siteName siteUrl createdBy createdDateTime:time "
            "expirationDateTime:time expired:bool hasPassword:bool preventsDownload:bool invited:int redeemed:int"
        ),
        "createdDateTime",
    ),
    RecordFile(
        "40/LinksReceived.json", "Sharing links granted to the person", _SHAREPOINT, "person/links_held",
        _columns(
            "linkId linkType linkPermission objectType objectName objectUrl siteName siteUrl namedDirectly:bool "
            "sharedWith redeemed:bool givesAccess:bool path createdBy createdDateTime:time expirationDateTime:time expired:bool"
        ),
        "createdDateTime",
    ),
)  # fmt: skip

DRIVE_ITEMS = RecordFile(
    "50/Items.json", "Files and folders of the OneDrive", "OneDrive file listing", "person/drive_items",
    _columns(
        "path kind size:int createdDateTime:time modifiedDateTime:time modifiedBy contentHeld:bool copy:int"
    ),
    "modifiedDateTime", Loaded.DRIVES, shape=_with_delivered_name,
)  # fmt: skip
_DRIVE = RecordFile(
    "50/Drive.json", "The person's OneDrive", _SHAREPOINT, "person/drives",
    _columns(
        "siteName siteUrl siteId siteState externalSharing sensitivityLabel scannedDateTime:time files:int bytes:int"
    ),
)  # fmt: skip

_EVENTS = (
    RecordFile(
        "60/Events.json", "What the person did", _ACTIVITY, "person/events",
        _columns("dateTime:time workload operation object siteName siteUrl detail"), "dateTime", Loaded.EVENTS,
    ),
    RecordFile(
        "60/Days.json", "Activity by day", _ACTIVITY, "person/days",
        _columns(
            "day:date filesViewedOrEdited:int filesSynced:int filesSharedInternally:int filesSharedExternally:int "
            "pagesVisited:int emailsSent:int emailsReceived:int emailsRead:int chatMessages:int meetings:int"
        ),
        "day", Loaded.DAYS,
    ),
    RecordFile(
        "60/UsageReports.json", "Rows of Microsoft's usage reports", "Usage reports of Microsoft 365, as they were loaded",
        "person/usage", _columns("report refreshDate:date periodDays:int row"), "refreshDate", Loaded.USAGE,
        shape=_row_as_object,
    ),
)  # fmt: skip

PERSON_FILES = (
    PROFILE, *_OF_DIRECTORY, _ACCOUNTS, *_GROUPS, *ACCESS, *_SHARING, _DRIVE, DRIVE_ITEMS, *_EVENTS,
)  # fmt: skip
INBOUND_FILES = (INBOUND_PROFILE, _ACCOUNTS, *_GROUPS, *ACCESS, *_SHARING, *_EVENTS)
"""An inbound profile has no licence, manager or OneDrive here: its own tenant holds those ..."""
INBOUND_FILES_AT_HOME = (INBOUND_PROFILE, *PERSON_FILES[1:])
"""... and if a source tells one of them all the same, it is not left out."""
