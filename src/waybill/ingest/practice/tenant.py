"""Build a practice tenant of one size and seed into a new snapshot."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable

from waybill.ingest.practice.claims import ACTIVITY_UNTIL, AS_OF, DOMAIN
from waybill.ingest.practice.directory import make_directory
from waybill.ingest.practice.drives import make_drives
from waybill.ingest.practice.grants import make_grants
from waybill.ingest.practice.group_activity import make_group_activity
from waybill.ingest.practice.links import make_links
from waybill.ingest.practice.partners import make_former, make_partners
from waybill.ingest.practice.person_activity import make_person_activity
from waybill.ingest.practice.places import make_places
from waybill.ingest.practice.profiles import make_profiles
from waybill.ingest.practice.sites import make_sites
from waybill.ingest.practice.sizes import size_named
from waybill.ingest.practice.traps import trap_set
from waybill.tenant.build import SNAPSHOT_FORMAT, SnapshotBuilder, SnapshotMeta

GENERATOR_VERSION = 2
"""Raise it with every change that makes the same size and seed give other rows."""

DEFAULT_SEED = 1

Progress = Callable[[str, float], None]
"""Called with what is being made and the share of the whole that is done, 0 to 1."""


def practice_tenant_id(size: str, seed: int) -> str:
    """The tenant's id, a GUID: every size and seed is a tenant of its own. Raises BadRequest."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://contoso.com/practice/{size_named(size).name}/{seed}"))


def practice_tenant_name(size: str, seed: int) -> str:
    """What people call the tenant: `practice-small`; with a seed of one's own `practice-small-7`."""
    name = f"practice-{size_named(size).name}"
    return name if seed == DEFAULT_SEED else f"{name}-{seed}"


def digest(size: str, seed: int) -> str:
    """SHA-256 (hex) of all that decides the rows; names the snapshot. Raises BadRequest."""
    text = f"practice {GENERATOR_VERSION} {SNAPSHOT_FORMAT} {size_named(size).name} {seed}"
    return hashlib.sha256(text.encode()).hexdigest()


def build_practice(
    size: str, seed: int, builder: SnapshotBuilder, progress: Progress | None = None
) -> SnapshotMeta:
    """Fill `builder` with the tenant: trap set first, then what is generated. Raises BadRequest.

    The caller publishes the builder with the returned facts; nothing is derived here.
    """
    wanted = size_named(size)
    tenant = practice_tenant_id(size, seed)
    tell = progress or (lambda _what, _share: None)
    tell("trap set", 0.0)
    traps = trap_set(tenant)
    for table, rows in traps.tables().items():
        builder.add(table, rows)
    tell("people and groups", 0.02)
    people = make_directory(builder, wanted, seed, traps)
    tell("sites", 0.10)
    sites = make_sites(builder, wanted, seed, people, traps)
    first = traps.count("securable")
    places = make_places(builder, wanted, seed, sites, first=first, done=_span(tell, "objects", 0.15, 0.45))
    links = make_links(builder, wanted, seed, people, sites, places, _span(tell, "sharing links", 0.45, 0.65))
    make_grants(builder, wanted, seed, people, sites, places, links, _span(tell, "grants", 0.65, 0.85))
    tell("activity", 0.85)
    late = make_partners(builder, wanted, seed, sites.next_principal + wanted.links, traps.count("site"))
    former = make_former(builder, wanted, seed, late, people)
    make_profiles(builder, seed)
    make_drives(builder, wanted, seed)
    steady = make_group_activity(builder, seed, former)
    tell("activity of people", 0.92)
    make_person_activity(builder, wanted, seed, steady)
    tell("activity of people", 1.0)
    return SnapshotMeta(
        tenant=tenant, tenant_name=practice_tenant_name(size, seed), as_of=AS_OF, default_domain=DOMAIN,
        source=f"practice {wanted.name}, seed {seed}", directory_complete=True,
        activity_until=ACTIVITY_UNTIL,
    )  # fmt: skip


def _span(tell: Progress, what: str, begin: float, end: float) -> Callable[[float], None]:
    """One stage's own share, 0 to 1, told as a stretch of the whole."""
    return lambda share: tell(what, begin + share * (end - begin))
