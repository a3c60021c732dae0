"""Laws of bundles, over every export that delivers one: exact, the same again, cut short or not, and walled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.laws.bundles import (
    BUNDLES,
    OPERATION,
    Count,
    Delivered,
    Stop,
    StopAt,
    deliver,
    faults_of,
    files_below,
    records_in,
    sample,
    subject_of,
)
from tests.laws.serving import serving, wait_until
from tests.laws.tenants import Practice, copied
from waybill.delivery.outgoing import unfit
from waybill.errors import NotFound
from waybill.export import Export, Facts, Received, Sql, Where
from waybill.files.manifest import INDEX, MANIFEST, REQUEST_INFO
from waybill.jobs.operations import Status
from waybill.tenant.amend import Change

GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NOBODY = "0badcafe-0000-4000-8000-000000000bad"
EVERYBODY = Sql("SELECT entra_id FROM principal WHERE kind = 'user' AND entra_id IS NOT NULL ORDER BY id")
OTHER_PROFILES = (
    "UPDATE principal SET entra_id = 'feedbeef' || substr(entra_id, 9) "
    "WHERE user_type = 'B2B direct' AND entra_id IS NOT NULL"
)
STOPS = 5

every_bundle = pytest.mark.parametrize("export", BUNDLES, ids=lambda export: str(export.name))


@pytest.fixture(scope="module")
def undisturbed(
    practice: Practice, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Delivered, Count]]:
    """Each export's sample, delivered whole, with what its watch was told."""
    made = {}
    for export in BUNDLES:
        watch = Count()
        folder = tmp_path_factory.mktemp("whole") / export.name
        made[export.name] = (deliver(practice, export, sample(practice, export), folder, watch), watch)
    return made


Whole = dict[str, tuple[Delivered, Count]]


@every_bundle
def test_the_container_is_its_manifest(undisturbed: Whole, export: Export) -> None:
    """What lies there is exactly what the manifest lists, by size and SHA-256, with the manifest; what is missing
    is counted, and nothing is both empty and there."""
    delivered, _ = undisturbed[export.name]
    manifest = delivered.manifest
    assert faults_of(delivered.folder) == []
    assert manifest["counts"]["files"] == len(manifest["files"]) > 3
    assert delivered.produced.exceptions == manifest["counts"]["gaps"] == len(manifest["gaps"])
    assert not {one["path"] for one in manifest["empty"]} & delivered.files().keys()
    for one in manifest["files"]:
        assert one["source"], one
        assert one["title"], one
        assert one["ageInSeconds"] >= 0


@every_bundle
def test_every_record_has_its_time_and_operation(undisturbed: Whole, export: Export) -> None:
    """Each file of records has as many as the manifest says, each with a time in UTC, the operation and members."""
    told = list(records_in(undisturbed[export.name][0]))
    assert told
    for entry, records in told:
        assert (len(records), len(records) > 0) == (entry["rows"], True), entry["path"]
        for record in records:
            assert list(record) == ["time", "correlationId", "properties"]
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", record["time"])
            assert record["correlationId"] == OPERATION
            assert isinstance(record["properties"], dict)


@every_bundle
def test_paths_are_fit_for_every_storage(undisturbed: Whole, export: Export) -> None:
    """No path is refused by storage, and no two paths are one on a disk that ignores letter case."""
    paths = list(undisturbed[export.name][0].files())
    assert [path for path in paths if unfit(path)] == []
    assert len({path.casefold() for path in paths}) == len(paths)


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]


@every_bundle
def test_the_page_leads_to_every_file(undisturbed: Whole, export: Export) -> None:
    """index.html links to each file but itself, once, by its place beside the page, and runs nothing."""
    files = undisturbed[export.name][0].files()
    page = _Links(files[INDEX].decode())
    assert all(link.startswith("./") for link in page.links)
    assert sorted(unquote(link.removeprefix("./")) for link in page.links) == sorted(files.keys() - {INDEX})
    assert not page.tags & {"script", "img", "iframe", "object", "link", "form"}


@every_bundle
def test_again_is_the_same(practice: Practice, undisturbed: Whole, tmp_path: Path, export: Export) -> None:
    """The same operation delivered anew gives the same bytes in every file, the page and the manifest included."""
    again = deliver(practice, export, sample(practice, export), tmp_path / "again")
    assert again.files() == undisturbed[export.name][0].files()


@every_bundle
def test_another_operation_differs_in_its_id_alone(
    practice: Practice, undisturbed: Whole, tmp_path: Path, export: Export
) -> None:
    """Another operation for the same person has the same records and files; only the operation's id differs."""
    other = deliver(practice, export, sample(practice, export), tmp_path / "other", operation=OPERATION[::-1])
    first, second = undisturbed[export.name][0].files(), other.files()
    assert first.keys() == second.keys()
    for path in first.keys() - {INDEX, MANIFEST}:  # these name hashes of files that hold the id
        assert second[path].replace(OPERATION[::-1].encode(), OPERATION.encode()) == first[path], path


@every_bundle
def test_two_houses_agree(other_house: Practice, undisturbed: Whole, tmp_path: Path, export: Export) -> None:
    """Two data folders that were filled with the same tenant separately deliver the same bytes."""
    made = deliver(other_house, export, sample(other_house, export), tmp_path / "made")
    assert made.files() == undisturbed[export.name][0].files()


@every_bundle
def test_cut_short_and_taken_up_is_the_same(
    practice: Practice, undisturbed: Whole, tmp_path: Path, export: Export
) -> None:
    """Stopped at any moment and run again, a delivery ends the same; meanwhile no half file is seen, and what
    had arrived is not written again."""
    whole, watch = undisturbed[export.name]
    expected = whole.files()
    asked = sample(practice, export)
    for number in sorted({watch.told * stop // STOPS for stop in range(STOPS)}):
        folder = tmp_path / f"cut at {number}"
        with pytest.raises(Stop):
            deliver(practice, export, asked, folder, StopAt(number))
        before = files_below(folder)
        assert {path: data for path, data in before.items() if expected.get(path) != data} == {}
        seen = {path: (folder / path).stat().st_ino for path in before}
        assert deliver(practice, export, asked, folder).files() == expected
        arrived = [path for path in seen if (folder / path).stat().st_ino == seen[path]]
        assert len(arrived) >= len(seen) - 1  # one may have been in place without anybody having noted it


@every_bundle
def test_progress_only_grows(undisturbed: Whole, export: Export) -> None:
    """Progress never goes back, and about as many files come as were expected."""
    _, watch = undisturbed[export.name]
    done = [files for files, _ in watch.progress]
    assert done == sorted(done)
    files, expected = watch.progress[-1]
    assert 0.8 <= (files + 2) / expected <= 1.25


@every_bundle
def test_the_subject_is_an_object_id(practice: Practice, export: Export) -> None:
    """The person asked for is named by a lower-case GUID, on every tenant."""
    for guest in range(len(practice.guests)):
        with practice.facts(guest) as facts:
            asked = export.sample(facts)
            export.admit(export.read(asked), facts)
            assert re.fullmatch(GUID, subject_of(export, asked, facts))


def answers(export: Export, guid: str, facts: Facts) -> bool:
    """Whether the export knows this person in this tenant."""
    try:
        export.admit(export.read(persons_asked(export, guid)), facts)
    except NotFound:
        return False
    return True


def persons_asked(export: Export, guid: str) -> Received:
    """A request for the person with this object id."""
    (field,) = (field for field in export.fields if field.where is Where.PATH)
    return {field.wire: (guid,)}


@pytest.fixture
def strangers(original: Practice, tmp_path: Path) -> Iterator[AbstractContextManager[Facts]]:
    """The other tenant, in a copy where its inbound profiles are its own: practice tenants share theirs."""
    with copied(original, tmp_path / "strangers") as practice:
        registry = practice.house.registry
        tenant = registry.tenant(practice.guests[1].tenant)
        amendment = registry.amend(tenant)
        amendment.connection.execute(OTHER_PROFILES)
        made = registry.publish_amended(tenant, amendment, Change("other profiles", derive=True), "strangers")
        yield practice.house.open_facts(tenant.id, made.id)


@every_bundle
def test_another_tenants_person_is_nobody(
    practice: Practice, strangers: AbstractContextManager[Facts], export: Export
) -> None:
    """A person of another tenant is refused in the same words as one who does not exist, however it is asked."""
    with strangers as theirs, practice.facts(0) as mine:
        known = {str(guid) for (guid,) in mine.table(EVERYBODY)}
        foreign = [str(guid) for (guid,) in theirs.table(EVERYBODY) if guid not in known]
        stranger = next(guid for guid in foreign if answers(export, guid, theirs))
        for ask in (export.admit, export.subject, export.report):
            told = []
            for guid in (stranger, NOBODY):
                assert ask is not None
                with pytest.raises(NotFound) as refused:
                    ask(export.read(persons_asked(export, guid)), mine)
                told.append(str(refused.value).replace(guid, "ID"))
            assert told[0] == told[1]


def test_accepted_is_kept(original: Practice, tmp_path: Path) -> None:
    """After kill -9 of the server in the middle, and a restart, every accepted operation ends complete by itself,
    once, and its folder is exact."""
    with copied(original, tmp_path / "data") as practice:
        guest, operations = practice.guests[0], practice.house.operations
        begun = {}
        for export in BUNDLES:
            asked = sample(practice, export)
            with practice.facts() as facts:
                subject = subject_of(export, asked, facts)
            begun[export.name] = operations.begin_local(
                guest.tenant, export.name, subject, asked, "laws", guest.snapshot, tmp_path / export.name
            )
        with serving(practice.data, tmp_path / "log"):
            wait_until(lambda: list(tmp_path.glob("*/[0-9]*/*.json")), "a file is there", every=0.001)
        with serving(practice.data, tmp_path / "log"):
            wait_until(
                lambda: all(one.completed for one in operations.list(guest.tenant)), "all end", every=0.05
            )
        for export in BUNDLES:
            done = operations.get(guest.tenant, begun[export.name].id)
            folder = tmp_path / export.name
            assert (done.status, done.error, faults_of(folder)) == (Status.COMPLETE, "", [])
            assert json.loads((folder / REQUEST_INFO).read_bytes())["CommandId"] == done.id
        assert list(practice.house.settings.deliveries_path.iterdir()) == []
