"""Delivering a bundle: exact, the same however often it is cut short, and never two of anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.jobs.toy_bundle import (
    NAME,
    PERSON,
    WHEN,
    Box,
    Parts,
    content,
    export_of,
    facts_named,
    fail_at,
    parts_with_gaps,
    records,
    usual_parts,
)
from waybill.errors import Cancelled, ContentMissing, DataProblem
from waybill.export import Bundle, Content, Gap, Produced, Records
from waybill.files.manifest import INDEX, MANIFEST, REQUEST_INFO
from waybill.jobs.bundle import Delivery, deliver_bundle

INFO = b'{"CommandId": "op"}\n'


class Watched:
    """Keeps what it is told, and raises what it is given, once, at a path."""

    def __init__(self, stop_at: str = "", error: BaseException | None = None) -> None:
        self.stop_at, self.error = stop_at, error
        self.files: list[tuple[int, int]] = []
        self.rows: dict[str, int] = {}

    def wrote(self, sheet: str, rows: int) -> None:
        self.rows[sheet] = self.rows.get(sheet, 0) + rows
        if sheet == self.stop_at and self.error is not None:
            error, self.error = self.error, None
            raise error

    def delivered(self, files: int, expected: int) -> None:
        self.files.append((files, expected))


@dataclass(frozen=True, slots=True)
class Desk:
    """A container and everything else one delivery takes."""

    box: Box
    folder: Path

    def deliver(self, parts: Parts, *gaps: Gap, watch: Watched | None = None) -> Produced:
        export = export_of(parts, *gaps)
        facts = facts_named("t1", "s1")
        bundle = export.report(PERSON, facts)
        assert isinstance(bundle, Bundle)
        delivery = Delivery("op", PERSON, WHEN, INFO, self.box, self.folder / "op.journal")
        scratch = self.folder / "work"
        scratch.mkdir(exist_ok=True)
        try:
            return deliver_bundle(bundle, facts, delivery, scratch, watch or Watched())
        finally:
            for path in scratch.iterdir():
                path.unlink()

    @property
    def manifest(self) -> Any:
        return json.loads(self.box.blobs[MANIFEST])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(Box({REQUEST_INFO: INFO}), tmp_path)


def assert_exact(desk: Desk) -> None:
    """The container holds what the manifest lists, and the manifest, and nothing else."""
    listed = {one["path"]: (one["size"], one["sha256"]) for one in desk.manifest["files"]}
    found = {path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in desk.box.blobs.items()}
    assert len(listed) == len(desk.manifest["files"])
    del found[MANIFEST]
    assert listed == found


def test_the_container_holds_what_the_manifest_lists(desk: Desk) -> None:
    """Every file in the container is listed with its size, SHA-256 and rows, and every listed file is there."""
    made = desk.deliver(usual_parts)
    assert_exact(desk)
    files = {one["path"]: one for one in desk.manifest["files"]}
    assert list(files)[:3] == [INDEX, REQUEST_INFO, "20/Things.json"]
    assert (files["20/Things.json"]["rows"], files["21/Files/file 2 ü#%.bin"]["rows"]) == (3, None)
    assert made.sha256 == hashlib.sha256(desk.box.blobs[MANIFEST]).hexdigest()
    assert made.size == sum(map(len, desk.box.blobs.values()))
    assert (made.exceptions, made.counts[0].rows) == (0, len(desk.box.blobs))


def test_the_manifest_is_sent_last_and_the_page_before_it(desk: Desk) -> None:
    """Whoever sees the manifest sees everything it lists."""
    desk.deliver(usual_parts)
    assert list(desk.box.sent)[-2:] == [INDEX, MANIFEST]


def test_records_are_json_with_time_and_operation(desk: Desk) -> None:
    """A file of records is an array of objects with time, correlation id and properties."""
    desk.deliver(usual_parts)
    told = json.loads(desk.box.blobs["20/Things.json"])
    assert [one["properties"]["number"] for one in told] == [0, 1, 2]
    assert told[0] == {
        "time": "2026-01-01T12:00:00Z",
        "correlationId": "op",
        "properties": {"number": 0, "name": NAME, "nothing": None},
    }
    assert len(json.loads(desk.box.blobs["20/Many.json"])) == 30_000


def test_what_was_found_empty_is_named_and_not_delivered(desk: Desk) -> None:
    """A file without records is not delivered; the manifest says that it was looked for."""
    desk.deliver(usual_parts)
    assert [one["path"] for one in desk.manifest["empty"]] == ["20/None.json"]
    assert "20/None.json" not in desk.box.blobs


def test_gaps_are_named_in_the_manifest(desk: Desk) -> None:
    """What could not be read, what was not delivered, and a file of another size than stated are gaps."""

    def parts() -> Iterator[Records | Content]:
        def torn() -> Iterator[Any]:
            raise ContentMissing("The table is torn.")

        yield Records("20/Torn.json", "Toys", "Torn", "the toy box", torn)
        yield from parts_with_gaps()

    made = desk.deliver(parts, Gap("mailbox", "It is not in the snapshot."))
    assert made.exceptions == 4
    assert [(gap["path"], gap["reason"]) for gap in desk.manifest["gaps"]] == [
        ("20/Torn.json", "The table is torn."),
        ("21/Files/lost.bin", "The bytes are not kept."),
        ("21/Files/shorter.bin", "Its source states 12 bytes, and gave 10, which are delivered."),
        ("mailbox", "It is not in the snapshot."),
    ]
    assert_exact(desk)


@pytest.mark.parametrize(
    "path", ["20/Things.json", "20/Many.json", "21/Files/file 1 ü#%.bin", INDEX, MANIFEST]
)
@pytest.mark.parametrize("together", [1, 3])
def test_a_run_that_was_cut_short_is_taken_up(tmp_path: Path, path: str, together: int) -> None:
    """However a run ends at whatever file, the next one sends no finished file again, and the container ends
    the same as after an undisturbed run."""
    undisturbed, cut = (
        Desk(Box({REQUEST_INFO: INFO}, together=together), tmp_path / name) for name in ("a", "b")
    )
    for desk in (undisturbed, cut):
        desk.folder.mkdir()
    undisturbed.deliver(parts_with_gaps)
    cut.box.before = fail_at(path, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        cut.deliver(parts_with_gaps)
    cut.deliver(parts_with_gaps)
    assert cut.box.blobs == undisturbed.box.blobs
    assert set(cut.box.sent.values()) == {1}


def test_running_again_after_the_end_sends_nothing(desk: Desk) -> None:
    """A job that is run again after everything was delivered finds the same and sends nothing."""
    first = desk.deliver(parts_with_gaps)
    sent = dict(desk.box.sent)
    assert desk.deliver(parts_with_gaps) == first
    assert desk.box.sent == sent


def test_nothing_comes_after_the_manifest(desk: Desk) -> None:
    """A file that can be read only when the manifest has been delivered is not added to the container."""
    desk.deliver(parts_with_gaps)

    def found_again() -> Iterator[Records | Content]:
        yield from usual_parts()
        yield content("21/Files/lost.bin", 5)

    desk.deliver(found_again)
    assert "21/Files/lost.bin" not in desk.box.blobs
    assert_exact(desk)


@pytest.mark.parametrize("error", [Cancelled("Stop."), KeyboardInterrupt()])
@pytest.mark.parametrize("path", ["20/Many.json", "21/Files/file 1 ü#%.bin"])
def test_who_watches_can_stop_it(desk: Desk, path: str, error: BaseException) -> None:
    """What the watch raises, at a row or at a file, ends the delivery."""
    with pytest.raises(type(error)):
        desk.deliver(usual_parts, watch=Watched(path, error))
    assert MANIFEST not in desk.box.blobs


def test_a_delivery_that_is_stopped_is_closed_at_once(desk: Desk) -> None:
    """When the watch stops it between two files, the delivery is closed before the error goes further."""

    class Stopping(Watched):
        def delivered(self, files: int, expected: int) -> None:
            super().delivered(files, expected)
            if files > 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        desk.deliver(usual_parts, watch=Stopping())
    assert (desk.box.open, stopped.value is not None) == (0, True)  # the traceback is still held here


def test_progress_counts_up_to_what_is_expected(desk: Desk) -> None:
    """Progress only grows, and each part counts once, whether delivered, empty or missing."""
    watch = Watched()
    desk.deliver(parts_with_gaps, watch=watch)
    counts = [files for files, _ in watch.files]
    assert counts == sorted(counts)
    assert watch.rows["20/Many.json"] == 30_000


def test_no_working_file_outlives_its_delivery(desk: Desk) -> None:
    """Records lie in the work folder only until they have arrived."""
    seen: list[int] = []
    desk.box.together = 1

    def many() -> Iterator[Records | Content]:
        for number in range(20):
            seen.append(len(list((desk.folder / "work").iterdir())))
            yield records(f"20/{number}.json", 2)

    desk.deliver(many)
    assert max(seen) <= 1


@pytest.mark.parametrize("name", [INDEX, MANIFEST, REQUEST_INFO])
def test_our_own_names_are_not_given_away(desk: Desk, name: str) -> None:
    """No part of a bundle can take the place of the manifest, the page or RequestInfo.json."""
    with pytest.raises(DataProblem, match=name):
        desk.deliver(lambda: iter([content(name, 1)]))
