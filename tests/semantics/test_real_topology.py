"""Real organisations, loaded as tenants, give the user-site pairs counted from their files (issue 2).

The reading of the files: every grant counts whatever its role, to a user or to a group; group members
count transitively (group_members.csv, users and nested groups); owners add nobody by owning.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.semantics.reports import open_reports
from tests.semantics.small_tenant import Principal, Tenant

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "real-topology"
ROLES = {
    "admin": "Full Control",
    "maintain": "Design",
    "write": "Edit",
    "triage": "Contribute",
    "read": "Read",
}
SITES_AT_ONCE = 100


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def load(folder: Path) -> Tenant:
    """Users, nested groups with owners, sites and grants of one organisation."""
    t = Tenant()
    named: dict[str, Principal] = {row["user_id"]: t.user(row["user_id"]) for row in _rows(folder, "users")}
    named |= {row["group_id"]: t.group(row["group_id"]) for row in _rows(folder, "groups")}
    sites = {row["site_id"]: t.site(row["site_id"]) for row in _rows(folder, "sites")}
    for row in _rows(folder, "group_members"):
        named[row["group_id"]].members.append(named[row["member_id"]])
    for row in _rows(folder, "group_owners"):
        named[row["group_id"]].owners.append(named[row["user_id"]])
    for row in _rows(folder, "site_grants"):
        t.grant(sites[row["site_id"]].root, named[row["principal_id"]], ROLES[row["role"]])
    return t


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real-topology samples (../shared) are not here")
@pytest.mark.parametrize(
    ("organisation", "pairs"),
    [("kubernetes-org", 1858), ("rust-lang-team", 6392), ("knative-community", 1209)],
)
def test_effective_pairs_of_a_real_organisation(organisation: str, pairs: int) -> None:
    """The People sheet over all sites holds exactly the effective user-site pairs of the organisation."""
    tenant = load(SAMPLES / organisation)
    found: list[tuple[str, str]] = []
    with open_reports(tenant) as reports:
        for start in range(0, len(tenant.sites), SITES_AT_ONCE):
            result = reports.site(*tenant.sites[start : start + SITES_AT_ONCE])
            found += [(row["Site Url"], row["UPN"]) for row in result.alone("People")]
    assert len(found) == pairs
    assert len(set(found)) == pairs
