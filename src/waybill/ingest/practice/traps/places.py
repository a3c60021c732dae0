"""Traps of places: subsites, broken inheritance, channels, custom levels, site states."""

from __future__ import annotations

import hashlib

from waybill.ingest.practice.stage import Stage
from waybill.ingest.practice.traps.trap import trap


@trap("sites/works-council", groups=("Works council",), users=("Sofia Rossi",))
def subsite_unique_under_group_site(s: Stage) -> None:
    """A subsite with its own list under a group site: the group's members are not on it, Sofia Rossi is."""
    group = s.group(
        "Works council", "m365_group", members=[s.person("Rafael Costa")], owners=[s.person("Vera Klein")]
    )
    site = s.site(
        "sites/works-council", "Works council", site_type="Group-connected", group=group, privacy="Private"
    )
    minutes = s.place(site.root, "web", "Closed sessions", segment="closed", copied=True)
    s.bare(minutes)
    s.grant(minutes, s.person("Sofia Rossi"), "Full Control")
    s.place(s.place(minutes, "library", "Documents", segment="Shared Documents"), "file", "Minutes.docx")


@trap("sites/tenders", users=("Umar Farouk",))
def file_unique_under_inherited_folder(s: Stage) -> None:
    """A file with its own list, in a folder that inherits: Umar Farouk reaches the file, not the folder."""
    site = s.site("sites/tenders", "Tenders", primary=s.person("Anna Berg"))
    s.put(site.members, s.person("Ben Ochieng"))
    folder = s.place(site.library, "folder", "Bridge north")
    s.place(folder, "file", "Plans.pdf")
    offer = s.place(folder, "file", "Best offer.xlsx", copied=True, label="Confidential", sensitivity="High",
                    data_type="Financial")  # fmt: skip
    s.grant(offer, s.person("Umar Farouk"), "Read")


@trap("sites/handbook", users=("Tessa Lund",))
def folder_link_and_unique_child(s: Stage) -> None:
    """A folder's link reaches all below it but the child with its own access list."""
    site = s.site("sites/handbook", "Handbook", primary=s.person("Anna Berg"))
    folder = s.place(site.library, "folder", "Chapters", copied=True)
    s.place(folder, "file", "Welcome.docx")
    s.place(folder, "file", "Salaries.xlsx", copied=True)
    s.link(folder, "specific", "View", kind="Flexible", invited=[s.person("Tessa Lund")])


@trap("sites/launch-salaries", groups=("Launch",), users=("Elena Fischer", "Henrik Olsen", "Ida Brandt"))
def private_channel(s: Stage) -> None:
    """A private channel's site: the parent team is not in its list, and list and channel roster differ by one each."""
    site = s.site("sites/launch-salaries", "Launch-Salaries", site_type="Private channel", channel="Salaries",
                  privacy="Private", primary=s.person("Elena Fischer"))  # fmt: skip
    s.put(site.owners, s.person("Elena Fischer"))
    s.put(site.members, s.person("Henrik Olsen"))
    s.roster(site, s.person("Elena Fischer"), s.person("Ida Brandt"))


@trap("sites/intake", groups=("Intake desk",))
def custom_level(s: Stage) -> None:
    """A level the tenant made itself: its name stands in the report as it is."""
    site = s.site("sites/intake", "Intake", site_type="Classic", primary=s.person("Anna Berg"))
    desk = s.group("Intake desk", members=[s.person("Chiara Ferrari"), s.person("Finn Jensen")])
    s.grant(site.root, desk, "Contribute without delete")
    forms = s.place(site.root, "list", "Applications", segment="Lists/Applications", copied=True)
    s.place(forms, "item", "Application 17", copied=True)


@trap("sites/contribute-and-more", users=("Emilia Bakker",))
def several_levels_at_once(s: Stage) -> None:
    """One person holds Limited Access, Read and Design on the same site: rights add up, Design is the highest."""
    site = s.site(
        "sites/contribute-and-more", "Contribute and more", site_type="Classic", primary=s.person("Anna Berg")
    )
    for level in ("Limited Access", "Read", "Design"):
        s.grant(site.root, s.person("Emilia Bakker"), level)


@trap("sites/locked", users=("Zofia Nowak",))
def locked_site(s: Stage) -> None:
    """A site nobody may enter at the moment: its rows stay, its state is told."""
    s.put(
        s.site("sites/locked", "Locked", primary=s.person("Anna Berg"), state="No access").members,
        s.person("Zofia Nowak"),
    )


@trap("sites/read-only", users=("Zofia Nowak",))
def read_only_site(s: Stage) -> None:
    """A read-only site: Edit stays written in its list."""
    s.put(
        s.site("sites/read-only", "Read-only", primary=s.person("Anna Berg"), state="Read-only").members,
        s.person("Zofia Nowak"),
    )


@trap("sites/archived", users=("Zofia Nowak",))
def archived_site(s: Stage) -> None:
    """An archived site: rows stay, the state is told."""
    s.put(
        s.site("sites/archived", "Archived", primary=s.person("Anna Berg"), state="Archived").members,
        s.person("Zofia Nowak"),
    )


@trap("sites/recycled", users=("Zofia Nowak",))
def recycled_site(s: Stage) -> None:
    """A site in the recycle bin: it gives no access to anybody."""
    s.put(
        s.site("sites/recycled", "Recycled", primary=s.person("Anna Berg"), state="Deleted").members,
        s.person("Zofia Nowak"),
    )


@trap("personal/anna_berg_contoso_com", users=("Anna Berg", "David Tanaka"))
def onedrive_with_second_admin(s: Stage) -> None:
    """A OneDrive: the owner is its primary administrator, a second one was added."""
    anna = s.person("Anna Berg")
    drive = s.site("personal/anna_berg_contoso_com", "Anna Berg", site_type="OneDrive", primary=anna)
    s.admin(drive, s.person("David Tanaka"))
    shared = s.place(drive.library, "file", "Holiday plan.xlsx", copied=True)
    s.grant(shared, s.person("Mara Silva"), "Contribute")


@trap("sites/system-groups", users=("Rosa Romero",))
def system_groups_and_slink_claims(s: Stage) -> None:
    """System groups that only carry Limited Access, and internal link markers: neither is anybody's access."""
    site = s.site("sites/system-groups", "System groups", primary=s.person("Anna Berg"))
    system = s.sp_group(site, "Limited Access System Group", s.person("Rosa Romero"))
    s.grant(site.root, system, "Limited Access")
    listed = s.sp_group(
        site, f"Limited Access System Group For List {site.library.guid}", s.person("Rosa Romero")
    )
    # Seen in the field: a real level on a system group; it still is the system's, not a grant of ours.
    s.grant(site.root, listed, "Read")
    digest = hashlib.sha256(site.url.encode()).hexdigest()
    s.grant(site.root, s.odd("unresolved", "SLinkClaim", f"c:0u.c|tenant|{digest}"), "Read")


ALL = (
    subsite_unique_under_group_site, file_unique_under_inherited_folder, folder_link_and_unique_child,
    private_channel, custom_level, several_levels_at_once, locked_site, read_only_site, archived_site, recycled_site,
    onedrive_with_second_admin, system_groups_and_slink_claims,
)  # fmt: skip
