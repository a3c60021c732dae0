"""Rights, levels, groups and everyone-type claims: the statements of insights.md 3.1 to 3.4, 3.6 and 3.7."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.semantics.reports import ReportsOn, names, one
from tests.semantics.small_tenant import EEEU, EVERYONE, SPECIALS, Tenant

STRONGEST_FIRST = (
    "Full Control", "Manage Hierarchy", "Design", "Approve", "Edit", "Contribute", "Review", "Read",
    "Restricted Read", "Restricted View",
)  # fmt: skip


def test_rights_add_up(reports_on: ReportsOn) -> None:
    """Rights are the union over all entries: the strongest counts, every object and path is counted (3.1)."""
    t = Tenant()
    anna = t.user("Anna")
    sg = t.group("SG-Finance", [anna])
    site = t.site("Budget")
    library = site.root.library("Docs")
    t.grant(site.root, sg, "Read")
    t.grant(library, anna, "Design", "Read")
    reports = reports_on(t)
    person = one(reports.site(site)["People"])
    assert (person["Highest Permission"], person["Scope"]) == ("Design", "Entire site")
    assert (person["Number of Objects"], person["Number of Paths"]) == (2, 3)


def test_inheriting_objects_have_no_rows(reports_on: ReportsOn) -> None:
    """Each access list is listed once, at its owner; the root web is always Unique (3.1)."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    site.root.library("Docs").folder("2026").file("plan.xlsx")
    t.grant(site.root, anna, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Object Type"], row["Inherit Type"], row["Url"]) == ("Site Collection", "Unique", site.url)
    assert result["Unique Objects"] == []
    assert result["Summary"][0]["Objects with Unique Permissions"] == 0


def test_administrator_dominates(reports_on: ReportsOn) -> None:
    """A site collection administrator has the entire site, whatever the lists say (3.2)."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    t.admin(site, anna)
    t.grant(site.root.library("Docs"), anna, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    person = one(result["People"])
    assert (person["Highest Permission"], person["Scope"]) == ("Site Collection Administrator", "Entire site")
    assert (person["Number of Objects"], person["Number of Paths"]) == (2, 2)
    assert person["Access Path"] == "Anna -> site administrator -> Site Collection Administrator on site"
    row = one(result["Permissions"], Permission="Site Collection Administrator")
    assert (row["Object Type"], row["Principal Name"]) == ("Site Collection", "Anna")
    assert result["Summary"][0]["Primary Admin"] == "Anna"


def test_group_as_administrator(reports_on: ReportsOn) -> None:
    """A group as administrator makes its members administrators, and counts on its own report (3.2)."""
    t = Tenant()
    anna = t.user("Anna")
    sg = t.group("SG-Admins", [anna])
    site = t.site("Budget")
    t.admin(site, sg)
    reports = reports_on(t)
    person = one(reports.site(site)["People"])
    result = reports.group(sg)
    assert person["Highest Permission"] == "Site Collection Administrator"
    row = one(result["Site Collections"])
    assert (row["Granted Through"], row["Is Direct"]) == ("Site administrator", True)
    summary = one(result["Summary"])
    assert (summary["Site Admin On"], summary["Objects with Unique Access"]) == (1, 0)


def test_owner_of_a_sharepoint_group_gets_nothing_by_owning(reports_on: ReportsOn) -> None:
    """Owning a SharePoint group gives no right on content (3.3)."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    site = t.site("Budget")
    members = t.sp_group(site, "Budget Members", [bert])
    members.owners.append(anna)
    t.grant(site.root, members, "Edit")
    reports = reports_on(t)
    assert names(reports.site(site)) == {"Bert"}


def test_associated_groups_are_references(reports_on: ReportsOn) -> None:
    """Owners, Members and Visitors are what the web refers to, not what a group is called (3.3)."""
    t = Tenant()
    site = t.site("Budget")
    renamed = t.sp_group(site, "Crew", [t.user("Anna")], role="Members")
    misleading = t.sp_group(site, "Budget Owners", [t.user("Bert")])
    t.grant(site.root, renamed, "Edit")
    t.grant(site.root, misleading, "Read")
    reports = reports_on(t)
    found = {r["Principal Name"]: r["Associated Role"] for r in reports.site(site)["Permissions"]}
    assert found["Crew"] == "Members"
    assert not found["Budget Owners"]


def test_order_of_levels(reports_on: ReportsOn) -> None:
    """Highest Permission follows the order of 3.4, from Full Control down to View Only."""
    t = Tenant()
    site = t.site("Budget")
    library = site.root.library("Docs")
    for stronger, weaker in pairwise((*STRONGEST_FIRST, "View Only")):
        user = t.user(stronger)
        t.grant(site.root, user, weaker)
        t.grant(library, user, stronger)
    people = reports_on(t).site(site)["People"]
    assert {p["Display Name"]: p["Highest Permission"] for p in people} == {x: x for x in STRONGEST_FIRST}


def test_limited_access_is_dropped(reports_on: ReportsOn) -> None:
    """System-made limited access is no access: no row on any sheet of either report (3.4)."""
    t = Tenant()
    anna = t.user("Anna")
    sg = t.group("SG-Finance", [anna])
    site = t.site("Budget")
    for principal in (anna, sg):
        t.grant(site.root, principal, "Limited Access", "Web-Only Limited Access")
    reports = reports_on(t)
    result = reports.site(site)
    assert result["People"] == result["Permissions"] == []
    assert reports.group(sg)["Objects"] == []


def test_limited_access_system_groups_are_dropped(reports_on: ReportsOn) -> None:
    """The groups that carry limited access are no access, even with a real level (3.4)."""
    t = Tenant()
    anna = t.user("Anna")
    sg = t.group("SG-Finance", [anna])
    site = t.site("Budget")
    for tail in ("", " For Web 8f0e", " For List 1b2c"):
        carrier = t.sp_group(site, f"Limited Access System Group{tail}", [anna, sg])
        t.grant(site.root, carrier, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    assert result["People"] == result["Permissions"] == []
    assert reports.group(sg)["Objects"] == []


def test_nested_groups_shortest_path(reports_on: ReportsOn) -> None:
    """Through several chains of groups the shortest is shown, and the others are counted (3.6)."""
    t = Tenant()
    anna = t.user("Anna")
    inner = t.group("SG-Inner", [anna])
    middle = t.group("SG-Middle", [inner])
    outer = t.group("SG-Outer", [middle, anna])
    site = t.site("Budget")
    t.grant(site.root, outer, "Read")
    reports = reports_on(t)
    person = one(reports.site(site)["People"])
    result = reports.group(inner)
    assert person["Access Path"] == "Anna -> member of SG-Outer -> Read on site"
    assert person["Number of Paths"] == 2
    row = one(result["Objects"])
    assert (row["Granted Through"], row["Inherited From"]) == ("Nested group: SG-Outer", outer.login)
    assert row["Access Path"] == "SG-Inner -> member of SG-Middle -> member of SG-Outer -> Read on site"


def test_distribution_group(reports_on: ReportsOn) -> None:
    """A distribution group carries no rights, for itself or for what contains it: zero rows and a note (3.6)."""
    t = Tenant()
    anna = t.user("Anna")
    mail = t.group("DL-News", [anna], kind="distribution_group")
    around = t.group("SG-Around", [mail])
    site = t.site("Budget")
    t.grant(site.root, mail, "Edit")
    t.grant(site.root, around, "Edit")
    t.grant(site.root, t.sp_group(site, "Budget Members", [mail]), "Edit")
    t.admin(site, mail)
    reports = reports_on(t)
    result = reports.group(mail)
    assert reports.site(site)["People"] == []
    assert result["Objects"] == result["Site Collections"] == []
    summary = one(result["Summary"])
    assert (summary["Site Admin On"], summary["Objects with Unique Access"]) == (0, 0)
    assert "istribution" in summary["Notes"]


def test_owners_of_a_security_group_get_nothing(reports_on: ReportsOn) -> None:
    """Owning a security group gives nothing of what the group is given (3.6)."""
    t = Tenant()
    sg = t.group("SG-Finance", [t.user("Anna")], owners=[t.user("Bert")])
    site = t.site("Budget")
    t.grant(site.root, sg, "Edit")
    reports = reports_on(t)
    assert names(reports.site(site)) == {"Anna"}


def test_owner_who_is_not_a_member(reports_on: ReportsOn) -> None:
    """An owner of a Microsoft 365 group who is not its member has the owners claim only (3.6)."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    team = t.group("Team Blue", [anna], owners=[bert], kind="m365_group")
    site = t.site("Blue", "Microsoft 365 Group", group=team)
    t.grant(site.root, team, "Edit")
    t.admin(site, t.owners_of(team))
    reports = reports_on(t)
    people = {p["Display Name"]: p["Highest Permission"] for p in reports.site(site)["People"]}
    summary = one(reports.group(team)["Summary"])
    assert people == {"Anna": "Edit", "Bert": "Site Collection Administrator"}
    assert (summary["Owners"], summary["Direct Members"], summary["Total Users"]) == (1, 1, 1)


def test_group_whose_members_are_unknown(reports_on: ReportsOn) -> None:
    """A group nobody could expand is kept and named on Exceptions; its size is blank, not 0 (3.6)."""
    t = Tenant()
    hidden = t.group("SG-Hidden", status="unresolved")
    site = t.site("Budget")
    t.grant(site.root, hidden, "Edit")
    reports = reports_on(t)
    result = reports.site(site)
    summary = one(reports.group(hidden)["Summary"])
    assert one(result["Permissions"])["Total Users"] is None
    assert summary["Total Users"] is None
    assert "GROUP_UNRESOLVED" in result.codes()


@pytest.mark.parametrize("flag", [False, True])
def test_everyone_and_guests(reports_on: ReportsOn, flag: bool) -> None:
    """Guests are counted in Everyone only if the tenant's claim flag is set, and never in EEEU (3.7)."""
    t = Tenant()
    for n in range(3):
        t.user(f"Member {n}")
    t.user("Gita", user_type="Guest")
    t.user("Bo", "blocked")
    site = t.site("News")
    for claim in SPECIALS.values():
        t.grant(site.root, claim, "Read")
    reports = reports_on(t, show_everyone_claim=flag, show_all_users_claim=flag)
    rows = {r["Principal Name"]: r["Total Users"] for r in reports.site(site)["Permissions"]}
    group = reports.group(EVERYONE)
    assert rows == {claim.name: 4 if flag and claim is not EEEU else 3 for claim in SPECIALS.values()}
    assert len(group["Members"]) == 1


def test_eeeu_on_a_private_group_site(reports_on: ReportsOn) -> None:
    """EEEU on a private group-connected site stays a row, with a note, and reaches nobody (3.7)."""
    t = Tenant()
    t.user("Anna")
    team = t.group("Team Blue", kind="m365_group")
    private = t.site("Blue", "Microsoft 365 Group", group=team, privacy="Private")
    public = t.site("Open", "Microsoft 365 Group", group=team, privacy="Public")
    for site in (private, public):
        t.grant(site.root, EEEU, "Edit")
        t.grant(site.root, t.sp_group(site, f"{site.name} Visitors", [EEEU]), "Read")
    reports = reports_on(t)
    result = reports.site(private, public)
    group = reports.group(EEEU)
    assert one(result["People"])["Site Url"] == public.url
    shown = [r for r in result["Permissions"] if r["Principal Name"] == EEEU.name]
    assert {r["Url"] for r in shown} == {private.url, public.url}
    flagged = {r["Url"]: "Not effective on a private group site" in r["Risk Flags"].split(";") for r in shown}
    assert flagged == {private.url: True, public.url: False}
    assert {r["Url"] for r in group["Objects"]} == {public.url}


def test_access_by_everyone_is_not_the_groups_access(reports_on: ReportsOn) -> None:
    """What a group's members have only through an Everyone claim is not on the group's report (3.7)."""
    t = Tenant()
    sg = t.group("SG-Finance", [t.user("Anna")])
    site = t.site("News")
    t.grant(site.root, EEEU, "Read")
    reports = reports_on(t)
    result = reports.group(sg)
    assert result["Objects"] == result["Site Collections"] == []


def test_groups_containing_everyone(reports_on: ReportsOn) -> None:
    """Groups Containing Everyone counts SharePoint groups that hold any of the four claims (3.7)."""
    t = Tenant()
    site = t.site("News")
    for n, claim in enumerate(SPECIALS.values()):
        t.grant(site.root, t.sp_group(site, f"Readers {n}", [claim]), "Read")
    t.grant(site.root, t.sp_group(site, "Crew", [t.user("Anna")]), "Edit")
    reports = reports_on(t)
    assert reports.site(site)["Summary"][0]["Groups Containing Everyone"] == 4
