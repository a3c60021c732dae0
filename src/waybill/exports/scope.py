"""Find the sites a request names in the snapshot, and say what was not found."""

from __future__ import annotations

from dataclasses import dataclass

from waybill.export import Facts
from waybill.exports.reading import SiteUrl


@dataclass(frozen=True, slots=True)
class FoundSite:
    """One asked URL: the site collection it lies in (None: none), and whether it is its exact URL."""

    asked: SiteUrl
    site: int | None
    exact: bool


def find_sites(asked: tuple[SiteUrl, ...], facts: Facts) -> tuple[FoundSite, ...]:
    """Every asked URL in the order given; a URL below a site resolves to its site collection (1.4)."""
    if not asked:
        return ()
    rows = facts.table("shared/find_sites", urls=[site.key for site in asked])
    by_key = {str(url): (int(site), bool(exact)) for url, site, exact in rows}
    return tuple(FoundSite(site, *by_key.get(site.key, (None, False))) for site in asked)


def describe_sites(found: tuple[FoundSite, ...]) -> list[tuple[str, str]]:
    """Lines for About: URLs that were understood as the site collection above them, or not found."""
    lines = []
    for one in found:
        if one.site is None:
            lines.append(("Not found", one.asked.given))
        elif not one.exact:
            lines.append(("Taken as its site collection", one.asked.given))
    return lines
