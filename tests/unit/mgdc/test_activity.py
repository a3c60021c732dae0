"""What MGDC files tell beyond access: profiles, managers, OneDrives, and what was done with files."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from tests.unit.mgdc.mgdc_parts import HOST, TENANT, House, Row, group, guid, site, user, user_id
from waybill.errors import DataProblem
from waybill.ingest.mgdc import IngestResult
from waybill.tenant.amend import Change
from waybill.tenant.build import SnapshotMeta

MY = "https://contoso-my.sharepoint.com"
DRIVE = site(
    9, Url=f"{MY}/personal/anna_contoso_com", RootWeb={"Title": "Anna", "WebTemplate": "SPSPERS#10"},
    Owner={"AadObjectId": user_id("anna"), "Name": "anna", "UPN": "anna@contoso.com"},
)  # fmt: skip
TEAM = site(
    2, GroupId=guid("group", 2), Privacy="Public", StorageMetrics={"TotalFileCount": 3, "TotalSize": 4096}
)
GROUPS = [
    group(2, "Product", groupTypes=["Unified"], mailEnabled=True, securityEnabled=False, visibility="Public"),
    group(3, "Closed", groupTypes=["Unified"], visibility="HiddenMembership", deletedDateTime="2026-05-11T23:59:00Z"),
    group(4, "Finance"),
]  # fmt: skip
LICENSE = {"skuId": "AAAAAAAA-0000-4000-8000-000000000001", "disabledPlans": []}
ANNA = user(
    "anna", givenName="Anna", surname="Berg", jobTitle="Buyer", city="Oslo", businessPhones=["+1", "+2"],
    assignedLicenses=[LICENSE], lastPasswordChangeDateTime="2026-01-02T03:04:05Z", preferredLanguage="nb-NO",
)  # fmt: skip


def action(day: str, name: str = "FileModified", *, on: int = 2, item: int = 1, **more: Any) -> Row:
    """One row of FileActions: what anna did with a file of site `on`, pulled for its own day."""
    return {
        "ptenant": TENANT, "SiteId": guid("site", on), "ListItemId": guid("item", item), "ActorType": "User",
        "ItemURL": f"{HOST}/sites/s{on}/Shared Documents/Plan #{item} 100%.docx", "ActionName": name,
        "ActionDate": f"{day}T09:30:00.1550648+00:00", "ActorEmail": "Anna@contoso.com",
        "SnapshotDate": f"{day}T00:00:00Z",
    } | more  # fmt: skip


def load(house: House, *actions: Row, files: tuple[Row, ...] = ()) -> IngestResult:
    datasets: dict[str, list[Row]] = {
        "SharePointSites": [TEAM, DRIVE], "GroupDetails": GROUPS, "User": [ANNA, user("boris")],
        "Manager": [user("boris", puser=user_id("anna"), jobTitle="Head of buying")],
    }  # fmt: skip
    if actions:
        datasets["SharePointFileActions"] = list(actions)
    if files:
        datasets["SharePointFiles"] = list(files)
    return house.take(datasets)


def until(house: House, result: IngestResult) -> list[tuple[Any, ...]]:
    return house.query(result, "SELECT value FROM meta WHERE key = 'activity_until'")


def test_profiles_licences_and_managers(house: House) -> None:
    """User rows become profile and licences; a Manager row tells who reports to whom, and no more of a known person."""
    result = load(house)
    query = """SELECT p.name, f.given_name, f.surname, f.job_title, f.city, f.language, f.business_phone,
        f.password_changed_at, f.account_enabled FROM profile f JOIN principal p ON p.id = f.principal ORDER BY ALL"""
    assert house.query(result, query) == [
        ("anna", "Anna", "Berg", "Buyer", "Oslo", "nb-NO", "+1, +2", datetime(2026, 1, 2, 3, 4, 5), True),  # noqa: DTZ001  (UTC without zone)
        ("boris", None, None, None, None, None, None, None, True),
    ]
    assert house.query(result, "SELECT p.name, l.sku, l.name FROM license l JOIN principal p ON p.id = l.principal") == [
        ("anna", "aaaaaaaa-0000-4000-8000-000000000001", None)
    ]  # fmt: skip
    query = "SELECT u.name, m.name FROM manager r JOIN principal u ON u.id = r.principal JOIN principal m ON m.id = r.manager"
    assert house.query(result, query) == [("anna", "boris")]


def test_microsoft_365_groups(house: House) -> None:
    """Unified groups alone have visibility, their site's totals and the day of their deletion."""
    query = """SELECT p.name, u.visibility, u.site_files, u.site_bytes, u.mailbox_items, u.deleted_on
        FROM unified_group u JOIN principal p ON p.id = u.grp ORDER BY 1"""
    assert house.query(load(house), query) == [
        ("Closed", "Private", None, None, None, date(2026, 5, 11)),
        ("Product", "Public", 3, 4096, None, None),
    ]


def test_without_actions_nothing_is_said_of_activity(house: House) -> None:
    """A pull without FileActions states no last day of activity and no activity."""
    result = load(house)
    assert until(house, result) == []
    assert (
        house.query(
            result, "SELECT * FROM group_file_day UNION ALL SELECT NULL, NULL, NULL FROM activity_event"
        )
        == []
    )


def test_actions_of_people(house: House) -> None:
    """An action becomes an event of the person whose address it names, with an address that opens; the system's does not."""
    result = load(
        house, action("2026-05-20"), action("2026-05-21", on=9, ItemURL=f"{MY}/personal/anna_contoso_com/Documents/a.txt"),
        action("2026-05-21", ActorType="System"), action("2026-05-21", ActorEmail="stranger@nowhere.example"),
        action("2026-05-21", ActorEmail=None, ActorIdType="Anonymous"),
    )  # fmt: skip
    query = """SELECT p.name, e.at, e.workload, e.operation, e.object, s.url FROM activity_event e
        JOIN principal p ON p.id = e.principal LEFT JOIN site s ON s.id = e.site ORDER BY e.at"""
    at = datetime(2026, 5, 20, 9, 30, 0, 155064)  # noqa: DTZ001  (UTC without zone)
    assert house.query(result, query) == [
        ("anna", at, "SharePoint", "FileModified", f"{HOST}/sites/s2/Shared%20Documents/Plan%20%231%20100%25.docx",
         f"{HOST}/sites/s2"),
        ("anna", at.replace(day=21), "OneDrive", "FileModified", f"{MY}/personal/anna_contoso_com/Documents/a.txt",
         f"{MY}/personal/anna_contoso_com"),
    ]  # fmt: skip


def test_files_of_groups(house: House) -> None:
    """A file of a group's site counts once a day, whoever used it; deleting, the system and other sites do not count."""
    result = load(
        house, action("2026-05-20"), action("2026-05-20", "FileAccessed", ActorEmail=None), action("2026-05-20", item=2),
        action("2026-05-21"), action("2026-05-22", "FileDeleted"), action("2026-05-22", ActorType="System"),
        action("2026-05-22", on=9), action("2026-05-23", item=3, ListItemId=None),
    )  # fmt: skip
    query = """SELECT p.name, g.day, count(*), count(DISTINCT g.file) FROM group_file_day g
        JOIN principal p ON p.id = g.grp GROUP BY ALL ORDER BY 2"""
    assert house.query(result, query) == [
        ("Product", date(2026, 5, 20), 2, 2), ("Product", date(2026, 5, 21), 1, 1), ("Product", date(2026, 5, 23), 1, 1),
    ]  # fmt: skip
    assert house.query(result, "SELECT count(DISTINCT file) FROM group_file_day") == [(3,)]


@pytest.mark.parametrize(
    ("snapshot_day", "last"),
    [("2026-05-21T00:00:00Z", "2026-05-21"), ("2026-06-01T00:00:00Z", "2026-05-20"), (None, "2026-05-20")],
)
def test_the_last_complete_day(house: House, snapshot_day: str | None, last: str) -> None:
    """A day pulled for itself is complete; the last day of any other pull is not."""
    result = load(
        house,
        action("2026-05-19", SnapshotDate=snapshot_day),
        action("2026-05-21", SnapshotDate=snapshot_day),
    )
    assert until(house, result) == [(last,)]


def drive_file(name: str, folder: str, number: int, **more: Any) -> Row:
    return {
        "ptenant": TENANT, "SiteId": guid("site", 9), "ItemId": guid("item", number), "DirName": folder, "FileName": name,
        "SiteUrl": f"{MY}/personal/anna_contoso_com", "SizeInBytes": 7, "ListServerTemplate": "MySiteDocumentLibrary",
        "TimeLastModified": "2026-05-01T00:00:00Z", "ModifiedBy": {"Email": "boris@contoso.com"},
        "Operation": "Full", "SnapshotDate": "2026-06-01T00:00:00Z",
    } | more  # fmt: skip


def test_files_of_a_onedrive(house: House) -> None:
    """Files of a OneDrive are its owner's, with the folders their paths tell and without contents."""
    result = load(
        house,
        files=(
            drive_file("a.txt", "Documents", 1), drive_file("b #1.txt", "Documents/Trips/May", 2),
            drive_file("c.txt", "personal/anna_contoso_com/Documents/Trips", 3),
            drive_file("icon.png", "Style Library", 4, ListServerTemplate="DocumentLibrary"),
        ),
    )  # fmt: skip
    query = """SELECT p.name, d.kind, d.path, d.size, d.modified_by, d.content FROM drive_item d
        JOIN principal p ON p.id = d.owner ORDER BY d.kind DESC, d.path"""
    assert house.query(result, query) == [
        ("anna", "folder", "Trips", None, None, None), ("anna", "folder", "Trips/May", None, None, None),
        ("anna", "file", "Trips/May/b #1.txt", 7, "boris@contoso.com", None),
        ("anna", "file", "Trips/c.txt", 7, "boris@contoso.com", None),
        ("anna", "file", "a.txt", 7, "boris@contoso.com", None),
    ]  # fmt: skip


def amend(house: House) -> None:
    """Load a usage report and files of anna and of somebody who is in no other data, as LOAD's commands do."""
    tenant = house.registry.tenant("contoso")
    amendment = house.registry.amend(tenant)
    run = amendment.connection.execute
    run("INSERT INTO usage_report BY NAME SELECT DATE '2026-05-28' AS refresh_date, 7 AS period, 0 AS position, "
        "false AS concealed, 'Product' AS display_name")  # fmt: skip
    run("INSERT INTO person_usage SELECT id, 'getOneDriveActivityUserDetail', DATE '2026-05-28', 7, 0, '{}' "
        "FROM principal WHERE upn IN ('anna@contoso.com', 'boris@contoso.com')")  # fmt: skip
    run("INSERT INTO usage_load VALUES ('getOneDriveActivityUserDetail', DATE '2026-05-28', 7, 2, 3, 4, 5)")
    run("DELETE FROM drive_item")
    run("INSERT INTO drive_item BY NAME SELECT id AS owner, 'mine.txt' AS path, 'file' AS kind, 3 AS size, "
        "'sha256:00:3' AS content FROM principal WHERE kind = 'user'")  # fmt: skip
    run("INSERT INTO drive_problem SELECT id, 'pipe', name FROM principal WHERE kind = 'user'")
    house.registry.publish_amended(tenant, amendment, Change("usage reports", date(2026, 5, 28)), "0" * 64)


LOADED = """SELECT (SELECT count(*) FROM usage_report), (SELECT count(*) FROM person_usage),
    (SELECT list(p.name || ' ' || d.path ORDER BY 1) FROM drive_item d JOIN principal p ON p.id = d.owner),
    (SELECT list(p.name || ' ' || x.path || ' ' || x.reason) FROM drive_problem x JOIN principal p ON p.id = x.owner)"""

USAGE_LOAD = "SELECT taken, concealed, unmatched, rejected FROM usage_load"


def test_what_was_loaded_beside_is_kept(house: House) -> None:
    """Usage reports and loaded files stay across another pull, found again by person, unless all starts fresh."""
    load(house, files=(drive_file("a.txt", "Documents", 1),))
    amend(house)
    # In the next pull boris is gone and numbers have moved.
    rows = {
        "SharePointSites": [TEAM, DRIVE],
        "GroupDetails": GROUPS,
        "User": [user("aaron"), ANNA],
        "Manager": [],
    }
    again = house.take(rows, into="again")
    assert house.query(again, LOADED) == [(1, 1, ["anna mine.txt"], ["anna pipe anna"])]
    # Rows of who is gone are rows of nobody that is known.
    assert house.query(again, USAGE_LOAD) == [(1, 3, 5, 5)]
    assert until(house, again) == [("2026-05-28",)]
    assert [text for text in again.warnings if "not taken over: 1." in text]
    assert house.registry.latest(again.tenant).source == "mgdc + usage reports"
    third = house.ingest(house.folder / "again")
    assert house.query(third, LOADED) == [(1, 1, ["anna mine.txt"], ["anna pipe anna"])]
    fresh = house.ingest(house.folder / "again", fresh=True)
    assert house.query(fresh, LOADED)[0][:2] == (0, 0)
    assert house.query(fresh, LOADED)[0][3] is None
    assert until(house, fresh) == []
    assert house.registry.latest(fresh.tenant).source == "mgdc"


def test_usage_reports_loaded_first(house: House) -> None:
    """Reports that were there before any MGDC pull are kept; if their snapshot is damaged, the pull says so."""
    tenant = house.registry.ensure_tenant("contoso", TENANT)
    builder = house.registry.begin(tenant)
    builder.connection.execute(
        "INSERT INTO usage_report BY NAME SELECT DATE '2026-05-28' AS refresh_date, 7 AS period, 0 AS position, "
        "true AS concealed"
    )
    at = datetime(2026, 5, 28)  # noqa: DTZ001  (UTC without zone)
    meta = SnapshotMeta(tenant.id, tenant.name, at, "usage reports", activity_until=at.date())
    first = house.registry.publish(tenant, builder, meta, "1" * 64)
    result = load(house)
    assert house.query(result, LOADED)[0][0] == 1
    assert house.registry.latest(tenant.id).source == "mgdc + usage reports"
    other = house.registry.ensure_tenant("fabrikam")
    again = house.registry.begin(other)
    damaged = house.registry.publish(
        other, again, SnapshotMeta(other.id, "fabrikam", at, "usage reports"), "2" * 64
    )
    house.registry.path(other.id, damaged.id).write_bytes(b"not a snapshot" * 1000)
    with pytest.raises(DataProblem, match="damaged"):
        house.take({"SharePointSites": [TEAM]}, "fabrikam")
    assert house.leftovers() == []
    assert first.source == "usage reports"
