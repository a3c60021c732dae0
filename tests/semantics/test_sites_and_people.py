"""Sites, channels, outsiders and leavers: the statements of insights.md 3.9, 3.10 and 3.11."""

from __future__ import annotations

from tests.semantics.reports import ReportsOn, one
from tests.semantics.small_tenant import Tenant

MODULES = ("Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group")


def test_a_site_belongs_to_one_data_source(reports_on: ReportsOn) -> None:
    """A site counts under its one module, and only a request for that module shows it (3.9)."""
    t = Tenant()
    sg = t.group("SG-Finance", [t.user("Anna")])
    for module in MODULES:
        t.grant(t.site(f"Site {module}", module).root, sg, "Read")
    reports = reports_on(t)
    for module in MODULES:
        result = reports.group(sg, sources=[module])
        assert {row["Module"] for row in result["Objects"]} == {module}
        summary = one(result["Summary"])
        assert {m: summary[m] for m in MODULES} == {m: 1 if m == module else None for m in MODULES}
        assert summary["Site Collections with Access"] == 1


def test_site_urls_restrict_rows_and_counts(reports_on: ReportsOn) -> None:
    """siteUrls restricts the rows and the summary's counts alike (1.3)."""
    t = Tenant()
    sg = t.group("SG-Finance", [t.user("Anna")])
    sites = [t.site(f"Site {n}") for n in range(3)]
    for site in sites:
        t.grant(site.root, sg, "Read")
    reports = reports_on(t)
    result = reports.group(sg, sites=[sites[1]])
    assert {row["Url"] for row in result["Objects"]} == {sites[1].url}
    assert one(result["Summary"])["Site Collections with Access"] == 1


def test_group_connected_site(reports_on: ReportsOn) -> None:
    """Owners are administrators by `_o`, members edit, extra people sit in the groups besides (3.10)."""
    t = Tenant()
    olga, mara, extra, visitor = (t.user(name) for name in ("Olga", "Mara", "Extra", "Visitor"))
    team = t.group("Team Blue", [mara, olga], owners=[olga], kind="m365_group")
    site = t.site("Blue", "Microsoft 365 Group", group=team, privacy="Private")
    owners = t.owners_of(team)
    t.admin(site, owners)
    t.grant(site.root, t.sp_group(site, "Blue Owners", [owners], role="Owners"), "Full Control")
    t.grant(site.root, t.sp_group(site, "Blue Members", [team, extra], role="Members"), "Edit")
    t.grant(site.root, t.sp_group(site, "Blue Visitors", [visitor], role="Visitors"), "Read")
    reports = reports_on(t)
    people = reports.site(site)["People"]
    rows = reports.group(team)["Site Collections"]
    assert {p["Display Name"]: (p["Highest Permission"], p["Number of Paths"]) for p in people} == {
        "Olga": ("Site Collection Administrator", 3),
        "Mara": ("Edit", 1),
        "Extra": ("Edit", 1),
        "Visitor": ("Read", 1),
    }
    assert {(r["Granted Through"], r["Applies To"], r["Is Direct"], r["Access Path"]) for r in rows} == {
        (
            "Site administrator", "Owners only", True,
            "Owners of Team Blue -> site administrator -> Site Collection Administrator on site",
        ),
        (
            "SharePoint group: Blue Owners", "Owners only", False,
            'Owners of Team Blue -> SharePoint group "Blue Owners" -> Full Control on site',
        ),
        (
            "SharePoint group: Blue Members", "All members", False,
            'Team Blue -> SharePoint group "Blue Members" -> Edit on site',
        ),
    }  # fmt: skip


def test_channel_roster_that_differs(reports_on: ReportsOn) -> None:
    """A channel site names its channel, and says so when its list and its roster differ (3.10)."""
    t = Tenant()
    anna, bert, dora = t.user("Anna"), t.user("Bert"), t.user("Dora", user_type="B2B direct")
    site = t.site(
        "Blue Deals", "Microsoft Teams", channel="Deals", site_type="Shared channel", roster=[anna, bert]
    )
    members = t.sp_group(site, "Blue Deals Members", [anna, dora], role="Members")
    t.grant(site.root, members, "Edit")
    sg = t.group("SG-Finance", [anna])
    t.grant(site.root, sg, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    row = one(reports.group(sg)["Site Collections"])
    assert (row["Channel Name"], row["Site Type"], row["Module"]) == (
        "Deals", "Shared channel", "Microsoft Teams",
    )  # fmt: skip
    assert one(result["People"], Display_Name="Dora")["User Type"] == "B2B direct"
    assert result["Summary"][0]["External Users"] == 1
    assert any("roster" in str(e["Message"]) for e in result.exceptions)


def test_member_type_b2b(reports_on: ReportsOn) -> None:
    """An `#ext#` account of type Member is external, and is flagged as member-type B2B (3.11)."""
    t = Tenant()
    odd = t.user("Odd", external=True)
    site = t.site("Budget")
    t.grant(site.root, odd, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    person = one(result["People"])
    assert person["User Type"] == "Member"
    assert person["Notes"] == "Member-type B2B"
    row = one(result["Permissions"])
    assert (row["Principal Type"], row["Is External User"]) == ("External User", True)


def test_blocked_user(reports_on: ReportsOn) -> None:
    """A blocked user that still holds access is shown, flagged, and not counted as having it (3.11)."""
    t = Tenant()
    bo, anna = t.user("Bo", "blocked"), t.user("Anna")
    sg = t.group("SG-Finance", [bo, anna])
    site = t.site("Budget")
    t.grant(site.root, sg, "Read")
    reports = reports_on(t)
    result = reports.site(site)
    summary = one(reports.group(sg)["Summary"])
    assert one(result["People"], Display_Name="Bo")["Account Status"] == "Blocked"
    assert result["Summary"][0]["Users with Any Access"] == 1
    assert result["Summary"][0]["Orphaned Users"] == 1
    assert one(result["Permissions"])["Total Users"] == 1
    assert (summary["Total Users"], summary["Blocked or Deleted Members"]) == (1, 1)
    assert "Orphaned" in summary["Risk Flags"].split(";")


def test_leaver_with_an_entry(reports_on: ReportsOn) -> None:
    """A deleted user's entry stays, with its status; it is an orphaned user and not a person with access."""
    t = Tenant()
    site = t.site("Budget")
    t.grant(site.root, t.user("Gone", "deleted"), "Edit")
    t.grant(site.root, t.user("Leaving", "soft_deleted"), "Edit")
    result = reports_on(t).site(site)
    assert {r["Principal Name"]: r["Principal Status"] for r in result["Permissions"]} == {
        "Gone": "Deleted",
        "Leaving": "Soft-deleted",
    }
    assert result["People"] == []
    assert result["Summary"][0]["Orphaned Users"] == 2
    assert result["Summary"][0]["Users with Any Access"] == 0


def test_soft_deleted_group(reports_on: ReportsOn) -> None:
    """A soft-deleted group keeps its entry with that status, passes nothing on and has no access (3.11)."""
    t = Tenant()
    gone = t.group("SG-Gone", [t.user("Anna")], status="soft_deleted")
    around = t.group("SG-Around", [gone])
    site = t.site("Budget")
    t.grant(site.root, gone, "Edit")
    t.grant(site.root.library("Docs"), around, "Edit")
    reports = reports_on(t)
    result = reports.site(site)
    assert one(result["Permissions"], Principal_Name="SG-Gone")["Principal Status"] == "Soft-deleted"
    assert result["People"] == []
    assert reports.group(gone)["Objects"] == []


def test_id_mismatch(reports_on: ReportsOn) -> None:
    """An entry for a same-named account of another id does not work: shown, excepted, no access (3.11)."""
    t = Tenant()
    old = t.user("Anna", "id_mismatch")
    site = t.site("Budget")
    t.grant(site.root, old, "Edit")
    t.grant(site.root, t.sp_group(site, "Budget Members", [old]), "Read")
    reports = reports_on(t)
    result = reports.site(site)
    assert one(result["Permissions"], Principal_Name="Anna")["Principal Status"] == "Id mismatch"
    assert result["People"] == []
    assert "ID_MISMATCH" in result.codes()


def test_locked_site_keeps_its_rows(reports_on: ReportsOn) -> None:
    """A lock or an archive caps everything: the state is printed, the rows stay (3.11)."""
    t = Tenant()
    anna = t.user("Anna")
    states = ("Read-only", "No access", "Archived", "Restricted")
    sites = [t.site(f"Site {state}", state=state) for state in states]
    for site in sites:
        t.grant(site.root, anna, "Edit")
    result = reports_on(t).site(*sites)
    assert {p["Site Url"] for p in result["People"]} == {site.url for site in sites}
    assert {r["Site State"] for r in result["Summary"]} == set(states)
    locked = {e["Site Url"] for e in result.exceptions if e["Code"] == "SITE_LOCKED"}
    assert locked == {site.url for site in sites}


def test_deleted_site_is_unknown(reports_on: ReportsOn) -> None:
    """A deleted site has no rows in either report; asked for by URL beside a live one it is not found."""
    t = Tenant()
    sg = t.group("SG-Finance", [t.user("Anna")])
    gone, live = t.site("Gone", state="Deleted"), t.site("Live")
    for site in (gone, live):
        t.grant(site.root, sg, "Read")
    reports = reports_on(t)
    result = reports.site(gone, live)
    objects = reports.group(sg)["Objects"]
    assert {p["Site Url"] for p in result["People"]} == {live.url}
    assert {row["Url"] for row in objects} == {live.url}
    assert {e["Code"] for e in result.exceptions} == {"SITE_NOT_FOUND"}


def test_orphaned_users_inside_groups_are_counted(reports_on: ReportsOn) -> None:
    """Orphaned Users counts blocked and deleted accounts that hold access, named or inside a group (3.11)."""
    t = Tenant()
    site = t.site("Budget")
    gone, blocked, named = (
        t.user("Gone", status="deleted"),
        t.user("Blocked", status="blocked"),
        t.user("Named", status="soft_deleted"),
    )
    t.grant(site.root, t.sp_group(site, "Budget Members", [gone, blocked, t.user("Anna")]), "Edit")
    t.grant(site.root, named, "Read")
    assert reports_on(t).site(site)["Summary"][0]["Orphaned Users"] == 3
