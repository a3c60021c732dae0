"""What a run was made with: versions of everything, the processor and its load; no name of this machine."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "waybill", "duckdb", "pyarrow", "numpy", "isal", "aiohttp", "granian", "dbos",
    "xlsxwriter", "openpyxl", "rustpy-xlsxwriter", "pandas", "psycopg", "azure-storage-blob", "msgraph-sdk",
)  # fmt: skip


def machine() -> Mapping[str, str]:
    """Processor, cores, memory, kernel and the load of the last minute."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        "",
    )
    memory = next(
        (int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0
    )
    return {
        "processor": model or platform.machine(),
        "cores": str(os.cpu_count() or 1),
        "memory": f"{memory / 2**20:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def versions() -> Mapping[str, str]:
    """Package -> version; what is not installed is left out."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # a peer that is not there is named where it does not run
    found["postgresql"] = _postgres()
    found["commit"] = _commit()
    return {name: version for name, version in found.items() if version}


def _lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8").splitlines() if Path(path).is_file() else []


def _postgres() -> str:
    return _said("pg_ctl", "--version").rpartition(") ")[2].partition(" ")[0]


def _commit() -> str:
    here = Path(__file__).resolve().parents[1]
    changed = (
        "+" if _said("git", "-C", str(here), "status", "--porcelain", "--untracked-files=no", "src") else ""
    )
    commit = _said("git", "-C", str(here), "rev-parse", "--short=10", "HEAD")
    return commit and commit + changed


def _said(*words: str) -> str:
    """What a command prints, without the end of line; "" if it is not there or fails."""
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
