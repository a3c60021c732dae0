"""Delivery into a local folder keeps the laws of a container."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.delivery.delivery_parts import content, digests, nothing, outgoing, outgoings, told
from waybill.delivery import tree
from waybill.delivery.journal import Journal
from waybill.delivery.outgoing import Delivered, DeliveryFailed, Outgoing, Undelivered
from waybill.errors import ContentMissing, DataProblem, LocationFault, LocationRefused

FILES = {"20/a.json": b"[]", "30/ü/b.bin": content(300_000, 1), "30/empty": b"", "index.html": b"<p>"}


class Stop(BaseException):
    """What a process that must end raises from `wrote`."""


def found(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_files_arrive_whole_and_once(tmp_path: Path) -> None:
    """Files lie under their names, are told with size and SHA-256, and are not opened again by a second run."""
    folder = tmp_path / "export"
    tree.claim(folder, b"{}")
    with Journal(tmp_path / "journal") as journal:
        sent = list(tree.Tree(folder).deliver(outgoings(FILES), journal, nothing))
    unopened = [Outgoing(path, None, lambda: iter([b"other"])) for path in FILES]
    with Journal(tmp_path / "journal") as journal:
        again = list(tree.Tree(folder).deliver(iter(unopened), journal, nothing))
    assert told(sent) == told(again) == digests(FILES)
    assert found(folder) == {**FILES, "RequestInfo.json": b"{}"}


def test_an_end_at_any_moment_leaves_no_half_file(tmp_path: Path) -> None:
    """Whenever a run is ended, each file is there whole or not at all, and the next run completes them."""
    folder = tmp_path / "export"
    tree.claim(folder, b"{}")
    files = outgoings(FILES)
    for limit in (1, 2, 3, 4, 1000):
        calls = 0

        def wrote(_path: str, _size: int, limit: int = limit) -> None:
            nonlocal calls
            calls += 1
            if calls == limit:
                raise Stop

        files = outgoings(FILES)
        with Journal(tmp_path / "journal") as journal:
            try:
                sent = list(tree.Tree(folder).deliver(files, journal, wrote))
            except Stop:
                assert found(folder).items() <= {**FILES, "RequestInfo.json": b"{}"}.items()
            else:
                assert told(sent) == digests(FILES)
    assert found(folder) == {**FILES, "RequestInfo.json": b"{}"}


def test_a_folder_takes_one_export(tmp_path: Path) -> None:
    """A folder that holds anything is refused; a released one may be claimed again."""
    folder = tmp_path / "export"
    tree.claim(folder, b"{}")
    with pytest.raises(LocationRefused, match="not empty") as caught:
        tree.claim(folder, b"{}")
    assert caught.value.fault is LocationFault.USED
    assert tree.release(folder)
    tree.claim(folder, b"{}")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LocationRefused) as caught:
        tree.claim(tmp_path / "file" / "below", b"{}")
    assert caught.value.fault is LocationFault.NO_WRITE


def test_what_cannot_be_a_file_is_left_out_alone(tmp_path: Path) -> None:
    """Paths that leave the folder, names too long for it and missing content are told; the others arrive."""

    def missing() -> Iterator[bytes]:
        yield b"half"
        raise ContentMissing("It was not kept.")

    bad = ["../outside", "/absolute", "a/../b", "./c", "", "x" * 300, "nul\0", "a\\b"]
    files = [outgoing(path, b"x") for path in bad] + [Outgoing("gone", None, missing), outgoing("good", b"x")]
    folder = tmp_path / "export"
    tree.claim(folder, b"{}")
    with Journal(tmp_path / "journal") as journal:
        sent = list(tree.Tree(folder).deliver(iter(files), journal, nothing))
    assert [result.path for result in sent if isinstance(result, Undelivered)] == [*bad, "gone"]
    assert found(tmp_path) == {
        "export/good": b"x",
        "export/RequestInfo.json": b"{}",
        "journal": (tmp_path / "journal").read_bytes(),
    }


def test_what_somebody_else_put_there_stays(tmp_path: Path) -> None:
    """A file that appeared in the folder meanwhile is not overwritten, and two files of one path are a fault."""
    folder = tmp_path / "export"
    tree.claim(folder, b"{}")
    (folder / "a").write_bytes(b"theirs")
    with Journal(tmp_path / "journal") as journal:
        with pytest.raises(DeliveryFailed, match="a file a that this export did not write"):
            list(tree.Tree(folder).deliver(outgoings({"a": b"ours"}), journal, nothing))
        assert (folder / "a").read_bytes() == b"theirs"
        with pytest.raises(DataProblem, match="two files named b"):
            list(
                tree.Tree(folder).deliver(iter([outgoing("b", b"1"), outgoing("b", b"2")]), journal, nothing)
            )


def test_everything_is_open_to_its_owner_alone(tmp_path: Path) -> None:
    """A person's data on a shared machine is readable by the account that asked for it."""
    folder = tmp_path / "export"
    tree.claim(folder, b"{}")
    with Journal(tmp_path / "journal") as journal:
        list(tree.Tree(folder).deliver(outgoings(FILES), journal, nothing))
    assert [oct(p.stat().st_mode & 0o077) for p in folder.rglob("*") if p.stat().st_mode & 0o077] == []


def test_results_are_values() -> None:
    """What is told compares by value, so that a journal's line and a fresh delivery are the same."""
    assert Delivered("a", 1, "x") == Delivered("a", 1, "x") != Delivered("a", 1, "y")
