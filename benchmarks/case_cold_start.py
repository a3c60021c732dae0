"""Cold start: how long `waybill --help` and the first answer of `waybill serve` take, against an empty Python."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.model import Answer, Contender, Given, Plan, Role, Target
from benchmarks.place import ROOT, Place

TITLE = "Cold start"
COMMAND = "import benchmarks.alone; from waybill.cli.main import run; run()"


def plan(place: Place, _stack: ExitStack) -> Plan:
    given: Given = {"scratch": str(place.scratch / "cold")}
    return Plan(
        contenders=(
            Contender("help", "waybill --help", Role.OURS, given, check=""),
            Contender("serve", "waybill serve, to its first answer", Role.OURS, given, check=""),
            Contender("python", "python -c pass", Role.LIMIT, given, check=""),
        ),
        targets=(
            Target("--help under 0.4 s", "help", "start_s", at_most=0.4),
            Target("serve answers within 3 s", "serve", "start_s", at_most=3),
        ),
        main="start_s",
        main_title="seconds",
        facts=("an empty data folder; files in the page cache",),
    )


def contend(name: str, given: Given) -> Answer:
    scratch = Path(str(given["scratch"]))
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    words = {"help": ["-c", COMMAND, "--help"], "python": ["-c", "pass"]}.get(name)
    started = time.perf_counter()
    if words is not None:
        subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        took = time.perf_counter() - started
    else:
        took = _serve(scratch)
    shutil.rmtree(scratch)
    return Answer(1, "none", numbers={"start_s": took})


def _serve(scratch: Path) -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.perf_counter()
    words = [sys.executable, "-c", COMMAND, "serve", "--port", str(port), "--data", str(scratch / "data")]
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.DEVNULL) as server:
        try:
            while not _answers(port):
                if server.poll() is not None or time.perf_counter() - started > 60:
                    raise RuntimeError("the server did not start")
                time.sleep(0.005)
            return time.perf_counter() - started
        finally:
            server.terminate()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return line.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
