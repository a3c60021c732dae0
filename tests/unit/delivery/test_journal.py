"""The journal of a delivery: what it says survives any end of the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from waybill.delivery.journal import Delivered, Journal
from waybill.errors import DataProblem

DONE = Delivered("20/ü b.json", 7, "ab" * 32)


def test_what_was_said_is_known_after_opening_again(tmp_path: Path) -> None:
    """Announced and finished paths are there for the next run; others are not."""
    path = tmp_path / "deliveries" / "x.journal"
    with Journal(path) as journal:
        journal.begun(["a", DONE.path])
        journal.begun(["a"])
        journal.done(DONE)
        assert (journal.arrived(DONE.path), journal.was_begun("a")) == (DONE, True)
    assert len(path.read_bytes().splitlines()) == 2
    with Journal(path) as journal:
        assert journal.arrived(DONE.path) == DONE
        assert [journal.was_begun(name) for name in ("a", DONE.path, "b")] == [True, True, False]
        assert journal.arrived("a") is None


def test_a_journal_cut_at_any_byte_is_read_up_to_its_last_whole_line(tmp_path: Path) -> None:
    """However much of the last line a crash left, it is ignored, and what is written next is not spoilt."""
    path = tmp_path / "x.journal"
    with Journal(path) as journal:
        journal.begun(["a"])
        journal.done(DONE)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with Journal(path) as journal:
            assert journal.was_begun("a") is (end >= first)
            assert journal.arrived(DONE.path) is None
            journal.begun(["later"])
        with Journal(path) as journal:
            assert journal.was_begun("later")


def test_a_journal_is_open_to_its_owner_alone(tmp_path: Path) -> None:
    """The names of a person's files are nobody else's business."""
    with Journal(tmp_path / "x.journal"):
        assert (tmp_path / "x.journal").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text", ["no json\n", "[]\n", '{"begun": "a"}\n', '{"done": "a", "size": "1"}\n', "{}\n"]
)
def test_what_is_no_journal_is_refused(tmp_path: Path, text: str) -> None:
    """A damaged journal is told, not guessed at: a guess might leave half a container called complete."""
    path = tmp_path / "x.journal"
    path.write_text(text)
    with pytest.raises(DataProblem, match=r"x\.journal"):
        Journal(path)
