"""Words of Microsoft's directory: the Graph permissions we know, and directory roles by their template ids."""

from __future__ import annotations

from collections.abc import Mapping

GRAPH_APP_ROLES = (
    "User.Export.All",
    "User.Read.All",
    "CrossTenantUserProfileSharing.Read.All",
    "CrossTenantUserProfileSharing.ReadWrite.All",
    "Reports.Read.All",
    "ReportSettings.Read.All",
    "ReportSettings.ReadWrite.All",
)
"""Permissions an application can hold for the Graph face (graph.md 1.5): `roles` of its tokens."""

GRAPH_SCOPES = (
    *GRAPH_APP_ROLES,
    "CrossTenantUserProfileSharing.Read",
    "CrossTenantUserProfileSharing.ReadWrite",
)
"""Permissions a person can give to a client: `scp` of delegated tokens. Two are for one's own profile only."""

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
REPORTS_READER = "4a5d8f65-41da-4de4-8968-e035b65339cf"
USAGE_SUMMARY_REPORTS_READER = "75934031-6c7e-415a-99d7-48dbd49e875e"
SHAREPOINT_ADMINISTRATOR = "f28a1f50-f6e7-4571-818b-6a12f2af6b6c"
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
SKYPE_ADMINISTRATOR = "75941009-915a-4869-abe7-691bff18279e"
TEAMS_ADMINISTRATOR = "69091246-20e8-4a56-aa4d-066075b2a7a8"
TEAMS_COMMUNICATIONS_ADMINISTRATOR = "baf37b3a-610e-45da-9e62-d9d1e5e8914b"

DIRECTORY_ROLES: Mapping[str, str] = {
    "Global Administrator": GLOBAL_ADMINISTRATOR,
    "Global Reader": GLOBAL_READER,
    "Reports Reader": REPORTS_READER,
    "Usage Summary Reports Reader": USAGE_SUMMARY_REPORTS_READER,
    "SharePoint Administrator": SHAREPOINT_ADMINISTRATOR,
    "Exchange Administrator": EXCHANGE_ADMINISTRATOR,
    "Skype for Business Administrator": SKYPE_ADMINISTRATOR,
    "Teams Administrator": TEAMS_ADMINISTRATOR,
    "Teams Communications Administrator": TEAMS_COMMUNICATIONS_ADMINISTRATOR,
}
"""Display name -> role template id, the same in every tenant: `wids` of delegated tokens."""
