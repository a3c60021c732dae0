"""Generate what happened in the Microsoft 365 groups day by day: mail, Yammer, Teams, pages and files."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from waybill.ingest.practice.claims import ACTIVITY_DAYS, ACTIVITY_UNTIL
from waybill.ingest.practice.columns import Column, Flags, Floats, Ints, choose, generator, ids
from waybill.ingest.practice.partners import Former
from waybill.tenant.build import SnapshotBuilder

_IDLE, _STEADY, _OLD, _ONCE = range(4)
_COURSES = (20, 58, 17, 5)
"""A fifth of the groups is idle (tenant-data.md 4.4); some stopped long ago; a few were active on one day."""
_STOPPED = (7, 30, 90)
"""An old group's last day lies just before one of the windows D7, D30, D90."""
_UNTIL = np.datetime64(ACTIVITY_UNTIL, "D")
_WEEKEND = 0.15
_CHUNK = 4_000


@dataclass(frozen=True, slots=True)
class _Groups:
    """The groups to be active, one position each."""

    principal: Ints
    course: Ints
    latest: Ints
    """No activity fewer days before the last day than this."""
    rate: Floats
    """The chance of activity on a working day."""
    told: dict[str, Flags]
    """By workload: whether anything is told of it."""
    silent: dict[str, Flags]
    """By workload: told, but always zero."""
    files: Ints
    """How many files its library has."""
    first_file: Ints
    """Where they begin in the column of known files, -1 where none of them is an object here."""


_WORKLOADS = {"mail": (0.95, 0.02), "yammer": (0.25, 0.2), "teams": (0.6, 0.1), "site": (0.9, 0.03)}
"""Share of groups of which something is told, and share of those of which it is always zero."""
_COUNTS = {
    "emails_received": ("mail", 4.0), "yammer_posted": ("yammer", 0.5), "yammer_read": ("yammer", 6.0),
    "yammer_liked": ("yammer", 0.8), "pages_viewed": ("site", 2.5), "channel_messages": ("teams", 5.0),
    "meetings": ("teams", 0.3),
}  # fmt: skip
"""Column of `group_day`: its workload, and how many on an ordinary day."""


def make_group_activity(builder: SnapshotBuilder, seed: int, former: Former) -> Ints:
    """Write `unified_group`, `group_day` and `group_file_day` for all groups but those whose trap did.

    Returns the principals of the groups that are active throughout: more may happen in them.
    """
    rng = generator(seed, "group activity")
    _stage_files(builder.connection)
    found = builder.connection.execute(_GROUPS).fetchnumpy()
    principal, files, first = (np.asarray(found[name], np.int64) for name in ("id", "files", "first"))
    sited = np.asarray(found["sited"], np.bool_)
    known = builder.connection.execute("SELECT file FROM practice_file ORDER BY pos").fetchnumpy()["file"]
    groups = _plan(rng, principal, np.where(sited, files, -1), first, former)
    _write_groups(builder, rng, groups, np.asarray(found["privacy"], np.str_), former)
    steady = np.flatnonzero(groups.course == _STEADY)
    held = steady[groups.first_file[steady] >= 0]
    for low in range(0, len(principal), _CHUNK):
        _write_days(builder, rng, groups, low, np.asarray(known, np.int64), held[:1])
    builder.connection.execute("DROP TABLE practice_file")
    return groups.principal[steady]


_GROUPS = """
SELECT p.id, coalesce(f.files, 0) AS files, coalesce(f.first, -1) AS first,
    coalesce(s.privacy, '') AS privacy, s.id IS NOT NULL AS sited
  FROM principal p
  LEFT JOIN (SELECT grp, min(id) AS id, arg_min(privacy, id) AS privacy FROM site WHERE grp IS NOT NULL GROUP BY grp) s
    ON s.grp = p.id
  LEFT JOIN (SELECT grp, count(*) AS files, min(pos) AS first FROM practice_file GROUP BY grp) f ON f.grp = p.id
  WHERE p.kind = 'm365_group' AND p.id NOT IN (SELECT grp FROM unified_group)
  ORDER BY p.id"""


def _stage_files(connection: duckdb.DuckDBPyConnection) -> None:
    """The files of groups' sites, by group, numbered as the reader of MGDC files numbers them: by their GUID."""
    connection.execute(
        """CREATE TEMP TABLE practice_file AS
        SELECT row_number() OVER (ORDER BY s.grp, o.id) - 1 AS pos, s.grp, ('0x' || left(md5(o.guid), 15))::BIGINT AS file
          FROM securable o
          JOIN site s ON s.id = o.site
          WHERE o.kind = 'file' AND s.grp IS NOT NULL"""
    )


def _plan(rng: np.random.Generator, principal: Ints, files: Ints, first: Ints, former: Former) -> _Groups:
    """`files`: of each group's library, -1 where its site is not known."""
    count = len(principal)
    course = choose(rng, _COURSES, count)
    # However few groups there are, there is one that is active throughout and one that is idle.
    course[:2] = (_STEADY, _IDLE)[:count]
    latest = np.where(course == _OLD, np.array(_STOPPED)[rng.integers(0, len(_STOPPED), count)], 0)
    latest = np.where(course == _ONCE, rng.integers(0, ACTIVITY_DAYS, count), latest)
    gone = (principal >= former.first) & (principal < former.first + len(former.deleted))
    latest[gone] = np.maximum(latest[gone], former.deleted[principal[gone] - former.first] + 1)
    course[gone & (course == _STEADY)] = _OLD
    told, silent = {}, {}
    for name, (share, zero) in _WORKLOADS.items():
        told[name] = rng.random(count) < share
        silent[name] = rng.random(count) < zero
    loose = rng.integers(5, 200, count)
    return _Groups(
        principal=principal, course=course, latest=latest.astype(np.int64), rate=rng.beta(1.2, 3.0, count), told=told,
        silent=silent, files=np.where(files < 0, loose, files), first_file=first,
    )  # fmt: skip


def _write_groups(
    builder: SnapshotBuilder,
    rng: np.random.Generator,
    groups: _Groups,
    privacy: npt.NDArray[np.str_],
    former: Former,
) -> None:
    count = len(groups.principal)
    # A group whose site is not known here is public as often as others.
    alone = (privacy == "") & (rng.random(count) < 0.2)
    items = (rng.exponential(400, count) * groups.told["mail"]).astype(np.int64)
    deleted = np.full(count, np.datetime64("NaT"), "datetime64[D]")
    gone = (groups.principal >= former.first) & (groups.principal < former.first + len(former.deleted))
    deleted[gone] = _UNTIL - former.deleted[groups.principal[gone] - former.first].astype("timedelta64[D]")
    builder.add("unified_group", pa.table({
        "grp": ids(groups.principal),
        "visibility": pa.array(np.where((privacy == "Public") | alone, "Public", "Private").tolist(), pa.string()),
        "mailbox_items": pa.array(items), "mailbox_bytes": pa.array(items * rng.integers(20_000, 90_000, count)),
        "site_files": pa.array(groups.files),
        "site_bytes": pa.array(groups.files * rng.integers(30_000, 900_000, count)),
        "deleted_on": pa.array(deleted),
    }))  # fmt: skip


def _write_days(
    builder: SnapshotBuilder, rng: np.random.Generator, groups: _Groups, low: int, known: Ints, always: Ints
) -> None:
    """The days of some thousand groups, from position `low`. `always`: active on the last day, whatever is drawn."""
    chosen = np.arange(low, min(low + _CHUNK, len(groups.principal)), dtype=np.int64)
    ago = np.arange(ACTIVITY_DAYS, dtype=np.int64)
    workday = ((_UNTIL - ago.astype("timedelta64[D]")).astype("datetime64[D]").view(np.int64) + 3) % 7 < 5
    chance = groups.rate[chosen][:, None] * np.where(workday, 1.0, _WEEKEND)[None, :]
    active = rng.random(chance.shape) < chance
    active &= ago[None, :] >= groups.latest[chosen][:, None]
    active |= (ago[None, :] == groups.latest[chosen][:, None]) & (groups.latest[chosen][:, None] > 0)
    active[groups.course[chosen] == _ONCE] &= (
        ago[None, :] == groups.latest[chosen[groups.course[chosen] == _ONCE]][:, None]
    )
    active[groups.course[chosen] == _IDLE] = False
    active[always[(always >= low) & (always < low + len(chosen))] - low, 0] = True
    row, day = np.nonzero(active)
    group = chosen[row]
    table = {"grp": ids(groups.principal[group]), "day": _days(day)}
    for name, (workload, often) in _COUNTS.items():
        value = rng.poisson(often * rng.gamma(1.5, 0.7, len(group)))
        value[groups.silent[workload][group]] = 0
        table[name] = pa.array(value, mask=~groups.told[workload][group])
    builder.add("group_day", pa.table(table))
    _write_files(builder, rng, groups, group, day.astype(np.int64), known, always)


def _write_files(
    builder: SnapshotBuilder, rng: np.random.Generator, groups: _Groups, group: Ints, day: Ints, known: Ints, always: Ints
) -> None:  # fmt: skip
    """Files used on those days: a few of each library much more often than the others."""
    used = (
        rng.poisson(2.5, len(group))
        * (groups.told["site"] & ~groups.silent["site"] & (groups.files > 0))[group]
    )
    used[np.isin(group, always) & (day == 0)] = 2
    group, day = np.repeat(group, used), np.repeat(day, used)
    rank = np.floor(groups.files[group] * rng.random(len(group)) ** 2).astype(np.int64)
    # Library, day and file as one number: no library has two million files.
    key = np.unique((group * ACTIVITY_DAYS + day) << 21 | rank)
    rank, group, day = key & 0x1FFFFF, (key >> 21) // ACTIVITY_DAYS, (key >> 21) % ACTIVITY_DAYS
    loose = (np.int64(1) << 40) + groups.principal[group] * 100_000 + rank
    file = np.where(groups.first_file[group] < 0, loose, _at(known, groups.first_file[group] + rank))
    builder.add("group_file_day", pa.table({
        "grp": ids(groups.principal[group]), "day": _days(day), "file": pa.array(file),
    }))  # fmt: skip


def _at(column: Ints, place: Ints) -> Ints:
    return column[place.clip(0, len(column) - 1)] if len(column) else np.zeros(len(place), np.int64)


def _days(ago: npt.NDArray[np.int64]) -> Column:
    """DATEs, so many days before the last day with activity."""
    days: Column = pa.array((_UNTIL - ago.astype("timedelta64[D]")).astype("datetime64[D]"))
    return days
