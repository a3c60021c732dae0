"""The group report, option 2, of the hottest group and of groups in the middle: request value to finished ZIP."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.child import work
from benchmarks.model import Answer, Contender, Given, Plan, Role, Target
from benchmarks.picks import pick, read_picks
from benchmarks.place import Place

TITLE = "Group report, option 2"
SOURCES = ["Microsoft Teams", "SharePoint Online", "OneDrive", "Microsoft 365 Group"]


def request(group: str) -> str:
    """The request in the words of the API, as JSON."""
    return json.dumps({"groupId": [group], "exportOptionType": ["2"], "dataSources": SOURCES})


OF_REWRITING = (
    Target(
        "at most 1.5 x the time of reading the finished rows and writing them",
        "waybill",
        "work_wall",
        ("rewrite",),
        at_most=1.5,
    ),
    Target("the same in CPU seconds", "waybill", "work_cpu", ("rewrite",), at_most=1.5),
)
"""What a report is held to: `waybill` against `rewrite`, which has the rows already."""


def plan(place: Place, _stack: ExitStack) -> Plan:
    snapshot = place.snapshot(place.tenant)
    picks = read_picks(
        place.child_once(f"picks-{snapshot.stem}.json", "group_report", snapshot=str(snapshot))
    )
    hot: Given = {"export": "group-access", "received": request(picks.hottest), "snapshot": str(snapshot)}
    code = place.code("exports", "tenant", "files")
    stamp = f"{snapshot.stem}-{snapshot.stat().st_mtime_ns}-{code}"
    scratch = str(place.scratch / "group-kept")
    kept = place.child_once(f"group-{stamp}.duckdb", "group_report", scratch=scratch, **_plain(hot))
    return Plan(
        contenders=(
            Contender(
                "waybill",
                "Waybill, hottest group",
                Role.OURS,
                {**hot, "scratch": str(place.scratch / "group")},
            ),
            Contender(
                "rewrite",
                "Limit: finished rows read and written",
                Role.LIMIT,
                {
                    "kept": str(kept),
                    "out": str(place.scratch / "group-rewrite" / "package.zip"),
                    "export": "group-access",
                },
            ),
            Contender(
                "largest",
                "Waybill, group with most people",
                Role.OURS,
                {**hot, "received": request(picks.largest), "scratch": str(place.scratch / "largest")},
                check="",
            ),
            Contender(
                "middle",
                f"Waybill, {len(picks.middle)} groups in the middle, one after another",
                Role.OURS,
                {
                    **hot,
                    "received": json.dumps([request(one) for one in picks.middle]),
                    "scratch": str(place.scratch / "middle"),
                },
                check="",
            ),
        ),
        targets=(
            *OF_REWRITING,
            Target("median group under 0.3 s", "middle", "one_group_s", at_most=0.3),
            Target("peak memory under 1 GiB, hottest group", "waybill", "peak_mb", at_most=1024),
            Target("peak memory under 1 GiB, group with most people", "largest", "peak_mb", at_most=1024),
        ),
        main="work_cpu",
        main_title="CPU seconds from request to finished ZIP",
        facts=(f"{place.tenant} practice tenant; {snapshot.stat().st_size / 1e6:,.0f} MB snapshot",),
    )


def _plain(given: Given) -> dict[str, str]:
    return {name: str(value) for name, value in given.items()}


def prepare(path: Path, given: Given) -> None:
    """The picks of a snapshot, or the finished rows of a request."""
    if "export" not in given:
        pick(path, Path(str(given["snapshot"])))
        return
    from benchmarks.reports import asked, keep

    keep(path, asked(given))


def contend(name: str, given: Given) -> Answer:
    from benchmarks import reports

    if name == "middle":
        return _middle(given)
    if name == "rewrite":
        out = Path(str(given["out"]))
        with work() as done:
            rows, sha256 = reports.rewrite(Path(str(given["kept"])), out, str(given["export"]))
        shutil.rmtree(out.parent)
        return Answer(rows, sha256, done.wall, done.cpu)
    request = reports.asked(given)
    with work() as done:
        made = reports.finish(request)
    shutil.rmtree(request.scratch)
    rows = sum(one.rows for one in made.counts)
    return Answer(rows, made.sha256, done.wall, done.cpu, {"file_mb": made.size / 1e6})


def _middle(given: Given) -> Answer:
    from benchmarks import reports

    seconds: list[float] = []
    rows = 0
    with work() as done:
        for one in json.loads(str(given["received"])):
            started = time.perf_counter()
            made = reports.finish(reports.asked({**given, "received": one}))
            seconds.append(time.perf_counter() - started)
            rows += sum(count.rows for count in made.counts)
    shutil.rmtree(str(given["scratch"]))
    return Answer(
        rows, "none", done.wall, done.cpu, {"one_group_s": median(seconds), "slowest_s": max(seconds)}
    )
