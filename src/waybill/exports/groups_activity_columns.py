"""The columns of the groups activity report, in the order of graph.md 6.3, with their JSON members (6.6)."""

from __future__ import annotations

from waybill.export import Column, Kind

_COLUMNS: tuple[tuple[Column, str], ...] = (
    (Column("Report Refresh Date", Kind.DATE), "reportRefreshDate"),
    (Column("Group Display Name"), "groupDisplayName"),
    (Column("Is Deleted", Kind.BOOL), "isDeleted"),
    (Column("Owner Principal Name"), "ownerPrincipalName"),
    (Column("Last Activity Date", Kind.DATE), "lastActivityDate"),
    (Column("Group Type"), "groupType"),
    (Column("Member Count", Kind.INT), "memberCount"),
    (Column("External Member Count", Kind.INT), "externalMemberCount"),
    (Column("Exchange Received Email Count", Kind.INT), "exchangeReceivedEmailCount"),
    (Column("SharePoint Active File Count", Kind.INT), "sharePointActiveFileCount"),
    (Column("Yammer Posted Message Count", Kind.INT), "yammerPostedMessageCount"),
    (Column("Yammer Read Message Count", Kind.INT), "yammerReadMessageCount"),
    (Column("Yammer Liked Message Count", Kind.INT), "yammerLikedMessageCount"),
    (Column("Exchange Mailbox Total Item Count", Kind.INT), "exchangeMailboxTotalItemCount"),
    (Column("Exchange Mailbox Storage Used (Byte)", Kind.INT), "exchangeMailboxStorageUsedInBytes"),
    (Column("SharePoint Total File Count", Kind.INT), "sharePointTotalFileCount"),
    (Column("SharePoint Site Storage Used (Byte)", Kind.INT), "sharePointSiteStorageUsedInBytes"),
    (Column("Teams Channel Messages Count", Kind.INT), "teamsChannelMessagesCount"),
    (Column("Teams Meetings Organized Count", Kind.INT), "teamsMeetingsOrganizedCount"),
    (Column("Group Id"), "groupId"),
    (Column("Report Period"), "reportPeriod"),  # text: JSON has it as a string
)

COLUMNS = tuple(column for column, _ in _COLUMNS)
MEMBERS = tuple(member for _, member in _COLUMNS)
JSON_ONLY = frozenset({"Teams Channel Messages Count", "Teams Meetings Organized Count"})
"""No page and no captured file shows these in the CSV."""
NAMES = frozenset({"Group Display Name", "Owner Principal Name"})
IDS = frozenset({"Group Id"})
