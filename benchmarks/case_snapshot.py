"""A snapshot from MGDC files: `waybill ingest mgdc`, against DuckDB reading the same files into plain tables."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.case_cold_start import COMMAND
from benchmarks.child import work
from benchmarks.model import Answer, Contender, Curve, Given, Plan, Role, Target
from benchmarks.place import ROOT, Place

TITLE = "Snapshot from MGDC files"
BOUND_MB = 3072
"""The engine may use 2,048 MB (`WAYBILL_INGEST_MEMORY_MB`); Arrow batches and Python come on top."""


def plan(place: Place, _stack: ExitStack) -> Plan:
    sizes = ("tiny", "small") if place.quick else ("small", "medium", "large")

    def files(size: str) -> str:
        return str(place.child_once(f"mgdc-{size}", "snapshot", snapshot=str(place.snapshot(size))))

    def given(size: str, name: str) -> Given:
        return {"files": files(size), "scratch": str(place.scratch / f"snapshot-{name}-{size}")}

    ours = [
        Contender(
            "waybill" if size == sizes[-1] else f"waybill-{size}",
            f"Waybill, {size} tenant",
            Role.OURS,
            given(size, "waybill"),
            1,
            size,
            bar=size == sizes[-1],
        )
        for size in sizes
    ]
    last = sizes[-1]
    return Plan(
        contenders=(
            *ours,
            Contender(
                "duckdb",
                f"DuckDB into plain tables, {last} tenant",
                Role.LIMIT,
                given(last, "duckdb"),
                1,
                last,
            ),
        ),
        targets=(
            Target(
                "at most 2.5 x DuckDB into plain tables, derived tables included",
                "waybill",
                "wall",
                ("duckdb",),
                at_most=2.5,
            ),
            Target("the same in CPU seconds", "waybill", "cpu", ("duckdb",), at_most=2.5),
            Target(f"memory bounded by {BOUND_MB:,} MiB", "waybill", "peak_mb", at_most=BOUND_MB),
        ),
        main="wall",
        main_title="seconds",
        facts=(f"all ten MGDC datasets of the {last} practice tenant, gzipped JSON",),
        curves=(
            Curve(
                "Peak memory of ingest while the tenant grows",
                "objects in the files",
                "peak memory, MiB",
                "peak_mb",
                (("Waybill", tuple(one.name for one in ours)),),
                BOUND_MB,
                "bound",
            ),
        ),
    )


def prepare(path: Path, given: Given) -> None:
    from waybill.ingest.practice.mgdc_files import write_mgdc

    write_mgdc(Path(str(given["snapshot"])), path)


def contend(name: str, given: Given) -> Answer:
    scratch = Path(str(given["scratch"]))
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        return _duckdb(given, scratch) if name == "duckdb" else _ours(given, scratch)
    finally:
        shutil.rmtree(scratch)


def _ours(given: Given, scratch: Path) -> Answer:
    """The command as people run it."""
    words = ["ingest", "mgdc", str(given["files"]), "--tenant", "Benchmark", "--data", str(scratch), "--json"]
    started = time.perf_counter()
    said = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ).stdout
    wall = time.perf_counter() - started
    told = json.loads(said.splitlines()[-1])
    counts = {name: int(one["objects"]) for name, one in told["datasets"].items()}
    size = next(scratch.glob("snapshots/*/*.duckdb")).stat().st_size
    return Answer(sum(counts.values()), _summed(counts), wall, 0.0, {"file_mb": size / 1e6})


def _duckdb(given: Given, scratch: Path) -> Answer:
    import duckdb

    counts: dict[str, int] = {}
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 2,
        "memory_limit": "2048MB",
        "temp_directory": str(scratch / "spill"),
    }
    with work() as done, duckdb.connect(str(scratch / "plain.duckdb"), config=config) as plain:
        for folder in sorted(Path(str(given["files"])).iterdir()):
            plain.execute(
                f"CREATE TABLE {folder.name} AS FROM read_json('{folder}/*.json.gz', format='newline_delimited')"
            )
            found = plain.execute(f"SELECT count(*) FROM {folder.name}").fetchone()
            counts[folder.name] = int(found[0]) if found else 0
        plain.execute("CHECKPOINT")
    size = (scratch / "plain.duckdb").stat().st_size
    return Answer(sum(counts.values()), _summed(counts), done.wall, done.cpu, {"file_mb": size / 1e6})


def _summed(counts: dict[str, int]) -> str:
    """The objects of each dataset: what both have read."""
    return " ".join(f"{name} {count}" for name, count in sorted(counts.items()))
