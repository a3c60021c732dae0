"""The site permission report of the 100 sites with most access list entries: request value to finished ZIP."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

from benchmarks import case_group_report
from benchmarks.model import Answer, Contender, Given, Plan, Role, Target
from benchmarks.picks import read_picks
from benchmarks.place import Place

TITLE = "Site permission report, the 100 hottest sites"


def plan(place: Place, _stack: ExitStack) -> Plan:
    size = "small" if place.quick else "large"
    snapshot = place.snapshot(size)
    picks = read_picks(
        place.child_once(f"picks-{snapshot.stem}.json", "group_report", snapshot=str(snapshot))
    )
    asked = {
        "export": "site-permissions",
        "received": json.dumps({"siteUrls": picks.sites}),
        "snapshot": str(snapshot),
    }
    code = place.code("exports", "tenant", "files")
    stamp = f"{snapshot.stem}-{snapshot.stat().st_mtime_ns}-{code}"
    scratch = str(place.scratch / "site-kept")
    kept = place.child_once(f"site-{stamp}.duckdb", "site_report", scratch=scratch, **asked)
    out = str(place.scratch / "site-rewrite" / "package.zip")
    rewrite: Given = {"kept": str(kept), "out": out, "export": "site-permissions"}
    return Plan(
        contenders=(
            Contender("waybill", "Waybill", Role.OURS, {**asked, "scratch": str(place.scratch / "site")}, 2),
            Contender("rewrite", "Limit: finished rows read and written", Role.LIMIT, rewrite, 2),
        ),
        targets=(
            *case_group_report.OF_REWRITING,
            Target("peak memory under 1 GiB", "waybill", "peak_mb", at_most=1024),
        ),
        main="work_cpu",
        main_title="CPU seconds from request to finished ZIP",
        facts=(f"{size} practice tenant, {len(picks.sites)} sites",),
    )


def prepare(path: Path, given: Given) -> None:
    case_group_report.prepare(path, given)


def contend(name: str, given: Given) -> Answer:
    return case_group_report.contend(name, given)
