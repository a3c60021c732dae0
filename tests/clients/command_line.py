"""Runs the `waybill` command as a person or a script does: another process, its streams and exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import forks

WAYBILL = Path(sysconfig.get_path("scripts")) / "waybill"


@dataclass(frozen=True, slots=True)
class Run:
    """One finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line on standard output, which is what --json promises."""
        assert self.code == 0, (self.code, self.err)
        return json.loads(self.out.splitlines()[-1])

    @property
    def progress(self) -> list[dict[str, Any]]:
        """The JSON lines on standard error."""
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of a Waybill, and a width that folds no line."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    return {**kept, "COLUMNS": "300", "NO_COLOR": "1", **more}


class Commands:
    """Runs one command after the other, each in a process of its own that has everything imported already."""

    def __call__(
        self, *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> Run:
        """Run one command to its end."""
        with tempfile.TemporaryDirectory() as folder:
            done = forks.run(*arguments, cwd=cwd or Path(folder), env=environment(**(env or {})))
            return Run(done.returncode, done.stdout, done.stderr)


def waybill(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Run:
    """Run one command to its end, from the start of Python on."""
    done = subprocess.run(
        [WAYBILL, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=120,
        env=environment(**(env or {})), stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Run(done.returncode, done.stdout, done.stderr)
