"""One made-up tenant in which MGDC names people, groups, places and links in every way it can."""

from __future__ import annotations

from typing import Any

from tests.unit.mgdc.mgdc_parts import (
    HOST,
    TENANT,
    Row,
    edge,
    grant,
    group,
    guid,
    person,
    site,
    sp_group,
    user,
    user_id,
)

FED = "c:0o.c|federateddirectoryclaimprovider|"
ITEM = guid("item", 1)


def named(name: str, kind: str = "SecurityGroup", **more: Any) -> Row:
    return {"Type": kind, "Name": name} | more


def link(
    number: int, scope: str, role: str, *people: Row, url: str = "sites/s1/Docs/plan.docx", **more: Any
) -> Row:
    return grant(
        *people,
        url=url,
        item="File",
        role=role,
        number=100 + number,
        LinkId=guid("link", number),
        LinkScope=scope,
        **more,
    )


def hidden(number: int, kind: str, *members: Row, item: str = ITEM, link_id: str = "") -> Row:
    share = link_id or guid("link", number)
    return sp_group(500 + number, f"SharingLinks.{item}.{kind}.{share}", *members, GroupLinkId=share)


SITES = [
    site(1, ShareByLinkEnabled=True, SensitivityLabelInfo={"DisplayName": "Confidential"}),
    site(2, GroupId=guid("group", 2), Owner={"AadObjectId": guid("group", 2), "Name": "Product Owners"}),
    site(3, GroupId=guid("group", 3), Privacy="Private", IsExternalSharingEnabled=False),
    site(
        4,
        Url="https://contoso-my.sharepoint.com/personal/anna_contoso_com",
        RootWeb={"Title": "Anna", "WebTemplate": "SPSPERS#10"},
        Owner={"AadObjectId": user_id("anna"), "Name": "anna", "UPN": "anna@contoso.com"},
    ),
    site(
        5,
        TeamsChannelType="PrivateChannel",
        RootWeb={"Title": "Research-Budget", "WebTemplate": "TEAMCHANNEL#1"},
    ),
    site(6, TeamsChannelType="SharedChannel", IsTeamsChannelSite=True),
    site(7, IsCommunicationSite=True, ReadOnly=True),
    site(8, IsInRecycleBin=True),
    site(9, ArchiveState="Archived"),
    site(10, ReadLocked=True, Url=f"{HOST}/"),
]

GRANTS = [
    grant(
        named("Everyoneexceptexternalusers"),
        named("Everyone"),
        named("All Users (windows)"),
        named("x", UserLoginName=f"c:0-.f|rolemanager|spo-grid-all-users/{guid('foreign', 1)}"),
        named("Global Administrator", AadObjectId=guid("role", 1)),
        named("Finance", AadObjectId=guid("group", 1)),
        named("Product Owners", UserLoginName=f"{FED}{guid('group', 2)}_o", AadObjectId=guid("group", 2)),
        named("Product Members", UserLoginName=f"{FED}{guid('group', 2)}", AadObjectId=guid("group", 2)),
        named("Lost Members", UserLoginName=f"{FED}{guid('group', 70)}"),
        named("Nowhere", UserCount=12),
        named("legal", Email="LEGAL@contoso.com"),
        named("Hidden", UserLoginName=f"c:0t.c|tenant|{guid('group', 71)}", UserCount=7),
        named("Partner", TypeV2="ExternalGroup", AadObjectId=guid("group", 72)),
    ),
    grant(
        person("anna"),
        {"Type": "Internal", "Name": "boris", "Email": "BORIS@contoso.com"},
        person("clara", AadObjectId=guid("user", 999)),
        named("nobody", "Internal"),
        named("System Account", "Internal"),
        {
            "Type": "External",
            "Name": "gus",
            "UPN": "gus_fabrikam.com#ext#@contoso.onmicrosoft.com",
            "AadObjectId": guid("user", 5),
        },
        {
            "Type": "External",
            "Name": "mia",
            "Email": "mia@fabrikam.com",
            "UserLoginName": "i:0#.f|membership|urn:spo:guest#mia@fabrikam.com",
        },
        {"Type": "External", "TypeV2": "B2BUser", "Name": "bea", "UPN": "bea@fabrikam.com"},
        role="Edit",
    ),
    grant(
        named("s1 OWNERS", "SharePointGroup"),
        named("Ghosts", "SharePointGroup", UserCount=4),
        role="Contribute without delete",
    ),
    grant(person("anna"), item="SiteAdmin", role="FullControl", number=9),
    grant(person("anna"), url="sites/s1/sub/Lists/Tasks", item="List", number=10, WebId=guid("web", 50)),
    grant(
        person("anna"),
        url="sites/s1/sub/Lists/Tasks/3_.000",
        item="ListItem",
        number=11,
        WebId=guid("web", 50),
    ),
    grant(person("anna"), url="sites/s1/Shared Documents/A & B/100% #1.docx", item="File", number=12),
    grant(person("anna"), url="/sites/S1/shared documents/a & b", item="Folder", number=13),
    grant(person("anna"), url=None, on=10),
    grant(person("anna"), url="Shared Documents", item="List", on=10, number=14),
    # Site 3 was renamed: its rows still have the old path.
    grant(person("anna"), url="sites/old3", on=3),
    grant(person("anna"), url="sites/old3/Docs/x.txt", item="File", on=3, number=15),
    link(
        1,
        "SpecificPeople",
        "Contribute",
        {"Type": "External", "Name": "ida", "Email": "ida@fabrikam.com"},
        {"Type": "External", "Name": "jan", "Email": "jan@fabrikam.com"},
        named("Finance", AadObjectId=guid("group", 1)),
        UniqueId=ITEM,
        ShareCreatedBy={"Name": "anna", "UPN": "anna@contoso.com"},
        ShareExpirationTime="2026-09-01T00:00:00Z",
    ),
    link(2, "Organization", "ViewOnly", person("anna"), person("boris"), url="sites/s1/Docs/a.docx"),
    link(3, "Organization", "Read", person("boris"), url="sites/s1/Docs/b.docx"),
    link(4, "Anyone", "Review", url="sites/s1/Docs"),
    link(5, "Organization", "Review", url="sites/s1/Docs/d.docx"),
    link(4, "Anyone", "Review", url="sites/s1/Docs/c.docx", ScopeId=guid("scope", 777)),
]

SP_GROUPS = [
    sp_group(
        3,
        "S1 Owners",
        {"Type": "User", "Name": "anna", "AadObjectId": user_id("anna")},
        named("c:0u.c|tenant|" + "ab" * 32),
        named("Finance", AadObjectId=guid("group", 1)),
    ),
    hidden(1, "Flexible", {"Type": "User", "Name": "ida", "Email": "ida@fabrikam.com"}),
    hidden(2, "OrganizationView", {"Type": "User", "Name": "anna", "AadObjectId": user_id("anna")}),
    hidden(5, "Flexible"),
    hidden(9, "AnonymousEdit", item=guid("item", 9)),
    sp_group(1, "Stray", on=88),
]

FILES: list[Row] = [
    {
        "ptenant": TENANT,
        "SiteId": guid("site", 1),
        "ItemId": ITEM,
        "SiteUrl": f"{HOST}/sites/s1",
        "DirName": "Docs",
        "FileName": "plan.docx",
        "TimeLastModified": "2026-05-01T10:00:00Z",
        "SensitivityLabelInfo": {"DisplayName": "Secret"},
    },
    {
        "ptenant": TENANT,
        "SiteId": guid("site", 1),
        "ItemId": guid("item", 2),
        "SiteUrl": f"{HOST}/sites/s1",
        "DirName": "sites/s1/Docs/Deep/Deeper",
        "FileName": "note.txt",
    },
]

DIRECTORY: dict[str, list[Row]] = {
    "GroupDetails": [
        group(1, "Finance"),
        group(2, "Product", groupTypes=["Unified"], mailEnabled=True, mail="product@contoso.com"),
        group(
            3,
            "Research",
            groupTypes=["Unified", "DynamicMembership"],
            resourceProvisioningOptions=["Team"],
            visibility="Private",
        ),
        group(4, "Legal", mail="legal@contoso.com", mailEnabled=True),
        group(5, "News", mail="n@contoso.com", mailEnabled=True, securityEnabled=False),
        group(6, "Gone", deletedDateTime="2026-05-01T00:00:00Z"),
    ],
    "GroupMembers": [
        edge(1, user_id("anna")),
        edge(1, guid("group", 4), "group"),
        edge(1, guid("device", 1), "device"),
        edge(2, user_id("boris")),
    ],
    "GroupOwners": [edge(2, user_id("clara"))],
    "User": [
        user("anna"),
        user("boris", accountEnabled=False),
        user("clara"),
        user("yusuf", userPrincipalName="yusuf_adatum.com#EXT#@contoso.onmicrosoft.com"),
        user("greta", userType="Guest"),
    ],
    "Manager": [user("boss", puser=user_id("anna"))],
}

DATASETS: dict[str, list[Row]] = {
    "SharePointSites": SITES,
    "SharePointPermissions": GRANTS,
    "SharePointGroups": SP_GROUPS,
    "SharePointFiles": FILES,
    **DIRECTORY,
}
