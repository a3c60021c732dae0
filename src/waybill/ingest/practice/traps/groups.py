"""Traps of directory groups: nesting, cycles, owners, deleted, hidden and foreign groups."""

from __future__ import annotations

from waybill.ingest.practice.stage import Stage
from waybill.ingest.practice.traps.trap import trap


@trap("sites/board", groups=("Board advisers",), users=("Ulla Lund",))
def group_inside_unused_sp_group(s: Stage) -> None:
    """A group that is only inside a SharePoint group without an access list entry: no access, no row."""
    advisers = s.group("Board advisers", members=[s.person("Ulla Lund"), s.person("Pavel Novak")])
    site = s.site("sites/board", "Board", primary=s.person("Anna Berg"))
    s.sp_group(site, "Board Readers", advisers)
    s.put(site.members, s.person("Anna Berg"))


@trap("sites/committees", groups=("Empty committee",))
def empty_group(s: Stage) -> None:
    """A security group with Read and nobody in it: a row that reaches nobody."""
    site = s.site("sites/committees", "Committees", primary=s.person("Anna Berg"))
    s.grant(site.root, s.group("Empty committee"), "Read")


@trap("sites/night-shift", groups=("Shift A", "Shift B"), users=("Kofi Osei", "Hana Sato"))
def group_cycle(s: Stage) -> None:
    """Shift A is in Shift B and Shift B in Shift A; one is granted, the people of both have access, once."""
    first = s.group("Shift A", members=[s.person("Kofi Osei")])
    second = s.group("Shift B", members=[s.person("Hana Sato"), first])
    s.put(first, second)
    site = s.site("sites/night-shift", "Night shift", primary=s.person("Anna Berg"))
    s.grant(site.root, first, "Contribute")


@trap("sites/budget26", groups=("Finance EMEA", "Finance all"), users=("Anna Berg",))
def three_paths(s: Stage) -> None:
    """Anna Berg reaches Budget 2026 three ways: directly, by a SharePoint group, by a nested group."""
    anna = s.person("Anna Berg")
    finance = s.group(
        "Finance EMEA",
        members=[anna, s.person("Ben Ochieng"), s.guest("Ines Costa", "ines.costa@fabrikam.com")],
    )
    everywhere = s.group("Finance all", members=[finance, s.person("Clara Moreau")])
    site = s.site(
        "sites/budget26",
        "Budget 2026",
        site_type="Classic",
        primary=s.person("Clara Moreau"),
        label="Confidential",
    )
    s.grant(site.root, anna, "Read")
    s.put(site.members, anna, finance)
    s.grant(site.root, everywhere, "Contribute")


@trap("sites/launch", groups=("Launch",), users=("Elena Fischer",))
def member_and_owner(s: Stage) -> None:
    """Elena Fischer is member and owner of one team: Edit as a member, administrator as an owner."""
    elena = s.person("Elena Fischer")
    group = s.group("Launch", "m365_group", members=[elena, s.person("Jonas Weber")], owners=[elena])
    s.site("sites/launch", "Launch", site_type="Team (standard)", group=group, privacy="Private")


@trap("sites/field-trials", groups=("Field trials",), users=("Viktor Bauer",))
def owner_not_member(s: Stage) -> None:
    """Viktor Bauer owns the group without being a member: the owners claim reaches him, the member claim not."""
    group = s.group(
        "Field trials", "m365_group", members=[s.person("Gita Banerjee")], owners=[s.person("Viktor Bauer")]
    )
    site = s.site(
        "sites/field-trials", "Field trials", site_type="Group-connected", group=group, privacy="Private"
    )
    s.grant(s.place(site.library, "folder", "Samples", copied=True), group, "Contribute")


@trap("sites/press", groups=("Launch", "Press"), users=("Jonas Weber",))
def owners_claim_here_plain_id_there(s: Stage) -> None:
    """Group Launch administers its own site by `_o` (owners only) and the site Press by its plain id (all members)."""
    press = s.site("sites/press", "Press", primary=s.person("Anna Berg"))
    s.admin(press, s.group("Launch", "m365_group"))
    s.grant(press.root, s.group("Press", members=[s.person("Clara Moreau")]), "Design")


@trap("sites/deep", groups=tuple(f"Level {n} of 8" for n in range(1, 9)), users=("Oskar Lindholm",))
def chain_of_eight(s: Stage) -> None:
    """Eight groups, each inside the next; the outermost is granted, the one person sits in the innermost."""
    inner = s.group("Level 1 of 8", members=[s.person("Oskar Lindholm")])
    for level in range(2, 9):
        inner = s.group(f"Level {level} of 8", members=[inner])
    site = s.site("sites/deep", "Deep nesting", primary=s.person("Anna Berg"))
    s.grant(site.root, inner, "Read")


@trap("sites/suppliers", groups=("Old suppliers", "Suppliers 2024"), users=("Wanda Nowak",))
def deleted_group_in_acl(s: Stage) -> None:
    """A deleted and a soft-deleted group still stand in the access list: rows with a status, access for nobody."""
    site = s.site("sites/suppliers", "Suppliers", primary=s.person("Anna Berg"))
    s.grant(site.root, s.group("Old suppliers", status="deleted"), "Edit")
    recent = s.group("Suppliers 2024", status="soft_deleted", members=[s.person("Wanda Nowak")])
    s.grant(site.root, recent, "Read")


@trap("sites/newsletter", groups=("Newsletter", "Readers of everything"), users=("Mara Silva", "Zoe Keller"))
def distribution_group(s: Stage) -> None:
    """A distribution group in an access list carries no rights, neither alone nor inside a security group."""
    letter = s.group("Newsletter", "distribution_group", members=[s.person("Mara Silva")])
    readers = s.group("Readers of everything", members=[letter, s.person("Zoe Keller")])
    site = s.site("sites/newsletter", "Newsletter", primary=s.person("Anna Berg"))
    s.grant(site.root, letter, "Read")
    s.grant(site.root, readers, "Read")


@trap("sites/joint-venture", groups=("Fabrikam project office",))
def external_group_on_link(s: Stage) -> None:
    """A group of another tenant, invited on a specific link: it reaches an unknown number of people, not none."""
    foreign = s.group("Fabrikam project office", "external_group", membership=None)
    site = s.site("sites/joint-venture", "Joint venture", primary=s.person("Anna Berg"))
    file = s.place(site.library, "file", "Term sheet.docx", copied=True)
    s.link(file, "specific", "Edit", kind="Flexible", invited=[foreign])


@trap("sites/investigations", groups=("Investigations",))
def hidden_members(s: Stage) -> None:
    """A group whose members the source does not list, but counts: 12 people, names unknown."""
    hidden = s.group("Investigations", status="unresolved", membership=None, reported_users=12)
    site = s.site("sites/investigations", "Investigations", primary=s.person("Anna Berg"))
    s.grant(site.root, hidden, "Contribute")
    s.put(site.visitors, hidden)


@trap("sites/germany", groups=("All of Germany",), users=("Hugo Hoffmann",))
def dynamic_and_mail_groups(s: Stage) -> None:
    """A rule-based group inside a mail-enabled security group: membership as stored, mail changes nothing."""
    ruled = s.group(
        "All of Germany", membership="Dynamic", members=[s.person("Hugo Hoffmann"), s.person("Lena Vogel")]
    )
    mailed = s.group("Germany mail", "mail_security_group", members=[ruled])
    site = s.site("sites/germany", "Germany", primary=s.person("Anna Berg"))
    s.put(site.members, mailed)


ALL = (
    group_inside_unused_sp_group, empty_group, group_cycle, three_paths, member_and_owner, owner_not_member,
    owners_claim_here_plain_id_there, chain_of_eight, deleted_group_in_acl, distribution_group,
    external_group_on_link, hidden_members, dynamic_and_mail_groups,
)  # fmt: skip
