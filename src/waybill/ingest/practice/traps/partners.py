"""Traps of people of other organisations who have an object id of their own here and reach a shared channel."""

from __future__ import annotations

from waybill.ingest.practice.stage import Stage
from waybill.ingest.practice.traps.trap import trap

PARTNERS = ("kenji.sato@proseware.com", "lucia.marchetti@tailspintoys.com", "omar.haddad@proseware.com")
"""Addresses of the three: two of one organisation, one of another."""


@trap("sites/design-partners", users=PARTNERS)
def partners_with_profiles(s: Stage) -> None:
    """Three people of two other tenants, known by object id and home tenant, on a shared channel; one has a file besides."""
    names = ("Kenji Sato", "Lucia Marchetti", "Omar Haddad")
    kenji, lucia, omar = (
        s.person(name, upn=upn, user_type="B2B direct", external=True)
        for name, upn in zip(names, PARTNERS, strict=True)
    )
    site = s.site("sites/design-partners", "Design-Partners", site_type="Shared channel", channel="Partners",
                  privacy="Private", primary=s.person("Priya Okafor"))  # fmt: skip
    s.put(site.owners, s.person("Priya Okafor"))
    s.put(site.members, kenji, lucia, omar)
    s.roster(site, s.person("Priya Okafor"), kenji, lucia, omar)
    drawing = s.place(site.library, "file", "Drawing 7.vsdx", copied=True)
    s.grant(drawing, lucia, "Contribute")


ALL = (partners_with_profiles,)
