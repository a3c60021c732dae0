"""The edge cases of insights.md 3.12, one test each; the docstring is the law."""

from __future__ import annotations

from tests.semantics.reports import ReportsOn, names, one
from tests.semantics.small_tenant import EEEU, Principal, Tenant

FOREIGN_EEEU = "c:0-.f|rolemanager|spo-grid-all-users/0f0f0f0f-1111-4222-8333-444444444444"


def test_group_inside_a_sharepoint_group_without_entry(reports_on: ReportsOn) -> None:
    """A group that is only inside a SharePoint group with no access list entry has no access: no row."""
    t = Tenant()
    anna = t.user("Anna")
    sg = t.group("SG-Idle", [anna])
    site = t.site("Budget")
    t.sp_group(site, "Budget Spare", [sg])
    reports = reports_on(t)
    assert reports.site(site)["People"] == []
    result = reports.group(sg)
    assert result["Objects"] == result["Site Collections"] == []
    assert result["Summary"][0]["Site Collections with Access"] == 0
    assert result["Summary"][0]["Highest Permission"] in (None, "")


def test_empty_group(reports_on: ReportsOn) -> None:
    """An empty group keeps its entry, flagged `Empty group`, and reaches nobody."""
    t = Tenant()
    empty = t.group("SG-Empty")
    site = t.site("Budget")
    t.grant(site.root, empty, "Edit")
    reports = reports_on(t)
    result = reports.site(site)
    summary = one(reports.group(empty)["Summary"])
    row = one(result["Permissions"], Principal_Name="SG-Empty")
    assert (row["Principal Status"], row["Total Users"], row["Number of Members"]) == ("Empty group", 0, 0)
    assert result["People"] == []
    assert summary["Total Users"] == 0
    assert "Empty group" in summary["Risk Flags"].split(";")


def test_group_cycle(reports_on: ReportsOn) -> None:
    """Two groups inside each other both pass on what either is granted, once, without end."""
    t = Tenant()
    anna = t.user("Anna")
    a = t.group("SG-A", [anna])
    b = t.group("SG-B", [a])
    a.members.append(b)
    site = t.site("Budget")
    t.grant(site.root, b, "Read")
    reports = reports_on(t)
    person = one(reports.site(site)["People"])
    result = reports.group(a, b)
    assert (person["Display Name"], person["Number of Paths"]) == ("Anna", 1)
    assert person["Access Path"] == "Anna -> member of SG-A -> member of SG-B -> Read on site"
    through = {r["Group Name"]: (r["Granted Through"], r["Is Direct"]) for r in result["Objects"]}
    assert through == {"SG-A": ("Nested group: SG-B", False), "SG-B": ("Direct", True)}
    assert {r["Group Name"]: r["Nested Groups"] for r in result["Summary"]} == {"SG-A": 1, "SG-B": 1}


def test_same_user_by_three_paths(reports_on: ReportsOn) -> None:
    """A user reached three ways is one People row that shows the best path and counts the others."""
    t = Tenant()
    anna = t.user("Anna")
    sg = t.group("SG-Finance", [anna])
    site = t.site("Budget")
    members = t.sp_group(site, "Budget Members", [anna])
    t.grant(site.root, anna, "Read")
    t.grant(site.root, members, "Read")
    t.grant(site.root, sg, "Read")
    reports = reports_on(t)
    person = one(reports.site(site)["People"])
    assert (person["Number of Paths"], person["Number of Objects"]) == (3, 1)
    assert person["Access Path"] == "Anna -> Read on site"
    assert 'SharePoint group "Budget Members"' in person["Other Paths"]
    assert "member of SG-Finance" in person["Other Paths"]


def test_member_and_owner_at_once(reports_on: ReportsOn) -> None:
    """Who is both member and owner of a Microsoft 365 group gets both rights, as one person."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    team = t.group("Team Blue", [anna, bert], owners=[anna], kind="m365_group")
    site = t.site("Blue", "Microsoft 365 Group", group=team)
    t.grant(site.root, team, "Edit")
    t.grant(site.root, t.owners_of(team), "Full Control")
    reports = reports_on(t)
    people = reports.site(site)["People"]
    objects = reports.group(team)["Objects"]
    assert {p["Display Name"]: (p["Highest Permission"], p["Number of Paths"]) for p in people} == {
        "Anna": ("Full Control", 2),
        "Bert": ("Edit", 1),
    }
    assert {(o["Granted Through"], o["Applies To"], o["Is Direct"], o["Permission"]) for o in objects} == {
        ("Microsoft 365 group members", "All members", True, "Edit"),
        ("Microsoft 365 group owners", "Owners only", True, "Full Control"),
    }


def test_eeeu_inside_visitors(reports_on: ReportsOn) -> None:
    """EEEU inside Visitors is one special row on People, no crowd, and is counted on the summary."""
    t = Tenant()
    t.user("Anna")
    site = t.site("News")
    visitors = t.sp_group(site, "News Visitors", [EEEU], role="Visitors")
    t.grant(site.root, visitors, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    objects = reports.group(EEEU)["Objects"]
    person = one(result["People"])
    assert (person["Display Name"], person["User Type"]) == (EEEU.name, "Special Group")
    assert result["Summary"][0]["Groups Containing Everyone"] == 1
    assert one(result["Permissions"])["Associated Role"] == "Visitors"
    assert one(objects)["Granted Through"] == "SharePoint group: News Visitors"


def test_eeeu_with_a_foreign_guid(reports_on: ReportsOn) -> None:
    """EEEU is known by its prefix: a suffix that is not the tenant's id changes nothing."""
    t = Tenant()
    foreign = Principal("eeeu", EEEU.name, t, 77, raw_login=FOREIGN_EEEU)
    t.principals.append(foreign)
    site = t.site("News")
    t.grant(site.root, foreign, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    objects = reports.group(EEEU)["Objects"]
    assert one(result["Permissions"])["Principal Type"] == "Special Group"
    assert one(result["Permissions"])["Login Name"] == FOREIGN_EEEU
    assert one(objects)["Granted Through"] == "Everyone claim"


def test_deleted_group_in_an_access_list(reports_on: ReportsOn) -> None:
    """A deleted group keeps its row with status Deleted and an exception, and passes nothing on."""
    t = Tenant()
    anna = t.user("Anna")
    gone = t.group("SG-Gone", [anna], status="deleted")
    unknown = t.unknown("c:0t.c|tenant|dead", "c:0t.c|tenant|00000000-0000-4000-8000-00000000dead")
    site = t.site("Budget")
    t.grant(site.root, gone, "Edit")
    t.grant(site.root, unknown, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    assert {r["Principal Status"] for r in result["Permissions"]} == {"Deleted"}
    assert one(result["Permissions"], Login_Name=unknown.login)["Principal Type"] == "Deleted Principal"
    assert result["People"] == []
    deleted = [e["Principal"] for e in result.exceptions if e["Code"] == "PRINCIPAL_DELETED"]
    assert len(deleted) == 2


def test_user_with_limited_access_only(reports_on: ReportsOn) -> None:
    """Limited Access at the site and a real right below is `Parts only`; Limited Access alone is nothing."""
    t = Tenant()
    anna, bert, cleo = t.user("Anna"), t.user("Bert"), t.user("Cleo")
    site = t.site("Budget")
    library = site.root.library("Docs")
    t.grant(site.root, anna, "Limited Access")
    t.grant(site.root, bert, "Limited Access")
    t.grant(site.root, cleo, "Limited Access", "Read")
    t.grant(library, anna, "Edit")
    reports = reports_on(t)
    result = reports.site(site)
    assert {p["Display Name"]: (p["Highest Permission"], p["Scope"]) for p in result["People"]} == {
        "Anna": ("Edit", "Parts only"),
        "Cleo": ("Read", "Entire site"),
    }
    assert {(r["Principal Name"], r["Permission"]) for r in result["Permissions"]} == {
        ("Anna", "Edit"),
        ("Cleo", "Read"),
    }


def test_unique_subsite_under_a_group_site(reports_on: ReportsOn) -> None:
    """A subsite with its own list is on the Site Collections sheet as `Site`, and is part of its site."""
    t = Tenant()
    anna = t.user("Anna")
    team = t.group("Team Blue", kind="m365_group")
    sg = t.group("SG-Finance", [anna])
    site = t.site("Blue", "Microsoft 365 Group", group=team)
    sub = site.root.subsite("archive")
    t.grant(sub, sg, "Contribute")
    reports = reports_on(t)
    result = reports.group(sg)
    person = one(reports.site(site)["People"])
    row = one(result["Site Collections"])
    assert (row["Object Type"], row["Url"], row["Inherit Type"]) == ("Site", sub.url, "Unique")
    assert (person["Highest Permission"], person["Scope"]) == ("Contribute", "Parts only")
    assert result["Summary"][0]["Microsoft 365 Group"] == 1
    assert result["Summary"][0]["Site Collections with Access"] == 1


def test_unique_file_under_an_inherited_folder(reports_on: ReportsOn) -> None:
    """A file with its own list is governed by itself, not by the site whose list its folder inherits."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    site = t.site("Budget")
    file = site.root.library("Docs").folder("2026").file("plan.xlsx")
    t.grant(site.root, bert, "Read")
    t.grant(file, anna, "Edit")
    reports = reports_on(t)
    result = reports.site(site)
    row = one(result["Permissions"], Principal_Name="Anna")
    assert (row["Object Type"], row["Url"], row["Inherit Type"]) == ("File", file.url, "Unique")
    assert row["Unique From"] == file.url
    assert row["Library or List"] == "Docs"
    anna_row = one(result["People"], Display_Name="Anna")
    assert (anna_row["Scope"], anna_row["Number of Objects"]) == ("Parts only", 1)
    assert result["Summary"][0]["Objects with Unique Permissions"] == 1


def test_folder_link_and_a_unique_child(reports_on: ReportsOn) -> None:
    """A folder link reaches what inherits below it, and not a child with its own list."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    site = t.site("Budget")
    folder = site.root.library("Docs").folder("2026")
    secret = folder.file("secret.docx")
    t.link(folder, "specific", [anna], permission="Edit")
    t.grant(secret, bert, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    assert {r["Url"] for r in result["Permissions"] if r["Principal Type"] == "Sharing Link"} == {folder.url}
    person = one(result["People"], Display_Name="Anna")
    assert (person["Number of Objects"], person["Link-only Access"]) == (1, True)
    assert one(result["People"], Display_Name="Bert")["Link-only Access"] is False


def test_expired_link(reports_on: ReportsOn) -> None:
    """An expired link gives nothing to anybody and is named on Exceptions."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    file = site.root.library("Docs").file("plan.xlsx")
    sg = t.group("SG-Finance", [anna])
    t.link(file, "specific", [anna, sg], expired=True)
    reports = reports_on(t)
    result = reports.site(site)
    objects = reports.group(sg)["Objects"]
    assert result["People"] == objects == result["Sharing Links"] == []
    assert "LINK_EXPIRED" in result.codes()
    assert result["Summary"][0]["Expired/Orphaned Links"] == 1
    assert result["Summary"][0]["Specific Links"] == 0


def test_orphan_link_group(reports_on: ReportsOn) -> None:
    """A link group left without any entry gives nothing and is named on Exceptions."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    file = site.root.library("Docs").file("plan.xlsx")
    t.link(file, "specific", redeemed=[anna], orphan=True)
    reports = reports_on(t)
    result = reports.site(site)
    assert result["People"] == result["Sharing Links"] == []
    assert "LINK_ORPHANED" in result.codes()
    assert result["Summary"][0]["Expired/Orphaned Links"] == 1


def test_channel_site_without_the_parent_group(reports_on: ReportsOn) -> None:
    """Membership of the parent team alone gives nothing on a private channel's site."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    team = t.group("Team Blue", [anna, bert], owners=[bert], kind="m365_group")
    site = t.site("Blue Deals", "Microsoft Teams", channel="Deals", roster=[anna])
    members = t.sp_group(site, "Blue Deals Members", [anna], role="Members")
    t.grant(site.root, members, "Edit")
    reports = reports_on(t)
    result = reports.site(site)
    group = reports.group(team)
    assert names(result) == {"Anna"}
    assert result["Summary"][0]["Site Type"] == "Private channel"
    assert group["Objects"] == group["Site Collections"] == []


def test_owners_claim_here_and_plain_id_there(reports_on: ReportsOn) -> None:
    """`_o` as administrator of the own site reaches owners only; the plain id elsewhere all members."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    team = t.group("Team Blue", [bert], owners=[anna], kind="m365_group")
    own = t.site("Blue", "Microsoft 365 Group", group=team)
    other = t.site("Archive")
    t.admin(own, t.owners_of(team))
    t.admin(other, team)
    reports = reports_on(t)
    people = reports.site(own, other)["People"]
    result = reports.group(team)
    assert {(p["Site Url"], p["Display Name"]) for p in people} == {(own.url, "Anna"), (other.url, "Bert")}
    assert {p["Highest Permission"] for p in people} == {"Site Collection Administrator"}
    rows = {r["Url"]: r for r in result["Site Collections"]}
    assert {r["Granted Through"] for r in rows.values()} == {"Site administrator"}
    assert (rows[own.url]["Applies To"], rows[own.url]["Users Reached"]) == ("Owners only", 1)
    assert (rows[other.url]["Applies To"], rows[other.url]["Users Reached"]) == ("All members", 1)
    assert result["Summary"][0]["Site Admin On"] == 2
    assert "Admin" in result["Summary"][0]["Risk Flags"].split(";")


def test_custom_level(reports_on: ReportsOn) -> None:
    """A custom level keeps its name and counts by its rank, not by its name."""
    t = Tenant()
    anna = t.user("Anna")
    level = t.level("A Contribute without delete", 350)
    site = t.site("Budget")
    t.grant(site.root, anna, "Read", level)
    reports = reports_on(t)
    result = reports.site(site)
    assert {r["Permission"] for r in result["Permissions"]} == {"Read", level}
    person = one(result["People"])
    assert (person["Highest Permission"], person["Number of Paths"]) == (level, 2)


def test_more_invitees_than_a_cell_holds(reports_on: ReportsOn) -> None:
    """Invitees whose names pass 32,767 characters are all counted, and what a cell leaves out is said."""
    t = Tenant()
    many = [t.user(f"{'Very Long Name ' * 6}{n}") for n in range(500)]
    site = t.site("Budget")
    t.link(site.root.library("Docs").file("plan.xlsx"), "specific", many)
    reports = reports_on(t)
    result = reports.site(site)
    link = one(result["Sharing Links"])
    assert (link["Invited"], link["Redeemed"]) == (500, 0)
    assert len(result["People"]) == 500
    whole = sum(len(user.name) + 2 for user in many)
    assert whole > 32_767
    if len(link["Invitees"]) < whole - 2:
        assert "more, see" in link["Invitees"]
        assert "MEMBERS_TRUNCATED" in result.codes()


def test_names_that_look_like_formulas(reports_on: ReportsOn) -> None:
    """A name starting with `=` is that text in every cell, and in the path that explains it."""
    t = Tenant()
    anna = t.user("=Anna")
    sg = t.group("=cmd|'/c calc'!A0", [anna])
    site = t.site("Budget")
    t.grant(site.root, sg, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    group = reports.group(sg)
    assert one(result["Permissions"])["Principal Name"] == "=cmd|'/c calc'!A0"
    assert one(result["People"])["Access Path"] == "=Anna -> member of =cmd|'/c calc'!A0 -> Read on site"
    assert group["Summary"][0]["Group Name"] == "=cmd|'/c calc'!A0"
