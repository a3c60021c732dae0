"""Find the dataset files below a path, and name every file that is none with the reason."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from waybill.errors import DataProblem
from waybill.ingest.mgdc.datasets import DATASETS, NOT_USED

_SHORT = 8
_ENDINGS = (".json", ".ndjson", ".jsonl")
_DAY = re.compile(r"(?:^|/)(20\d\d)[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])(?:/|$)")


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """One file of a dataset. `name` is relative to the given path; `folder` is the run it belongs to.

    `day`: the day a folder name tells (`.../2024/05/16/...`), for datasets whose rows carry no date.
    """

    path: Path
    name: str
    folder: str
    dataset: str
    size: int
    day: date | None


@dataclass(frozen=True, slots=True)
class Skipped:
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    files: tuple[DatasetFile, ...]  # by name
    skipped: tuple[Skipped, ...]


def _token(name: str) -> re.Pattern[str]:
    """A long name is unmistakable anywhere; `User` and `Manager` must stand alone (`User_v1`, `x.User.json`)."""
    word = re.escape(name.lower())
    return re.compile(word if len(name) > _SHORT else rf"(?<![a-z0-9]){word}s?(?![a-z0-9])")


_TOKENS = tuple((_token(name), name) for name in (*DATASETS, *NOT_USED))


def dataset_of(name: str) -> str | None:
    """The dataset a file or folder name tells, without regard to case: `BasicDataSet_v0.User_v1.json` -> User."""
    lowered = name.lower()
    return next((dataset for pattern, dataset in _TOKENS if pattern.search(lowered)), None)


def find(path: Path) -> Found:
    """All dataset files at or below `path`, in order of their names. Raises DataProblem if there is none."""
    if not path.exists():
        raise DataProblem(f"There is no file or folder {path}.", "Give the folder that holds the MGDC files.")
    files: list[DatasetFile] = []
    skipped: list[Skipped] = []
    root = path if path.is_dir() else path.parent
    # The folder itself may be named after its dataset; short names there would match any /home/user.
    named = dataset_of(path.name) if path.is_dir() else None
    hint = named if named and len(named) > _SHORT else None
    for file in sorted(_walk(path) if path.is_dir() else iter([path])):
        name = file.relative_to(root).as_posix()
        reason, dataset = _judge(name, hint)
        if dataset is None:
            skipped.append(Skipped(name, reason))
            continue
        folder = name.rpartition("/")[0]
        files.append(DatasetFile(file, name, folder, dataset, file.stat().st_size, _day(folder)))
    if not files:
        known = ", ".join(DATASETS)
        raise DataProblem(
            f"No MGDC dataset was found at {path}.",
            f"A file's or folder's name must tell its dataset ({known}); endings: .json, .ndjson, .jsonl, also .gz.",
        )
    return Found(tuple(files), tuple(skipped))


def _walk(path: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(path):
        yield from (Path(folder) / name for name in names)


def _judge(name: str, hint: str | None) -> tuple[str, str | None]:
    """(why not, dataset): the file's own name counts first, then its folders from the nearest up."""
    parts = name.split("/")
    plain = parts[-1].lower().removesuffix(".gz")
    if parts[-1].startswith((".", "_")):
        return "a hidden or marker file", None
    if not plain.endswith(_ENDINGS):
        return "not .json, .ndjson or .jsonl (also .gz)", None
    dataset = next((found for part in reversed(parts) if (found := dataset_of(part))), hint)
    if dataset is None:
        return "neither its name nor its folders' names tell a dataset", None
    if dataset in NOT_USED:
        return f"{dataset}: recognised, not used", None
    return "", dataset


def _day(folder: str) -> date | None:
    found = _DAY.search(folder)
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:  # the 31st of a short month: then it is no date
        return None
