"""Generate what came late: people of other organisations on shared channels, and Microsoft 365 groups that were deleted.

Both are numbered after everything else, so that they change no number and no draw of what was there before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from waybill.ingest.practice.claims import DOMAIN, partner_tenant
from waybill.ingest.practice.columns import (
    Ints,
    apart,
    choose,
    generator,
    glued,
    guids,
    ids,
    moments,
    numbers,
    slug,
    unique_pairs,
    words,
)  # fmt: skip
from waybill.ingest.practice.directory import ACTIVE, Directory
from waybill.ingest.practice.sizes import Size
from waybill.ingest.practice.words import DIRECT_PARTNERS, FAMILY, GIVEN, QUALIFIERS, REGIONS, TOPICS
from waybill.tenant.build import SnapshotBuilder

_DAY = 86_400
_RESTORABLE = 28
"""A group deleted so many days ago, before the last day, can still be restored."""


@dataclass(frozen=True, slots=True)
class Former:
    """Deleted Microsoft 365 groups: principals, and how many days before the last day each was deleted."""

    first: int
    deleted: Ints


def make_partners(builder: SnapshotBuilder, size: Size, seed: int, first: int, first_site: int) -> int:
    """Write B2B direct connect users from number `first`, on the generated shared channels; the next number."""
    places = builder.connection.execute(
        "SELECT s.id, a.principal FROM site s JOIN associated a ON a.site = s.id AND a.role = 'Members' "
        "WHERE s.site_type = 'Shared channel' AND s.id >= ? ORDER BY s.id",
        [first_site],
    ).fetchnumpy()
    count = size.partners
    if not count:
        return first
    rng = generator(seed, "partners")
    number = np.arange(count, dtype=np.int64)
    given = words(GIVEN, rng.integers(0, len(GIVEN), count))
    family = words(FAMILY, rng.integers(0, len(FAMILY), count))
    home = choose(rng, (4, 3, 2, 2, 1), count)
    # The number keeps their addresses apart from one another and from those of the trap set.
    mail = glued(
        slug(given, ""), ".", slug(family, ""), ".", numbers(number + 1), "@", words(DIRECT_PARTNERS, home)
    )
    builder.add("principal", pa.table({
        "id": ids(first + number), "kind": pa.repeat("user", count), "entra_id": guids(seed, "partner", number),
        "login": glued("i:0#.f|membership|", mail), "upn": mail, "email": mail, "name": glued(given, " ", family),
        "user_type": pa.repeat("B2B direct", count), "external": pa.repeat(True, count),
        "status": pa.repeat("active", count), "created_at": moments(rng.integers(_DAY, 600 * _DAY, count)),
        "last_sign_in": moments((rng.exponential(20, count) * _DAY).astype(np.int64)),
        "home_tenant": words([partner_tenant(domain) for domain in DIRECT_PARTNERS], home),
    }))  # fmt: skip
    _seat(builder, rng, first + number, places)
    return first + count


def _seat(
    builder: SnapshotBuilder, rng: np.random.Generator, people: Ints, places: dict[str, npt.NDArray[Any]]
) -> None:
    """Each takes part in one to three shared channels: in its roster and in its site's Members."""
    site, group = (np.asarray(places[name], np.int64) for name in ("id", "principal"))
    if not len(site):
        return
    person = np.repeat(people, rng.integers(1, 4, len(people)))
    person, place = unique_pairs(person, rng.integers(0, len(site), len(person)).astype(np.int64))
    builder.add("member", pa.table({"container": ids(group[place]), "member": ids(person)}))
    builder.add("channel_member", pa.table({"site": ids(site[place]), "principal": ids(person)}))


def make_former(builder: SnapshotBuilder, size: Size, seed: int, first: int, people: Directory) -> Former:
    """Write deleted Microsoft 365 groups from number `first`; those that can be restored keep owners and members."""
    rng = generator(seed, "former groups")
    count = size.former
    number = np.arange(count, dtype=np.int64)
    label = glued(
        words(TOPICS, rng.integers(0, len(TOPICS), count)), " ",
        words(QUALIFIERS, rng.integers(0, len(QUALIFIERS), count)), " ",
        words(REGIONS, rng.integers(0, len(REGIONS), count)), " (closed)",
    )  # fmt: skip
    name = apart(label, " ")
    guid = guids(seed, "former group", number)
    # The first ones lie in either state, even where there are only two.
    deleted = np.where(
        number % 2 == 0, rng.integers(0, _RESTORABLE, count), rng.integers(_RESTORABLE, 175, count)
    )
    builder.add("principal", pa.table({
        "id": ids(first + number), "kind": pa.repeat("m365_group", count), "entra_id": guid,
        "login": glued("c:0o.c|federateddirectoryclaimprovider|", guid), "email": glued(slug(name, "-"), f"@{DOMAIN}"),
        "name": name, "external": pa.repeat(False, count),
        "status": words(("soft_deleted", "deleted"), (deleted >= _RESTORABLE).astype(np.int64)),
        "membership": pa.repeat("Assigned", count), "created_at": moments(rng.integers(200 * _DAY, 2500 * _DAY, count)),
    }))  # fmt: skip
    kept = np.flatnonzero(deleted < _RESTORABLE).astype(np.int64)
    active = np.flatnonzero(people.status[: people.users] == ACTIVE).astype(np.int64)
    for table, columns, most in (("owner", ("grp", "principal"), 2), ("member", ("container", "member"), 9)):
        group = np.repeat(kept, rng.integers(1, most + 1, len(kept)))
        group, person = unique_pairs(group, active[rng.integers(0, len(active), len(group))])
        left, right = ids(first + group), ids(people.first_user + person)
        builder.add(table, pa.table({columns[0]: left, columns[1]: right}))
    return Former(first, deleted.astype(np.int64))
