"""What a pull does not tell, or tells wrongly, is named: in the counts, or on the Exceptions of every report."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.mgdc.mgdc_parts import HOST, House, edge, grant, group, guid, person, site, sp_group, write
from waybill.errors import DataProblem
from waybill.exports.reading import SiteUrl
from waybill.exports.scope import find_sites


def problems(house: House, result_code: str, datasets: dict[str, list[dict[str, object]]]) -> list[str]:
    result = house.take(datasets)
    found = house.query(result, f"SELECT message FROM source_problem WHERE code = '{result_code}'")
    return [message for (message,) in found]


def test_rejected_rows_are_told_in_every_report(house: House) -> None:
    """A snapshot that lost rows says so on its Exceptions: 1 of 2 rows without a known site."""
    rows = [grant(person("anna")), grant(person("bert"), on=9)]
    told = problems(house, "ROWS_REJECTED", {"SharePointSites": [site()], "SharePointPermissions": rows})
    assert len(told) == 1
    assert told[0].startswith("1 rows of this dataset were rejected")


def test_a_gz_that_is_none_is_refused(house: House, tmp_path: Path) -> None:
    """A file named .gz without gzip's mark is damaged: it is refused, not read as text."""
    write(tmp_path / "in" / "SharePointSites.json", [site()])
    (tmp_path / "in" / "SharePointPermissions.json.gz").write_bytes(b"\0\0 not gzip")
    with pytest.raises(DataProblem, match="named as a gzip file but is none"):
        house.ingest(tmp_path / "in")
    assert house.leftovers() == []


def test_a_site_url_of_odd_bytes_harms_no_other_site(house: House) -> None:
    """A site whose URL decodes to no text is kept, and other sites are found as before."""
    odd = site(2, Url=f"{HOST}/sites/caf%E9")
    result = house.take({"SharePointSites": [site(), odd], "SharePointPermissions": [grant(person("anna"))]})
    with house.registry.open(result.tenant, result.snapshot) as facts:
        asked = (SiteUrl("one", f"{HOST}/sites/s1"), SiteUrl("odd", f"{HOST}/sites/caf%e9"))
        assert [one.exact for one in find_sites(asked, facts)] == [True, True]


def test_service_principals_are_members(house: House) -> None:
    """A service principal in a group is a member of its own kind, not a lost row."""
    datasets = {
        "SharePointSites": [site()],
        "GroupDetails": [group(1, "Robots")],
        "GroupMembers": [edge(1, guid("app", 1), "servicePrincipal", displayName="Archiver")],
    }
    result = house.take(datasets)
    found = house.query(result, "SELECT p.name, p.kind FROM member m JOIN principal p ON p.id = m.member")
    assert found == [("Archiver", "application")]


def test_a_recipient_without_identity_is_told(house: House) -> None:
    """A recipient with neither id nor name nor address is nobody we can show, and is said to be missing."""
    rows = [grant(person("anna"), {"Type": "Internal"})]
    told = problems(
        house, "PRINCIPAL_UNRESOLVED", {"SharePointSites": [site()], "SharePointPermissions": rows}
    )
    assert told == [
        "1 recipients on this site are named without any id, name or address: who they are is unknown."
    ]


def test_webs_that_cannot_be_told_apart_are_not_the_root(house: House) -> None:
    """Of several webs without a path, on a site that does not tell its root web, none is taken for the root."""
    rows = [
        grant(person("anna"), url=None, number=1, WebId=guid("web", 71)),
        grant(person("bert"), url=None, number=2, WebId=guid("web", 72)),
    ]
    result = house.take({"SharePointSites": [site(1, RootWeb={})], "SharePointPermissions": rows})
    assert result.datasets["SharePointPermissions"].rejected == 2
    assert house.query(result, "SELECT count(*) FROM acl") == [(0,)]


def test_an_unreadable_expiry_is_told(house: House) -> None:
    """A link whose expiry cannot be read is shown as live, and every report says that values are missing."""
    rows = [
        grant(
            person("anna"), url="sites/s1/Docs/a.docx", item="File", LinkId=guid("link", 1),
            LinkScope="SpecificPeople", ShareExpirationTime="2026-13-45T00:00:00Z",
        )
    ]  # fmt: skip
    told = problems(house, "VALUES_UNREAD", {"SharePointSites": [site()], "SharePointPermissions": rows})
    assert len(told) == 1


def test_everyone_reaches_a_group_site_of_unknown_privacy(house: House) -> None:
    """Only a site known to be private shuts out everyone except external users: no word is not Private (3.7)."""
    everyone = {"Type": "SecurityGroup", "Name": "Everyone except external users"}
    team = site(1, GroupId=guid("group", 1))
    rows = [grant({"Type": "SharePointGroup", "Name": "Members"}, role="Edit")]
    result = house.take(
        {
            "SharePointSites": [team],
            "SharePointGroups": [sp_group(5, "Members", everyone)],
            "SharePointPermissions": rows,
        }
    )
    assert house.query(result, "SELECT privacy FROM site") == [(None,)]
    kinds = house.query(result, "SELECT p.kind FROM edge e JOIN principal p ON p.id = e.member")
    assert ("eeeu",) in kinds


def test_a_subsite_of_a_site_without_root_web_keeps_its_access(house: House) -> None:
    """Where a site does not tell its root web, a subsite's path still tells it apart: its access list is kept."""
    plain = {key: value for key, value in site().items() if key != "RootWeb"}
    below = grant(person("bert"), url="sites/s1/sub", number=2, WebId=guid("web", 9))
    result = house.take({"SharePointSites": [plain], "SharePointPermissions": [grant(person("anna")), below]})
    found = house.query(
        result, "SELECT s.kind, p.name FROM acl a JOIN securable s ON s.id = a.securable "
        "JOIN principal p ON p.id = a.principal ORDER BY ALL"
    )  # fmt: skip
    assert found == [("root", "anna"), ("web", "bert")]
