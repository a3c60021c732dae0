"""Rights, levels, groups and everyone-type claims: the statements of insights.md 3.1 to 3.4, 3.6 and 3.7."""

from __future__ import annotations

import pytest
from semantics.reports import names, one, reports_on
from semantics.small_tenant import EEEU, EVERYONE, SPECIALS, Tenant

STRONGEST_FIRST = (
    "Full Control", "Manage Hierarchy", "Design", "Approve", "Edit", "Contribute", "Review", "Read",
    "Restricted Read", "Restricted View",
)  # fmt: skip


def test_rights_add_up() -> None:
    """Rights are the union over all entries: the strongest counts, every object and path is counted (3.1)."""
    t = Tenant()
    anna = t.user("Anna")
    sg = t.group("SG-Finance", [anna])
    site = t.site("Budget")
    library = site.root.library("Docs")
    t.grant(site.root, sg, "Read")
    t.grant(library, anna, "Design", "Read")
    with reports_on(t) as reports:
        person = one(reports.site(site)["People"])
    assert (person["Highest Permission"], person["Scope"]) == ("Design", "Entire site")
    assert (person["Number of Objects"], person["Number of Paths"]) == (2, 3)


def test_inheriting_objects_have_no_rows() -> None:
    """Each access list is listed once, at its owner; the root web is always Unique (3.1)."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    site.root.library("Docs").folder("2026").file("plan.xlsx")
    t.grant(site.root, anna, "Read")
    with reports_on(t) as reports:
        result = reports.site(site)
    row = one(result["Permissions"])
    assert (row["Object Type"], row["Inherit Type"], row["Url"]) == ("Site Collection", "Unique", site.url)
    assert result["Unique Objects"] == []
    assert result["Summary"][0]["Objects with Unique Permissions"] == 0


def test_administrator_dominates() -> None:
    """A site collection administrator has the entire site, whatever the lists say (3.2)."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    t.admin(site, anna)
    t.grant(site.root.library("Docs"), anna, "Read")
    with reports_on(t) as reports:
        result = reports.site(site)
    person = one(result["People"])
    assert (person["Highest Permission"], person["Scope"]) == ("Site Collection Administrator", "Entire site")
    assert (person["Number of Objects"], person["Number of Paths"]) == (2, 2)
    assert person["Access Path"] == "Anna -> site administrator -> Site Collection Administrator on site"
    row = one(result["Permissions"], Permission="Site Collection Administrator")
    assert (row["Object Type"], row["Principal Name"]) == ("Site Collection", "Anna")
    assert result["Summary"][0]["Primary Admin"] == "Anna"


def test_group_as_administrator() -> None:
    """A group as administrator makes its members administrators, and counts on its own report (3.2)."""
    t = Tenant()
    anna = t.user("Anna")
    sg = t.group("SG-Admins", [anna])
    site = t.site("Budget")
    t.admin(site, sg)
    with reports_on(t) as reports:
        person = one(reports.site(site)["People"])
        result = reports.group(sg)
    assert person["Highest Permission"] == "Site Collection Administrator"
    row = one(result["Site Collections"])
    assert (row["Granted Through"], row["Is Direct"]) == ("Site administrator", True)
    summary = one(result["Summary"])
    assert (summary["Site Admin On"], summary["Objects with Unique Access"]) == (1, 0)


def test_owner_of_a_sharepoint_group_gets_nothing_by_owning() -> None:
    """Owning a SharePoint group gives no right on content (3.3)."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    site = t.site("Budget")
    members = t.sp_group(site, "Budget Members", [bert])
    members.owners.append(anna)
    t.grant(site.root, members, "Edit")
    with reports_on(t) as reports:
        assert names(reports.site(site)) == {"Bert"}


def test_associated_groups_are_references() -> None:
    """Owners, Members and Visitors are what the web refers to, not what a group is called (3.3)."""
    t = Tenant()
    site = t.site("Budget")
    renamed = t.sp_group(site, "Crew", [t.user("Anna")], role="Members")
    misleading = t.sp_group(site, "Budget Owners", [t.user("Bert")])
    t.grant(site.root, renamed, "Edit")
    t.grant(site.root, misleading, "Read")
    with reports_on(t) as reports:
        found = {r["Principal Name"]: r["Associated Role"] for r in reports.site(site)["Permissions"]}
    assert found["Crew"] == "Members"
    assert not found["Budget Owners"]


@pytest.mark.parametrize(
    ("stronger", "weaker"), list(zip(STRONGEST_FIRST, (*STRONGEST_FIRST[1:], "View Only"), strict=True))
)
def test_order_of_levels(stronger: str, weaker: str) -> None:
    """Highest Permission follows the order of 3.4, from Full Control down to View Only."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    t.grant(site.root, anna, weaker)
    t.grant(site.root.library("Docs"), anna, stronger)
    with reports_on(t) as reports:
        assert one(reports.site(site)["People"])["Highest Permission"] == stronger


@pytest.mark.parametrize("level", ["Limited Access", "Web-Only Limited Access"])
def test_limited_access_is_dropped(level: str) -> None:
    """System-made limited access is no access: no row on any sheet of either report (3.4)."""
    t = Tenant()
    anna = t.user("Anna")
    sg = t.group("SG-Finance", [anna])
    site = t.site("Budget")
    t.grant(site.root, anna, level)
    t.grant(site.root, sg, level)
    with reports_on(t) as reports:
        result = reports.site(site)
        objects = reports.group(sg)["Objects"]
    assert result["People"] == result["Permissions"] == objects == []


@pytest.mark.parametrize(
    "name", ["Limited Access System Group", "Limited Access System Group For Web 8f0e", "Limited Access System Group For List 1b2c"]
)  # fmt: skip
def test_limited_access_system_groups_are_dropped(name: str) -> None:
    """The groups that carry limited access are no access, even with a real level (3.4)."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    t.grant(site.root, t.sp_group(site, name, [anna]), "Read")
    with reports_on(t) as reports:
        result = reports.site(site)
    assert result["People"] == result["Permissions"] == []


def test_nested_groups_shortest_path() -> None:
    """Through several chains of groups the shortest is shown, and the others are counted (3.6)."""
    t = Tenant()
    anna = t.user("Anna")
    inner = t.group("SG-Inner", [anna])
    middle = t.group("SG-Middle", [inner])
    outer = t.group("SG-Outer", [middle, anna])
    site = t.site("Budget")
    t.grant(site.root, outer, "Read")
    with reports_on(t) as reports:
        person = one(reports.site(site)["People"])
        result = reports.group(inner)
    assert person["Access Path"] == "Anna -> member of SG-Outer -> Read on site"
    assert person["Number of Paths"] == 2
    row = one(result["Objects"])
    assert (row["Granted Through"], row["Inherited From"]) == ("Nested group: SG-Outer", outer.login)
    assert row["Access Path"] == "SG-Inner -> member of SG-Middle -> member of SG-Outer -> Read on site"


def test_distribution_group() -> None:
    """A distribution group carries no rights, for itself or for what contains it: zero rows and a note (3.6)."""
    t = Tenant()
    anna = t.user("Anna")
    mail = t.group("DL-News", [anna], kind="distribution_group")
    around = t.group("SG-Around", [mail])
    site = t.site("Budget")
    t.grant(site.root, mail, "Edit")
    t.grant(site.root, around, "Edit")
    with reports_on(t) as reports:
        people = reports.site(site)["People"]
        result = reports.group(mail)
    assert people == []
    assert result["Objects"] == result["Site Collections"] == []
    assert "istribution" in one(result["Summary"])["Notes"]


def test_owners_of_a_security_group_get_nothing() -> None:
    """Owning a security group gives nothing of what the group is given (3.6)."""
    t = Tenant()
    sg = t.group("SG-Finance", [t.user("Anna")], owners=[t.user("Bert")])
    site = t.site("Budget")
    t.grant(site.root, sg, "Edit")
    with reports_on(t) as reports:
        assert names(reports.site(site)) == {"Anna"}


def test_owner_who_is_not_a_member() -> None:
    """An owner of a Microsoft 365 group who is not its member has the owners claim only (3.6)."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    team = t.group("Team Blue", [anna], owners=[bert], kind="m365_group")
    site = t.site("Blue", "Microsoft 365 Group", group=team)
    t.grant(site.root, team, "Edit")
    t.admin(site, t.owners_of(team))
    with reports_on(t) as reports:
        people = {p["Display Name"]: p["Highest Permission"] for p in reports.site(site)["People"]}
        summary = one(reports.group(team)["Summary"])
    assert people == {"Anna": "Edit", "Bert": "Site Collection Administrator"}
    assert (summary["Owners"], summary["Direct Members"], summary["Total Users"]) == (1, 1, 1)


def test_group_whose_members_are_unknown() -> None:
    """A group nobody could expand is kept and named on Exceptions; its size is blank, not 0 (3.6)."""
    t = Tenant()
    hidden = t.group("SG-Hidden", status="unresolved")
    site = t.site("Budget")
    t.grant(site.root, hidden, "Edit")
    with reports_on(t) as reports:
        result = reports.site(site)
        summary = one(reports.group(hidden)["Summary"])
    assert one(result["Permissions"])["Total Users"] is None
    assert summary["Total Users"] is None
    assert "GROUP_UNRESOLVED" in result.codes()


@pytest.mark.parametrize("flag", [False, True])
def test_everyone_and_guests(flag: bool) -> None:
    """Guests are counted in Everyone only if the tenant's claim flag is set, and never in EEEU (3.7)."""
    t = Tenant()
    for n in range(3):
        t.user(f"Member {n}")
    t.user("Gita", user_type="Guest")
    t.user("Bo", "blocked")
    site = t.site("News")
    for claim in SPECIALS.values():
        t.grant(site.root, claim, "Read")
    with reports_on(t, show_everyone_claim=flag, show_all_users_claim=flag) as reports:
        rows = {r["Principal Name"]: r["Total Users"] for r in reports.site(site)["Permissions"]}
        group = reports.group(EVERYONE)
    assert rows == {claim.name: 4 if flag and claim is not EEEU else 3 for claim in SPECIALS.values()}
    assert len(group["Members"]) == 1


def test_eeeu_on_a_private_group_site() -> None:
    """EEEU on a private group-connected site stays a row, with a note, and reaches nobody (3.7)."""
    t = Tenant()
    t.user("Anna")
    team = t.group("Team Blue", kind="m365_group")
    private = t.site("Blue", "Microsoft 365 Group", group=team, privacy="Private")
    public = t.site("Open", "Microsoft 365 Group", group=team, privacy="Public")
    for site in (private, public):
        t.grant(site.root, EEEU, "Edit")
        t.grant(site.root, t.sp_group(site, f"{site.name} Visitors", [EEEU]), "Read")
    with reports_on(t) as reports:
        result = reports.site(private, public)
        group = reports.group(EEEU)
    assert one(result["People"])["Site Url"] == public.url
    shown = [r for r in result["Permissions"] if r["Principal Name"] == EEEU.name]
    assert {r["Url"] for r in shown} == {private.url, public.url}
    assert "not effective on a private group site" in str(
        [e["Message"] for e in result.exceptions] + [r["Risk Flags"] for r in shown] + list(result.sheets.values())
    )
    assert {r["Url"] for r in group["Objects"]} == {public.url}


def test_access_by_everyone_is_not_the_groups_access() -> None:
    """What a group's members have only through an Everyone claim is not on the group's report (3.7)."""
    t = Tenant()
    sg = t.group("SG-Finance", [t.user("Anna")])
    site = t.site("News")
    t.grant(site.root, EEEU, "Read")
    with reports_on(t) as reports:
        result = reports.group(sg)
    assert result["Objects"] == result["Site Collections"] == []


def test_groups_containing_everyone() -> None:
    """Groups Containing Everyone counts SharePoint groups that hold any of the four claims (3.7)."""
    t = Tenant()
    site = t.site("News")
    for n, claim in enumerate(SPECIALS.values()):
        t.grant(site.root, t.sp_group(site, f"Readers {n}", [claim]), "Read")
    t.grant(site.root, t.sp_group(site, "Crew", [t.user("Anna")]), "Edit")
    with reports_on(t) as reports:
        assert reports.site(site)["Summary"][0]["Groups Containing Everyone"] == 4
