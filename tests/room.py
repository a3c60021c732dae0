"""Where the tests write: a folder in memory where there is room, since they build a thousand small databases.

Each of them is synced to disk many times, as it must be in earnest; here that is only waiting. Nothing that
a test checks depends on the disk: what kill -9 leaves behind is the same in memory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  chosen below only if it is there
_PREFIX = "waybill-tests-"
_ROOM = 4 << 30
"""Bytes that must be free; a whole run takes a quarter of it."""


def take_room() -> Path | None:
    """Let every temporary folder of this process and its children lie in memory; the folder, or None."""
    _sweep()
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ROOM:
        return None
    folder = _MEMORY / f"{_PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o700)
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    return folder


def leave_room(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove what earlier runs kept, or left because they were killed."""
    for folder in _MEMORY.glob(f"{_PREFIX}*"):
        if not Path(f"/proc/{folder.name.removeprefix(_PREFIX)}").exists():
            leave_room(folder)
