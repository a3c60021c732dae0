"""Reports are known by their headings as Microsoft's pages and captured files spell them."""

from __future__ import annotations

import pytest

from waybill.ingest.usage.kinds import kind_of

HEADINGS = {
    "getTeamsUserActivityUserDetail": "Report Refresh Date,Tenant Display Name,Shared Channel Tenant Display Names,User Id,"
    "User Principal Name,Last Activity Date,Is Deleted,Deleted Date,Assigned Products,Team Chat Message Count,"
    "Private Chat Message Count,Call Count,Meeting Count,Report Period",
    "getTeamsDeviceUsageUserDetail": "Report Refresh Date,User Principal Name,Last Activity Date,Is Deleted,Deleted Date,"
    "Used Web,Used Windows Phone,Used iOS,Used Mac,Used Android Phone,Used Windows,Report Period",
    "getYammerDeviceUsageUserDetail": "Report Refresh Date,User Principal Name,Display Name,User State,State Change Date,"
    "Last Activity Date,Used Web,Used Windows Phone,Used Android Phone,Used iPhone,Used iPad,Used Others,Report Period",
    "getYammerActivityUserDetail": "Report Refresh Date,User Principal Name,Display Name,User State,State Change Date,"
    "Last Activity Date,Posted Count,Read Count,Liked Count,Assigned Products,Report Period",
    "getYammerGroupsActivityDetail": "Report Refresh Date,Group Display Name,Is Deleted,Owner Principal Name,"
    "Last Activity Date,Group Type,Office 365 Connected,Member Count,Posted Count,Read Count,Liked Count,Report Period",
    "getEmailActivityUserDetail": "Report Refresh Date,User Principal Name,Display Name,Is Deleted,Deleted Date,"
    "Last Activity Date,Send Count,Receive Count,Read Count,Assigned Products,Report Period",
    "getEmailAppUsageUserDetail": "Report Refresh Date,User Principal Name,Display Name,Is Deleted,Deleted Date,"
    "Last Activity Date,Mail For Mac,Outlook For Mac,Outlook For Windows,Outlook For Mobile,Other For Mobile,"
    "Outlook For Web,POP3 App,IMAP4 App,SMTP App,Report Period",
    "getM365AppUserDetail": "Report Refresh Date,User Principal Name,Last Activation Date,Last Activity Date,Report Period,"
    "Windows,Mac,Mobile,Web,Outlook,Word,Excel,PowerPoint,OneNote,Teams,Outlook (Windows)",
    "getSharePointActivityUserDetail": "Report Refresh Date,User Principal Name,Is Deleted,Deleted Date,Last Activity Date,"
    "Viewed Or Edited File Count,Synced File Count,Shared Internally File Count,Shared Externally File Count,"
    "Visited Page Count,Assigned Products,Report Period",
    "getOneDriveActivityUserDetail": "Report Refresh Date,User Principal Name,Is Deleted,Deleted Date,Last Activity Date,"
    "Viewed Or Edited File Count,Synced File Count,Shared Internally File Count,Shared Externally File Count,"
    "Assigned Products,Report Period",
    "getSharePointSiteUsageDetail": "Report Refresh Date,Site Id,Site URL,Owner Display Name,Is Deleted,Last Activity Date,"
    "File Count,Active File Count,Page View Count,Visited Page Count,Storage Used (Byte),Storage Allocated (Byte),"
    "Root Web Template,Owner Principal Name,Report Period",
    "getOneDriveUsageAccountDetail": "Report Refresh Date,Site URL,Owner Display Name,Is Deleted,Last Activity Date,"
    "File Count,Active File Count,Storage Used (Byte),Storage Allocated (Byte),Owner Principal Name,Report Period",
}


@pytest.mark.parametrize("report", HEADINGS)
def test_a_report_is_known_by_its_headings(report: str) -> None:
    """Each published set of headings, in any order and letter case, is the report that it is."""
    headings = HEADINGS[report].split(",")
    for form in (headings, headings[::-1], [f" {heading.upper()} " for heading in headings]):
        kind = kind_of(form)
        assert kind is not None
        assert kind.report == report


@pytest.mark.parametrize(
    "headings",
    [
        "Report Refresh Date,Viewed Or Edited,Synced,Shared Internally,Shared Externally,Report Date,Report Period",
        "Report Refresh Date,Mail For Mac,Outlook For Mac,Outlook For Web,POP3 App,Report Date,Report Period",
        "User Principal Name,Send Count,Receive Count,Read Count",
        "displayConcealedNames",
    ],
)
def test_counts_without_people_are_no_report_of_ours(headings: str) -> None:
    """Reports of sums over the tenant, and tables that only look alike, are none of ours."""
    assert kind_of(headings.split(",")) is None
