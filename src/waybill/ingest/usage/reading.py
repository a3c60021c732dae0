"""Read one usage report file: UTF-8 CSV with or without BOM, row by row, each with its place."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from waybill.errors import DataProblem
from waybill.ingest.usage.kinds import Kind, kind_of, plain_heading

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOMS = ("\ufeff", "\u00ef\u00bb\u00bf")
"""The byte order mark, and what becomes of it when a tool reads UTF-8 as Latin-1 and writes it back."""


@dataclass(frozen=True, slots=True)
class UsageFile:
    """A file that holds a report this version loads. `name` is relative to the path given."""

    path: Path
    name: str
    kind: Kind
    headings: tuple[str, ...]  # as they stand in the file
    size: int
    sha256: str
    modified: int  # ns: of two files with the same report, the newer one counts


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    files: tuple[UsageFile, ...]  # oldest first; as old as each other: by name
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file. `cells`: by plain heading, None if the row cannot be read; `reason` says why."""

    line: int  # where it begins, from 1
    cells: dict[str, str] | None
    reason: str
    raw: bytes


def find_reports(path: Path) -> Found:
    """The usage reports at or below `path`. Raises DataProblem if there is none."""
    if not path.exists():
        raise DataProblem(f"There is no file or folder {path}.", "Give the folder that holds the CSV files.")
    root = path if path.is_dir() else path.parent
    files: list[UsageFile] = []
    skipped: list[Skipped] = []
    for file in sorted(_walk(path)) if path.is_dir() else [path]:
        name = file.relative_to(root).as_posix().encode("utf-8", "replace").decode()
        looked = _look(file, name)
        if isinstance(looked, Skipped):
            skipped.append(looked)
        else:
            files.append(looked)
    if not files:
        first = "".join(f" {one.name}: {one.reason}." for one in skipped[:3])
        raise DataProblem(
            f"No usage report was found at {path}.{first}",
            "Give CSV files as Microsoft 365 makes them, such as getOffice365GroupsActivityDetail's.",
        )
    return Found(tuple(sorted(files, key=lambda one: (one.modified, one.name))), tuple(skipped))


def _walk(path: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(path):
        yield from (Path(folder) / name for name in names)


def _look(file: Path, name: str) -> UsageFile | Skipped:
    if not name.lower().endswith(".csv"):
        return Skipped(name, "not a .csv file")
    if not file.is_file():
        return Skipped(name, "not a regular file")
    with file.open("rb") as raw:
        if raw.read(2) in _UTF16:
            return Skipped(name, "UTF-16, not UTF-8: save the file again as UTF-8")
        raw.seek(0)
        sha256 = hashlib.file_digest(raw, "sha256").hexdigest()
        told = os.fstat(raw.fileno())
    headings = _headings(file)
    if not headings:
        return Skipped(name, "it is empty")
    kind = kind_of(headings)
    if kind is None:
        return Skipped(name, "its headings are those of no usage report that this version knows")
    if not kind.used:
        return Skipped(name, f"{kind.report}: recognised, not used")
    plain = [plain_heading(heading) for heading in headings]
    if len(set(plain)) < len(plain):
        twice = next(heading for heading in plain if plain.count(heading) > 1)
        return Skipped(name, f"the heading {twice!r} is there twice")
    return UsageFile(file, name, kind, headings, told.st_size, sha256, told.st_mtime_ns)


def _open(file: Path) -> TextIO:
    # What is not UTF-8 becomes lone surrogates, so that the row can be refused and the rest read.
    return file.open(encoding="utf-8", errors="surrogateescape", newline="")


def _headings(file: Path) -> tuple[str, ...]:
    with _open(file) as text:
        try:
            first = next((row for row in csv.reader(text, strict=True) if row), [])
        except csv.Error:
            return ("",)  # something, but no headings
    if not first:
        return ()
    for bom in _BOMS:
        first[0] = first[0].removeprefix(bom)
    # A BOM before a quoted heading keeps the quotes from being read as such.
    return tuple(heading.strip().strip('"') for heading in first)


def rows_of(file: UsageFile) -> Iterator[Row]:
    """The rows below the headings, in order; blank lines are none."""
    plain = [plain_heading(heading) for heading in file.headings]
    with _open(file.path) as text:
        reader = csv.reader(text, strict=True)
        above = True  # the first row that is not blank holds the headings
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line, None, f"not CSV: {error}{_until(line, reader.line_num)}", b"")
                continue
            if not cells:
                continue
            if above:
                above = False
                continue
            raw = ",".join(cells).encode("utf-8", "surrogateescape")
            if len(cells) != len(plain):
                reason = f"it has {len(cells)} cells, the headings are {len(plain)}"
                yield Row(line, None, reason + _until(line, reader.line_num), raw)
            elif any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
                yield Row(line, None, "not UTF-8", raw)
            else:
                yield Row(line, dict(zip(plain, cells, strict=True)), "", raw)


def _until(first: int, last: int) -> str:
    return f" (lines {first} to {last})" if last > first else ""
