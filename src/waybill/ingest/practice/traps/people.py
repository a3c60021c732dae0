"""Traps of people: blocked, deleted, guests, mismatched ids; and of the everyone-type claims."""

from __future__ import annotations

from waybill.ingest.practice import claims
from waybill.ingest.practice.stage import Stage
from waybill.ingest.practice.traps.trap import trap

FOREIGN_SUFFIX = "0f2c9a51-7d0e-4b57-9c1b-5a3d1f7e6b20"
"""The GUID behind an EEEU claim that is not this tenant's id (insights.md 1.5)."""


@trap("sites/leavers", groups=("Warehouse",), users=("Ivo Horvat", "Greta Nilsen", "Bruno Ricci"))
def blocked_and_deleted_users(s: Stage) -> None:
    """A blocked, a soft-deleted and a deleted user still hold grants: kept, flagged, not counted as effective."""
    blocked = s.person("Ivo Horvat", status="blocked")
    recent = s.person("Greta Nilsen", status="soft_deleted")
    gone = s.person("Bruno Ricci", status="deleted")
    site = s.site("sites/leavers", "Leavers", primary=s.person("Anna Berg"))
    for person, level in ((blocked, "Edit"), (recent, "Contribute"), (gone, "Read")):
        s.grant(site.root, person, level)
    warehouse = s.group("Warehouse", members=[blocked, recent, s.person("Tomas Dvorak")])
    s.put(site.members, warehouse)


@trap("sites/rehired", users=("Julia Mendes",))
def id_mismatch(s: Stage) -> None:
    """Julia Mendes left and came back with a new object id: the site's old entry does not work, the new account's does."""
    now = s.person("Julia Mendes")
    upn = claims.upn("Julia Mendes")
    then = s.odd("user", "Julia Mendes", claims.user_login(upn), status="id_mismatch", upn=upn, user_type="Member",
                 guid=claims.fixed_guid("user/julia.mendes/before"))  # fmt: skip
    site = s.site("sites/rehired", "Rehired", primary=s.person("Anna Berg"))
    s.grant(site.root, then, "Edit")
    folder = s.place(site.library, "folder", "New contract", copied=True)
    s.grant(folder, now, "Read")


@trap("sites/parts", users=("Rosa Romero",))
def limited_access_only(s: Stage) -> None:
    """At site level Rosa Romero has only Limited Access, made because of a folder below: parts only."""
    rosa = s.person("Rosa Romero")
    site = s.site("sites/parts", "Parts", primary=s.person("Anna Berg"))
    s.grant(site.root, rosa, "Limited Access")
    folder = s.place(site.library, "folder", "Spare parts", copied=True)
    s.grant(folder, rosa, "Read")
    ghost = s.person("Samir Haddad")
    s.grant(site.root, ghost, "Web-Only Limited Access")


@trap("sites/research-partners", users=("nadia.kaya@fabrikam.com",))
def b2b_direct_on_shared_channel(s: Stage) -> None:
    """Someone of another tenant on a shared channel has no guest account here, and is external all the same."""
    nadia = s.person("Nadia Kaya", upn="nadia.kaya@fabrikam.com", user_type="B2B direct", external=True, guid=None,
                     login="i:0#.f|membership|nadia.kaya@fabrikam.com")  # fmt: skip
    site = s.site("sites/research-partners", "Research-Partners", site_type="Shared channel", channel="Partners",
                  privacy="Private", primary=s.person("Priya Okafor"))  # fmt: skip
    s.put(site.owners, s.person("Priya Okafor"))
    s.put(site.members, nadia, s.person("Liam Osei"))
    s.roster(site, s.person("Priya Okafor"), nadia, s.person("Liam Osei"))


@trap("sites/subsidiary", users=("yusuf.farouk_adatum.com#ext#@contoso.onmicrosoft.com",))
def member_type_b2b(s: Stage) -> None:
    """An outside identity (`#ext#`) whose user type is Member: external, yet everyone-except-external reaches it."""
    yusuf = s.person("Yusuf Farouk", upn=claims.guest_upn("yusuf.farouk@adatum.com"), external=True,
                     email="yusuf.farouk@adatum.com")  # fmt: skip
    site = s.site("sites/subsidiary", "Subsidiary", primary=s.person("Anna Berg"))
    s.put(site.visitors, s.everyone(), yusuf)


@trap("sites/canteen")
def eeeu_in_visitors(s: Stage) -> None:
    """Everyone except external users sits inside Visitors: the SharePoint group holds the whole house."""
    site = s.site("sites/canteen", "Canteen", primary=s.person("Anna Berg"))
    s.put(site.visitors, s.everyone())


@trap("sites/merged-company")
def eeeu_foreign_suffix(s: Stage) -> None:
    """Everyone except external users with another GUID behind it than the tenant's: still everyone of this tenant."""
    site = s.site("sites/merged-company", "Merged company", primary=s.person("Anna Berg"))
    s.grant(site.root, s.everyone("eeeu", FOREIGN_SUFFIX), "Read")


@trap("sites/payroll", groups=("Payroll",), users=("Carmen Vasquez",))
def eeeu_on_private_group_site(s: Stage) -> None:
    """On a private group-connected site everyone-except-external is taken away again: shown, not effective."""
    group = s.group(
        "Payroll", "m365_group", members=[s.person("Carmen Vasquez")], owners=[s.person("Dmitri Petrov")]
    )
    site = s.site("sites/payroll", "Payroll", site_type="Group-connected", group=group, privacy="Private")
    s.grant(site.root, s.everyone(), "Read")
    s.put(site.visitors, s.everyone())


@trap("sites/ideas", groups=("Ideas",), users=("Felix Steiner",))
def eeeu_on_public_group_site(s: Stage) -> None:
    """On a public group-connected site everyone-except-external holds Edit through Members, by default."""
    group = s.group(
        "Ideas", "m365_group", members=[s.person("Felix Steiner")], owners=[s.person("Dmitri Petrov")]
    )
    site = s.site("sites/ideas", "Ideas", site_type="Team (standard)", group=group, privacy="Public")
    s.put(site.members, s.everyone())


@trap("sites/lobby")
def older_everyone_claims(s: Stage) -> None:
    """Everyone and both All Users claims: guests are in them only if the tenant's two flags say so."""
    site = s.site("sites/lobby", "Lobby", site_type="Classic", primary=s.person("Anna Berg"))
    s.put(site.visitors, s.everyone("everyone"))
    s.grant(site.root, s.everyone("all_windows"), "Read")
    s.grant(site.root, s.everyone("all_membership"), "View Only")


@trap("sites/administration", users=("Amara Mbeki",))
def roles_apps_and_link_guests(s: Stage) -> None:
    """A directory role under a group's claim, an application, an old SID claim, a link guest without account."""
    guid = claims.fixed_guid("role/company administrator")
    role = s.odd("directory_role", "Company Administrator", claims.security_login(guid), guid=guid)
    s.put(role, s.person("Amara Mbeki"))
    app = claims.fixed_guid("app/archiver")
    site = s.site(
        "sites/administration", "Administration", site_type="Classic", primary=s.person("Amara Mbeki")
    )
    s.admin(site, role)
    archiver = s.odd("application", "Archiver", f"i:0i.t|ms.sp.ext|{app}@{s.tenant}")
    s.grant(site.root, archiver, "Full Control")
    sid = "c:0-.f|rolemanager|s-1-5-21-1004336348-1177238915-682003330-512"
    old_role = s.odd("directory_role", "Old role claim", sid, status="unresolved")
    s.grant(site.root, old_role, "Read")
    mail = "auditor@litwareinc.com"
    guest = s.person("auditor@litwareinc.com", upn=mail, login=f"i:0#.f|membership|urn:spo:guest#{mail}", external=True,
                     user_type="Guest", guid=None)  # fmt: skip
    s.grant(s.place(site.library, "folder", "Audit", copied=True), guest, "Read")


ALL = (
    blocked_and_deleted_users, id_mismatch, limited_access_only, b2b_direct_on_shared_channel, member_type_b2b,
    eeeu_in_visitors, eeeu_foreign_suffix, eeeu_on_private_group_site, eeeu_on_public_group_site,
    older_everyone_claims, roles_apps_and_link_guests,
)  # fmt: skip
