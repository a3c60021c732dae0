"""People's files end in the content store and in their drives, as they are, or are named with the reason."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.unit.load.load_parts import House
from waybill.errors import Conflict, DataProblem, NotFound
from waybill.ingest.folder import DriveCount, Refused
from waybill.ingest.folder.walk import MAX_DEPTH, Item, NotTaken, open_folder, walk
from waybill.tenant.contents import ContentStore

NAMES = (
    "plain.txt", "with blank.txt", "Grüße.txt", "u\u0308 decomposed.txt", "日本語.docx", "emoji 😀.bin", "100%.txt", "a#b.txt",
    "back\\slash.txt", "new\nline.txt", " lead", "trail ", "'quote\".txt", "CON", ".hidden", "~$lock.docx", "x" * 200,
)  # fmt: skip


def items(house: House, snapshot: str, owner: int = 0) -> list[tuple[str, str, int | None, str | None]]:
    return house.query(
        snapshot, f"SELECT path, kind, size, content FROM drive_item WHERE owner = {owner} ORDER BY path"
    )


def problems(house: House, snapshot: str, owner: int = 0) -> list[tuple[str, str]]:
    return house.query(
        snapshot, f"SELECT path, reason FROM drive_problem WHERE owner = {owner} ORDER BY path, reason"
    )


def test_a_folder_becomes_a_drive(house: House) -> None:
    """Files, folders, empty ones and any names arrive with their paths; the bytes come back from the store."""
    house.found()
    wanted = {f"Docs/{name}": name.encode() * 3 for name in NAMES} | {
        "empty.txt": b"",
        "a/b/c/deep.bin": b"\0" * 70_000,
    }
    for path, content in wanted.items():
        house.drop(f"anna@contoso.com/{path}", content)
    (house.inbox / "anna@contoso.com/nothing in it").mkdir()
    result = house.files()
    found = {row[0]: row[1:] for row in items(house, result.snapshot)}
    folders = {path for path, (kind, _, _) in found.items() if kind == "folder"}
    assert folders == {"Docs", "a", "a/b", "a/b/c", "nothing in it"}
    read = {
        path: b"".join(house.store.open(content or ""))
        for path, (kind, _, content) in found.items()
        if kind == "file"
    }
    assert read == wanted
    assert all(size == len(wanted[path]) for path, (kind, size, _) in found.items() if kind == "file")
    total = sum(map(len, wanted.values()))
    assert result.drives == {"anna@contoso.com": DriveCount(len(wanted), total, 5, 0, 1)}
    assert result.refused == ()
    assert house.leftovers() == []


def test_a_drive_is_replaced_whole_and_others_stay(house: House) -> None:
    """A person's drive is what the folder holds now; a person without a folder keeps the drive as it was."""
    house.found()
    house.drop("ANNA@Contoso.com/New.txt", b"new")
    first = house.files()
    assert [row[0] for row in items(house, first.snapshot)] == ["New.txt"]
    assert [row[0] for row in items(house, first.snapshot, 2)] == ["Boris.txt"]
    (house.inbox / "ANNA@Contoso.com/New.txt").unlink()
    second = house.files()
    assert items(house, second.snapshot) == []
    assert second.drives == {"anna@contoso.com": DriveCount(0, 0, 0, 0, 1)}
    assert house.registry.latest(second.tenant).source == "mgdc + files"


def test_what_is_no_file_is_refused_and_named(house: House) -> None:
    """Symlinks, pipes, sockets and names that are not UTF-8 are never followed or opened, and named."""
    house.found()
    folder = house.drop("anna@contoso.com/fine.txt", b"fine").parent
    secret = house.folder / "secret.txt"
    secret.write_bytes(b"secret")
    (folder / "link.txt").symlink_to(secret)
    (folder / "linked").symlink_to(house.folder, target_is_directory=True)
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket may have 107 bytes only
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
        (folder / os.fsdecode(b"bad\xff.txt")).write_bytes(b"x")
        result = house.files()
    assert [row[0] for row in items(house, result.snapshot)] == ["fine.txt"]
    assert {f"anna@contoso.com/{path}" for path, _ in problems(house, result.snapshot)} == {
        one.name for one in result.refused
    }
    assert set(result.refused) == {
        Refused("anna@contoso.com/link.txt", "a symlink"),
        Refused("anna@contoso.com/linked", "a symlink"),
        Refused("anna@contoso.com/pipe", "neither a file nor a folder"),
        Refused("anna@contoso.com/socket", "neither a file nor a folder"),
        Refused("anna@contoso.com/bad\\udcff.txt", "its name is not UTF-8"),
    }


def test_folders_of_nobody_are_named_and_skipped(house: House) -> None:
    """Unknown and ambiguous names, loose files and a linked person's folder are named; the rest is taken."""
    house.found()
    house.drop("anna@contoso.com/a.txt", b"a")
    house.drop("eve@contoso.com/e.txt", b"e")
    house.drop("clara@contoso.com/c.txt", b"c")
    house.drop("loose.txt", b"l")
    house.drop("Anna@contoso.com/b.txt", b"b")
    (house.inbox / "boris@contoso.com").symlink_to(house.folder, target_is_directory=True)
    result = house.files()
    assert list(result.drives) == ["anna@contoso.com"]
    assert problems(house, result.snapshot) == [("", "a second folder of this person, anna@contoso.com")]
    stays = "boris@contoso.com is not a folder: the drive stays as it was"
    assert problems(house, result.snapshot, 2) == [("", stays)]
    assert {one.name: one.reason[:22] for one in result.refused} == {
        "eve@contoso.com": "nobody of this tenant'",
        "clara@contoso.com": "2 accounts of this ten",
        "loose.txt": "not a folder: each per",
        "anna@contoso.com": "anna@contoso.com has a",
        "boris@contoso.com": "not a folder: each per",
    }


class Meddling(ContentStore):
    """A store that lets somebody change a file after its first chunk was read."""

    def __init__(self, folder: Path, victim: Path, times: int) -> None:
        super().__init__(folder)
        self._victim = victim
        self.left = times

    def add(self, stream: Iterable[bytes]) -> str:
        def meddled() -> Iterator[bytes]:
            for number, chunk in enumerate(stream):
                yield chunk
                if number == 0 and self.left:
                    self.left -= 1
                    self._meddle()

        return super().add(meddled())

    def _meddle(self) -> None:
        with self._victim.open("ab") as file:
            file.write(b"more")


class Removing(ContentStore):
    """A store that removes `victim`, a file or a folder, just before it keeps the first file."""

    def __init__(self, folder: Path, victim: Path) -> None:
        super().__init__(folder)
        self._victim = victim

    def add(self, stream: Iterable[bytes]) -> str:
        if self._victim.is_dir():
            shutil.rmtree(self._victim)
        else:
            self._victim.unlink(missing_ok=True)
        return super().add(stream)


def test_a_file_that_is_gone_when_it_is_read(house: House) -> None:
    """A file that was there when the folder was listed, and cannot be read, is listed without contents and named."""
    house.found()
    victim = house.drop("anna@contoso.com/gone.txt", b"hello")
    house.store = Removing(house.folder / "contents", victim)
    result = house.files()
    assert items(house, result.snapshot) == [("gone.txt", "file", 5, None)]
    reason = "it cannot be read (No such file or directory): listed without its contents"
    assert result.refused == (Refused("anna@contoso.com/gone.txt", reason),)
    assert house.leftovers() == []


def test_what_cannot_be_looked_into_keeps_what_was_held(house: House) -> None:
    """Below a folder that cannot be looked into the drive keeps the items of the load before and names the folder,
    until a later load sees it again; items beside it are replaced."""
    house.found()
    for path in ("a.txt", "old.txt", "sub/deep/kept.txt", "sub.txt"):
        house.drop(f"anna@contoso.com/{path}", path.encode())
    whole = items(house, house.files().snapshot)
    (house.inbox / "anna@contoso.com/old.txt").unlink()
    house.store = Removing(house.folder / "contents", house.inbox / "anna@contoso.com/sub")
    result = house.files()
    assert items(house, result.snapshot) == [row for row in whole if row[0] != "old.txt"]
    assert result.drives == {"anna@contoso.com": DriveCount(3, 5 + 17 + 7, 2, 0, 6)}
    reason = "it cannot be looked at (No such file or directory); what an earlier load holds of it is kept"
    assert result.refused == (Refused("anna@contoso.com/sub", reason),)
    assert problems(house, result.snapshot) == [("sub", reason)]
    later = house.files()
    assert [row[0] for row in items(house, later.snapshot)] == ["a.txt", "sub.txt"]
    assert problems(house, later.snapshot) == []


def test_a_folder_that_is_gone_when_it_is_entered(tmp_path: Path) -> None:
    """A folder that was seen and cannot be entered is told as a folder, and as hidden."""
    (tmp_path / "sub").mkdir()
    handle = open_folder(tmp_path)
    try:
        walked = walk(handle)
        seen = next(walked)
        (tmp_path / "sub").rmdir()
        reason = "the folder cannot be read (No such file or directory)"
        assert list(walked) == [NotTaken("sub", reason, hidden=True)]
    finally:
        os.close(handle)
    assert isinstance(seen, Item)
    assert (seen.path, seen.is_folder) == ("sub", True)


@pytest.mark.parametrize(("times", "held"), [(1, True), (2, False)])
def test_a_file_that_changes_while_it_is_read(house: House, times: int, held: bool) -> None:
    """A file that changes while it is read is read again; if it changes again it is listed without contents."""
    house.found()
    victim = house.drop("anna@contoso.com/busy.log", b"hello")
    house.store = Meddling(house.folder / "contents", victim, times)
    result = house.files()
    [(path, kind, _, content)] = items(house, result.snapshot)
    assert (path, kind, content is not None) == ("busy.log", "file", held)
    assert result.drives["anna@contoso.com"].not_held == (0 if held else 1)
    reason = "it changed while it was read: listed without its contents"
    assert result.refused == (() if held else (Refused("anna@contoso.com/busy.log", reason),))
    if content is not None:
        assert b"".join(house.store.open(content)) == b"hellomore"


def test_too_deep_is_refused_and_named(house: House) -> None:
    """Folders inside each other beyond any SharePoint path are named, not followed for ever."""
    house.found()
    house.drop("anna@contoso.com/" + "d/" * (MAX_DEPTH + 5) + "x.txt", b"x")
    result = house.files()
    assert len(items(house, result.snapshot)) == MAX_DEPTH - 1
    reason = f"more than {MAX_DEPTH} folders inside each other"
    assert [one.reason for one in result.refused] == [reason]
    assert problems(house, result.snapshot) == [("/".join("d" * MAX_DEPTH), reason)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_is_listed_and_named(house: House) -> None:
    """A file or folder that this account may not read is named; a person's whole folder leaves the drive as it was."""
    house.found()
    house.drop("anna@contoso.com/closed.txt", b"x").chmod(0)
    house.drop("anna@contoso.com/shut/s.txt", b"shut")
    house.files()
    house.drop("boris@contoso.com/b.txt", b"x").parent.chmod(0)
    (house.inbox / "anna@contoso.com/shut").chmod(0)
    try:
        result = house.files()
    finally:
        (house.inbox / "boris@contoso.com").chmod(0o700)
        (house.inbox / "anna@contoso.com/shut").chmod(0o700)
    assert result.drives == {"anna@contoso.com": DriveCount(1, 4, 1, 1, 3)}
    assert len(result.refused) == 3
    kept = "the folder cannot be read (Permission denied); what an earlier load holds of it is kept"
    assert problems(house, result.snapshot) == [("shut", kept)]
    whole = "the folder cannot be read (Permission denied): the drive stays as it was"
    assert problems(house, result.snapshot, 2) == [("", whole)]
    assert [row[0] for row in items(house, result.snapshot, 2)] == ["Boris.txt"]


def test_the_same_files_are_the_same_snapshot(house: House) -> None:
    """The same files with the same times, on top of the same snapshot, give the same snapshot; other bytes do not."""
    house.found()
    house.drop("anna@contoso.com/a.txt", b"a")
    first = house.files()
    house.found()
    again = house.files()
    house.found()
    house.drop("anna@contoso.com/a.txt", b"b")
    other = house.files()
    assert first.snapshot == again.snapshot != other.snapshot


def test_what_cannot_be_loaded_is_said(house: House) -> None:
    """No tenant, no snapshot, no folder, no person: each an error with words, and nothing published."""
    with pytest.raises(DataProblem, match="There is no folder"):
        house.files()
    house.drop("eve@contoso.com/a.txt", b"a")
    with pytest.raises(NotFound, match="No tenant"):
        house.files()
    house.registry.ensure_tenant("contoso")
    with pytest.raises(Conflict, match="no snapshot yet"):
        house.files()
    house.found()
    with pytest.raises(DataProblem, match=r"eve@contoso\.com: nobody"):
        house.files()
    assert len(house.registry.snapshots()) == 1
    assert house.leftovers() == []


def test_usage_and_files_add_to_each_other(house: House) -> None:
    """Files loaded after usage reports, and the other way round, keep what was loaded before."""
    from tests.unit.load.load_parts import group_row, report

    house.found()
    house.drop("anna@contoso.com/a.txt", b"a")
    house.files()
    house.drop("report.csv", report([group_row()]))
    house.usage()
    last = house.files()
    assert [row[0] for row in items(house, last.snapshot)] == ["a.txt"]
    assert house.query(last.snapshot, "SELECT count(*) FROM usage_report") == [(1,)]
    assert house.registry.latest(last.tenant).source == "mgdc + files + usage reports"
