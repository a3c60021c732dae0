"""Permission levels in order of strength, and the words sources use for them (insights.md 3.4)."""

from __future__ import annotations

from dataclasses import dataclass

ADMIN_LEVEL = 0
"""The level id of the Site Collection Administrator flag, which is not an access list entry."""


@dataclass(frozen=True, slots=True)
class Level:
    id: int
    name: str
    rank: int
    limited: bool = False


LEVELS = (
    Level(ADMIN_LEVEL, "Site Collection Administrator", 1000),
    Level(1, "Full Control", 900),
    Level(2, "Manage Hierarchy", 800),
    Level(3, "Design", 700),
    Level(4, "Approve", 600),
    Level(5, "Edit", 500),
    Level(6, "Contribute", 400),
    Level(7, "Review", 300),
    Level(8, "Read", 200),
    Level(9, "Restricted Read", 150),
    Level(10, "Restricted View", 110),
    Level(11, "View Only", 100),
    Level(12, "Limited Access", 10, limited=True),
    Level(13, "Web-Only Limited Access", 5, limited=True),
)

CUSTOM_RANK = 250
"""A custom level whose base permissions no source tells: above Read, below Review (our choice)."""

_SPELLINGS = {level.name.casefold().replace(" ", "").replace("-", ""): level for level in LEVELS}


def known_level(raw: str) -> Level | None:
    """The built-in level a source means by `FullControl`, `ViewOnly`, `Full Control`, ...; else None."""
    return _SPELLINGS.get(raw.casefold().replace(" ", "").replace("-", ""))
