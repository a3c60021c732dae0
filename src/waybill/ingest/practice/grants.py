"""Generate access list entries: copies of the site's own, people, groups, links, and Limited Access above them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from waybill.ingest.practice.columns import Ints, choose, generator, ids, unique_pairs, within, zipf
from waybill.ingest.practice.directory import DISTRIBUTION, M365, Directory
from waybill.ingest.practice.links import Links
from waybill.ingest.practice.places import ROOT, Places
from waybill.ingest.practice.sites import Sites
from waybill.ingest.practice.sizes import Size
from waybill.tenant.build import SnapshotBuilder

_LIMITED = 12
_BROAD = 0.15
"""So large a share of the entries of groups names a division."""
_CHUNK = 1_000_000


@dataclass(frozen=True, slots=True)
class _Entries:
    """Position of the securable, principal, level: one access list entry each."""

    place: Ints
    principal: Ints
    level: Ints

    def __len__(self) -> int:
        return len(self.place)


def make_grants(
    builder: SnapshotBuilder, size: Size, seed: int, people: Directory, sites: Sites, places: Places, links: Links,
    done: Callable[[float], None],
) -> None:  # fmt: skip
    """Write exactly `size.grants` entries; `done` hears the share written, 0 to 1."""
    rng = generator(seed, "grants")
    copied = _copied(rng, sites, places)
    linked = _Entries(links.place, links.principal, links.level)
    # Some of the sites keep their Limited Access entries above what is shared below.
    room = size.grants - len(copied) - len(linked)
    own = _own(rng, people, sites, places, room)
    limited = _limited(rng, own, sites, places, room // 12)
    own = _trimmed(rng, own, room - len(limited))
    everything = [copied, linked, own, limited]
    place, principal, level = (
        np.concatenate([getattr(part, side) for part in everything]).astype(np.int64)
        for side in ("place", "principal", "level")
    )
    order = np.lexsort((level, principal, place))
    for low in range(0, len(order), _CHUNK):
        rows = order[low : low + _CHUNK]
        builder.add("acl", pa.table({
            "site": ids(sites.first + places.site[place[rows]]), "securable": ids(places.first + place[rows]),
            "principal": ids(principal[rows]), "level": pa.array(level[rows].astype(np.int16)),
        }))  # fmt: skip
        done((low + len(rows)) / len(order))


def _copied(rng: np.random.Generator, sites: Sites, places: Places) -> _Entries:
    """Every list starts with its site's own groups; lists below the root lost some of them again."""
    site = places.site[places.scopes]
    many = sites.base_start[site + 1] - sites.base_start[site]
    place = np.repeat(places.scopes, many)
    inside = within(many)
    entry = np.repeat(sites.base_start[site], many) + inside
    keeps = (rng.random(len(place)) < np.array([1.0, 0.85, 0.7, 0.5])[inside]) | (places.kind[place] == ROOT)
    return _Entries(place[keeps], sites.base_principal[entry[keeps]], sites.base_level[entry[keeps]])


def _own(rng: np.random.Generator, people: Directory, sites: Sites, places: Places, room: int) -> _Entries:
    """People and groups, a few lists far longer than most; a little more than there is room for."""
    count = room + room // 10 + 50
    at = np.concatenate([places.scopes, places.scopes[zipf(rng, len(places.scopes), 0.5, count)]])
    place = at[rng.permutation(len(at))[:count]]
    sort = choose(rng, (52, 10, 36, 2), count)
    principal = np.empty(count, np.int64)
    user = sort == 0
    principal[user] = people.first_user + zipf(rng, people.users, 0.5, int(user.sum()))
    guest = sort == 1
    principal[guest] = people.first_user + people.users + zipf(rng, people.guests, 0.5, int(guest.sum()))
    granted = np.flatnonzero(people.group_kind != DISTRIBUTION)
    group = sort == 2
    principal[group] = people.first_group + granted[zipf(rng, len(granted), 0.9, int(group.sum()))]
    if len(people.divisions):
        broad = np.flatnonzero(group & (rng.random(count) < _BROAD))
        shares = [1 / rank for rank in range(1, len(people.divisions) + 1)]
        principal[broad] = people.first_group + people.divisions[choose(rng, shares, len(broad))]
    owners = np.flatnonzero(people.group_kind == M365)
    claim = sort == 3
    principal[claim] = people.owners_claim[owners[zipf(rng, len(owners), 0.5, int(claim.sum()))]]
    place, principal = unique_pairs(place, principal)
    # A OneDrive's owner stands in every list of it already.
    new = principal != sites.base_principal[sites.base_start[places.site[place]]]
    place, principal = place[new], principal[new]
    level = np.array([8, 6, 5, 1, 3, 11])[choose(rng, (50, 25, 15, 5, 2, 3), len(place))]
    return _Entries(place, principal, level.astype(np.int64))


def _limited(rng: np.random.Generator, own: _Entries, sites: Sites, places: Places, most: int) -> _Entries:
    """Limited Access on the root for who is granted something below it, on one site in seven."""
    chosen = rng.random(sites.count) < 0.15
    site = places.site[own.place]
    below = chosen[site] & (places.kind[own.place] != ROOT)
    root, principal = unique_pairs(places.start[site[below]], own.principal[below])
    kept = np.sort(rng.permutation(len(root))[:most])
    return _Entries(root[kept], principal[kept], np.full(len(kept), _LIMITED, np.int64))


def _trimmed(rng: np.random.Generator, entries: _Entries, count: int) -> _Entries:
    kept = np.sort(rng.permutation(len(entries))[:count])
    return _Entries(entries.place[kept], entries.principal[kept], entries.level[kept])
