"""Generate what the directory knows of each person beyond the name: profile, licences, and who reports to whom."""

from __future__ import annotations

from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.ingest.practice.columns import (
    Column,
    Flags,
    Ints,
    choose,
    generator,
    glued,
    guids,
    ids,
    moments,
    numbers,
    picked,
    words,
)
from waybill.ingest.practice.words import CITIES, DEPARTMENTS, JOBS, PLANS
from waybill.tenant.build import SnapshotBuilder

_DAY = 86_400
_REPORTS = 8
"""People who report to one manager."""
_COMPANY = "Contoso"


def make_profiles(builder: SnapshotBuilder, seed: int) -> None:
    """Write `profile` of everybody the directory still knows, `license` and `manager` of members."""
    people = builder.connection.sql(
        "SELECT id, name, user_type = 'Member' AS member, status IN ('active', 'invited') AS active FROM principal "
        "WHERE kind = 'user' AND status NOT IN ('deleted', 'id_mismatch') ORDER BY id"
    ).to_arrow_table()
    principal = people["id"].to_numpy().astype(np.int64)
    member = np.asarray(people["member"].to_numpy(), np.bool_)
    active = np.asarray(people["active"].to_numpy(), np.bool_)
    rng = generator(seed, "profiles")
    _write_profiles(builder, rng, people, principal, member, active)
    _write_licenses(builder, rng, principal, member & active)
    _write_managers(builder, rng, principal[member & active])


def _write_profiles(
    builder: SnapshotBuilder, rng: np.random.Generator, people: pa.Table, principal: Ints, member: Flags, active: Flags
) -> None:  # fmt: skip
    count = len(principal)
    name = people["name"].combine_chunks()
    place = rng.integers(0, len(CITIES), count)
    job = glued(
        words(DEPARTMENTS, rng.integers(0, len(DEPARTMENTS), count)),
        " ",
        words(JOBS, rng.integers(0, len(JOBS), count)),
    )
    department = words(DEPARTMENTS, rng.integers(0, len(DEPARTMENTS), count))

    # Of a guest the directory knows little; of members one thing in ten was never filled in.
    def told(column: Column, share: float) -> Column:
        return cast(Column, pc.if_else(pa.array(member & (rng.random(count) < share)), column, None))

    builder.add("profile", pa.table({
        "principal": ids(principal),
        "given_name": told(pc.replace_substring_regex(name, r" [^ ]*$", ""), 0.97),
        "surname": told(pc.replace_substring_regex(name, r"^.* ", ""), 0.97),
        "job_title": told(job, 0.9), "department": told(department, 0.92), "company": told(pa.array([_COMPANY] * count), 0.95),
        "office": told(glued("Building ", numbers(rng.integers(1, 30, count))), 0.8),
        "city": told(words([city for city, *_ in CITIES], place), 0.85),
        "country": told(words([country for _, country, *_ in CITIES], place), 0.85),
        "usage_location": told(words([code for *_, code, _ in CITIES], place), 0.95),
        "language": told(words([language for *_, language in CITIES], place), 0.7),
        "employee_id": told(glued("E", numbers(100_000 + principal)), 0.9),
        # Numbers of a range that is kept free for fiction.
        "mobile_phone": told(glued("+44 7700 900", numbers(rng.integers(100, 1000, count))), 0.5),
        "business_phone": told(glued("+44 20 7946 0", numbers(rng.integers(100, 1000, count))), 0.7),
        "account_enabled": pa.array(active),
        "password_changed_at": moments(np.where(member, rng.integers(0, 700 * _DAY, count), -1)),
    }))  # fmt: skip


def _write_licenses(
    builder: SnapshotBuilder, rng: np.random.Generator, principal: Ints, holds: Flags
) -> None:
    """One plan, sometimes one or two more; one member in twenty has none."""
    count = len(principal)
    sku = guids(seed=0, kind="plan", numbers=np.arange(len(PLANS), dtype=np.int64))
    main = choose(rng, (3, 5, 2), count)
    assigned = rng.integers(_DAY, 1500 * _DAY, count)
    parts = [
        (np.flatnonzero(holds & (rng.random(count) < 0.95)), main),
        (np.flatnonzero(holds & (rng.random(count) < 0.25)), np.full(count, 3)),
        (np.flatnonzero(holds & (rng.random(count) < 0.10)), np.full(count, 4)),
    ]
    person = np.concatenate([who for who, _ in parts])
    plan = np.concatenate([plan[who] for who, plan in parts]).astype(np.int64)
    state = (rng.random(len(person)) < 0.02).astype(np.int64)
    builder.add("license", pa.table({
        "principal": ids(principal[person]), "sku": picked(sku, plan), "name": words(PLANS, plan),
        "assigned_at": moments(assigned[person]), "state": words(("Active", "Suspended"), state),
    }))  # fmt: skip


def _write_managers(builder: SnapshotBuilder, rng: np.random.Generator, members: Ints) -> None:
    """A tree: eight report to one; the top reports to nobody, and for three in a hundred nothing is known."""
    order = rng.permutation(members)
    place = np.arange(1, len(order), dtype=np.int64)
    place = place[rng.random(len(place)) >= 0.03]
    builder.add("manager", pa.table({
        "principal": ids(order[place]), "manager": ids(order[(place - 1) // _REPORTS]),
    }))  # fmt: skip
