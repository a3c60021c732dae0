"""What a snapshot cannot tell of a person: each a gap with a plain reason, so that nothing is silently missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime

from waybill.export import Facts, Gap
from waybill.exports.person_files import Loaded
from waybill.exports.person_paths import FILES, delivered_path

PAGE = 1000
"""Files of a OneDrive that are read from the snapshot at once."""


@dataclass(frozen=True, slots=True)
class Known:
    """What person/known.sql tells, in its order."""

    name: str
    status: str
    home_tenant: bool
    described: bool
    licenses: bool
    managers: bool
    events: bool
    days: bool
    usage: bool
    usage_until: date | None
    """The newest of the usage reports that have rows about the person."""
    usage_hidden: int
    usage_unmatched: int
    usage_rejected: int
    activity_until: str | None
    directory_complete: bool
    drives: bool
    drive_newest: datetime | None
    """The newest time of any file of the person, UTC without zone: the files were loaded then or later."""
    at_home: bool
    """Something is held of the person that only their own tenant should hold: licence, manager, OneDrive."""
    items: int
    contents: int
    drive_sites: int
    channels: int
    channels_unknown: int
    links_unsigned: int
    groups_unknown: int

    def has(self, needed: Loaded) -> bool:
        """Whether the source delivered this kind of facts, of anybody."""
        return {
            Loaded.ALWAYS: True,
            Loaded.LICENSES: self.licenses,
            Loaded.MANAGERS: self.managers,
            Loaded.CHANNELS: self.channels_unknown < self.channels or not self.channels,
            Loaded.DRIVES: self.drives,
            Loaded.EVENTS: self.events,
            Loaded.DAYS: self.days,
            Loaded.USAGE: self.usage,
        }[needed]


def what_is_known(facts: Facts, person: int) -> Known:
    row = facts.table("person/known", person=person)[0]
    return Known(**dict(zip((one.name for one in fields(Known)), row, strict=True)))


@dataclass(frozen=True, slots=True)
class _Rule:
    """A gap and when there is one; `{n}` in the reason is filled with the number that `when` gives."""

    path: str
    when: Callable[[Known], int]
    reason: str


_NEVER_LOADED = "This snapshot holds none of anybody: it was not loaded, or its source does not tell it."
_OF_ALL = (
    _Rule("10/Profile.json", lambda k: not k.described,
          "Of this account the source tells its names and state alone: no details such as department or telephone."),
    _Rule("20/Memberships.json", lambda k: k.groups_unknown,
          "{n} groups hold something and the source does not tell who is in them. Whether the person is, and what "
          "they would reach through them, is unknown."),
    _Rule("30/Channels.json", lambda k: k.channels_unknown,
          "The roster of {n} private or shared channels is not told by the source: the person may be on it."),
    _Rule("40/LinksCreated.json", lambda k: k.links_unsigned,
          "{n} sharing links of the tenant do not say who created them."),
    _Rule("40/LinksCreated.json", lambda k: k.status == "id_mismatch",
          "Links name their creator by sign-in name, which now belongs to another account: none is counted to this one."),
    _Rule("60/Events.json", lambda k: not k.events, f"Activity events. {_NEVER_LOADED}"),
    # Rows of usage reports are sums of the same days: one of the two is enough.
    _Rule("60/Days.json", lambda k: not k.days and not k.usage, f"Activity by day. {_NEVER_LOADED}"),
    _Rule("60/UsageReports.json", lambda k: not k.usage and not k.usage_hidden + k.usage_unmatched + k.usage_rejected,
          "No usage reports about people were loaded."),
    _Rule("60/UsageReports.json", lambda k: k.usage_hidden,
          "{n} rows of the usage reports that were loaded hide whom they are about: they may concern this person."),
    _Rule("60/UsageReports.json", lambda k: k.usage_unmatched,
          "{n} rows of the usage reports that were loaded could not be matched to one account: they may concern this "
          "person."),
    _Rule("60/UsageReports.json", lambda k: k.usage_rejected,
          "{n} rows of the usage reports that were loaded could not be read: they may concern this person."),
)  # fmt: skip
_OF_USERS = (
    _Rule("10/Licenses.json", lambda k: not k.licenses, f"Licences. {_NEVER_LOADED}"),
    _Rule("10/Manager.json", lambda k: not k.managers, f"Managers. {_NEVER_LOADED}"),
    _Rule("10/DirectReports.json", lambda k: not k.managers, f"Managers. {_NEVER_LOADED}"),
    _Rule("50/Items.json", lambda k: not k.drives, f"Listings of OneDrive files. {_NEVER_LOADED}"),
    _Rule("50/Items.json", lambda k: k.drives and k.drive_sites and not k.items,
          "The person has a OneDrive, and this snapshot lists no file in it: it is empty or its listing was not loaded."),
)  # fmt: skip
_OF_PROFILES = (
    _Rule(
        "10/Profile.json", lambda k: not k.home_tenant, "The source does not tell the person's home tenant."
    ),
)


def gaps_of(known: Known, facts: Facts, *, inbound: bool) -> Iterator[Gap]:
    """All gaps, in a fixed order. The queries of person/ must have been staged."""
    for rule in _OF_ALL + (_OF_PROFILES if inbound else _OF_USERS):
        number = rule.when(known)
        if number:
            yield Gap(rule.path, rule.reason.format(n=f"{int(number):,}"))
    for site, thing, code, message in facts.table("person/problems"):
        where = f" ({'; '.join(str(part) for part in (site, thing) if part)})" if site or thing else ""
        yield Gap("30/Access.json", f"{message}{where} [{code}]")
    far = int(facts.table("person/problems_far")[0][0])
    if far:
        yield Gap(
            "30/Access.json",
            f"On sites that the person is not known to reach, the source reported {far:,} times something that "
            "could not be placed or had no name. Whether it concerns this person cannot be told.",
        )
    for path, reason in facts.table("person/drive_problems"):
        # The path as it was shown, not as a blob would be named: nothing is delivered there.
        told = f"When the OneDrive was loaded this could not be taken: {reason}."
        yield Gap((FILES + path).rstrip("/"), told)
    if known.items:
        for _, path, copy, _, _ in drive_files(facts, held=False):
            yield Gap(delivered_path(path, copy), "The file is listed, but its contents are not held here.")


def drive_files(facts: Facts, *, held: bool) -> Iterator[tuple[int, str, int, int | None, str | None]]:
    """(place, path, copy, size in bytes, content key) of the OneDrive's files, whose contents are `held` or
    not; page by page, so that no query stays open between two files."""
    place = 0
    while True:
        page = facts.table("person/drive_page", held=held, after=place, rows=PAGE)
        for row in page:
            place, path, copy, size, content = row
            yield place, path, copy, size, content
        if len(page) < PAGE:
            return
