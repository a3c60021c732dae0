"""Put people's files into the content store, and their drives into a copy of the tenant's snapshot."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from waybill.errors import DataProblem
from waybill.ingest.folder.result import DriveCount, FilesResult, Refused
from waybill.ingest.folder.walk import Item, NotTaken, Unreadable, open_folder, shown, walk
from waybill.ingest.mgdc.ingest import clear_errors
from waybill.ingest.people import name_people
from waybill.tenant.amend import Amendment, Change
from waybill.tenant.contents import ContentStore
from waybill.tenant.registry import Registry

ADDED = "files"
"""What is added to the source of the snapshot."""

Progress = Callable[[str, int], None]
"""(whose folder is read, bytes of all files so far)."""

_TRIES = 2
"""A file that changes while it is read, or fails, is read once more before it is given up."""

_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("owner", pa.int32()), ("path", pa.string()), ("kind", pa.string()), ("size", pa.int64()),
    ("modified_at", pa.timestamp("us")), ("content", pa.string()),
]  # fmt: skip
_DRIVE_ITEM = pa.schema(_COLUMNS)
_LACKS: list[tuple[str, pa.DataType]] = [
    ("owner", pa.int32()), ("path", pa.string()), ("reason", pa.string()),
]  # fmt: skip
_DRIVE_PROBLEM = pa.schema(_LACKS)

_WHOLE = ""
"""The path in `drive_problem` of a whole drive."""

_TOLD_EVERY = 16 << 20
"""Bytes between two reports of progress on one person's files."""


def _silent(_doing: str, _done: int) -> None:
    pass


@dataclass(slots=True)
class _Drive:
    """One person's drive as it was read: a row of `drive_item` for each file and folder.

    hidden: paths that could not be looked into; what an earlier load tells of them is kept.
    """

    owner: int
    upn: str
    rows: list[tuple[int, str, str, int | None, object, str | None]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)

    def keeps(self, path: str) -> bool:
        """Whether an item of an earlier load stays: it is, or is in, what could not be looked into."""
        parts = path.split("/")
        return "" in self.hidden or any("/".join(parts[:n]) in self.hidden for n in range(1, len(parts) + 1))


def ingest_files(
    path: Path,
    tenant_name_or_id: str,
    registry: Registry,
    store: ContentStore,
    *,
    progress: Progress = _silent,
) -> FilesResult:
    """Read `path`/<user principal name>/<path in OneDrive...> and publish a snapshot with these drives.

    The drive of each person who has a folder there is replaced whole; others stay as they are. What could
    not be taken is among the refused, and stays with the drive for its exports to name. Raises
    NotFound for an unknown tenant, Conflict if it has no snapshot yet or another ingest was faster,
    DataProblem for all else; then nothing is published.
    """
    if not path.is_dir():
        raise DataProblem(f"There is no folder {path}.", "Give a folder that holds one folder a person.")
    tenant = registry.tenant(tenant_name_or_id)
    with clear_errors():
        amendment = registry.amend(tenant)
        try:
            loading = _Loading(amendment, store, progress)
            drives = loading.read(path)
            store.settle()
            counts = loading.put(drives)
            digest = _digest(drives, loading.problems)
            published = registry.publish_amended(tenant, amendment, Change(ADDED), digest)
        except BaseException:
            amendment.abandon()
            raise
    return FilesResult(tenant.id, tenant.name, published.id, counts, tuple(loading.refused))


class _Loading:
    """One ingest while it is under way."""

    def __init__(self, amendment: Amendment, store: ContentStore, progress: Progress) -> None:
        self._amendment = amendment
        self._store = store
        self._progress = progress
        self._done = 0
        self.refused: list[Refused] = []
        self.problems: list[tuple[int, str, str]] = []
        """Rows of `drive_problem`."""
        name_people(amendment.connection)

    def read(self, path: Path) -> list[_Drive]:
        """Read every person's folder into the store. Raises DataProblem if there is none to take."""
        drives: dict[int, _Drive] = {}
        for folder in sorted(path.iterdir()):
            drive = self._owner(folder)
            if drive is None:
                continue
            if drive.owner in drives:
                self._refuse(folder.name, f"{drive.upn} has another folder here, which was taken")
                self._lacks(drive.owner, _WHOLE, f"a second folder of this person, {folder.name}")
                continue
            try:
                handle = open_folder(folder)
            except OSError as error:
                reason = f"the folder cannot be read ({error.strerror}): the drive stays as it was"
                self._refuse(folder.name, reason)
                self._lacks(drive.owner, _WHOLE, reason)
                continue
            drives[drive.owner] = drive
            try:
                self._read_drive(folder.name, handle, drive)
            finally:
                os.close(handle)
        if not drives:
            told = "; ".join(f"{one.name}: {one.reason}" for one in self.refused[:3])
            raise DataProblem(
                f"No folder in {path} is that of a person of this tenant. {told}".strip(),
                "Name each folder by the person's user principal name: anna@contoso.com.",
            )
        return list(drives.values())

    def put(self, drives: list[_Drive]) -> dict[str, DriveCount]:
        """Replace the drives in the snapshot, and what is known to lack of them."""
        run = self._amendment.connection.execute
        counts: dict[str, DriveCount] = {}
        for drive in drives:
            run("DELETE FROM drive_problem WHERE owner = ?", [drive.owner])
            counts[drive.upn] = self._replace(drive)
        # A drive that stays as it was keeps what an earlier load said of it; its newest word is the one below.
        for owner in {problem[0] for problem in self.problems} - {drive.owner for drive in drives}:
            run("DELETE FROM drive_problem WHERE owner = ? AND path = ?", [owner, _WHOLE])
        self._add("drive_problem", _DRIVE_PROBLEM, self.problems)
        run("DROP TABLE temp.person_by_upn")
        return counts

    def _replace(self, drive: _Drive) -> DriveCount:
        run, owner = self._amendment.connection.execute, [drive.owner]
        before = run("SELECT path FROM drive_item WHERE owner = ?", owner).fetchall()
        gone = {path for (path,) in before if not drive.keeps(path)} | {row[1] for row in drive.rows}
        run(
            "DELETE FROM drive_item WHERE owner = ? AND path IN (SELECT unnest(?::VARCHAR[]))",
            [*owner, [*gone]],
        )
        self._add("drive_item", _DRIVE_ITEM, drive.rows)
        files, size, folders, not_held = run(
            "SELECT count(content), coalesce(sum(size) FILTER (content IS NOT NULL), 0)::BIGINT, "
            "count(*) FILTER (kind = 'folder'), count(*) FILTER (kind = 'file' AND content IS NULL) "
            "FROM drive_item WHERE owner = ?",
            owner,
        ).fetchall()[0]
        return DriveCount(files, size, folders, not_held, len(before))

    def _add(self, table: str, schema: pa.Schema, rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            columns = zip(*rows, strict=True)
            arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
            self._amendment.add(table, pa.Table.from_arrays(arrays, schema=schema))

    def _owner(self, folder: Path) -> _Drive | None:
        """Whose folder it is; None, and the reason among the refused, if it is nobody's."""
        found = self._amendment.connection.execute(
            "SELECT p.id, p.upn, q.candidates FROM person_by_upn q JOIN principal p ON p.id = q.person "
            "WHERE q.key = upn_key(?)",
            [shown(folder.name)],
        ).fetchone()
        if folder.is_symlink() or not folder.is_dir():
            self._refuse(folder.name, "not a folder: each person has a folder here")
            if found is not None and found[2] == 1:
                self._lacks(found[0], _WHOLE, f"{folder.name} is not a folder: the drive stays as it was")
            return None
        if found is None:
            self._refuse(folder.name, "nobody of this tenant's snapshot has this user principal name")
            return None
        if found[2] > 1:
            self._refuse(folder.name, f"{found[2]} accounts of this tenant have this user principal name")
            return None
        return _Drive(found[0], found[1])

    def _read_drive(self, folder: str, handle: int, drive: _Drive) -> None:
        told = 0
        self._progress(shown(folder), self._done)
        for item in walk(handle):
            where = f"{folder}/{item.path}"
            if isinstance(item, NotTaken):
                reason = item.reason
                if item.hidden:
                    drive.hidden.add(item.path)
                    reason += "; what an earlier load holds of it is kept"
                self._refuse(where, reason)
                self._lacks(drive.owner, item.path, reason)
            elif item.is_folder:
                drive.rows.append((drive.owner, item.path, "folder", None, item.modified, None))
            else:
                size, key = self._store_file(item, where)
                drive.rows.append((drive.owner, item.path, "file", size, item.modified, key))
                self._done, told = self._done + size, told + size
                if told >= _TOLD_EVERY:
                    self._progress(shown(folder), self._done)
                    told = 0

    def _store_file(self, item: Item, where: str) -> tuple[int, str | None]:
        """(size, key) of a file; without a key, and named, if its bytes could not be had whole."""
        reason = ""
        for _ in range(_TRIES):
            try:
                key = self._store.add(item.read())
            except Unreadable as error:
                reason = str(error)
                continue
            return int(key.rpartition(":")[2]), key
        self._refuse(where, f"{reason}: listed without its contents")
        return item.size, None

    def _refuse(self, name: str, reason: str) -> None:
        self.refused.append(Refused(shown(name), reason))

    def _lacks(self, owner: int, path: str, reason: str) -> None:
        self.problems.append((owner, shown(path), shown(reason)))


def _digest(drives: list[_Drive], problems: list[tuple[int, str, str]]) -> str:
    """Hex SHA-256 of all that was put in: the same files at the same places give the same one."""
    made = hashlib.sha256()
    for drive in drives:
        made.update(f"{drive.owner}\n".encode())
        for row in drive.rows:
            made.update(f"{row[1]!r} {row[2:]}\n".encode())
    for problem in problems:
        made.update(f"{problem!r}\n".encode())
    return made.hexdigest()
