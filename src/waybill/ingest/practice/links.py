"""Generate sharing links: hidden groups by scope and kind, their invitees, expiry and the entries they hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from waybill.ingest.practice.columns import (
    Column,
    Ints,
    choose,
    generator,
    glued,
    guids,
    ids,
    moments,
    picked,
    unique_pairs,
    words,
    zipf,
)  # fmt: skip
from waybill.ingest.practice.directory import Directory
from waybill.ingest.practice.places import FILE, FOLDER, Places
from waybill.ingest.practice.sites import Sites
from waybill.ingest.practice.sizes import Size
from waybill.tenant.build import SnapshotBuilder

_ORGANIZATION, _SPECIFIC, _ANYONE = range(3)
_SCOPES = ("organization", "specific", "anyone")
_SHARES = (55, 40, 5)
_VIEW, _EDIT, _REVIEW = range(3)
_PERMISSIONS = ("View", "Edit", "Review")
_KINDS = ("OrganizationView", "OrganizationEdit", "Flexible", "Flexible", "Flexible", "Flexible", "AnonymousView",
          "AnonymousEdit", "Flexible")  # fmt: skip
"""By scope and permission; a review link is always Flexible, whatever its scope (insights.md 3.8)."""
_READ, _CONTRIBUTE, _REVIEWING, _VIEW_ONLY = 8, 6, 7, 11
_DAY = 86_400
_CHUNK = 200_000


@dataclass(frozen=True, slots=True)
class Links:
    """The entries links hold: position of the securable, principal, level; ascending by securable."""

    place: Ints
    principal: Ints
    level: Ints


def make_links(
    builder: SnapshotBuilder, size: Size, seed: int, people: Directory, sites: Sites, places: Places,
    done: Callable[[float], None],
) -> Links:  # fmt: skip
    """Write link groups, links and invites; `done` hears the share written, 0 to 1."""
    first = sites.next_principal
    rng = generator(seed, "links")
    shared = places.scopes[(places.kind[places.scopes] == FOLDER) | (places.kind[places.scopes] == FILE)]
    place = np.sort(shared[zipf(rng, len(shared), 0.3, size.links)])
    scope = choose(rng, _SHARES, size.links)
    permission = choose(rng, (50, 42, 8), size.links)
    blocked = (permission == _VIEW) & (rng.random(size.links) < 0.06)
    level = np.where(blocked, _VIEW_ONLY, np.array([_READ, _CONTRIBUTE, _REVIEWING])[permission])
    age = rng.integers(_DAY, 900 * _DAY, size.links)
    # Negative lies after the snapshot's moment: still valid. Mostly there is no expiry at all.
    expires = np.where(
        rng.random(size.links) < np.array([0.04, 0.08, 0.6])[scope], rng.integers(-90, 60, size.links), 10_000
    )
    author = rng.integers(0, people.users, size.links)
    password = (scope == _ANYONE) & (rng.random(size.links) < 0.15)
    for low in range(0, size.links, _CHUNK):
        rows = np.arange(low, min(low + _CHUNK, size.links), dtype=np.int64)
        at = place[rows]
        site = ids(sites.first + places.site[at])
        share = guids(seed, "share", rows)
        kind = words(_KINDS, scope[rows] * 3 + permission[rows])
        login = glued("SharingLinks.", guids(seed, "securable", at), ".", kind, ".", share)
        builder.add("principal", pa.table({
            "id": ids(first + rows), "kind": pa.repeat("link", len(rows)), "site": site, "login": login, "name": login,
            "sp_id": pa.array(100 + rows - np.searchsorted(places.site[place], places.site[at])),
            "external": pa.repeat(False, len(rows)), "status": pa.repeat("active", len(rows)),
        }))  # fmt: skip
        builder.add("link", pa.table({
            "principal": ids(first + rows), "site": site, "securable": ids(places.first + at), "link_id": share,
            "share_id": share, "scope": words(_SCOPES, scope[rows]), "permission": words(_PERMISSIONS, permission[rows]),
            "created_by": picked(people.upns, author[rows]), "created_at": moments(age[rows]),
            "expires_at": _expiry(expires[rows]), "password": pa.array(password[rows]),
            "block_download": pa.array(blocked[rows]),
        }))  # fmt: skip
        done((low + len(rows)) / size.links)
    _invite(builder, rng, people, first, scope)
    return Links(place, first + np.arange(size.links, dtype=np.int64), level.astype(np.int64))


def _expiry(days_ago: Ints) -> Column:
    stamps = np.datetime64("2026-06-01T22:00:00", "s") - days_ago.astype("timedelta64[D]")
    return pa.array(stamps, mask=days_ago == 10_000)


def _invite(
    builder: SnapshotBuilder, rng: np.random.Generator, people: Directory, first: int, scope: Ints
) -> None:
    """Specific links name people and now and then a group; organization links those who opened them."""
    several = np.where(
        scope == _SPECIFIC,
        1 + rng.poisson(0.8, len(scope)),
        np.where(scope == _ORGANIZATION, rng.poisson(1.5, len(scope)), 0),
    )
    link = np.repeat(np.arange(len(scope), dtype=np.int64), several)
    sort = np.where(scope[link] == _SPECIFIC, choose(rng, (62, 33, 5), len(link)), 0)
    principal = people.first_user + zipf(rng, people.users, 0.4, len(link))
    guest = sort == 1
    principal[guest] = people.first_user + people.users + rng.integers(0, people.guests, int(guest.sum()))
    group = sort == 2
    principal[group] = (
        people.first_group + people.group_alive[rng.integers(0, len(people.group_alive), int(group.sum()))]
    )
    link, principal = unique_pairs(first + link, principal)
    redeemed = (scope[link - first] == _ORGANIZATION) | (rng.random(len(link)) < 0.6)
    builder.add("invite", pa.table({
        "link": ids(link), "principal": ids(principal), "redeemed": pa.array(redeemed),
    }))  # fmt: skip
