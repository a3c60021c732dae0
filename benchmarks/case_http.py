"""HTTP: submitting, status, 304 and a large download, against an empty endpoint and plain sendfile.

Under wrk if it is installed; else `benchmarks.load` sends prepared bytes over as many connections itself.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.case_group_report import SOURCES
from benchmarks.harness import service_cpu
from benchmarks.load import CONNECTIONS, WRK, download, run_load, run_wrk
from benchmarks.model import Answer, Contender, Given, Plan, Role, Target
from benchmarks.picks import read_picks
from benchmarks.place import Place
from benchmarks.servers import start_server, token_from

TITLE = "HTTP: submit, status, 304, download"
DOWNLOADS = 4


def plan(place: Place, stack: ExitStack) -> Plan:
    size = "small" if place.quick else "medium"
    megabytes = 100 if place.quick else 500
    snapshot = place.snapshot(size)
    picks = read_picks(
        place.child_once(f"picks-{snapshot.stem}.json", "group_report", snapshot=str(snapshot))
    )
    data = place.child_once(f"http-{size}", "http", size=size)
    up = _server(stack, data, megabytes)
    given: Given = {
        **up,
        "requests": 3_000 if place.quick else 20_000,
        "seconds": 2 if place.quick else 6,
        "groups": picks.middle[: 3 if place.quick else None],
    }

    def one(name: str, title: str, role: Role, rounds: int = 0) -> Contender:
        return Contender(
            name, title, role, given, rounds, check="bytes" if name in ("download", "sendfile") else ""
        )

    return Plan(
        contenders=(
            one("status", "Waybill: status of a job", Role.OURS),
            one("unchanged", "Waybill: 304 for a file the client has", Role.OURS),
            one("empty", "Empty authenticated endpoint, same server", Role.LIMIT),
            one("direct", "The same without a router, as the job calls go", Role.LIMIT),
            one("bare", "The same before all of it: server and token alone", Role.LIMIT),
            one("download", f"Waybill: download of {megabytes} MB", Role.OURS),
            one("sendfile", f"sendfile of the same {megabytes} MB", Role.LIMIT),
            one("submit", "Waybill: submitting while jobs run", Role.OURS, 1),
        ),
        targets=(
            Target("submit: 95 of 100 within 100 ms with jobs running", "submit", "p95_ms", at_most=100),
            Target(
                "status: at least 0.7 of the empty endpoint's rate",
                "status",
                "rate",
                ("empty",),
                at_least=0.7,
            ),
            Target(
                "304: at least 0.7 of the empty endpoint's rate",
                "unchanged",
                "rate",
                ("empty",),
                at_least=0.7,
            ),
            Target(
                f"download of {megabytes} MB: at most 5 x the server CPU of sendfile",
                "download",
                "server_cpu",
                ("sendfile",),
                at_most=5,
            ),
        ),
        main="request_ms",
        main_title="milliseconds of the server for each request",
        facts=(
            f"{'wrk' if WRK else 'our own load generator in place of wrk'}, {CONNECTIONS} connections; "
            f"submit: one connection, request after request; {size} practice tenant",
        ),
    )


def _server(stack: ExitStack, data: Path, megabytes: int) -> dict[str, Any]:
    up = start_server(stack, "benchmarks.http_server", str(data), str(megabytes))
    address = f"http://127.0.0.1:{up['port']}/connect/token"
    up["token"] = token_from(address, up["client"], up.pop("secret"), "insights.graph.readwrite.all")
    return up


def prepare(path: Path, given: Given) -> None:
    words = [
        str(Path(sys.executable).with_name("waybill")),
        "practice",
        "--size",
        str(given["size"]),
        "--data",
        str(path),
    ]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def contend(name: str, given: Given) -> Answer:
    match name:
        case "submit":
            return _submit(given)
        case "download":
            return _download(given)
        case "sendfile":
            return _sendfile(given)
    target = {
        "status": f"/insights/job/{given['job']}/exportstatus",
        "empty": "/bench/empty",
        "direct": "/bench/direct",
        "bare": "/bench/bare",
    }.get(name, f"/insights/job/{given['job']}/exportfile")
    more = f'If-None-Match: "{given["etag"]}"\r\n' if name == "unchanged" else ""
    count, pid, port = int(str(given["requests"])), int(str(given["pid"])), int(str(given["port"]))
    one = _request(given, target, more)
    run_load(port, [one] * 200, 304 if more else 200)
    before = service_cpu(pid)
    if WRK:
        headers = dict(line.split(": ", 1) for line in one.decode().splitlines()[1:] if line)
        told = run_wrk(f"http://127.0.0.1:{port}{target}", headers, int(str(given["seconds"])))
        count, rate, p95 = told.count, told.rate, told.p95
    else:
        load = run_load(port, [one] * count, 304 if more else 200)
        rate, p95 = load.rate, load.percentile(0.95)
    used = service_cpu(pid) - before
    numbers = {"rate": rate, "request_ms": used / count * 1000, "p95_ms": p95 * 1000}
    return Answer(count, "none", 0, 0, numbers)


def _request(given: Given, target: str, more: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {given['token']}\r\n{more}\r\n".encode()


def _submit(given: Given) -> Answer:
    """Jobs for different groups and sources, one after another: five run at once, the others wait; until all are done."""
    groups = given["groups"]
    asked = [
        f"/insights/groups/{group}/access/export?exportOptionType=2&includeInherited={flag}&dataSources={urllib.parse.quote(source)}"
        for group, source, flag in product(
            groups if isinstance(groups, list) else [], SOURCES, ("true", "false")
        )
    ]
    pid, port = int(str(given["pid"])), int(str(given["port"]))
    before = service_cpu(pid)
    load = run_load(port, [_request(given, one) for one in asked], 200, 1)
    used = service_cpu(pid) - before
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and not _idle(given):
        time.sleep(0.2)
    numbers = {
        "p95_ms": load.percentile(0.95) * 1000,
        "median_ms": load.percentile(0.5) * 1000,
        "rate": load.rate,
        "jobs_cpu": used,
    }
    return Answer(len(asked), "none", 0, 0, numbers)


def _idle(given: Given) -> bool:
    import sqlite3

    with sqlite3.connect(f"file:{given['data']}/control.db?mode=ro", uri=True) as control:
        left = control.execute(
            "SELECT count(*) FROM job WHERE state IN ('queued', 'running', 'stopping')"
        ).fetchone()
    return int(left[0]) == 0


def _download(given: Given) -> Answer:
    one = _request(given, f"/insights/job/{given['job']}/exportfile")
    pid, port = int(str(given["pid"])), int(str(given["port"]))
    before = service_cpu(pid)
    size = sum(download(port, one) for _ in range(DOWNLOADS))
    return Answer(size, "none", 0, 0, {"server_cpu": service_cpu(pid) - before})


def _sendfile(given: Given) -> Answer:
    """A server of ten lines in a process of its own, whose CPU alone is taken."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    pid = os.fork()
    if pid == 0:
        size = Path(str(given["file"])).stat().st_size
        with Path(str(given["file"])).open("rb") as file:
            for _ in range(DOWNLOADS):
                line = server.accept()[0]
                line.recv(65536)
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                start = 0
                while start < size:
                    start += os.sendfile(line.fileno(), file.fileno(), start, size - start)
                line.close()
        os._exit(0)
    server.close()
    size = sum(download(port, _request(given, "/")) for _ in range(DOWNLOADS))
    usage = os.wait4(pid, 0)[2]
    return Answer(size, "none", 0, 0, {"server_cpu": usage.ru_utime + usage.ru_stime})
