"""The table of insights.md 3.5, a test for each row: what a login name means, and who is behind it."""

from __future__ import annotations

import pytest
from semantics.reports import names, one, reports_on
from semantics.small_tenant import SPECIALS, Tenant

ROLE_SID = "c:0-.f|rolemanager|s-1-5-21-1111111111-222222222-3333333333-4444"


def test_internal_user() -> None:
    """`i:0#.f|membership|user@dom` is an internal user, and reaches itself."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    t.grant(site.root, anna, "Edit")
    with reports_on(t) as reports:
        result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Login Name"]) == ("User", "i:0#.f|membership|anna@contoso.com")
    assert (row["Is External User"], row["Number of Members"]) == (False, 0)
    assert one(result["People"])["Access Path"] == "Anna -> Edit on site"


def test_guest_account() -> None:
    """A `#ext#` login is an external user with a directory account."""
    t = Tenant()
    gita = t.user("Gita", user_type="Guest")
    site = t.site("Budget")
    t.grant(site.root, gita, "Read")
    with reports_on(t) as reports:
        result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Is External User"]) == ("External User", True)
    assert "#ext#" in row["Login Name"]
    person = one(result["People"])
    assert (person["User Type"], person["Account Status"]) == ("Guest", "Active")
    assert result["Summary"][0]["External Users"] == 1


def test_link_guest_without_account() -> None:
    """`urn:spo:guest#mail` is an external person without a directory account, pending until redeemed."""
    t = Tenant()
    login = "i:0#.f|membership|urn:spo:guest#gita@fabrikam.com"
    gita = t.user("Gita", "invited", "Guest", raw_login=login)
    site = t.site("Budget")
    t.link(site.root.library("Docs").file("plan.xlsx"), "specific", [gita])
    with reports_on(t) as reports:
        result = reports.site(site)
    person = one(result["People"])
    assert (person["Display Name"], person["Account Status"]) == ("Gita", "Invited")
    assert person["Access Path"] == 'Gita -> link "Specific people" -> Read on file "plan.xlsx"'
    assert result["Summary"][0]["External Users"] == 1


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("security_group", "Security Group"), ("mail_security_group", "Mail-enabled Security Group")],
)
@pytest.mark.parametrize("prefix", ["c:0t.c|tenant|", "c:0u.c|tenant|"])
def test_security_groups(kind: str, shown: str, prefix: str) -> None:
    """`c:0t.c|tenant|` and `c:0u.c|tenant|` are Entra groups: they reach their transitive members."""
    t = Tenant()
    anna = t.user("Anna")
    inner = t.group("SG-Inner", [anna])
    outer = t.group("SG-Outer", [inner], kind=kind)
    outer.raw_login = f"{prefix}{outer.entra_id}"
    site = t.site("Budget")
    t.grant(site.root, outer, "Edit")
    with reports_on(t) as reports:
        result = reports.site(site)
        objects = reports.group(outer)["Objects"]
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Login Name"], row["Total Users"]) == (shown, outer.login, 1)
    assert one(result["People"])["Access Path"] == (
        "Anna -> member of SG-Inner -> member of SG-Outer -> Edit on site"
    )
    assert (one(objects)["Granted Through"], one(objects)["Inherited From"]) == ("Direct", outer.login)


def test_directory_role() -> None:
    """A directory role behind `c:0t.c|tenant|` reaches its holders."""
    t = Tenant()
    anna = t.user("Anna")
    role = t.group("SharePoint Administrator", [anna], kind="directory_role")
    site = t.site("Budget")
    t.admin(site, role)
    with reports_on(t) as reports:
        result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Permission"]) == ("Directory Role", "Site Collection Administrator")
    assert one(result["People"])["Access Path"] == (
        "Anna -> member of SharePoint Administrator -> site administrator -> Site Collection Administrator on site"
    )


def test_m365_group_members() -> None:
    """The federated claim without `_o` reaches the members of the Microsoft 365 group, not its owners."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    team = t.group("Team Blue", [anna], owners=[bert], kind="m365_group")
    site = t.site("Budget")
    t.grant(site.root, team, "Edit")
    with reports_on(t) as reports:
        result = reports.site(site)
        row = one(reports.group(team)["Objects"])
    assert names(result) == {"Anna"}
    assert one(result["Permissions"])["Principal Type"] == "Microsoft 365 Group"
    assert (row["Granted Through"], row["Applies To"], row["Is Direct"]) == (
        "Microsoft 365 group members", "All members", True,
    )  # fmt: skip
    assert row["Access Path"] == "Team Blue -> Edit on site"


def test_m365_group_owners() -> None:
    """The federated claim ending in `_o` reaches the owners of the group, not its members."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    team = t.group("Team Blue", [anna], owners=[bert], kind="m365_group")
    site = t.site("Budget")
    owners = t.sp_group(site, "Budget Owners", [t.owners_of(team)], role="Owners")
    t.grant(site.root, owners, "Full Control")
    with reports_on(t) as reports:
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


@pytest.mark.parametrize("kind", list(SPECIALS))
def test_special_groups(kind: str) -> None:
    """Each of the four special claims is a Special Group with one row, and is never made into people."""
    t = Tenant()
    t.user("Anna")
    claim = SPECIALS[kind]
    site = t.site("News")
    t.grant(site.root, claim, "Read")
    with reports_on(t) as reports:
        result = reports.site(site)
        group = reports.group(claim)
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Login Name"]) == ("Special Group", claim.login)
    assert one(result["People"])["User Type"] == "Special Group"
    hit = one(group["Objects"])
    assert (hit["Granted Through"], hit["Is Direct"], hit["Applies To"]) == ("Everyone claim", True, "All members")
    assert group["Summary"][0]["Group Type"] == "Special Group"
    assert len(group["Members"]) == 1


def test_role_claim_by_sid_that_nobody_can_expand() -> None:
    """An old role SID claim whose holders are not known keeps its row and is named on Exceptions."""
    t = Tenant()
    role = t.group("Role by SID", kind="directory_role", status="unresolved", raw_login=ROLE_SID)
    site = t.site("Budget")
    t.grant(site.root, role, "Full Control")
    with reports_on(t) as reports:
        result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Login Name"]) == ("Directory Role", ROLE_SID)
    assert row["Total Users"] is None
    assert result["People"] == []
    assert {e["Code"] for e in result.exceptions} == {"GROUP_UNRESOLVED"}


def test_hidden_link_group() -> None:
    """`SharingLinks.<guid>.<kind>.<guid>` is a sharing link, shown by what it is, with its raw login kept."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    link = t.link(site.root.library("Docs").file("plan.xlsx"), "specific", redeemed=[anna])
    with reports_on(t) as reports:
        result = reports.site(site)
    row = one(result["Permissions"], Principal_Type="Sharing Link")
    assert (row["Login Name"], row["Link Type"]) == (link.login, "Specific people")
    assert row["Link Giving Access To"] == "Anna"
    assert one(result["Sharing Links"])["Share Group"] == link.login


def test_internal_link_marker() -> None:
    """A principal titled `SLinkClaim` is a marker of the system: no row, no access."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    marker = t.sp_group(site, "SLinkClaim.0815", [anna])
    t.grant(site.root, marker, "Read")
    with reports_on(t) as reports:
        result = reports.site(site)
    assert result["People"] == result["Permissions"] == []


def test_login_that_names_nobody() -> None:
    """A login without a directory object keeps its row as Deleted Principal with status Deleted."""
    t = Tenant()
    gone = t.unknown("Former Colleague", "i:0#.f|membership|former@contoso.com")
    site = t.site("Budget")
    t.grant(site.root, gone, "Edit")
    with reports_on(t) as reports:
        result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Principal Status"]) == ("Deleted Principal", "Deleted")
    assert row["Login Name"] == gone.login
    assert result["People"] == []
    assert {e["Code"] for e in result.exceptions} == {"PRINCIPAL_DELETED"}
