"""Runs the `waybill` command as a person or a script does: another process, its streams and exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


_FORKS = """
import json, os, sys
import waybill.app, waybill.cli.main, waybill.cli.remote, waybill.ingest.mgdc, waybill.ingest.practice
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
            os.dup2(os.open(asked["streams"][number], mode | os.O_CREAT, 0o600), number)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = ["waybill", *asked["arguments"]]
        waybill.cli.main.run()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Runs commands as children that have everything imported already: each is a process of its own, as the
command is, but saves the second that Python needs to start."""


class Commands:
    """Runs one command after the other."""

    def __init__(self) -> None:
        self._forks = subprocess.Popen(
            [sys.executable, "-c", _FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment(),
        )  # fmt: skip

    def __call__(
        self, *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> Run:
        """Run one command to its end."""
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder) / "out", Path(folder) / "err"
            asked = {
                "arguments": [str(one) for one in arguments],
                "streams": [os.devnull, str(out), str(err)],
                "folder": str(cwd or folder),
                "environment": environment(**(env or {})),
            }
            self._forks.stdin.write(json.dumps(asked) + "\n")
            self._forks.stdin.flush()
            code = int(self._forks.stdout.readline())
            return Run(code, out.read_text("utf-8"), err.read_text("utf-8"))

    def close(self) -> None:
        self._forks.communicate()


def waybill(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Run:
    """Run one command to its end, from the start of Python on."""
    done = subprocess.run(
        [WAYBILL, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=120,
        env=environment(**(env or {})), stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Run(done.returncode, done.stdout, done.stderr)
