"""Traps of sharing links: scopes against kinds, redemption, expiry, orphans, pending and very many invitees."""

from __future__ import annotations

from datetime import datetime

from waybill.ingest.practice.stage import Place, Site, Stage
from waybill.ingest.practice.traps.trap import trap

MANY = 150
"""Invitees of the crowded link; their addresses of 240 characters exceed one cell's 32,767."""


def _site(s: Stage, path: str, title: str) -> Site:
    return s.site(path, title, primary=s.person("Anna Berg"))


def _file(s: Stage, site: Site, name: str) -> Place:
    return s.place(site.library, "file", name, copied=True)


@trap("sites/old-offer", users=("Mateo Lopez",))
def expired_link(s: Stage) -> None:
    """A specific link that expired before the snapshot: no access, named on Exceptions."""
    file = _file(s, _site(s, "sites/old-offer", "Old offer"), "Offer.docx")
    s.link(file, "specific", "Edit", kind="Flexible", invited=[s.person("Mateo Lopez")],
           expires=datetime(2026, 4, 30, 22, 0, 0))  # fmt: skip  # noqa: DTZ001  (UTC without zone)


@trap("sites/stale-links", users=("Qing Yamada",))
def orphan_link_group(s: Stage) -> None:
    """A link group that stayed behind without any access list entry: no access, named on Exceptions."""
    file = _file(s, _site(s, "sites/stale-links", "Stale links"), "Prices.xlsx")
    s.link(file, "specific", "View", kind="Flexible", redeemed=[s.person("Qing Yamada")], granted=False)


@trap("sites/travel", users=("Noah Meier", "Ximena Castillo"))
def organization_link_redeemed_or_not(s: Stage) -> None:
    """An organization link: Noah Meier has opened it and has access; Ximena Castillo was sent it and has none yet."""
    file = _file(s, _site(s, "sites/travel", "Travel"), "Rules.docx")
    s.link(file, "organization", "View", kind="OrganizationView", redeemed=[s.person("Noah Meier")],
           invited=[s.person("Ximena Castillo")])  # fmt: skip


@trap("sites/survey")
def anyone_link(s: Stage) -> None:
    """An anyone link reaches whoever holds the address: one row, nobody by name, no count."""
    site = _site(s, "sites/survey", "Survey")
    s.link(_file(s, site, "Questions.docx"), "anyone", "Edit", kind="AnonymousEdit", password=True,
           expires=datetime(2026, 12, 31))  # fmt: skip  # noqa: DTZ001  (UTC without zone)
    s.link(_file(s, site, "Flyer.pdf"), "anyone", "View", kind="AnonymousView")


@trap("sites/peer-review", users=("Lena Vogel",))
def organization_scope_under_flexible(s: Stage) -> None:
    """A link of kind Flexible whose scope is the organization: the scope decides, not the kind."""
    file = _file(s, _site(s, "sites/peer-review", "Peer review"), "Paper.docx")
    s.link(file, "organization", "Review", kind="Flexible", redeemed=[s.person("Lena Vogel")],
           invited=[s.person("Hugo Hoffmann")])  # fmt: skip


@trap("sites/existing", users=("Olivia Perrin",))
def existing_access_link(s: Stage) -> None:
    """A link for people with existing access grants nothing to anybody."""
    file = _file(s, _site(s, "sites/existing", "Existing access"), "Agenda.docx")
    s.link(file, "existing", "View", kind="Flexible", invited=[s.person("Olivia Perrin")])


@trap("sites/due-diligence", users=("dora.quist@northwindtraders.com",))
def pending_invitee(s: Stage) -> None:
    """Someone invited by mail who has not opened the link yet: access with status Invited."""
    pending = s.person("dora.quist@northwindtraders.com", upn="dora.quist@northwindtraders.com", user_type="Guest",
                       external=True, status="invited", guid=None,
                       login="i:0#.f|membership|urn:spo:guest#dora.quist@northwindtraders.com")  # fmt: skip
    file = _file(s, _site(s, "sites/due-diligence", "Due diligence"), "Accounts 2025.xlsx")
    opened = s.guest("Ines Costa", "ines.costa@fabrikam.com")
    s.link(file, "specific", "View", kind="Flexible", invited=[pending], redeemed=[opened])


@trap("sites/previews", groups=("Preview readers",), users=("Farid Haddad",))
def view_only_and_group_links(s: Stage) -> None:
    """A link that blocks download gives View Only, to a person and to everybody in an invited group."""
    readers = s.group("Preview readers", members=[s.person("Farid Haddad"), s.person("Grace Mbeki")])
    folder = s.place(_site(s, "sites/previews", "Previews").library, "folder", "Season 3", copied=True)
    s.link(folder, "specific", "View", kind="Flexible", invited=[readers], redeemed=[s.person("David Tanaka")],
           block_download=True)  # fmt: skip


@trap("sites/trade-fair")
def crowded_link(s: Stage) -> None:
    """A specific link with so many invitees that their mail addresses, joined, do not fit into one cell."""
    invited = []
    for number in range(1, MANY + 1):
        mail = f"visitor{number:03}-of-the-trade-fair-".ljust(224, "o") + "@wingtiptoys.com"
        name = f"Visitor {number:03} of the trade fair"
        invited.append(s.person(name, upn=mail, user_type="Guest", external=True, status="invited", guid=None, email=mail,
                                login=f"i:0#.f|membership|urn:spo:guest#{mail}"))  # fmt: skip
    file = _file(s, _site(s, "sites/trade-fair", "Trade fair"), "Floor plan.pdf")
    s.link(file, "specific", "View", kind="Flexible", invited=invited)


ALL = (
    expired_link, orphan_link_group, organization_link_redeemed_or_not, anyone_link,
    organization_scope_under_flexible, existing_access_link, pending_invitee, view_only_and_group_links, crowded_link,
)  # fmt: skip
