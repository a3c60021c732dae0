"""The table of insights.md 3.5, a test for each row: what a login name means, and who is behind it."""

from __future__ import annotations

from tests.semantics.reports import ReportsOn, names, one
from tests.semantics.small_tenant import SPECIALS, Principal, Tenant

ROLE_SID = "c:0-.f|rolemanager|s-1-5-21-1111111111-222222222-3333333333-4444"


def test_internal_user(reports_on: ReportsOn) -> None:
    """`i:0#.f|membership|user@dom` is an internal user, and reaches itself."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    t.grant(site.root, anna, "Edit")
    reports = reports_on(t)
    result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Login Name"]) == ("User", "i:0#.f|membership|anna@contoso.com")
    assert (row["Is External User"], row["Number of Members"]) == (False, 0)
    assert one(result["People"])["Access Path"] == "Anna -> Edit on site"


def test_guest_account(reports_on: ReportsOn) -> None:
    """A `#ext#` login is an external user with a directory account."""
    t = Tenant()
    gita = t.user("Gita", user_type="Guest")
    site = t.site("Budget")
    t.grant(site.root, gita, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Is External User"]) == ("External User", True)
    assert "#ext#" in row["Login Name"]
    person = one(result["People"])
    assert (person["User Type"], person["Account Status"]) == ("Guest", "Active")
    assert result["Summary"][0]["External Users"] == 1


def test_link_guest_without_account(reports_on: ReportsOn) -> None:
    """`urn:spo:guest#mail` is an external person without a directory account, pending until redeemed."""
    t = Tenant()
    login = "i:0#.f|membership|urn:spo:guest#gita@fabrikam.com"
    gita = t.user("Gita", "invited", "Guest", raw_login=login)
    site = t.site("Budget")
    t.link(site.root.library("Docs").file("plan.xlsx"), "specific", [gita])
    reports = reports_on(t)
    result = reports.site(site)
    person = one(result["People"])
    assert (person["Display Name"], person["Account Status"]) == ("Gita", "Invited")
    assert person["Access Path"] == 'Gita -> link "Specific people" -> Read on file "plan.xlsx"'
    assert result["Summary"][0]["External Users"] == 1


def test_security_groups(reports_on: ReportsOn) -> None:
    """`c:0t.c|tenant|` and `c:0u.c|tenant|` are Entra groups: they reach their transitive members."""
    t = Tenant()
    anna = t.user("Anna")
    inner = t.group("SG-Inner", [anna])
    site = t.site("Budget")
    shown = {"security_group": "Security Group", "mail_security_group": "Mail-enabled Security Group"}
    groups: list[Principal] = []
    for kind in shown:
        for prefix in ("c:0t.c|tenant|", "c:0u.c|tenant|"):
            group = t.group(f"SG {len(groups)}", [inner], kind=kind)
            group.raw_login = f"{prefix}{group.entra_id}"
            t.grant(site.root.library(group.name), group, "Edit")
            groups.append(group)
    reports = reports_on(t)
    result, report = reports.site(site), reports.group(*groups)
    for group in groups:
        row = one(result["Permissions"], Login_Name=group.login)
        assert (row["Principal Type"], row["Total Users"]) == (shown[group.kind], 1)
        hit = one(report["Objects"], Group_ID=group.entra_id)
        assert (hit["Granted Through"], hit["Inherited From"]) == ("Direct", group.login)
    assert one(result["People"])["Access Path"] == (
        'Anna -> member of SG-Inner -> member of SG 0 -> Edit on library "SG 0"'
    )
    assert one(result["People"])["Number of Paths"] == len(groups)


def test_directory_role(reports_on: ReportsOn) -> None:
    """A directory role behind `c:0t.c|tenant|` reaches its holders."""
    t = Tenant()
    anna = t.user("Anna")
    role = t.group("SharePoint Administrator", [anna], kind="directory_role")
    site = t.site("Budget")
    t.admin(site, role)
    reports = reports_on(t)
    result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Permission"]) == ("Directory Role", "Site Collection Administrator")
    assert one(result["People"])["Access Path"] == (
        "Anna -> member of SharePoint Administrator -> site administrator -> Site Collection Administrator on site"
    )


def test_m365_group_members(reports_on: ReportsOn) -> None:
    """The federated claim without `_o` reaches the members of the Microsoft 365 group, not its owners."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    team = t.group("Team Blue", [anna], owners=[bert], kind="m365_group")
    site = t.site("Budget")
    t.grant(site.root, team, "Edit")
    reports = reports_on(t)
    result = reports.site(site)
    row = one(reports.group(team)["Objects"])
    assert names(result) == {"Anna"}
    assert one(result["Permissions"])["Principal Type"] == "Microsoft 365 Group"
    assert (row["Granted Through"], row["Applies To"], row["Is Direct"]) == (
        "Microsoft 365 group members", "All members", True,
    )  # fmt: skip
    assert row["Access Path"] == "Team Blue -> Edit on site"


def test_m365_group_owners(reports_on: ReportsOn) -> None:
    """The federated claim ending in `_o` reaches the owners of the group, not its members."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    team = t.group("Team Blue", [anna], owners=[bert], kind="m365_group")
    site = t.site("Budget")
    owners = t.sp_group(site, "Budget Owners", [t.owners_of(team)], role="Owners")
    t.grant(site.root, owners, "Full Control")
    reports = reports_on(t)
    result = reports.site(site)
    row = one(reports.group(team)["Objects"])
    person = one(result["People"])
    assert person["Display Name"] == "Bert"
    assert person["Access Path"] == (
        'Bert -> owner of Team Blue -> SharePoint group "Budget Owners" -> Full Control on site'
    )
    assert (row["Granted Through"], row["Applies To"], row["Is Direct"]) == (
        "SharePoint group: Budget Owners", "Owners only", False,
    )  # fmt: skip
    assert (row["Inherited From"], row["Users Reached"]) == ("Budget Owners", 1)


def test_special_groups(reports_on: ReportsOn) -> None:
    """Each of the four special claims is a Special Group with one row, and is never made into people."""
    t = Tenant()
    t.user("Anna")
    site = t.site("News")
    for claim in SPECIALS.values():
        t.grant(site.root, claim, "Read")
    reports = reports_on(t)
    result, group = reports.site(site), reports.group(*SPECIALS.values())
    assert names(result) == {claim.name for claim in SPECIALS.values()}
    assert {p["User Type"] for p in result["People"]} == {"Special Group"}
    for claim in SPECIALS.values():
        row = one(result["Permissions"], Principal_Name=claim.name)
        assert (row["Principal Type"], row["Login Name"]) == ("Special Group", claim.login)
        hit = one(group["Objects"], Group_Name=claim.name)
        assert (hit["Granted Through"], hit["Is Direct"], hit["Applies To"]) == (
            "Everyone claim", True, "All members",
        )  # fmt: skip
        assert one(group["Summary"], Group_Name=claim.name)["Group Type"] == "Special Group"
        one(group["Members"], Group_Name=claim.name)


def test_role_claim_by_sid_that_nobody_can_expand(reports_on: ReportsOn) -> None:
    """An old role SID claim whose holders are not known keeps its row and is named on Exceptions."""
    t = Tenant()
    role = t.group("Role by SID", kind="directory_role", status="unresolved", raw_login=ROLE_SID)
    site = t.site("Budget")
    t.grant(site.root, role, "Full Control")
    reports = reports_on(t)
    result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Login Name"]) == ("Directory Role", ROLE_SID)
    assert row["Total Users"] is None
    assert result["People"] == []
    assert {e["Code"] for e in result.exceptions} == {"GROUP_UNRESOLVED"}


def test_hidden_link_group(reports_on: ReportsOn) -> None:
    """`SharingLinks.<guid>.<kind>.<guid>` is a sharing link, shown by what it is, with its raw login kept."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    link = t.link(site.root.library("Docs").file("plan.xlsx"), "specific", redeemed=[anna])
    reports = reports_on(t)
    result = reports.site(site)
    row = one(result["Permissions"], Principal_Type="Sharing Link")
    assert (row["Login Name"], row["Link Type"]) == (link.login, "Specific people")
    assert row["Link Giving Access To"] == "anna@contoso.com"
    assert one(result["Sharing Links"])["Share Group"] == link.login


def test_internal_link_marker(reports_on: ReportsOn) -> None:
    """A principal titled `SLinkClaim` is a marker of the system: no row, no access."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    marker = t.sp_group(site, "SLinkClaim.0815", [anna])
    t.grant(site.root, marker, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    assert result["People"] == result["Permissions"] == []


def test_login_that_names_nobody(reports_on: ReportsOn) -> None:
    """A login without a directory object keeps its row as Deleted Principal with status Deleted."""
    t = Tenant()
    gone = t.unknown("Former Colleague", "i:0#.f|membership|former@contoso.com")
    site = t.site("Budget")
    t.grant(site.root, gone, "Edit")
    reports = reports_on(t)
    result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Principal Status"]) == ("Deleted Principal", "Deleted")
    assert row["Login Name"] == gone.login
    assert result["People"] == []
    assert {e["Code"] for e in result.exceptions} == {"PRINCIPAL_DELETED"}
