"""One process works on a data folder: an operating-system lock that dies with its process, kill -9 included."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from waybill.errors import Conflict


class DataLock:
    """Holds `<data>/serve.lock` from creation until `release` or the end of the process."""

    def __init__(self, data: Path) -> None:
        """Raises Conflict if another process holds it."""
        data.mkdir(parents=True, exist_ok=True)
        path = data / "serve.lock"
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._handle, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(self._handle)
            raise Conflict(
                f"Another Waybill process (number {holder}) already runs jobs on the data folder {data}.",
                "Stop it first, or send the request to it with --server URL.",
            ) from None
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()}\n".encode("ascii"))

    def release(self) -> None:
        """Let another process in; the file stays, since removing it could break another's lock."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
