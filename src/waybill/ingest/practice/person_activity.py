"""Generate what people did: their active days, the usage figures of those days, and single events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.ingest.practice.claims import ACTIVITY_DAYS, ACTIVITY_UNTIL
from waybill.ingest.practice.columns import (
    Column,
    Flags,
    Ints,
    Texts,
    choose,
    generator,
    ids,
    picked,
    unique_pairs,
    words,
    zipf,
)
from waybill.ingest.practice.sizes import Size
from waybill.tenant.build import SnapshotBuilder

_UNTIL = np.datetime64(ACTIVITY_UNTIL, "D")
_POOL = 20_000
"""So many files, at most, are what people work on."""
_CHUNK = 250_000
_MEMBER, _GUEST, _DIRECT = range(3)
_ACTIVE_SHARE = np.array([0.8, 0.35, 0.9])

_FILES = ("FileAccessed", "FileModified", "FileDownloaded", "FileUploaded", "FileRenamed", "FileDeleted")
_DELETED = 5
"""A file that was deleted was not used by that."""
_OTHERS = (("Entra", "UserLoggedIn"), ("Teams", "MessageSent"), ("Teams", "MeetingParticipantDetail"),
           ("Exchange", "MailItemsAccessed"), ("Exchange", "Send"))  # fmt: skip
_DEVICES = (
    "Windows 11; Edge",
    "macOS 15; Safari",
    "iOS 19; Outlook mobile",
    "Android 16; Teams mobile",
    None,
)

_PEOPLE = """
SELECT id, CASE user_type WHEN 'Member' THEN 0 WHEN 'Guest' THEN 1 ELSE 2 END AS sort
  FROM principal
  WHERE kind = 'user' AND status IN ('active', 'blocked', 'soft_deleted')
  ORDER BY id"""
_POOL_OF_FILES = """
SELECT o.id, o.url, s.id AS site, s.module = 'OneDrive' AS drive, ('0x' || left(md5(o.guid), 15))::BIGINT AS file,
    coalesce(s.grp, -1) AS grp
  FROM securable o
  JOIN site s ON s.id = o.site
  WHERE o.kind = 'file' AND s.state <> 'Deleted' AND (s.grp IS NULL OR s.grp IN (SELECT grp FROM practice_steady))
  ORDER BY md5(o.guid)
  LIMIT $most"""


@dataclass(frozen=True, slots=True)
class _Pool:
    """The files people work on."""

    url: Texts
    site: Ints
    drive: Flags
    file: Ints
    grp: Ints


def make_person_activity(builder: SnapshotBuilder, size: Size, seed: int, steady: Ints) -> None:
    """Write `person_day` and `activity_event`; files of a group's site count as used by it on that day.

    steady: groups in which more may happen; the files of other groups' sites are left alone.
    """
    rng = generator(seed, "person activity")
    people = builder.connection.execute(_PEOPLE).fetchnumpy()
    principal, sort = (np.asarray(people[name], np.int64) for name in ("id", "sort"))
    person, ago = _days(rng, sort, size.active_days)
    pool = _pool(builder, steady)
    used: list[tuple[Ints, Ints]] = []
    for low in range(0, len(person), _CHUNK):
        rows = slice(low, low + _CHUNK)
        _write_days(builder, rng, principal[person[rows]], sort[person[rows]], ago[rows])
        used.append(_write_events(builder, rng, principal[person[rows]], ago[rows], pool))
    _use(builder, pool, used)


def _days(rng: np.random.Generator, sort: Ints, mean: int) -> tuple[Ints, Ints]:
    """Pairs of person and days before the last, by person, newest last; most on working days, few people very busy."""
    count = len(sort)
    often = rng.poisson(mean * rng.gamma(2.0, 0.5, count)) * (rng.random(count) < _ACTIVE_SHARE[sort])
    weight = np.where(
        ((_UNTIL - np.arange(ACTIVITY_DAYS)).astype("datetime64[D]").view(np.int64) + 3) % 7 < 5, 1.0, 0.1
    )
    person = np.repeat(np.arange(count, dtype=np.int64), often)
    person, late = unique_pairs(person, ACTIVITY_DAYS - 1 - choose(rng, weight.tolist(), len(person)))
    return person, ACTIVITY_DAYS - 1 - late


def _pool(builder: SnapshotBuilder, steady: Ints) -> _Pool:
    run = builder.connection
    run.register("steady", pa.table({"grp": ids(steady)}))
    run.execute("CREATE TEMP TABLE practice_steady AS SELECT grp FROM steady")
    run.unregister("steady")
    found = run.sql(_POOL_OF_FILES, params={"most": _POOL}).to_arrow_table()
    run.execute("DROP TABLE practice_steady")
    column = {name: found[name].combine_chunks() for name in found.column_names}
    return _Pool(
        url=column["url"], site=column["site"].to_numpy().astype(np.int64),
        drive=np.asarray(column["drive"].to_numpy(zero_copy_only=False), np.bool_),
        file=column["file"].to_numpy().astype(np.int64), grp=column["grp"].to_numpy().astype(np.int64),
    )  # fmt: skip


def _write_days(
    builder: SnapshotBuilder, rng: np.random.Generator, person: Ints, sort: Ints, ago: Ints
) -> None:
    count = len(person)
    # Who has no mailbox here has no mail figures; who does not use Teams has none of it.
    mail = sort == _MEMBER
    teams = (sort != _GUEST) & (person % 9 > 0)
    synced = mail & (person % 4 > 0)

    def counted(often: float, told: Flags) -> Column:
        return pa.array(rng.poisson(often * rng.gamma(1.2, 0.9, count)), mask=~told)

    always = np.ones(count, np.bool_)
    builder.add("person_day", pa.table({
        "principal": ids(person), "day": pa.array((_UNTIL - ago.astype("timedelta64[D]")).astype("datetime64[D]")),
        "files_viewed_or_edited": counted(6.0, always), "files_synced": counted(9.0, synced),
        "files_shared_internally": counted(0.5, always), "files_shared_externally": counted(0.1, always),
        "pages_visited": counted(3.0, always), "emails_sent": counted(7.0, mail), "emails_received": counted(22.0, mail),
        "emails_read": counted(15.0, mail), "chat_messages": counted(12.0, teams), "meetings": counted(1.2, teams),
    }))  # fmt: skip


def _write_events(
    builder: SnapshotBuilder, rng: np.random.Generator, person: Ints, ago: Ints, pool: _Pool
) -> tuple[Ints, Ints]:
    """One event a day or so; the position in the pool and the day of each file that was used."""
    row = np.repeat(np.arange(len(person)), rng.poisson(1.1, len(person)))
    person, ago = person[row], ago[row]
    count = len(row)
    second = (rng.normal(12.5, 3.0, count).clip(0, 23.99) * 3600).astype(np.int64)
    at = (_UNTIL - ago.astype("timedelta64[D]")).astype("datetime64[s]") + second.astype("timedelta64[s]")
    on_file = (rng.random(count) < 0.6) & (len(pool.site) > 0)
    place = zipf(rng, max(1, len(pool.site)), 0.6, count)
    other = choose(rng, (4, 4, 2, 2, 2), count)
    action = choose(rng, (60, 20, 8, 8, 2, 2), count)
    file_words = words(_FILES, action)
    module = words(
        ("SharePoint", "OneDrive"), pool.drive[place].astype(np.int64) if len(pool.site) else place
    )
    by_file = pa.array(on_file)
    builder.add("activity_event", pa.table({
        "principal": ids(person), "at": pa.array(at.astype("datetime64[us]")),
        "workload": pc.if_else(by_file, module, words([workload for workload, _ in _OTHERS], other)),
        "operation": pc.if_else(by_file, file_words, words([operation for _, operation in _OTHERS], other)),
        "object": pc.if_else(by_file, picked(pool.url, place), None) if len(pool.site) else pa.nulls(count, pa.string()),
        "site": ids(np.where(on_file, pool.site[place], -1)) if len(pool.site) else pa.nulls(count, pa.int32()),
        "detail": pc.if_else(by_file, None, words(_DEVICES, rng.integers(0, len(_DEVICES), count))),
    }))  # fmt: skip
    used = on_file & (action != _DELETED)
    return place[used], ago[used]


def _use(builder: SnapshotBuilder, pool: _Pool, used: list[tuple[Ints, Ints]]) -> None:
    """Add to `group_file_day` what people did with files of groups' sites, each file once a day."""
    if not used or not len(pool.site):
        return
    place = np.concatenate([where for where, _ in used])
    ago = np.concatenate([when for _, when in used])
    grouped = pool.grp[place] >= 0
    place, ago = unique_pairs(place[grouped], ago[grouped])
    builder.connection.register("used", pa.table({
        "grp": ids(pool.grp[place]), "day": pa.array((_UNTIL - ago.astype("timedelta64[D]")).astype("datetime64[D]")),
        "file": pa.array(pool.file[place]),
    }))  # fmt: skip
    builder.connection.execute(
        "INSERT INTO group_file_day SELECT u.* FROM used u ANTI JOIN group_file_day g "
        "ON g.grp = u.grp AND g.day = u.day AND g.file = u.file ORDER BY u.grp, u.day, u.file"
    )
    builder.connection.unregister("used")
