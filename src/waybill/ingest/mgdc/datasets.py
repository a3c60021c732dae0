"""The MGDC datasets as we read them: their columns, keys and how a newer pull replaces an older (tenant-data.md 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class Kind(StrEnum):
    """What a column holds. GUIDs are lower case and NULL when all zeros; empty text is NULL."""

    TEXT = "text"
    GUID = "guid"
    INT = "int"
    BOOL = "bool"
    TIME = "time"
    TEXTS = "texts"
    WHO = "who"  # a struct that names somebody
    WHOS = "whos"


WHO_FIELDS = ("Type", "TypeV2", "AadObjectId", "Name", "Email", "UPN", "LoginName", "UserCount")
"""Members of every struct that names somebody; `UserLoginName` is read as LoginName."""

WHO = pa.struct([pa.field(name, pa.int64() if name == "UserCount" else pa.string()) for name in WHO_FIELDS])

ARROW: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.GUID: pa.string(),
    Kind.INT: pa.int64(),
    Kind.BOOL: pa.bool_(),
    Kind.TIME: pa.timestamp("us"),
    Kind.TEXTS: pa.list_(pa.string()),
    Kind.WHO: WHO,
    Kind.WHOS: pa.list_(WHO),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name here, and the names it has in files (`RootWeb.Title` = member of a
    struct, or of each struct of a list)."""

    name: str
    kind: Kind
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset.

    key: the columns that tell rows apart; none = every row stands for itself.
    needs: a row without one of these cannot be placed and is rejected.
    part: the column whose values a newer pull replaces one by one (GroupMembers: the group); empty =
        a full pull replaces the whole dataset.
    within: the dataset that lists all parts; pulled together with it, this one is replaced whole.
    ignored: published columns we know and do not keep.
    """

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    needs: tuple[str, ...]
    part: str = ""
    within: str = ""
    ignored: frozenset[str] = frozenset()


def _fields(kinds: Mapping[Kind, str]) -> tuple[Field, ...]:
    """`name` or `name=source|source`, by kind; every dataset also has these three."""
    made = [Field("ptenant", Kind.GUID, ("ptenant",)), Field("SnapshotDate", Kind.TIME, ("SnapshotDate",)),
            Field("Operation", Kind.TEXT, ("Operation",))]  # fmt: skip
    for kind, words in kinds.items():
        for word in words.split():
            name, _, sources = word.partition("=")
            made.append(Field(name, kind, tuple((sources or name).split("|"))))
    return tuple(made)


def _names(words: str) -> frozenset[str]:
    return frozenset(words.lower().split())


_TECHNICAL = "pAdditionalInfo datarow userrow pagerow rowinformation ODataType"

_SITES = Dataset(
    "SharePointSites",
    _fields({
        Kind.GUID: "Id GroupId HubSiteId RootWebId=RootWeb.Id",
        Kind.TEXT: "Url ArchiveState RootWebTitle=RootWeb.Title RootWebTemplate=RootWeb.WebTemplate GeoLocation"
        " TeamsChannelType Privacy Classification LabelId=SensitivityLabelInfo.Id"
        " LabelName=SensitivityLabelInfo.DisplayName",
        Kind.BOOL: "IsInRecycleBin IsTeamsConnectedSite IsTeamsChannelSite IsCommunicationSite IsOneDrive"
        " ShareByEmailEnabled ShareByLinkEnabled IsExternalSharingEnabled SiteConnectedToPrivateGroup ReadLocked ReadOnly",
        Kind.INT: "WebCount StorageQuota StorageUsed FileCount=StorageMetrics.TotalFileCount"
        " StoredBytes=StorageMetrics.TotalSize",
        Kind.TIME: "CreatedTime LastSecurityModifiedDate LastUserAccessDate LastContentChange",
        Kind.WHO: "Owner SecondaryContact",
    }),
    key=("Id",), needs=("Id", "Url"),
    ignored=_names("RecycleBinItemCount RecycleBinItemSize SecondStageRecycleBinStorageUsage IsHubSite IBMode IBSegments"
                   " BlockAccessFromUnmanagedDevices BlockDownloadOfAllFilesOnUnmanagedDevices"
                   " BlockDownloadOfViewableFilesOnUnmanagedDevices SiteArchivedBy SiteArchivedTime"),
)  # fmt: skip

_PERMISSIONS = Dataset(
    "SharePointPermissions",
    _fields({
        Kind.GUID: "SiteId WebId ListId UniqueId LinkId ScopeId",
        Kind.INT: "ListItemId TotalUserCount",
        Kind.TEXT: "ItemType ItemURL FileExtension RoleDefinition LinkScope",
        Kind.TIME: "ShareCreatedTime ShareLastModifiedTime ShareExpirationTime",
        Kind.WHO: "ShareCreatedBy ShareLastModifiedBy",
        Kind.WHOS: "SharedWith",
    }),
    key=("SiteId", "ScopeId", "RoleDefinition", "LinkId"), needs=("SiteId", "ItemType"),
    ignored=_names("SharedWithCount"),
)  # fmt: skip

_GROUPS = Dataset(
    "SharePointGroups",
    _fields({
        Kind.GUID: "SiteId GroupLinkId",
        Kind.INT: "GroupId",
        Kind.TEXT: "GroupType DisplayName Description",
        Kind.WHO: "Owner",
        Kind.WHOS: "Members",
    }),
    key=("SiteId", "GroupId"), needs=("SiteId", "GroupId", "DisplayName"),
)  # fmt: skip

_FILES = Dataset(
    "SharePointFiles",
    _fields({
        Kind.GUID: "SiteId WebId ListId ItemId ScopeId",
        Kind.TEXT: "SiteUrl DirName FileName Extension ListServerTemplate LabelName=SensitivityLabelInfo.DisplayName"
        " LabelId=SensitivityLabelInfo.Id AuthorEmail=Author.Email AuthorName=Author.Name"
        " ModifiedByEmail=ModifiedBy.Email ModifiedByName=ModifiedBy.Name",
        Kind.INT: "SizeInBytes SizeInBytesWithVersions",
        Kind.TIME: "TimeCreated TimeLastModified",
    }),
    key=("SiteId", "ItemId"), needs=("SiteId", "ItemId", "FileName"),
    ignored=_names("WebTemplateId IsLabelEncrypted MajorVersion MinorVersion QuickXorHash"),
)  # fmt: skip

_ACTIONS = Dataset(
    "SharePointFileActions",
    _fields({
        Kind.GUID: "SiteId ListItemId",
        Kind.TEXT: "ItemURL ItemName ItemExtension ActorType ActorIdType ActorDisplayName ActorEmail ActionName",
        Kind.TIME: "ActionDate",
    }),
    key=(), needs=("SiteId",), part="SnapshotDate",  # each day stands alone (1)
    ignored=_names("SiteUrl WebId WebTemplateId ListId UserAgent ClientIP"),
)  # fmt: skip

_DETAILS = Dataset(
    "GroupDetails",
    _fields({
        Kind.GUID: "id=id|pObjectId",
        Kind.TEXT: "displayName mail visibility classification description",
        Kind.BOOL: "mailEnabled securityEnabled isAssignableToRole",
        Kind.TIME: "createdDateTime deletedDateTime renewedDateTime expirationDateTime",
        Kind.TEXTS: "groupTypes resourceProvisioningOptions",
    }),
    key=("id",), needs=("id",),
    ignored=_names("mailNickname membershipRule membershipRuleProcessingState onPremisesDomainName onPremisesLastSyncDateTime"
                   " onPremisesSyncEnabled preferredDataLocation preferredLanguage proxyAddresses securityIdentifier theme "
                   + _TECHNICAL),
)  # fmt: skip


def _directory_edge(name: str) -> Dataset:
    return Dataset(
        name,
        # Older pulls carry the group id in puser (1.6).
        _fields({
            Kind.GUID: "grp=pObjectId|puser id",
            Kind.TEXT: "userPrincipalName displayName mail ObjectKind=ODataType|@odata.type",
        }),
        key=("grp", "id"), needs=("grp", "id"), part="grp", within="GroupDetails",
        ignored=_names(_TECHNICAL + " puser"),
    )  # fmt: skip


_PERSON_IGNORED = _names(
    "aboutMe ageGroup birthday consentProvidedForMinor faxNumber hireDate imAddresses"
    " interests isResourceAccount legalAgeGroupClassification mailNickname mySite"
    " onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes onPremisesImmutableId"
    " onPremisesLastSyncDateTime onPremisesProvisioningErrors onPremisesSamAccountName onPremisesSecurityIdentifier"
    " onPremisesSyncEnabled onPremisesUserPrincipalName otherMails passwordPolicies passwordProfile pastProjects postalCode"
    " preferredDataLocation preferredName provisionedPlans proxyAddresses responsibilities schools"
    " showInAddressList signInSessionsValidFromDateTime skills state streetAddress"
    " assignedPlans licenseAssignmentStates deviceEnrollmentLimit deviceKeys refreshTokensValidFromDateTime identities"
    # The shape before v1, as the published sample has it.
    " Name EmailAddresses Fax HomePhone Initials Notes OtherFax OtherHomePhone OtherTelephone Pager"
    " PostOfficeBox SimpleDisplayName StateOrProvince Languages ExternalEmailAddress puser " + _TECHNICAL
)  # fmt: skip


def _person(name: str, guids: str, key: tuple[str, ...], part: str = "", within: str = "") -> Dataset:
    return Dataset(
        name,
        _fields({
            Kind.GUID: guids,
            Kind.TEXT: "userPrincipalName mail=mail|PrimarySmtpAddress displayName userType department jobTitle=jobTitle|Title"
            " companyName=companyName|Company officeLocation=officeLocation|Office country"
            " givenName=givenName|FirstName surname=surname|LastName city usageLocation preferredLanguage employeeId mobilePhone",
            Kind.BOOL: "accountEnabled",
            Kind.TIME: "createdDateTime deletedDateTime lastPasswordChangeDateTime",
            Kind.TEXTS: "businessPhones=businessPhones|Phone skus=assignedLicenses.skuId",
        }),
        key=key, needs=key, part=part, within=within, ignored=_PERSON_IGNORED,
    )  # fmt: skip


DATASETS: Mapping[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        _SITES,
        _PERMISSIONS,
        _GROUPS,
        _FILES,
        _ACTIONS,
        _DETAILS,
        _directory_edge("GroupMembers"),
        _directory_edge("GroupOwners"),
        _person("User", "id=id|puser", ("id",)),
        _person("Manager", "puser id", ("puser", "id"), part="puser", within="User"),
    )
}
"""By name, in the order they are taken in: Sites first, since permissions are checked against them."""

NOT_USED = ("DirectReport",)
"""Datasets that tell nothing the others do not."""
