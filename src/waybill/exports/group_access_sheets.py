"""The columns of the group access report, in the order of insights.md 2.1."""

from __future__ import annotations

from waybill.export import Column, Kind

_GROUP_COLUMNS = (Column("Group Name", width=28), Column("Group ID", width=38))

SUMMARY_COLUMNS = (
    *_GROUP_COLUMNS,
    Column("Email", width=30),
    Column("Group Type", words=True, width=26),
    Column("Membership Type", words=True, width=16),
    Column("Created On", Kind.TIME),
    Column("External Member Count", Kind.INT),
    Column("Owners", Kind.INT, 10),
    Column("Direct Members", Kind.INT, 15),
    Column("Total Users", Kind.INT, 12),
    Column("Nested Groups", Kind.INT, 14),
    Column("Blocked or Deleted Members", Kind.INT, 26),
    Column("Site Collections with Access", Kind.INT, 27),
    Column("Microsoft Teams", Kind.INT, 16),
    Column("SharePoint Online", Kind.INT, 18),
    Column("OneDrive", Kind.INT, 10),
    Column("Microsoft 365 Group", Kind.INT, 20),
    Column("Objects with Unique Access", Kind.INT, 26),
    Column("Highest Permission", width=26),
    Column("Site Admin On", Kind.INT, 14),
    Column("Access via Sharing Links", Kind.INT, 24),
    Column("Risk Flags", words=True, width=30),
    Column("Notes", words=True, width=60),
)

_WHY_COLUMNS = (
    Column("Is Direct", Kind.BOOL, 10),
    Column("Granted Through", words=True, width=36),
    Column("Inherited From", width=36),
    Column("Access Path", width=70),
    Column("Applies To", words=True, width=14),
    Column("Users Reached", Kind.INT, 14),
    Column("External Users Reached", Kind.INT, 22),
)

SITE_COLUMNS = (
    *_GROUP_COLUMNS,
    Column("Module", width=20),
    Column("Site Name", width=28),
    Column("Url", Kind.LINK, 50),
    Column("Object Type", words=True, width=16),
    Column("Permission", width=26),
    Column("Inherit Type", words=True, width=12),
    *_WHY_COLUMNS,
    Column("Site Type", words=True, width=18),
    Column("Channel Name"),
    Column("Privacy", words=True, width=10),
    Column("External Sharing", width=28),
    Column("Sensitivity Label"),
    Column("Last Scanned", Kind.TIME),
)

OBJECT_COLUMNS = (
    *_GROUP_COLUMNS,
    Column("Module", width=20),
    Column("Site Name", width=28),
    Column("Url", Kind.LINK, 60),
    Column("Object Name", width=30),
    Column("Object Type", words=True, width=16),
    Column("Parent Site Url", Kind.LINK, 50),
    Column("Permission", width=26),
    Column("Inherit Type", words=True, width=12),
    *_WHY_COLUMNS,
    Column("Unique From", Kind.LINK, 60),
    Column("Link Id", width=38),
    Column("Link Type", words=True, width=26),
    Column("Link Expires", Kind.TIME),
    Column("Sensitivity Level", words=True, width=16),
    Column("Data Type"),
)

MEMBER_COLUMNS = (
    *_GROUP_COLUMNS,
    Column("Member Name", width=28),
    Column("UPN", width=40),
    Column("Email", width=34),
    Column("Member Type", words=True, width=18),
    Column("Role", words=True, width=10),
    Column("Depth", Kind.INT, 8),
    Column("Via Group", width=28),
    Column("Is External", Kind.BOOL, 12),
    Column("Account Status", words=True, width=15),
    Column("Last Sign-in", words=True, width=20),
)
