"""The journal of one delivery: what was announced and what arrived, in a file that survives kill -9.

A SAS that can only write cannot look what is there, so what we know of the container is what we wrote
down. A path is announced, on disk, before its first byte is sent; it is done once storage has confirmed
the whole file. After a crash, what is announced but not done may exist: it is ours, and is sent again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from pathlib import Path
from types import TracebackType
from typing import Self

from waybill.delivery.folder import sync_folder
from waybill.errors import DataProblem


@dataclass(frozen=True, slots=True)
class Delivered:
    """A file that arrived whole: its size in bytes and SHA-256 (hex) as they were sent and verified."""

    path: str
    size: int
    sha256: str


class Journal:
    """An append-only file of lines of JSON, owned by one delivery at a time. Holds no secret.

    Opening reads what is there; a line that a crash cut short is cut off. Used by one thread.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the journal (mode 0600). Raises DataProblem if the file is something else."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._begun: set[str] = set()
        self._done: dict[str, Delivered] = {}
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            sync_folder(path.parent)
            self._read(path)
        except BaseException:
            os.close(self._file)
            raise

    def arrived(self, path: str) -> Delivered | None:
        """What arrived under `path`, if it is done."""
        return self._done.get(path)

    def was_begun(self, path: str) -> bool:
        """Whether `path` was announced, so that what stands there is ours to overwrite."""
        return path in self._begun

    def begun(self, paths: Iterable[str]) -> None:
        """Announce paths; they are on disk when this returns. Those known already cost nothing."""
        new = [path for path in paths if path not in self._begun]
        if new:
            self._append(json.dumps({"begun": new}))
            os.fsync(self._file)
            self._begun.update(new)

    def done(self, *delivered: Delivered) -> None:
        """Files are done. Lost only with the machine's power, and then they are sent once more."""
        self._append(
            *(
                f'{{"done": {encode_basestring_ascii(one.path)}, "size": {one.size}, "sha256": "{one.sha256}"}}'
                for one in delivered
            )
        )
        self._done.update((one.path, one) for one in delivered)

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, *lines: str) -> None:
        data = memoryview("".join(f"{line}\n" for line in lines).encode())
        while data:  # a signal or a full disk may let only a part through
            data = data[os.write(self._file, data) :]

    def _read(self, path: Path) -> None:
        text = path.read_bytes()
        whole = text.rfind(b"\n") + 1
        try:
            for line in text[:whole].splitlines():
                self._take(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise DataProblem(
                f"{path.name} is not the journal of a delivery, or it is damaged.",
                "Request the export again, into a new container.",
            ) from error
        if whole < len(text):
            os.ftruncate(self._file, whole)
            os.fsync(self._file)

    def _take(self, line: Mapping[str, object]) -> None:
        if "done" in line:
            size, sha256 = line["size"], line["sha256"]
            if not isinstance(size, int) or not isinstance(sha256, str):
                raise TypeError(line)
            path = str(line["done"])
            self._done[path] = Delivered(path, size, sha256)
        else:
            paths = line["begun"]
            if not isinstance(paths, list):
                raise TypeError(line)
            self._begun.update(str(path) for path in paths)
