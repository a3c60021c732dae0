"""What a person's bundle says of access, groups and links; each docstring is the law."""

from __future__ import annotations

import pytest

from tests.semantics.person_reports import Pulled, Record, Tables, open_people
from tests.semantics.small_tenant import EEEU, TENANT_ID, Principal, Tenant
from waybill.exports import person_bundle


def only(rows: list[Record], **wanted: object) -> Record:
    """The one record with these members."""
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    assert len(found) == 1, f"{len(found)} records with {wanted} in {rows}"
    return found[0]


def bundle(t: Tenant, person: Principal) -> Pulled:
    with open_people(t) as people:
        return people.of(person)


def test_every_way_is_told() -> None:
    """Each grant that reaches the person is a record of its own, with its level, its way and its path."""
    t = Tenant()
    anna = t.user("Anna")
    inner = t.group("Inner", [anna])
    outer = t.group("Outer", [inner])
    team = t.group("Team", owners=[anna], kind="m365_group")
    site = t.site("Budget")
    folder = site.root.library("Docs").folder("Plans")
    t.grant(site.root, t.sp_group(site, "Budget Members", [outer]), "Edit")
    t.grant(site.root, EEEU, "Read")
    t.admin(site, t.owners_of(team))
    t.grant(folder, anna, "Contribute")
    t.link(folder, "specific", invites=[anna])
    found = bundle(t, anna)
    said = {row["grantedThrough"]: row["accessPath"] for row in found["30/Access.json"]}
    assert said == {
        "SharePoint group: Budget Members": "Anna -> member of Inner -> member of Outer -> "
        'SharePoint group "Budget Members" -> Edit on site',
        "Everyone claim": "Anna -> member of Everyone except external users -> Read on site",
        "Site administrator": "Anna -> owner of Team -> site administrator -> Site Collection Administrator on site",
        "Direct": 'Anna -> Contribute on folder "Plans"',
        "Sharing link: Specific people": 'Anna -> link "Specific people" -> Read on folder "Plans"',
    }
    (summary,) = found["30/Sites.json"]
    assert (summary["highestPermission"], summary["permissionOnEntireSite"], summary["isSiteAdmin"]) == (
        "Site Collection Administrator",
        "Site Collection Administrator",
        True,
    )
    assert found["30/GrantsWithoutEffect.json"] == []


def test_direct_and_nested_memberships_have_their_path() -> None:
    """A group is listed once, by the shortest chain, with the group before it."""
    t = Tenant()
    anna = t.user("Anna")
    inner = t.group("Inner", [anna])
    outer = t.group("Outer", [inner])
    inner.members.append(outer)
    rows = bundle(t, anna)["20/Memberships.json"]
    assert [(r["groupName"], r["direct"], r["viaGroupName"], r["path"]) for r in rows] == [
        ("Inner", True, None, "Anna -> member of Inner"),
        ("Outer", False, "Inner", "Anna -> member of Inner -> member of Outer"),
    ]
    assert rows[1]["viaGroupId"] == inner.entra_id


def test_memberships_without_rights_are_told_as_such() -> None:
    """Distribution groups and deleted groups are memberships all the same, and are said to carry no access."""
    t = Tenant()
    anna = t.user("Anna")
    mail = t.group("All staff", [anna], kind="distribution_group")
    gone = t.group("Gone", [anna], status="soft_deleted")
    t.group("Around", [mail, gone])
    rows = bundle(t, anna)["20/Memberships.json"]
    assert {r["groupName"]: (r["distance"], r["groupStatus"], r["carriesAccess"]) for r in rows} == {
        "All staff": (1, "Active", False),
        "Gone": (1, "Soft-deleted", False),
        "Around": (2, "Active", False),
    }


def test_everyone_inside_a_group_of_a_private_site() -> None:
    """Everyone-except-external in a SharePoint group of a private group's site gives nothing, and is told: the
    group as a membership without access, its entry with the reason that the claim's own entry has."""
    t = Tenant()
    anna, team = t.user("Anna"), t.group("Payroll", kind="m365_group")
    site = t.site("Payroll", "Microsoft 365 Group", privacy="Private", group=team)
    t.grant(site.root, t.sp_group(site, "Payroll Visitors", [EEEU], "Visitors"), "Read")
    t.grant(site.root, EEEU, "Edit")
    found = bundle(t, anna)
    assert found["30/Access.json"] == []
    rows = {row["grantedThrough"]: row for row in found["30/GrantsWithoutEffect.json"]}
    assert set(rows) == {"Everyone claim", "SharePoint group: Payroll Visitors"}
    reason = "Everyone-type claims have no effect on the site of a private group."
    assert {row["noAccessBecause"] for row in rows.values()} == {reason}
    assert rows["SharePoint group: Payroll Visitors"]["accessPath"] == (
        'Anna -> member of Everyone except external users -> SharePoint group "Payroll Visitors" -> Read on site'
    )
    (group,) = found["20/SharePointGroups.json"]
    assert (group["groupName"], group["viaGroupName"], group["carriesAccess"], group["direct"]) == (
        "Payroll Visitors", EEEU.name, False, False,
    )  # fmt: skip


def test_ownerships_direct_and_through_a_group() -> None:
    """A group is owned by name, or because a group that holds the person is its owner."""
    t = Tenant()
    anna = t.user("Anna")
    leads = t.group("Leads", [anna])
    t.group("Own", owners=[anna])
    t.group("Nested", owners=[leads])
    rows = bundle(t, anna)["20/Ownerships.json"]
    assert [(r["groupName"], r["direct"], r["viaGroupName"], r["path"]) for r in rows] == [
        ("Own", True, None, "Anna -> owner of Own"),
        ("Nested", False, "Leads", "Anna -> member of Leads -> owner of Nested"),
    ]


def test_organization_link_counts_when_opened() -> None:
    """An organization link gives access to those who opened it; who was only told of it is listed, without."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    file = t.site("Plans").root.library("Docs").file("plan.docx")
    t.link(file, "organization", invites=[bert], redeemed=[anna], permission="Edit")
    with open_people(t) as people:
        opened, told = people.of(anna), people.of(bert)
    (link,) = opened["40/LinksReceived.json"]
    assert (link["redeemed"], link["givesAccess"], link["linkPermission"]) == (True, True, "Edit")
    assert opened["30/Access.json"][0]["permission"] == "Contribute"
    (link,) = told["40/LinksReceived.json"]
    assert (link["redeemed"], link["givesAccess"]) == (False, False)
    assert told["30/Access.json"] == []
    assert (
        told["30/GrantsWithoutEffect.json"][0]["noAccessBecause"]
        == "The link has not been opened by this person."
    )


def test_anyone_and_expired_links_give_a_person_nothing() -> None:
    """The recipients of an anyone link and the invitees of an expired one are told of it, and have no access by it."""
    t = Tenant()
    anna = t.user("Anna")
    docs = t.site("Plans").root.library("Docs")
    t.link(docs.file("a.docx"), "anyone", invites=[anna])
    t.link(docs.file("b.docx"), "specific", invites=[anna], expired=True)
    found = bundle(t, anna)
    assert [(r["objectName"], r["givesAccess"], r["expired"]) for r in found["40/LinksReceived.json"]] == [
        ("a.docx", False, None),
        ("b.docx", False, True),
    ]
    assert found["30/Access.json"] == []
    reasons = [r["noAccessBecause"] for r in found["30/GrantsWithoutEffect.json"]]
    assert reasons == [
        "The link works for whoever holds it; the name only says whom it was sent to.",
        "The sharing link has expired.",
    ]


def test_a_link_to_a_whole_site_is_no_permission_on_it() -> None:
    """Who holds only a link to a site's root reaches parts: a link is not a permission on the entire site."""
    t = Tenant()
    anna = t.user("Anna")
    t.link(t.site("Plans").root, "specific", redeemed=[anna])
    (row,) = bundle(t, anna)["30/Sites.json"]
    assert (row["scope"], row["permissionOnEntireSite"], row["highestPermission"]) == (
        "Parts only",
        None,
        "Read",
    )


def test_link_granted_to_a_group() -> None:
    """A link that names a group is granted to its members; the record says which group it names."""
    t = Tenant()
    anna = t.user("Anna")
    t.link(t.site("Plans").root.library("Docs"), "specific", invites=[t.group("Leads", [anna])])
    (row,) = bundle(t, anna)["40/LinksReceived.json"]
    assert (row["namedDirectly"], row["sharedWith"], row["givesAccess"]) == (False, "Leads", True)
    assert row["path"] == 'Anna -> member of Leads -> link "Specific people"'


def test_everyone_claims_reach_whom_they_reach() -> None:
    """Everyone-except-external reaches members, not guests, and nobody on the site of a private group."""
    t = Tenant()
    anna, guest = t.user("Anna"), t.user("Gus", user_type="Guest")
    open_site = t.site("Lobby")
    closed = t.site(
        "Payroll", "Microsoft 365 Group", privacy="Private", group=t.group("Payroll", kind="m365_group")
    )
    for site in (open_site, closed):
        t.grant(site.root, EEEU, "Read")
    with open_people(t) as people:
        found, other = people.of(anna), people.of(guest)
    assert [r["siteName"] for r in found["30/Access.json"]] == ["Lobby"]
    (idle,) = found["30/GrantsWithoutEffect.json"]
    assert (idle["siteName"], idle["noAccessBecause"]) == (
        "Payroll",
        "Everyone-type claims have no effect on the site of a private group.",
    )
    assert other["30/Access.json"] == other["30/GrantsWithoutEffect.json"] == []


@pytest.mark.parametrize("status", ["deleted", "soft_deleted", "id_mismatch"])
def test_accounts_that_are_gone_reach_nothing(status: str) -> None:
    """A deleted or replaced account has no access; what still names it is listed with that reason."""
    t = Tenant()
    anna = t.user("Anna", status)
    site = t.site("Budget")
    t.grant(site.root, anna, "Edit")
    t.grant(site.root, t.group("Leads", [anna]), "Read")
    t.admin(site, anna)
    found = bundle(t, anna)
    assert found["30/Access.json"] == found["30/Sites.json"] == []
    assert sorted(r["permission"] for r in found["30/GrantsWithoutEffect.json"]) == [
        "Edit",
        "Read",
        "Site Collection Administrator",
    ]
    assert found["20/Memberships.json"][0]["carriesAccess"] is False


def test_sites_in_the_recycle_bin_are_out_of_reach() -> None:
    """A grant on a deleted site is no access, and is told as such."""
    t = Tenant()
    anna = t.user("Anna")
    t.grant(t.site("Old", state="Deleted").root, anna, "Edit")
    found = bundle(t, anna)
    assert found["30/Access.json"] == []
    assert found["30/GrantsWithoutEffect.json"][0]["noAccessBecause"] == "The site is in the recycle bin."


def test_objects_below_are_counted_where_they_inherit() -> None:
    """A grant says how many further objects use the same access list."""
    t = Tenant()
    anna = t.user("Anna")
    site = t.site("Budget")
    docs = site.root.library("Docs")
    docs.file("a.docx")
    t.grant(docs.folder("Own"), t.user("Bert"), "Read")
    t.grant(site.root, anna, "Read")
    (row,) = bundle(t, anna)["30/Access.json"]
    assert row["objectsInheriting"] == 2


def test_links_created_are_found_by_sign_in_name() -> None:
    """Links the person made are found by user principal name in any case, or by a mail address that is
    nobody else's name; a replaced account of the same name is given none, and the bundle says so."""
    t = Tenant()
    anna, before, bert = t.user("Anna"), t.user("Anna", "id_mismatch"), t.user("Bert")
    docs = t.site("Plans").root.library("Docs")
    made = [t.link(docs.file(name), "anyone") for name in ("a", "b", "c", "d")]

    def sign(tables: Tables) -> None:
        creators = ["ANNA@contoso.com", "a@mail.example", "bert@contoso.com", None]
        by = {tables.number[link]: creator for link, creator in zip(made, creators, strict=True)}
        for row in tables.rows["link"]:
            row["created_by"] = by[row["principal"]]
        for row in tables.rows["principal"]:
            if row["id"] == tables.number[anna]:
                row["email"] = "a@mail.example"

    with open_people(t, amend=sign) as people:
        found, former, other = people.of(anna), people.of(before), people.of(bert)
    assert [r["objectName"] for r in found["40/LinksCreated.json"]] == ["a", "b"]
    assert [r["objectName"] for r in other["40/LinksCreated.json"]] == ["c"]
    assert former["40/LinksCreated.json"] == []
    assert any("belongs to another account" in reason for reason in former.reasons("40/LinksCreated.json"))
    assert found.reasons("40/LinksCreated.json") == [
        "1 sharing links of the tenant do not say who created them."
    ]
    when = {record["objectName"]: moment for moment, record in found.records["40/LinksCreated.json"]}
    assert f"{when['a']:%Y-%m-%dT%H:%M:%S%z}" == "2026-05-02T12:00:00+0000"


def test_other_accounts_of_one_name_are_named_not_mixed() -> None:
    """An account made anew under the same name is another account: named on OtherAccounts, its grants apart."""
    t = Tenant()
    now, before = t.user("Julia"), t.user("Julia", "id_mismatch")
    site = t.site("Rehired")
    t.grant(site.root, before, "Edit")
    t.grant(site.root.library("Docs"), now, "Read")
    with open_people(t) as people:
        found, former = people.of(now), people.of(before)
    (other,) = found["10/OtherAccounts.json"]
    assert (other["id"], other["accountStatus"], other["accessListEntries"]) == (
        before.entra_id,
        "Id mismatch",
        1,
    )
    assert [r["permission"] for r in found["30/Access.json"]] == ["Read"]
    (idle,) = former["30/GrantsWithoutEffect.json"]
    assert idle["noAccessBecause"] == "The directory has another object id for this account."


def test_inbound_profile_with_its_channels() -> None:
    """An inbound profile shows the four members of the contract, the channels whose roster names it, and
    what it reaches; nothing that only its home tenant holds."""
    t = Tenant()
    nadia = t.user("Nadia", user_type="B2B direct")
    site = t.site("Partners", "Microsoft Teams", channel="Deals", site_type="Shared channel")
    site.roster.append(nadia)
    t.grant(site.root, t.sp_group(site, "Partners Members", [nadia]), "Edit")

    def home(tables: Tables) -> None:
        for row in tables.rows["principal"]:
            row["home_tenant"] = TENANT_ID if row["id"] == tables.number[nadia] else None

    with open_people(t, amend=home) as people:
        found = people.of(nadia)
    (profile,) = found["10/Profile.json"]
    assert [profile[name] for name in ("userId", "userPrincipalName", "displayName", "homeTenantId")] == [
        nadia.entra_id,
        nadia.upn,
        "Nadia",
        TENANT_ID,
    ]
    (channel,) = found["30/Channels.json"]
    assert (channel["channelName"], channel["hasAccess"]) == ("Deals", True)
    assert found["30/Sites.json"][0]["onChannelRoster"] is True
    assert not {path for path in found.records if path.startswith("50/")} | {"10/Manager.json"} & set(
        found.records
    )
    assert [gap.path for gap in found.gaps] == [
        "10/Profile.json",
        "60/Events.json",
        "60/Days.json",
        "60/UsageReports.json",
    ]


def test_a_person_who_reaches_much_is_told_in_batches() -> None:
    """Over the border of a batch every grant is told once and in the same order."""
    t = Tenant()
    anna = t.user("Anna")
    docs = t.site("Much").root.library("Docs")
    file = docs.file("0.docx")
    t.grant(file, EEEU, "Read")
    count = person_bundle.BATCH_ROWS + 500

    def multiply(tables: Tables) -> None:
        (entry,), shown = tables.rows["acl"], tables.rows["securable"][-1]
        for n in range(1, count):
            key = shown["id"] + n
            tables.put("securable", **{**shown, "id": key, "url": f"{shown['url']}/{n:06d}"})
            tables.put("acl", **{**entry, "securable": key})

    with open_people(t, amend=multiply) as people:
        found = people.of(anna, ("30/Sites.json", "30/Access.json"))
    urls = [row["objectUrl"] for row in found["30/Access.json"]]
    assert len(urls) == count
    assert urls == sorted(set(urls))
    assert found["30/Sites.json"][0]["objects"] == count
