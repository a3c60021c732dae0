"""The oracle itself is right on cases small enough to be checked by eye."""

from __future__ import annotations

from tests.semantics.access_paths import shortest_chains, true_paths
from tests.semantics.brute_force import GroupRow, PersonRow, group_access, people
from tests.semantics.small_tenant import EEEU, Tenant

ALL = ("Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group")


def test_nested_groups_and_cycles_are_followed_once() -> None:
    """A member of a group in a cycle reaches what the other group of the cycle is granted."""
    t = Tenant()
    anna = t.user("Anna")
    inner = t.group("Inner", [anna])
    outer = t.group("Outer", [inner])
    inner.members.append(outer)
    site = t.site("Budget")
    t.grant(site.root, outer, "Edit", "Limited Access")
    assert set(people([t])) == {
        PersonRow(site.url, anna.upn or "", "Edit", "Entire site", 1, 1, False, "active")
    }
    assert shortest_chains(anna, outer) == {(anna, inner, outer)}
    answer = group_access(inner, [t], ALL)
    row = GroupRow(site.url, site.url, "Edit", "Nested group: Outer", False, "All members", 1)
    assert answer.everywhere == [row]
    ((start, grant),) = answer.why[row]
    assert true_paths(start, [grant]) == {"Inner -> member of Outer -> Edit on site"}
    assert answer.summary["Nested Groups"] == 1


def test_owners_claim_reaches_owners_only() -> None:
    """The `_o` claim reaches the owners and not the members, and the group report says so."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    team = t.group("Team", [bert], owners=[anna], kind="m365_group")
    site = t.site("Team", "Microsoft 365 Group", group=team)
    t.admin(site, t.owners_of(team))
    assert {row.who for row in people([t])} == {anna.upn}
    (row,) = group_access(team, [t], ALL).everywhere
    assert (row.through, row.direct, row.applies_to) == ("Site administrator", True, "Owners only")


def test_links_and_specials_stay_what_they_are() -> None:
    """Links reach invitees by scope; EEEU is one row; neither makes a person of anyone else."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    site = t.site("Plans")
    file = site.root.library("Docs").file("plan.docx")
    t.link(file, "organization", invites=[bert], redeemed=[anna])
    t.link(file, "anyone", redeemed=[bert])
    t.grant(site.root, EEEU, "Read")
    assert {(r.who, r.scope, r.link_only) for r in people([t])} == {
        (anna.upn, "Parts only", True),
        ("Anyone with the link", "Parts only", True),
        (EEEU.name, "Entire site", False),
    }


def test_blocked_shows_and_deleted_does_not() -> None:
    """A blocked user keeps a flagged row, a deleted one none, a deleted group passes nothing on."""
    t = Tenant()
    blocked, deleted, anna = t.user("Bo", "blocked"), t.user("Di", "deleted"), t.user("Anna")
    gone = t.group("Gone", [anna], status="soft_deleted")
    site = t.site("Plans")
    for principal in (blocked, deleted, gone):
        t.grant(site.root, principal, "Read")
    assert {(r.who, r.status) for r in people([t])} == {(blocked.upn, "blocked")}
