"""Starts commands as processes of their own without the seconds that Python and its libraries need to start.

One process of each test worker has everything imported and is asked to fork; what it forks is a process as
any other: it has its own streams, folder, environment and exit code, and can be killed. A few tests start
the real `waybill` all the same (`tests.clients.command_line.waybill`), as the tests of the README do.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

WAYBILL = "waybill.cli.main:run"
"""The `waybill` command, as a `call`."""
_ROOT = Path(__file__).resolve().parents[1]
_START = "from tests.fork_library import main; main()"
"""As a program, not as a module: help texts would say `python -m`."""


class _Library:
    """The process with everything imported; started when it is first needed, ended with this one."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._lock = threading.Lock()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
        path = os.pathsep.join(filter(None, (str(_ROOT), kept.get("PYTHONPATH"))))
        environment = {**kept, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "300"}
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(number)], pass_fds=(number,), env=environment,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        atexit.register(self.close)

    def fork(self, told: Mapping[str, object], streams: Sequence[int]) -> int:
        message = json.dumps(told).encode() + b"\n"
        with self._lock:
            sent = socket.send_fds(self._ours, [message], list(streams))
            self._ours.sendall(message[sent:])
            return int(self._ours.recv(64))

    def close(self) -> None:
        self._ours.close()
        self._process.wait()


_library = functools.cache(_Library)


class Fork:
    """A running process, used as one of `subprocess.Popen` is.

    returncode: as there: None while it runs, negative for the signal that ended it. stdout, stderr: where
    a pipe was asked for, its text.
    """

    def __init__(self, pid: int, ending: int, stdout: IO[str] | None, stderr: IO[str] | None) -> None:
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.returncode: int | None = None
        self._ending = ending

    def poll(self) -> int | None:
        return self._ended_within(0)

    def wait(self, timeout: float = 600) -> int:
        """The exit code; raises subprocess.TimeoutExpired after `timeout` seconds."""
        code = self._ended_within(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return code

    def _ended_within(self, seconds: float) -> int | None:
        if self.returncode is None and select.select([self._ending], [], [], seconds)[0]:
            self.returncode = int(os.read(self._ending, 64))
            os.close(self._ending)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Fork:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()


def fork(
    *arguments: str | Path,
    call: str = WAYBILL,
    stdin: int | IO[bytes] | IO[str] = subprocess.DEVNULL,
    stdout: int | IO[bytes] | IO[str] | None = None,
    stderr: int | IO[bytes] | IO[str] | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Fork:
    """Start a process that calls `call` (`module:function`) with these arguments.

    The streams are as `subprocess.Popen` takes them: a file, its number, DEVNULL, PIPE (text), STDOUT; None =
    this process's own. env: the whole environment; None = this process's own.
    """
    opened: list[int] = []
    pipes: list[IO[str] | None] = []
    streams: list[int] = []
    for number, stream in enumerate((stdin, stdout, stderr)):
        pipe = None
        if stream == subprocess.DEVNULL:
            opened.append(os.open(os.devnull, os.O_RDWR))
            streams.append(opened[-1])
        elif stream == subprocess.PIPE:
            reading, writing = os.pipe()
            opened.append(writing)
            streams.append(writing)
            pipe = os.fdopen(reading, encoding="utf-8")
        elif stream == subprocess.STDOUT:
            streams.append(streams[1])
        elif stream is None:
            streams.append(number)
        else:
            streams.append(stream if isinstance(stream, int) else stream.fileno())
        pipes.append(pipe)
    ending, told = os.pipe()
    opened.append(told)
    asked = {
        "call": call,
        "arguments": ["waybill", *map(str, arguments)],
        "folder": str(cwd or Path.cwd()),
        "environment": dict(os.environ if env is None else env),
    }
    try:
        pid = _library().fork(asked, [*streams, told])
    finally:
        for number in opened:
            os.close(number)
    return Fork(pid, ending, pipes[1], pipes[2])


def run(
    *arguments: str | Path, call: str = WAYBILL, cwd: Path | None = None, env: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Run a command to its end; what it wrote is read as text."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = fork(*arguments, call=call, stdout=out, stderr=err, cwd=cwd, env=env)
        try:
            code = process.wait(timeout)
        except BaseException:
            process.kill()
            raise
        for stream in (out, err):
            stream.seek(0)
        return subprocess.CompletedProcess(list(map(str, arguments)), code, out.read(), err.read())
