"""Generate sites with their groups, administrators, channel rosters and the entries all their lists share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.ingest.practice import claims
from waybill.ingest.practice.columns import (
    Flags,
    Ints,
    Texts,
    apart,
    choose,
    generator,
    glued,
    guids,
    ids,
    moments,
    picked,
    quota,
    slug,
    unique_pairs,
    within,
    words,
    zipf,
)  # fmt: skip
from waybill.ingest.practice.directory import ACTIVE, DISTRIBUTION, Directory
from waybill.ingest.practice.sizes import Size
from waybill.ingest.practice.stage import Stage
from waybill.ingest.practice.words import CHANNELS, CUSTOM_GROUPS, REGIONS, TOPICS
from waybill.tenant.build import SnapshotBuilder

TEAM, CONNECTED, PRIVATE_CHANNEL, SHARED_CHANNEL, COMMUNICATION, CLASSIC, ONEDRIVE = range(7)
_TYPES = (
    "Team (standard)",
    "Group-connected",
    "Private channel",
    "Shared channel",
    "Communication",
    "Classic",
    "OneDrive",
)
_SHARES = (24, 14, 5, 2, 9, 6, 40)
_MODULES = ("Microsoft Teams", "Microsoft 365 Group", "Microsoft Teams", "Microsoft Teams", "SharePoint Online",
            "SharePoint Online", "OneDrive")  # fmt: skip
_TEMPLATES = ("GROUP", "GROUP", "TEAMCHANNEL", "TEAMCHANNEL", "SITEPAGEPUBLISHING", "STS", "SPSPERS")
_STATES = ("Active", "Read-only", "No access", "Archived", "Deleted")
_SHARING = ("ExternalUserSharingOnly", "Disabled")
_LABELS = (None, "General", "Confidential", "Highly confidential")
_ROLES = ("Owners", "Members", "Visitors")
_OWNERS, _MEMBERS, _VISITORS, _CUSTOM = range(4)
_FULL, _EDIT, _CONTRIBUTE, _READ = 1, 5, 6, 8


@dataclass(frozen=True, slots=True)
class Sites:
    """Numbers of the generated sites; positions count from 0, site ids from `first`."""

    first: int
    kind: Ints
    urls: Texts
    titles: Texts
    base_start: Ints
    """Where a site's entries begin in the next two columns; one longer than there are sites."""
    base_principal: Ints
    """What every access list of the site begins with: its groups, or a OneDrive's owner."""
    base_level: Ints
    next_principal: int

    @property
    def count(self) -> int:
        return len(self.kind)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is decided about every site before anything is written."""

    people: Directory
    rng: np.random.Generator
    seed: int
    first: int
    kind: Ints
    group: Ints
    """Position of the connected group, -1 without."""
    owner: Ints
    """Position of the person the site belongs to."""
    private: Flags
    opened: Flags
    """Everyone except external users is in one of its groups."""
    eeeu: int

    @property
    def channel(self) -> Flags:
        return np.isin(self.kind, (PRIVATE_CHANNEL, SHARED_CHANNEL))

    def a_group(self, exponent: float, count: int) -> Ints:
        """Principals of groups that may stand in access lists, a few of them often (never all employees)."""
        alive = np.setdiff1d(self.people.group_alive, self.people.everyone_groups)
        fit = alive[self.people.group_kind[alive] != DISTRIBUTION]
        return np.asarray(self.people.first_group + fit[zipf(self.rng, len(fit), exponent, count)], np.int64)


@dataclass(frozen=True, slots=True)
class _Local:
    """The SharePoint groups: position of the site, role, principal; ascending by all three."""

    site: Ints
    role: Ints
    principal: Ints


def make_sites(builder: SnapshotBuilder, size: Size, seed: int, people: Directory, traps: Stage) -> Sites:
    """Write sites, their SharePoint groups with members, administrators and rosters."""
    plan = _plan(size, seed, people, traps)
    title, url, channel = _addresses(plan, traps)
    _write_sites(builder, plan, title, url, channel)
    _write_admins(builder, plan)
    local = _write_local_groups(builder, plan, title)
    _write_members(builder, plan, local)
    start, principal, level = _shared_entries(plan, local)
    return Sites(
        first=plan.first, kind=plan.kind, urls=url, titles=title, base_start=start, base_principal=principal,
        base_level=level, next_principal=people.next_principal + len(local.principal),
    )  # fmt: skip


def _plan(size: Size, seed: int, people: Directory, traps: Stage) -> _Plan:
    rng = generator(seed, "sites")
    shares = quota(_SHARES, size.sites)
    # Never more group sites than groups to connect them to.
    shares[TEAM] -= max(0, int(shares[TEAM] + shares[CONNECTED]) - len(people.m365))
    shares[CLASSIC] += size.sites - int(shares.sum())
    kind = rng.permutation(np.repeat(np.arange(7, dtype=np.int64), shares))
    active = np.flatnonzero(people.status[: people.users] == ACTIVE).astype(np.int64)
    drives = np.flatnonzero(kind == ONEDRIVE)
    owner = active[zipf(rng, len(active), 0.2, size.sites)]
    owner[drives] = np.resize(rng.permutation(active), len(drives))
    connected = np.flatnonzero(kind <= CONNECTED)
    group = np.full(size.sites, -1, np.int64)
    group[connected] = people.m365[: len(connected)]
    private = rng.random(size.sites) < 0.8
    opened = np.where(
        kind <= CONNECTED,
        ~private,
        (rng.random(size.sites) < 0.06) & (kind >= COMMUNICATION) & (kind <= CLASSIC),
    )
    return _Plan(
        people,
        rng,
        seed,
        traps.count("site"),
        kind,
        group,
        owner,
        private,
        opened.astype(np.bool_),
        traps.everyone(),
    )


def _addresses(plan: _Plan, traps: Stage) -> tuple[Texts, Texts, Texts]:
    """Titles, URLs and channel names. A channel's title is `<team>-<channel>`, as SharePoint makes it."""
    count, rng, people = len(plan.kind), plan.rng, plan.people
    free = glued(
        words(TOPICS, rng.integers(0, len(TOPICS), count)),
        " ",
        words(REGIONS, rng.integers(0, len(REGIONS), count)),
    )
    parent = people.m365[rng.integers(0, len(people.m365), count)]
    team = picked(people.group_names, np.where(plan.group < 0, parent, plan.group))
    room = words(CHANNELS, rng.integers(0, len(CHANNELS), count))
    is_channel, is_drive = pa.array(plan.channel), pa.array(plan.kind == ONEDRIVE)
    title = pc.if_else(is_channel, glued(team, "-", room), pc.if_else(pa.array(plan.group < 0), free, team))
    title = pc.if_else(is_drive, picked(people.names, plan.owner), title)
    personal = pc.replace_substring_regex(picked(people.upns, plan.owner), "[@.]", "_")
    path = pc.if_else(is_drive, personal, slug(title, "-"))
    base = pc.if_else(is_drive, f"{claims.MY_HOST}/personal/", f"{claims.HOST}/sites/")
    url = apart(glued(base, path), "-", traps.texts("site", "url"))
    return title, url, pc.if_else(is_channel, room, None)


def _write_sites(builder: SnapshotBuilder, plan: _Plan, title: Texts, url: Texts, channel: Texts) -> None:
    count, rng = len(plan.kind), plan.rng
    number = np.arange(count, dtype=np.int64)
    privacy = np.where(plan.channel, 0, np.where(plan.group < 0, 2, np.where(plan.private, 0, 1)))
    builder.add(
        "site",
        pa.table({
            "id": ids(plan.first + number), "guid": guids(plan.seed, "site", number), "url": url, "title": title,
            "template": words(_TEMPLATES, plan.kind), "module": words(_MODULES, plan.kind),
            "site_type": words(_TYPES, plan.kind), "channel_name": channel,
            "privacy": words(("Private", "Public", None), privacy),
            "external_sharing": words(_SHARING, choose(rng, (75, 25), count)),
            "label": words(_LABELS, choose(rng, (70, 15, 12, 3), count)),
            "grp": ids(np.where(plan.group < 0, -1, plan.people.first_group + plan.group)),
            "state": words(_STATES, choose(rng, (970, 8, 4, 12, 6), count)),
            "scanned_at": moments(rng.integers(0, 86_400, count)),
        }),
    )  # fmt: skip


def _write_admins(builder: SnapshotBuilder, plan: _Plan) -> None:
    """The own group's owners on a group site, the owner elsewhere; one site in ten has one more."""
    count, people = len(plan.kind), plan.people
    number = np.arange(count, dtype=np.int64)
    primary = np.where(plan.group < 0, people.first_user + plan.owner, people.owners_claim[plan.group])
    more = np.flatnonzero(plan.rng.random(count) < 0.1)
    by_group = plan.rng.random(len(more)) < 0.2
    person = people.first_user + plan.rng.integers(0, people.users, len(more))
    extra = np.where(by_group, plan.a_group(0.5, len(more)), person)
    builder.add("site_admin", pa.table({
        "site": ids(plan.first + np.concatenate([number, more])), "principal": ids(np.concatenate([primary, extra])),
        "is_primary": pa.array(np.arange(count + len(more)) < count),
    }))  # fmt: skip


def _write_local_groups(builder: SnapshotBuilder, plan: _Plan, title: Texts) -> _Local:
    """Owners, Members, Visitors and now and then one more; none on a OneDrive."""
    count = len(plan.kind)
    own = np.where(plan.kind == ONEDRIVE, 0, 3 + (plan.rng.random(count) < 0.15))
    total = int(own.sum())
    site = np.repeat(np.arange(count, dtype=np.int64), own)
    role = within(own)
    principal = plan.people.next_principal + np.arange(total, dtype=np.int64)
    custom = words(CUSTOM_GROUPS, plan.rng.integers(0, len(CUSTOM_GROUPS), total))
    last = pc.if_else(pa.array(role == _CUSTOM), custom, words((*_ROLES, ""), role))
    name = glued(picked(title, site), " ", last)
    builder.add("principal", pa.table({
        "id": ids(principal), "kind": pa.repeat("sp_group", total), "site": ids(plan.first + site),
        "sp_id": pa.array(role + 3), "login": name, "name": name, "external": pa.repeat(False, total),
        "status": pa.repeat("active", total),
    }))  # fmt: skip
    known = role != _CUSTOM
    builder.add("associated", pa.table({
        "site": ids(plan.first + site[known]), "role": words(_ROLES, role[known]), "principal": ids(principal[known]),
    }))  # fmt: skip
    return _Local(site, role, principal)


def _write_members(builder: SnapshotBuilder, plan: _Plan, local: _Local) -> None:
    """Who is in the SharePoint groups: the connected group by its claims, some people, some groups."""
    people, rng, role = plan.people, plan.rng, local.role
    mine = plan.group[local.site]
    owns, joins, alone = (
        (role == _OWNERS) & (mine >= 0),
        (role == _MEMBERS) & (mine >= 0),
        (role == _OWNERS) & (mine < 0),
    )
    # Everyone-except-external: in Members of a public group site, in Visitors of a few others (insights.md 3.7).
    open_to_all = plan.opened[local.site] & (role == np.where(mine >= 0, _MEMBERS, _VISITORS))
    at = np.repeat(
        np.arange(len(role)), rng.poisson(np.where(mine >= 0, 0.4, np.array([1.0, 5.0, 3.0, 2.0])[role]))
    )
    person = zipf(rng, people.users, 0.4, len(at))
    guest = (rng.random(len(at)) < 0.08) & (role[at] != _OWNERS)
    person[guest] = people.users + rng.integers(0, people.guests, int(guest.sum()))
    # A channel's groups hold its people one by one, never groups.
    held = np.where(plan.channel[local.site], 0.0, np.array([0.05, 0.5, 0.9, 0.3])[role])
    into = np.repeat(np.arange(len(role)), rng.poisson(held))
    # And one site in 200 has all employees, by their group, among its Visitors.
    whole = np.flatnonzero((role == _VISITORS) & (rng.random(len(role)) < 0.005) & ~plan.channel[local.site])
    parts = (
        (local.principal[owns], people.owners_claim[mine[owns]]),
        (local.principal[joins], people.first_group + mine[joins]),
        (local.principal[alone], people.first_user + plan.owner[local.site[alone]]),
        (local.principal[open_to_all], np.full(int(open_to_all.sum()), plan.eeeu)),
        (local.principal[at], people.first_user + person),
        (local.principal[into], plan.a_group(0.85, len(into))),
        (
            local.principal[whole],
            people.first_group + people.everyone_groups[np.arange(len(whole)) % len(people.everyone_groups)],
        ),
    )
    container, member = unique_pairs(
        np.concatenate([x for x, _ in parts]).astype(np.int64),
        np.concatenate([y for _, y in parts]).astype(np.int64),
    )
    builder.add("member", pa.table({"container": ids(container), "member": ids(member)}))
    site = local.site[np.searchsorted(local.principal, container)]
    # One in twenty is not synced from the channel's roster.
    listed = plan.channel[site] & (np.arange(len(container)) % 20 > 0)
    where, who = unique_pairs(site[listed], member[listed])
    builder.add("channel_member", pa.table({"site": ids(plan.first + where), "principal": ids(who)}))


def _shared_entries(plan: _Plan, local: _Local) -> tuple[Ints, Ints, Ints]:
    """What every access list of a site begins with: offsets by site, principals, levels."""
    level = np.array([_FULL, _EDIT, _READ, _CONTRIBUTE])[local.role]
    level[(local.role == _MEMBERS) & (plan.kind[local.site] == CLASSIC)] = _CONTRIBUTE
    drives = np.flatnonzero(plan.kind == ONEDRIVE)
    site = np.concatenate([local.site, drives])
    order = np.argsort(site, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(site, minlength=len(plan.kind)))])
    principal = np.concatenate([local.principal, plan.people.first_user + plan.owner[drives]])
    levels = np.concatenate([level, np.full(len(drives), _FULL)])
    return start.astype(np.int64), principal[order].astype(np.int64), levels[order].astype(np.int64)
