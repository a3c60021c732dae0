"""A PostgreSQL of the benchmarks' own, filled with a case's tables; it lasts as long as the case."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.place import ROOT


@dataclass(frozen=True, slots=True)
class Postgres:
    """How to reach it, and the process whose CPU counts its work once a connection is closed."""

    dsn: str
    pid: int


_SETTINGS = (
    "-c shared_buffers=512MB -c max_wal_size=8GB -c synchronous_commit=off -c listen_addresses='' "
    "-c max_parallel_workers_per_gather=2 -c jit=off"
)


def running_postgres(stack: ExitStack, parquet: Path) -> Postgres | None:
    """Start one and load every Parquet file of the folder as a table; None where there is no PostgreSQL."""
    if shutil.which("pg_ctl") is None or shutil.which("initdb") is None:
        print("  no PostgreSQL on the PATH, its row is left out")
        return None
    # Not below `place`: PostgreSQL refuses to run as root, and its own account may not read there.
    folder = Path(
        stack.enter_context(
            tempfile.TemporaryDirectory(prefix="waybill-bench-pg-", ignore_cleanup_errors=True)
        )
    )
    user = _other_user(folder)
    data = folder / "data"
    run = [
        *user,
        "initdb",
        "-D",
        str(data),
        "-U",
        "bench",
        "--auth=trust",
        "--no-sync",
        "--locale=C",
        "-E",
        "UTF8",
    ]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    start = [
        *user,
        "pg_ctl",
        "-D",
        str(data),
        "-w",
        "-o",
        f"{_SETTINGS} -k {folder}",
        "-l",
        str(folder / "log"),
        "start",
    ]
    subprocess.run(start, check=True, stdout=subprocess.DEVNULL)
    stop = [*user, "pg_ctl", "-D", str(data), "-m", "fast", "-w", "stop"]
    stack.callback(lambda: subprocess.run(stop, check=False, stdout=subprocess.DEVNULL))
    dsn = f"host={folder} user=bench dbname=postgres"
    load = [sys.executable, "-m", "benchmarks.postgres_load", dsn, str(parquet)]
    subprocess.run(load, check=True, cwd=ROOT)
    return Postgres(dsn, int((data / "postmaster.pid").read_text("utf-8").splitlines()[0]))


def _other_user(folder: Path) -> list[str]:
    """What a command begins with so that it does not run as root; the folder is given to that account."""
    if os.geteuid() != 0:
        return []
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        account = pwd.getpwnam("nobody")
    os.chown(folder, account.pw_uid, account.pw_gid)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
