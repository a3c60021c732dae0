"""Delivery into a folder: whole or not at all, verified, removed for good."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from waybill.delivery import folder
from waybill.errors import DataProblem

DATA = b"report" * 1_000


def published(tmp_path: Path) -> Path:
    temporary = tmp_path / "x.tmp"
    temporary.write_bytes(DATA)
    final = tmp_path / "files" / "tenant" / "job" / "x.zip"
    folder.publish(temporary, final)
    return final


def test_publishing_moves_the_whole_file(tmp_path: Path) -> None:
    """After publish the file is under its final name alone, and verifies."""
    final = published(tmp_path)
    assert (final.read_bytes(), (tmp_path / "x.tmp").exists()) == (DATA, False)
    folder.verify(final, len(DATA), hashlib.sha256(DATA).hexdigest())


def test_publishing_again_replaces(tmp_path: Path) -> None:
    """Publishing twice, as after a crash, leaves one file."""
    published(tmp_path)
    assert list(published(tmp_path).parent.iterdir()) == [tmp_path / "files/tenant/job/x.zip"]


@pytest.mark.parametrize("found", [DATA[:-1], DATA[:-1] + b"X", None])
def test_a_file_that_is_not_what_was_written_is_refused(tmp_path: Path, found: bytes | None) -> None:
    """A published file that is short, different or gone does not verify."""
    final = published(tmp_path)
    final.unlink() if found is None else final.write_bytes(found)
    with pytest.raises(DataProblem, match=r"x\.zip"):
        folder.verify(final, len(DATA), hashlib.sha256(DATA).hexdigest())


def test_removing_is_for_good_and_may_be_repeated(tmp_path: Path) -> None:
    """remove deletes the job's folder; removing what is not there is fine."""
    final = published(tmp_path)
    folder.remove(final.parent)
    folder.remove(final.parent)
    assert (final.parent.exists(), final.parent.parent.exists()) == (False, True)
