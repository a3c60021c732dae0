"""Groups whose activity is told day by day, to catch a groups report that counts, dates or quotes wrongly.

They have no site, so that no access report changes with them. Days are counted back from the last
day with activity (`ACTIVITY_UNTIL`), which is day 0: the windows D7, D30, D90 and D180 reach back to
day 6, 29, 89 and 179.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from waybill.ingest.practice.contents import practice_key
from waybill.ingest.practice.stage import Stage

QUOTED = 'Comma, "quote"\nand a new line'
FORMULA = "=1+1 budget"
NAMELESS = ""
EDGES = (6, 7, 29, 30, 89, 90, 179)
"""A group for each: active on this day alone, just inside or just outside a window."""
DELETED = ((2, 3), (15, 20), (55, 60), (98, 100), (170, None))
"""Deleted groups: the day of the deletion, the only day of activity."""
_DRIVE_SEED = 0
"""Contents of the trap set's files are the same whatever the tenant's seed."""


@dataclass(frozen=True, slots=True)
class ActivityTrap:
    """One edge case of the groups activity report (graph.md 6.4), the same in every practice tenant."""

    name: str
    what: str
    play: Callable[[Stage], None]


def edge_group(day: int) -> str:
    """The name of the group that is active on this day alone."""
    return f"Active on day {day}"


def deleted_group(day: int) -> str:
    """The name of the group that was deleted on this day."""
    return f"Deleted on day {day}"


def _edges(s: Stage) -> None:
    for day in EDGES:
        group = s.unified(edge_group(day), members=[s.person("Anna Berg")], owners=[s.person("Liam Osei")])
        s.active(group, day, emails_received=day, pages_viewed=1, files=[1, 2])


def _deleted(s: Stage) -> None:
    for day, active in DELETED:
        group = s.unified(deleted_group(day), deleted=day, owners=[s.person("Liam Osei")])
        if active is not None:
            s.active(group, active, emails_received=5, channel_messages=2, files=[1])


def _ownerless(s: Stage) -> None:
    group = s.unified(
        "Nobody owns this", members=[s.person("Clara Moreau"), s.guest("Ida Perrin", "ida@adatum.com")]
    )
    for day in range(0, 14):
        s.active(group, day, emails_received=1 + day % 3, yammer_posted=1, yammer_read=4, yammer_liked=0)  # fmt: skip


def _names(s: Stage) -> None:
    for number, name in enumerate((QUOTED, FORMULA, NAMELESS)):
        group = s.unified(name, visibility="Public", owners=[s.person("Anna Berg")])
        s.active(group, number, emails_received=1, files=[number])


def _zeros(s: Stage) -> None:
    told = s.unified("Told zero", owners=[s.person("Anna Berg")])
    for day in range(0, 30):
        s.active(told, day, emails_received=0, yammer_posted=0, yammer_read=0, yammer_liked=0, pages_viewed=0,
                 channel_messages=0, meetings=0)  # fmt: skip
    s.unified("Told nothing", owners=[s.person("Anna Berg")])
    mixed = s.unified("Mail then Teams", owners=[s.person("Anna Berg"), s.person("Ben Ochieng")])
    s.active(mixed, 40, emails_received=12)
    s.active(mixed, 3, channel_messages=9, meetings=2)


def _same_file(s: Stage) -> None:
    group = s.unified("One file many days", owners=[s.person("Anna Berg")])
    for day in range(0, 60):
        s.active(group, day, files=[1, 2] if day % 2 else [1])


def _drive(s: Stage) -> None:
    anna = s.person("Anna Berg")
    folders = ("Reisen", "Reisen/Ausflüge 2026", "Reisen/Ausflüge 2026/Leer", "C# & F#", "100 % done", "写真")
    for path in folders:
        s.drive_item(anna, path)
    files = {
        "Holiday plan.xlsx": 18_204, "Reisen/Packliste.docx": 9_021, "Reisen/Ausflüge 2026/Übersicht (1).pdf": 61_333,
        "C# & F#/notes #2.txt": 1_207, "100 % done/50%20off.csv": 4_096, "写真/富士山 🗻.png": 2_403_118,
        "empty.txt": 0, "one byte.bin": 1, f"{'A very long name ' * 14}.docx": 12_000, "Reisen/scan.tiff": 5_242_880,
    }  # fmt: skip
    for number, (path, size) in enumerate(files.items()):
        s.drive_item(anna, path, size=size, content=practice_key(_DRIVE_SEED, number, size))
    s.drive_item(anna, "Reisen/not held.mov", size=734_003_200)


ALL = (
    ActivityTrap("edges_of_windows", "Groups active on one day alone, just inside and just outside each window.", _edges),
    ActivityTrap("deleted_groups", "Deleted groups, active 3, 20, 60 and 100 days before the last day, and never.", _deleted),
    ActivityTrap("group_without_owner", "A busy group that nobody owns, with a guest among its members.", _ownerless),
    ActivityTrap("names_in_csv", "Names with comma, quotes and a line break, with = in front, and no name at all.", _names),
    ActivityTrap("zero_is_not_nothing", "A group told zero every day, one told nothing, one with mail and later Teams.", _zeros),
    ActivityTrap("same_file_again", "A file used on sixty days counts once in any window.", _same_file),
    ActivityTrap("odd_drive", "Anna Berg's OneDrive: odd names, an empty file and folder, a file that is not held.", _drive),
)  # fmt: skip
