"""The published Microsoft samples: every row is read or explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.mgdc.mgdc_parts import House

READ = {"SharePointSites": 120, "SharePointPermissions": 154, "SharePointGroups": 410}


@pytest.mark.parametrize("folder", ["mgdc/ndjson", "mgdc"])
def test_the_published_samples_are_read_without_loss(house: House, shared: Path, folder: str) -> None:
    """120 sites, 154 permission rows, 410 groups; the one foreign row of each docs file is a reject that says so."""
    result = house.ingest(shared / "samples" / folder)
    assert {name: result.datasets[name].read for name in READ} == READ
    for name in READ:
        assert result.datasets[name].rejected == 1
    for count in result.datasets.values():
        assert count.objects == count.read + count.repeated + count.removed + count.rejected
    rejects = house.rejects(result)
    assert len(rejects) == sum(count.rejected for count in result.datasets.values())
    assert all("belongs to another tenant" in row["reason"] for row in rejects)
    assert result.skipped_files == ()
    assert house.query(result, "SELECT DISTINCT code FROM source_problem ORDER BY code") == [
        ("GROUP_UNRESOLVED",),
        ("ROWS_REJECTED",),
        ("SITE_NOT_FOUND",),
    ]
    # All 120 own their list; every object hangs below one of them.
    assert house.query(result, "SELECT count(*) FROM securable WHERE kind = 'root'") == [(120,)]
    assert house.query(result, "SELECT count(*) FROM object") == house.query(
        result, "SELECT count(*) FROM securable"
    )


def test_group_connected_sample_sites_are_administered_by_owners(house: House, shared: Path) -> None:
    """The samples name a site's own group as Owner ("Beacon Owners"): that is the owners claim, not all members."""
    result = house.ingest(shared / "samples/mgdc/ndjson")
    kinds = house.query(
        result,
        "SELECT p.kind, count(*) FROM site_admin a JOIN site s ON s.id = a.site AND s.grp IS NOT NULL "
        "JOIN principal p ON p.id = a.principal GROUP BY p.kind ORDER BY 2 DESC",
    )
    assert kinds == [("m365_owners", 7), ("user", 1)]
