"""The rejects file: every object that was not taken, with file, line, reason and the beginning of its text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import orjson

TEXT_CHARACTERS = 300
"""How much of a rejected object is kept."""


class RejectsFile:
    """A JSON-lines file under a temporary name until `publish`."""

    def __init__(self, folder: Path, run: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._path = folder / f"{run}.partial"
        self._file: BinaryIO = self._path.open("wb")
        self.counts: dict[str, int] = {}

    def add(self, dataset: str, file: str, line: int, reason: str, raw: bytes) -> None:
        text = raw[: TEXT_CHARACTERS * 4].decode("utf-8", "replace")[:TEXT_CHARACTERS]
        name = file.encode("utf-8", "replace").decode("utf-8")
        self._file.write(
            orjson.dumps({"file": name, "line": line, "dataset": dataset, "reason": reason, "text": text})
            + b"\n"
        )
        self.counts[dataset] = self.counts.get(dataset, 0) + 1

    def publish(self, name: str) -> Path:
        """Close, sync, and give it its name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        final = self._folder / f"{name}.jsonl"
        self._path.replace(final)
        return final

    def abandon(self) -> None:
        """Delete it; after `publish` this does nothing."""
        self._file.close()
        self._path.unlink(missing_ok=True)
