"""The process that has everything imported and forks: started by `tests.forks`.

A request is a line of JSON with four streams: standard input, output, error, and a pipe that is told how
the child ended. The answer is the child's number.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

import waybill.api.served
import waybill.app
import waybill.cli.demo
import waybill.cli.graph_remote
import waybill.cli.main
import waybill.cli.remote
import waybill.ingest.folder
import waybill.ingest.mgdc
import waybill.ingest.practice
import waybill.ingest.usage  # noqa: F401  it is imported, as those above, for the children to have

_LATER = (
    "anyio.streams.tls", "dbos._sys_db_sqlite", "encodings.idna", "encodings.utf_16_le", "fastapi.telemetry._runtime",
    "httpcore", "importlib.readers", "numpy.ma", "numpy.random", "pydantic.v1", "rich._emoji_codes", "sqlite3",
    "sqlalchemy.dialects.sqlite", "typer._adapters", "typer._click.decorators", "waybill.identity.local_ca",
)  # fmt: skip
"""What they and their libraries import when they first need it; a version that has no such part does without."""


def _only_wake(_number: int, _frame: FrameType | None) -> None:
    """The signal wakes the loop by its pipe; there is no more to do."""


class Library:
    """Forks on request until the other end of `asked` closes."""

    def __init__(self, asked: socket.socket) -> None:
        self._asked = asked
        self._woken, self._wake = os.pipe()
        self._endings: dict[int, int] = {}
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, _only_wake)

    def serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._asked.fileno(), self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._tell_endings()
            if self._asked.fileno() in ready:
                told, streams = self._read()
                if told is None:
                    return
                self._fork(told, streams)

    def _read(self) -> tuple[Any, list[int]]:
        line, streams = b"", list[int]()
        while not line.endswith(b"\n"):
            part, more, _, _ = socket.recv_fds(self._asked, 65536, 4)
            if not part:
                return None, []
            line += part
            streams += more
        return json.loads(line), streams

    def _fork(self, told: Any, streams: list[int]) -> None:
        ending = streams.pop()
        child = os.fork()
        if child == 0:
            os.close(ending)
            self._become(told, streams)
        for stream in streams:
            os.close(stream)
        self._endings[child] = ending
        self._asked.send(b"%d" % child)

    def _become(self, told: Any, streams: list[int]) -> NoReturn:
        """Be the process that was asked for: nothing of this one's is left but what it has imported."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # also where this run ignores Ctrl+C
        self._asked.close()
        for number in (self._woken, self._wake, *self._endings.values()):
            os.close(number)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(told["folder"])
        os.environ.clear()
        os.environ.update(told["environment"])
        sys.argv = told["arguments"]
        module, _, name = told["call"].partition(":")
        sys.exit(getattr(importlib.import_module(module), name)())

    def _tell_endings(self) -> None:
        while self._endings:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            ending = self._endings.pop(child)
            try:
                os.write(ending, b"%d" % os.waitstatus_to_exitcode(status))
            except BrokenPipeError:  # nobody waits for it any more
                pass
            finally:
                os.close(ending)


def main() -> None:
    """Serve the socket of the number that is the one argument."""
    for name in _LATER:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()  # what is imported stays: a child need neither look through it nor copy its pages
    Library(socket.socket(fileno=int(sys.argv[1]))).serve()
