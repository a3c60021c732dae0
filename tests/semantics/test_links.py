"""Sharing links, insights.md 3.8: who is reached, by scope, permission and redemption."""

from __future__ import annotations

from tests.semantics.reports import ReportsOn, names, one
from tests.semantics.small_tenant import Securable, Site, Tenant


def a_file(t: Tenant) -> tuple[Site, Securable]:
    site = t.site("Budget")
    return site, site.root.library("Docs").file("plan.xlsx")


def test_anyone_link_names_nobody(reports_on: ReportsOn) -> None:
    """An anyone link is one anonymous row, whoever was invited, and its Total Users is blank."""
    t = Tenant()
    anna = t.user("Anna")
    site, file = a_file(t)
    t.link(file, "anyone", invites=[anna], redeemed=[t.user("Bert")], permission="Edit")
    reports = reports_on(t)
    result = reports.site(site)
    person = one(result["People"])
    assert (person["Display Name"], person["User Type"]) == ("Anyone with the link", "Anonymous")
    assert (person["Highest Permission"], person["Link-only Access"]) == ("Contribute", True)
    row = one(result["Permissions"], Principal_Type="Sharing Link")
    assert (row["Principal Name"], row["Total Users"], row["Link Type"]) == (
        "Anyone with the link",
        None,
        "Anyone",
    )
    assert result["Summary"][0]["Anyone Links"] == 1
    assert result["Summary"][0]["Users with Any Access"] == 0


def test_two_anyone_links_are_one_row_per_site(reports_on: ReportsOn) -> None:
    """All anyone links of a site are one People row with the strongest right and the number of objects."""
    t = Tenant()
    site, file = a_file(t)
    t.link(file, "anyone")
    t.link(site.root.library("More").file("x.docx"), "anyone", permission="Edit")
    reports = reports_on(t)
    person = one(reports.site(site)["People"])
    assert (person["Highest Permission"], person["Number of Objects"], person["Scope"]) == (
        "Contribute", 2, "Parts only",
    )  # fmt: skip


def test_organization_link_reaches_the_redeemed(reports_on: ReportsOn) -> None:
    """An organization link reaches only people who have redeemed it, never everybody."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    t.user("Cleo")
    site, file = a_file(t)
    t.link(file, "organization", invites=[bert], redeemed=[anna])
    reports = reports_on(t)
    result = reports.site(site)
    assert names(result) == {"Anna"}
    row = one(result["Permissions"], Principal_Type="Sharing Link")
    assert row["Principal Name"] == "People in your organization with the link"
    assert row["Link Type"] == "People in your organization"
    assert one(result["Sharing Links"])["Redeemed"] == 1
    assert result["Summary"][0]["Organization Links"] == 1


def test_scope_comes_from_the_record_not_the_kind(reports_on: ReportsOn) -> None:
    """A link of kind `Flexible` whose record says organization is an organization link."""
    t = Tenant()
    anna = t.user("Anna")
    site, file = a_file(t)
    t.link(file, "organization", invites=[anna], kind="Flexible")
    reports = reports_on(t)
    result = reports.site(site)
    assert result["People"] == []
    assert one(result["Sharing Links"])["Link Type"] == "People in your organization"


def test_specific_link_reaches_every_invitee(reports_on: ReportsOn) -> None:
    """A specific link reaches all it names: redeemed, not redeemed, pending, and groups' members."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    pending = t.user("Gita", "invited", "Guest")
    member = t.user("Mara")
    sg = t.group("SG-Finance", [member])
    site, file = a_file(t)
    t.link(file, "specific", [bert, pending, sg], redeemed=[anna], permission="Edit")
    reports = reports_on(t)
    result = reports.site(site)
    group = reports.group(sg)
    assert names(result) == {"Anna", "Bert", "Gita", "Mara"}
    assert {p["Display Name"]: p["Account Status"] for p in result["People"]}["Gita"] == "Invited"
    assert one(result["People"], Display_Name="Mara")["Access Path"] == (
        'Mara -> member of SG-Finance -> link "Specific people" -> Contribute on file "plan.xlsx"'
    )
    hit = one(group["Objects"])
    assert (hit["Granted Through"], hit["Applies To"], hit["Is Direct"], hit["Link Type"]) == (
        "Sharing link: Specific people", "Invited only", False, "Specific people",
    )  # fmt: skip
    assert hit["Access Path"] == 'SG-Finance -> link "Specific people" -> Contribute on file "plan.xlsx"'
    assert group["Site Collections"] == []
    summary = one(group["Summary"])
    assert (summary["Access via Sharing Links"], summary["Site Collections with Access"]) == (1, 0)


def test_existing_access_link_is_no_grant(reports_on: ReportsOn) -> None:
    """A link for people with existing access grants nothing and is never a row."""
    t = Tenant()
    anna = t.user("Anna")
    site, file = a_file(t)
    t.link(file, "existing", redeemed=[anna])
    reports = reports_on(t)
    result = reports.site(site)
    assert result["People"] == result["Permissions"] == result["Sharing Links"] == []
    assert result.exceptions == []


def test_link_permission_and_level_are_both_kept(reports_on: ReportsOn) -> None:
    """The link list says what the link is called, the access list what it grants (Edit: Contribute)."""
    t = Tenant()
    site = t.site("Budget")
    library = site.root.library("Docs")
    levels = {"View": "Read", "Edit": "Contribute", "Review": "Review"}
    for label in levels:
        t.link(library.file(label), "specific", [t.user(label)], permission=label)
    result = reports_on(t).site(site)
    links = [r for r in result["Permissions"] if r["Principal Type"] == "Sharing Link"]
    assert {r["Link Permission"]: r["Permission"] for r in links} == levels
    assert {r["Link Permission"]: r["Permission"] for r in result["Sharing Links"]} == levels
    assert {r["Display Name"]: r["Highest Permission"] for r in result["People"]} == levels


def test_link_on_the_root_is_not_the_entire_site(reports_on: ReportsOn) -> None:
    """Access by link alone is `Parts only`, wherever the link lies, and marked link-only."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    t.link(site.root, "specific", [anna])
    reports = reports_on(t)
    person = one(reports.site(site)["People"])
    assert (person["Scope"], person["Link-only Access"]) == ("Parts only", True)


def test_link_and_membership_together(reports_on: ReportsOn) -> None:
    """Who has a link and another way in is not link-only, and both ways are counted."""
    t = Tenant()
    anna = t.user("Anna")
    site, file = a_file(t)
    t.grant(file, anna, "Read")
    t.link(file, "specific", redeemed=[anna], permission="Edit")
    reports = reports_on(t)
    person = one(reports.site(site)["People"])
    assert (person["Highest Permission"], person["Link-only Access"], person["Number of Paths"]) == (
        "Contribute", False, 2,
    )  # fmt: skip
    assert person["Number of Objects"] == 1


def test_external_group_on_a_link_has_no_known_count(reports_on: ReportsOn) -> None:
    """A group of another tenant invited on a link reaches unknown people: blank, not 0."""
    t = Tenant()
    outside = t.group("Fabrikam Buyers", kind="external_group", external=True, status="unresolved")
    site, file = a_file(t)
    t.link(file, "specific", [outside])
    reports = reports_on(t)
    result = reports.site(site)
    row = one(result["Permissions"], Principal_Type="Sharing Link")
    assert row["Total Users"] is None
    assert row["Is External User"] is True
    assert row["Link Giving Access To"] == "Fabrikam Buyers"
    assert result["People"] == []


def test_a_folder_link_is_one_row(reports_on: ReportsOn) -> None:
    """Sharing Links has one row per live link, also if items below its folder list it again (2.2)."""
    t = Tenant()
    site = t.site("Budget")
    folder = site.root.library("Docs").folder("Offers")
    made = t.link(folder, "specific", invites=[t.user("Anna")])
    t.grant(folder.file("one.docx").unique(), made, "Read")
    result = reports_on(t).site(site)
    row = one(result["Sharing Links"])
    assert (row["Object"], row["Number of Objects"]) == ("Offers", 2)
    assert result["Summary"][0]["Specific Links"] == 1
