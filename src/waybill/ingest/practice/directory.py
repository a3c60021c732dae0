"""Generate people and directory groups: members, guests, nesting, owners, owners claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.ingest.practice import claims
from waybill.ingest.practice.columns import (
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
    words,
    zipf,
)  # fmt: skip
from waybill.ingest.practice.sizes import Size
from waybill.ingest.practice.stage import Stage
from waybill.ingest.practice.words import DEPARTMENTS, FAMILY, GIVEN, PARTNERS, QUALIFIERS, REGIONS, TOPICS
from waybill.tenant.build import SnapshotBuilder

SECURITY, MAIL_SECURITY, M365, DISTRIBUTION = range(4)
_KINDS = ("security_group", "mail_security_group", "m365_group", "distribution_group")
_KIND_SHARES = (300, 100, 850, 300)
"""tenant-data.md 4.4, per 1,000 members; a quarter of the security groups have mail."""

_DEPARTMENTS, _TEAMS = 7, 2
"""In a division, and in each of its departments."""

_DAY = 86_400
ACTIVE, BLOCKED, SOFT_DELETED, DELETED, INVITED = range(5)
_STATUS = ("active", "blocked", "soft_deleted", "deleted", "invited")


@dataclass(frozen=True, slots=True)
class Directory:
    """Numbers of what was generated. People are first_user.. (members, then guests), groups follow."""

    first_user: int
    users: int
    """Members only."""
    guests: int
    status: Ints
    """Of every person: an index into the status words."""
    upns: Texts
    names: Texts
    first_group: int
    group_kind: Ints
    group_alive: Ints
    """Positions of groups that are not deleted."""
    group_names: Texts
    m365: Ints
    """Positions of the Microsoft 365 groups, in random order: the first ones get sites."""
    owners_claim: Ints
    """By group position: the principal of its owners claim, -1 for other kinds."""
    everyone_groups: Ints
    """Positions of the groups that hold all employees."""
    divisions: Ints
    """Positions of the divisions; the first one also holds the next four."""
    next_principal: int

    @property
    def persons(self) -> int:
        return self.users + self.guests


def make_directory(builder: SnapshotBuilder, size: Size, seed: int, traps: Stage) -> Directory:
    """Write users, groups, members and owners; principals are numbered after those of the trap set."""
    first = traps.count("principal")
    status, upns, names = _people(builder, size, seed, first, traps.texts("principal", "upn"))
    first_group = first + size.users + size.guests
    rng = generator(seed, "groups")
    kind = np.repeat(np.arange(4), quota(_KIND_SHARES, size.groups))
    kind = rng.permutation(kind)
    labels = _group_names(rng, kind, traps.texts("principal", "name"))
    secure = np.flatnonzero((kind == SECURITY) | (kind == MAIL_SECURITY))
    dead = rng.permutation(secure)[: len(secure) // 60]
    m365 = rng.permutation(np.flatnonzero(kind == M365)).astype(np.int64)
    owners_claim = np.full(size.groups, -1, np.int64)
    owners_claim[m365] = first_group + size.groups + np.arange(len(m365))
    everyone = np.concatenate([secure[:1], m365[-1:]])
    made = Directory(
        first_user=first, users=size.users, guests=size.guests, status=status, upns=upns, names=names,
        first_group=first_group, group_kind=kind, group_alive=np.setdiff1d(np.arange(size.groups), dead),
        group_names=labels, m365=m365, owners_claim=owners_claim, everyone_groups=everyone,
        divisions=np.setdiff1d(secure, np.concatenate([dead, everyone]))[: size.divisions],
        next_principal=first_group + size.groups + len(m365),
    )  # fmt: skip
    _write_groups(builder, made, seed, dead)
    _members(builder, made, seed)
    _owners(builder, made, seed)
    return made


def _people(
    builder: SnapshotBuilder, size: Size, seed: int, first: int, taken: Sequence[str]
) -> tuple[Ints, Texts, Texts]:
    rng = generator(seed, "people")
    count = size.users + size.guests
    number = np.arange(count, dtype=np.int64)
    given = words(GIVEN, rng.integers(0, len(GIVEN), count))
    family = words(FAMILY, rng.integers(0, len(FAMILY), count))
    home = choose(rng, (5, 3, 2, 2, 1), count)
    partner, homes = words(PARTNERS, home), [claims.partner_tenant(domain) for domain in PARTNERS]
    guest = number >= size.users
    domain = pc.if_else(pa.array(guest), partner, claims.DOMAIN)
    local = apart(glued(slug(given, ""), ".", slug(family, ""), "@", domain), "~", taken)
    # `anna.berg@contoso.com~2` -> `anna.berg2@contoso.com`: namesakes are told apart before the @.
    mail = pc.replace_substring_regex(local, r"^([^@]+)@([^~]+)~(\d+)$", r"\1\3@\2")
    guest_upn = glued(pc.replace_substring(mail, "@", "_"), f"#ext#@{claims.GUEST_DOMAIN}")
    upn = pc.if_else(pa.array(guest), guest_upn, mail)
    names = glued(given, " ", family)
    status = np.where(
        guest, np.array([ACTIVE, BLOCKED, INVITED])[choose(rng, (93, 2, 5), count)],
        np.array([ACTIVE, BLOCKED, SOFT_DELETED, DELETED])[choose(rng, (950, 30, 10, 10), count)],
    ).astype(np.int64)  # fmt: skip
    seen = np.where(rng.random(count) < 0.08, -1, (rng.exponential(25, count) * _DAY).astype(np.int64))
    builder.add(
        "principal",
        pa.table({
            "id": ids(first + number), "kind": pa.repeat("user", count), "entra_id": guids(seed, "user", number),
            "login": glued("i:0#.f|membership|", upn), "upn": upn, "email": mail, "name": names,
            "user_type": words(("Member", "Guest"), guest.astype(np.int64)), "external": pa.array(guest),
            "status": words(_STATUS, status), "created_at": moments(rng.integers(0, 3000 * _DAY, count)),
            "last_sign_in": moments(np.where(status == INVITED, -1, seen)),
            "home_tenant": pc.if_else(pa.array(guest), words(homes, home), None),
        }),
    )  # fmt: skip
    return status, upn, names


def _group_names(rng: np.random.Generator, kind: Ints, taken: Sequence[str]) -> Texts:
    """`Finance EMEA` for security groups, `Budget Working Group Oslo` for the others; no two alike."""
    count = len(kind)
    area = words(REGIONS, rng.integers(0, len(REGIONS), count))
    secure = glued(words(DEPARTMENTS, rng.integers(0, len(DEPARTMENTS), count)), " ", area)
    shared = glued(
        words(TOPICS, rng.integers(0, len(TOPICS), count)), " ",
        words(QUALIFIERS, rng.integers(0, len(QUALIFIERS), count)), " ", area,
    )  # fmt: skip
    return apart(pc.if_else(pa.array(kind < M365), secure, shared), " ", taken)


def _write_groups(builder: SnapshotBuilder, made: Directory, seed: int, dead: Ints) -> None:
    rng = generator(seed, "group details")
    kind, count = made.group_kind, len(made.group_kind)
    number = np.arange(count, dtype=np.int64)
    guid = guids(seed, "group", number)
    mailed = kind != SECURITY
    prefix = pc.if_else(pa.array(kind == M365), "c:0o.c|federateddirectoryclaimprovider|", "c:0t.c|tenant|")
    mail = pc.if_else(pa.array(mailed), glued(slug(made.group_names, "-"), f"@{claims.DOMAIN}"), None)
    status = np.zeros(count, np.int64)
    status[dead] = np.where(np.arange(len(dead)) % 2, SOFT_DELETED, DELETED)
    builder.add(
        "principal",
        pa.table({
            "id": ids(made.first_group + number), "kind": words(_KINDS, kind), "entra_id": guid,
            "login": glued(prefix, guid), "email": mail, "name": made.group_names,
            "external": pa.repeat(False, count), "status": words(_STATUS, status),
            "membership": words(("Assigned", "Dynamic"), (rng.random(count) < 0.08).astype(np.int64)),
            "created_at": moments(rng.integers(0, 2500 * _DAY, count)),
        }),
    )  # fmt: skip
    m365 = made.m365
    builder.add(
        "principal",
        pa.table({
            "id": ids(made.owners_claim[m365]), "kind": pa.repeat("m365_owners", len(m365)),
            "of_group": ids(made.first_group + m365), "email": picked(mail, m365),
            "login": glued("c:0o.c|federateddirectoryclaimprovider|", picked(guid, m365), "_o"),
            "name": glued(picked(made.group_names, m365), " Owners"),
            "external": pa.repeat(False, len(m365)), "status": pa.repeat("active", len(m365)),
        }),
    )  # fmt: skip


def _members(builder: SnapshotBuilder, made: Directory, seed: int) -> None:
    """Direct members: log-normal sizes (median 6, 90 % below 40), plus groups that hold all employees."""
    rng = generator(seed, "members")
    count = len(made.group_kind)
    sizes = np.exp(rng.normal(np.log(6), np.log(40 / 6) / 1.2816, count)).astype(np.int64)
    sizes[rng.random(count) < 0.03] = 0
    sizes = np.minimum(sizes, max(2, made.users // 3))
    group = np.repeat(np.arange(count, dtype=np.int64), sizes)
    guest = rng.random(len(group)) < 0.1
    person = zipf(rng, made.users, 0.35, len(group))
    person[guest] = made.users + rng.integers(0, made.guests, int(guest.sum()))
    employees = np.flatnonzero(made.status[: made.users] == ACTIVE)
    group = np.concatenate([group, np.repeat(made.everyone_groups, len(employees))])
    person = np.concatenate([person, np.tile(employees, len(made.everyone_groups))])
    # A deleted account is in no group any more; the directory forgot it.
    stays = made.status[person] != DELETED
    group, person = unique_pairs(group[stays], person[stays])
    outer, inner = _nesting(made, rng)
    if len(made.divisions):
        upper, lower = _divisions(made, rng)
        outer, inner = unique_pairs(np.concatenate([outer, upper]), np.concatenate([inner, lower]))
    first = made.first_group
    builder.add("member", pa.table({
        "container": ids(first + np.concatenate([group, outer])),
        "member": ids(np.concatenate([made.first_user + person, first + inner])),
    }))  # fmt: skip


def _nesting(made: Directory, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """One security group in ten contains groups, two to four deep; every 200th edge closes a cycle."""
    secure = np.setdiff1d(np.flatnonzero(made.group_kind < M365), made.everyone_groups)
    height = np.where(rng.random(len(secure)) < 0.1, 1 + choose(rng, (50, 30, 15, 5), len(secure)), 0)
    secure, height = secure[np.argsort(height, kind="stable")], np.sort(height)
    below = np.searchsorted(height, height, side="left")
    holds = np.where(below > 0, rng.integers(1, 5, len(secure)), 0)
    place = np.repeat(np.arange(len(secure)), holds)
    # Half of the picks come from just below, so that chains reach the depth their height allows.
    lowest = np.where(rng.random(len(place)) < 0.5, np.searchsorted(height, height[place] - 1), 0)
    child = lowest + (rng.random(len(place)) * (below[place] - lowest)).astype(np.int64)
    outer, inner = unique_pairs(secure[place], secure[child])
    back = np.arange(0, len(outer), 200)[1:]
    return np.concatenate([outer, inner[back]]), np.concatenate([inner, outer[back]])


def _divisions(made: Directory, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Seven departments in each division, two teams in each department; four divisions are inside the first.

    What a division may open, every team below it may open: that is how groups come to reach far more than
    their own entries say. 50,000 groups with these twelve make some 25 M pairs of group and object.
    """
    top = made.divisions
    secure = np.setdiff1d(made.group_alive[made.group_kind[made.group_alive] < M365], made.everyone_groups)
    below = rng.permutation(np.setdiff1d(secure, top))[: len(top) * _DEPARTMENTS * (1 + _TEAMS)]
    departments, teams = below[: len(top) * _DEPARTMENTS], below[len(top) * _DEPARTMENTS :]
    outer = np.concatenate(
        [np.repeat(top, _DEPARTMENTS), np.repeat(departments, _TEAMS), np.repeat(top[:1], 4)]
    )
    return outer, np.concatenate([departments, teams, top[1:5]])


def _owners(builder: SnapshotBuilder, made: Directory, seed: int) -> None:
    """One to three owners of a Microsoft 365 group (3 % have none) and of a third of the others."""
    rng = generator(seed, "owners")
    count = len(made.group_kind)
    owned = np.where(made.group_kind == M365, rng.random(count) < 0.97, rng.random(count) < 0.33)
    group = np.repeat(np.arange(count, dtype=np.int64), np.where(owned, rng.integers(1, 4, count), 0))
    person = zipf(rng, made.users, 0.3, len(group))
    stays = made.status[person] != DELETED
    group, person = unique_pairs(group[stays], person[stays])
    builder.add("owner", pa.table({
        "grp": ids(made.first_group + group), "principal": ids(made.first_user + person),
    }))  # fmt: skip
