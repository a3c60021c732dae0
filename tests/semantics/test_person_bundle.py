"""The form of a person's bundle: requests, files of the OneDrive, times, gaps, documentation."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest

from tests.conftest import ROOT
from tests.semantics.person_reports import Tables, ask, bundle_of, open_people, pull
from tests.semantics.small_tenant import AS_OF, Principal, Tenant
from waybill.errors import BadRequest, NotFound
from waybill.export import Export
from waybill.exports import person_files, person_gaps
from waybill.exports.person_request import GLOBAL_ADMINISTRATOR, GLOBAL_READER
from waybill.exports.personal_data import EXPORT as PERSONAL_DATA
from waybill.exports.shared_profile_data import EXPORT as SHARED_PROFILE_DATA

UNLOADED = {
    "10/Licenses.json",
    "10/Manager.json",
    "10/DirectReports.json",
    "50/Items.json",
    "60/Events.json",
    "60/Days.json",
    "60/UsageReports.json",
}
BOTH = pytest.mark.parametrize("export", [PERSONAL_DATA, SHARED_PROFILE_DATA], ids=lambda export: export.name)


@BOTH
@pytest.mark.parametrize(
    "given", ["", "me", "7e57ab1e-0000-4000-8000-00000000000", "a b@c", "@", "a@b\x00", "{id}"]
)
def test_an_id_that_is_none(export: Export, given: str) -> None:
    """What is neither an object id nor a sign-in name is refused in the contract's words, naming the field."""
    with pytest.raises(BadRequest) as caught:
        export.read({export.fields[0].wire: (given,)})
    assert str(caught.value) == f"The specified object-id: {given} in the request uri is an invalid Guid."
    assert caught.value.field == export.fields[0].wire


def test_a_profile_has_no_sign_in_name() -> None:
    """An inbound profile is named by its id alone."""
    with pytest.raises(BadRequest):
        SHARED_PROFILE_DATA.read({"userId": ("nadia@fabrikam.com",)})


def test_where_the_calls_are_and_who_may_make_them() -> None:
    """Paths, versions, application roles, scopes and directory roles are those of graph.md 1.5, 2 and 3."""
    users, profiles = PERSONAL_DATA, SHARED_PROFILE_DATA
    sharing = ("CrossTenantUserProfileSharing.Read.All", "CrossTenantUserProfileSharing.ReadWrite.All")
    assert users.access
    assert profiles.access
    assert (users.path, users.versions) == ("/users/{id}/exportPersonalData", ("v1.0", "beta"))
    assert profiles.path == "/directory/inboundSharedUserProfiles/{userId}/exportPersonalData"
    assert (profiles.versions, profiles.accepted_body, users.accepted_body) == (("beta",), True, False)
    assert users.access.app_roles == users.access.scopes == ("User.Export.All",)
    assert users.access.directory_roles == {GLOBAL_ADMINISTRATOR}
    assert profiles.access.app_roles == profiles.access.scopes == sharing
    assert profiles.access.directory_roles == {GLOBAL_ADMINISTRATOR, GLOBAL_READER}


def test_who_is_asked_for() -> None:
    """An id of any case names one account whatever its state; a sign-in name, without case, the account
    that has it now; users and inbound profiles are never answered by each other's export."""
    t = Tenant()
    now, before, gone = t.user("Julia"), t.user("Julia", "id_mismatch"), t.user("Gone", "deleted")
    again = t.user("Gone", "blocked")
    guest, nadia = t.user("Gus", user_type="Guest"), t.user("Nadia", user_type="B2B direct")
    team = t.group("Team")

    def subject(export: Export, given: str | None) -> str:
        request = export.read({export.fields[0].wire: (given or "",)})
        with people.facts() as facts:
            export.admit(request, facts)
            assert export.subject is not None
            return export.subject(request, facts)

    with open_people(t) as people:
        for person in (now, before, gone, again, guest):
            assert subject(PERSONAL_DATA, (person.entra_id or "").upper()) == person.entra_id
        assert subject(PERSONAL_DATA, (now.upn or "").upper()) == now.entra_id
        assert subject(PERSONAL_DATA, gone.upn) == again.entra_id
        assert subject(PERSONAL_DATA, guest.upn) == guest.entra_id
        assert subject(SHARED_PROFILE_DATA, nadia.entra_id) == nadia.entra_id
        for export, given in (
            (PERSONAL_DATA, nadia.entra_id),
            (PERSONAL_DATA, nadia.upn),
            (PERSONAL_DATA, team.entra_id),
            (PERSONAL_DATA, "nobody@contoso.com"),
            (SHARED_PROFILE_DATA, now.entra_id),
        ):
            with pytest.raises(NotFound):
                subject(export, given)


def _drive(tables: Tables, owner: Principal) -> None:
    listed: list[tuple[str, str, int | None, str | None]] = [
        ("Trips", "folder", None, None),
        ("Trips/May.docx", "file", 3, "k:may"),
        ("Trips/lost.docx", "file", 5, None),
        ("odd./a\\b.txt", "file", 1, "k:odd"),
        ("twice.txt", "file", 1, "k:1"),
        ("twice.txt", "file", 1, "k:2"),
    ]
    for path, kind, size, key in listed:
        tables.put("drive_item", owner=tables.number[owner], path=path, kind=kind, size=size, created_at=AS_OF,
                   modified_at=AS_OF - timedelta(days=3), modified_by=owner.upn, content=key)  # fmt: skip


def test_files_of_the_onedrive_are_delivered_or_named() -> None:
    """Every file of the listing is delivered under the name the listing gives, or is a gap with a reason."""
    t = Tenant()
    anna = t.user("Anna")
    with open_people(t, amend=lambda tables: _drive(tables, anna)) as people:
        found = people.of(anna)
    items = found["50/Items.json"]
    delivered = {item["file"]: item["path"] for item in items if item["file"]}
    assert {content.path: content.title for content in found.contents} == delivered
    assert len(delivered) == 4
    assert delivered["50/Files/Trips/May.docx"] == "Trips/May.docx"
    assert all("\\" not in path and "./" not in path for path in delivered)
    by_title = sorted((content.title, b"".join(content.open())) for content in found.contents)
    assert by_title == [
        ("Trips/May.docx", b"bytes of k:may"),
        ("odd./a\\b.txt", b"bytes of k:odd"),
        ("twice.txt", b"bytes of k:1"),
        ("twice.txt", b"bytes of k:2"),
    ]
    assert found.reasons("50/Files/Trips/lost.docx") == [
        "The file is listed, but its contents are not held here."
    ]
    assert items[0]["kind"] == "folder"
    assert items[0]["modifiedDateTime"] == "2026-05-29T12:00:00Z"


def test_times_of_records() -> None:
    """A record's time is its own where it has one, a day's midnight included, else the snapshot's; all in UTC."""
    t = Tenant()
    anna = t.user("Anna")

    def live(tables: Tables) -> None:
        me = tables.number[anna]
        tables.put(
            "activity_event",
            principal=me,
            at=AS_OF - timedelta(days=31, microseconds=1),
            workload="Teams",
            operation="Joined",
            object=None,
            site=None,
            detail=None,
        )
        tables.put("person_day", principal=me, day=date(2026, 5, 2), files_synced=4)
        tables.put("person_usage", principal=me, report="getTeamsUserActivityUserDetail", refresh_date=date(2026, 5, 3),
                   period=7, position=1, row_json='{"Meeting Count": "3"}')  # fmt: skip

    with open_people(t, amend=live) as people:
        found = people.of(anna)
    ((when, event),) = found.records["60/Events.json"]
    assert when.isoformat() == "2026-05-01T11:59:59.999999+00:00"
    assert event["dateTime"] == "2026-05-01T11:59:59.999999Z"
    ((when, day),) = found.records["60/Days.json"]
    assert when.isoformat() == "2026-05-02T00:00:00+00:00"
    assert (day["day"], day["filesSynced"], day["meetings"]) == ("2026-05-02", 4, None)
    ((when, row),) = found.records["60/UsageReports.json"]
    assert (when.date(), row["row"]) == (date(2026, 5, 3), {"Meeting Count": "3"})
    ((when, _),) = found.records["10/Profile.json"]
    assert when.isoformat() == "2026-06-01T12:00:00+00:00"
    assert found.reasons("60/Events.json") == found.reasons("60/Days.json") == []


def test_what_was_never_loaded_is_a_gap_and_not_an_empty_file() -> None:
    """Facts that a snapshot holds of nobody are gaps; their files are not made, nobody having looked."""
    t = Tenant()
    anna = t.user("Anna")
    with open_people(t) as people:
        found = people.of(anna)
    assert not UNLOADED & set(found.records)
    assert {gap.path for gap in found.gaps} == UNLOADED | {"10/Profile.json"}


def test_an_inbound_profile_keeps_what_a_source_tells_of_it() -> None:
    """Facts that an inbound profile should have in its own tenant alone are not left out where a source has them."""
    t = Tenant()
    nadia = t.user("Nadia", user_type="B2B direct")

    def more(tables: Tables) -> None:
        _drive(tables, nadia)
        tables.put(
            "license", principal=tables.number[nadia], sku="a", name="Plan", assigned_at=AS_OF, state="Active"
        )

    with open_people(t, amend=more) as people:
        found = people.of(nadia)
    assert found["10/Profile.json"][0]["userId"] == nadia.entra_id
    assert [row["skuId"] for row in found["10/Licenses.json"]] == ["a"]
    assert len(found.contents) == 4
    assert found.reasons("50/Files/Trips/lost.docx")


def test_a_onedrive_without_a_listing_is_a_gap() -> None:
    """Where files of others are listed and none of a person who has a OneDrive, that is said."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    t.admin(t.site("Anna", "OneDrive"), anna)
    with open_people(t, amend=lambda tables: _drive(tables, bert)) as people:
        found, other = people.of(anna), people.of(bert)
    assert found["50/Items.json"] == []
    assert [row["siteName"] for row in found["50/Drive.json"]] == ["Anna"]
    assert len(found.reasons("50/Items.json")) == 1
    assert other.reasons("50/Items.json") == []


def test_unknown_rosters_and_groups_are_gaps() -> None:
    """Channels without a roster and groups without known members may concern anybody: both are gaps."""
    t = Tenant()
    anna = t.user("Anna")
    t.site("Deals", "Microsoft Teams", channel="Deals")
    known = t.site("Plans", "Microsoft Teams", channel="Plans")
    known.roster.append(t.user("Bert"))
    t.grant(known.root, t.group("Partners", kind="external_group", status="unresolved"), "Read")
    with open_people(t) as people:
        found = people.of(anna)
    assert found["30/Channels.json"] == []
    assert [reason[:44] for reason in found.reasons("30/Channels.json")] == [
        "The roster of 1 private or shared channels i"
    ]
    assert [reason[:8] for reason in found.reasons("20/Memberships.json")] == ["1 groups"]


def test_problems_of_the_source_reach_those_they_may_concern() -> None:
    """What the source reported of somebody of this name, of a site the person reaches or of the whole tenant
    is a gap each; what it could not name on other sites is counted; what it said of others is not told."""
    t = Tenant()
    anna = t.user("Anna")
    near, far = t.site("Near"), t.site("Far")
    t.grant(near.root, anna, "Read")

    def report(tables: Tables) -> None:
        for site, principal, code in (
            (near, None, "OBJECT_UNPLACED"), (far, None, "OBJECT_UNPLACED"), (far, "anna", "PRINCIPAL_UNRESOLVED"),
            (None, None, "ROWS_REJECTED"), (near, "Bert", "ID_MISMATCH"),
        ):  # fmt: skip
            tables.put("source_problem", severity="Warning", site=tables.sites[site] if site else None, object=None,
                       principal=principal, code=code, message=f"{code} happened.")  # fmt: skip

    with open_people(t, amend=report) as people:
        reasons = people.of(anna).reasons("30/Access.json")
    assert reasons == [
        "ROWS_REJECTED happened. [ROWS_REJECTED]",
        f"PRINCIPAL_UNRESOLVED happened. ({far.url}) [PRINCIPAL_UNRESOLVED]",
        f"OBJECT_UNPLACED happened. ({near.url}) [OBJECT_UNPLACED]",
        "On sites that the person is not known to reach, the source reported 1 times something that could not be "
        "placed or had no name. Whether it concerns this person cannot be told.",
    ]


def test_a_bundle_is_the_same_every_time_and_plain_json() -> None:
    """The same request on the same snapshot gives the same records in the same order; all are JSON values."""
    t = Tenant()
    anna, bert = t.user("Anna"), t.user("Bert")
    leads = t.group("Leads", [anna, bert])
    site = t.site("Budget")
    for n in range(5):
        t.grant(site.root.library("Docs").file(f"{n}.docx"), leads, "Read")

    def more(tables: Tables) -> None:
        _drive(tables, anna)
        tables.put("manager", principal=tables.number[bert], manager=tables.number[anna])
        for sku in ("b", "a"):
            tables.put(
                "license",
                principal=tables.number[anna],
                sku=sku,
                name="Plan",
                assigned_at=AS_OF,
                state="Active",
            )

    with open_people(t, amend=more) as people:
        with people.facts() as facts:
            bundle = bundle_of(facts, anna)
            assert (bundle.subject, bundle.display_name) == (anna.entra_id, "Anna")
            assert any(line.item == "Not covered" for line in bundle.about())
            first = pull(bundle)
            assert bundle.expected == len(first.records) + len(first.contents)
        second = people.of(anna)
    assert first.records == second.records
    assert first.gaps == second.gaps
    assert [content.path for content in first.contents] == [content.path for content in second.contents]
    assert [r["skuId"] for r in first["10/Licenses.json"]] == ["a", "b"]
    assert [r["displayName"] for r in first["10/DirectReports.json"]] == ["Bert"]
    written = json.dumps({path: [row for _, row in rows] for path, rows in first.records.items()})
    assert json.loads(written)["10/Profile.json"][0]["id"] == anna.entra_id


def test_a_large_onedrive_is_read_in_pages() -> None:
    """Over the borders of pages every file is delivered once, in the order of paths, and every lack is told."""
    t = Tenant()
    anna = t.user("Anna")
    count = 2 * person_gaps.PAGE + 10

    def fill(tables: Tables) -> None:
        for n in range(2 * count):
            tables.put("drive_item", owner=tables.number[anna], path=f"Many/{n:06d}", kind="file", size=n,
                       content=f"k:{n}" if n % 2 else None)  # fmt: skip

    with open_people(t, amend=fill) as people:
        found = people.of(anna)
    assert [content.size for content in found.contents] == list(range(1, 2 * count, 2))
    missing = [gap.path for gap in found.gaps if gap.path.startswith("50/Files/")]
    assert missing == [f"50/Files/Many/{n:06d}" for n in range(0, 2 * count, 2)]


@BOTH
def test_the_sample_is_a_valid_request(export: Export) -> None:
    """The catalog's sample is admitted where the tenant has such a person, and well formed where it has none."""
    t = Tenant()
    t.user("Anna")
    t.user("Nadia", user_type="B2B direct")
    with open_people(t) as people, people.facts() as facts:
        ((wire, (given,)),) = export.sample(facts).items()
        assert wire == export.fields[0].wire
        assert ask(export, facts, given).subject == given
    with open_people(Tenant()) as people, people.facts() as facts:
        export.read(export.sample(facts))


def test_every_file_and_member_is_documented() -> None:
    """docs/personal-data.md names every product, every file and every member of its records, and no other."""
    page = (ROOT / "docs" / "personal-data.md").read_text("utf-8")
    told: dict[str, list[str]] = {}
    for section in page.split("\n### ")[1:]:
        path = section.split()[0].strip("`")
        told[path] = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    made: dict[str, list[str]] = {}
    for file in (*person_files.PERSON_FILES, person_files.INBOUND_PROFILE):
        names = [column.name for column in file.columns if column.name != "copy"]
        made.setdefault(file.path, []).extend(name for name in names if name not in made[file.path])
    made[person_files.DRIVE_ITEMS.path].append("file")
    assert {path: sorted(names) for path, names in told.items()} == {
        path: sorted(names) for path, names in made.items()
    }
    for number, name in person_files.PRODUCTS.items():
        assert re.search(rf"^## {number} {name}$", page, re.MULTILINE)
