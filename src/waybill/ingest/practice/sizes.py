"""How big each practice tenant is, and the shares and rates its parts are drawn with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from waybill.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Size:
    """Exact numbers of what is generated; the trap set (traps/) comes on top, the same in every size."""

    name: str
    users: int
    """Members. Guests come in addition."""
    guests: int
    groups: int
    sites: int
    objects: int
    """Securables, the roots of the sites included."""
    grants: int
    """Access list entries."""
    links: int
    crowded_scopes: int
    """Items with their own access list in the one crowded library (SharePoint's ceiling is 50,000)."""
    partners: int
    """People of other organisations who take part by B2B direct connect."""
    former: int
    """Microsoft 365 groups that were deleted."""
    active_days: int
    """On so many of the 180 days a person who is active at all is active, on average."""
    drive_items: int
    """So many items of a OneDrive, about, are listed with their contents."""
    divisions: int = 0
    """Security groups that hold departments, which hold teams; one in seven entries of groups names one."""


SIZES: Mapping[str, Size] = {
    size.name: size
    for size in (  # users, guests, groups, sites, objects, grants, links, scopes, partners, former, days, drive
        Size("tiny", 12, 3, 8, 6, 80, 300, 15, 10, 0, 2, 30, 40),
        Size("small", 1_000, 300, 200, 100, 20_000, 100_000, 10_000, 2_000, 12, 10, 30, 40),
        Size("medium", 10_000, 3_000, 2_000, 1_000, 200_000, 1_000_000, 100_000, 20_000, 100, 60, 20, 30),
        Size(
            "large",
            100_000,
            30_000,
            50_000,
            20_000,
            2_000_000,
            10_000_000,
            1_000_000,
            50_000,
            1_000,
            1_500,
            12,
            20,
            divisions=12,
        ),
    )
}


def size_named(name: str) -> Size:
    """The size called `name` (any letter case). Raises BadRequest."""
    found = SIZES.get(name.strip().casefold())
    if found is None:
        raise BadRequest(
            f"There is no practice tenant of size {name!r}.", f"Use one of: {', '.join(SIZES)}.", field="size"
        )
    return found
