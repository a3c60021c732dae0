"""Growth: each export on the medium and on the large practice tenant; work and memory against rows.

Ten times the rows should take at most eleven times the time: at most 1.1 times as long for each row. The
tenants differ by ten in grants and people but by 25 in groups, so time is counted by the rows each export has;
personal data is of whoever gets most access in each tenant.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

from benchmarks import case_activity, case_group_report
from benchmarks.case_all_groups import REQUEST
from benchmarks.case_delivery import SAS, storage_sink
from benchmarks.case_group_report import request
from benchmarks.model import Answer, Contender, Curve, Given, Plan, Role, Target
from benchmarks.picks import People, Picks, pick_people, read_people, read_picks
from benchmarks.place import Place

TITLE = "Growth from a medium to a large tenant"
EXPORTS = ("group", "all groups", "sites", "activity", "personal data", "shared profile")


def plan(place: Place, stack: ExitStack) -> Plan:
    sizes = ("small", "medium") if place.quick else ("medium", "large")
    sink = f"http://127.0.0.1:{storage_sink(stack)}/devstoreaccount1/container?{SAS}"
    contenders: list[Contender] = []
    exports = [one for one in EXPORTS if one != "sites" or not place.quick]
    for export in exports:
        for size in sizes:
            snapshot = place.snapshot(size)
            picks = read_picks(
                place.child_once(f"picks-{snapshot.stem}.json", "group_report", snapshot=str(snapshot))
            )
            people = read_people(
                place.child_once(f"people-{snapshot.stem}.json", "growth", snapshot=str(snapshot))
            )
            name = f"{export}, {size}"
            given = {
                **_request(export, picks, people),
                "snapshot": str(snapshot),
                "scratch": str(place.scratch / "growth"),
                "sink": sink,
            }
            rounds = 1 if export == "sites" else 2  # it takes minutes; its own case has several rounds
            title = f"{export}, {size} tenant"
            contenders.append(Contender(name, title, Role.OURS, given, rounds, check=""))
    targets: list[Target] = []
    for export in exports:
        few, many = (f"{export}, {size}" for size in sizes)
        targets.append(
            Target(
                f"{export}: at most 1.1 x the CPU for each row", many, "work_cpu/count", (few,), at_most=1.1
            )
        )
        targets.append(Target(f"{export}: at most 1.5 x the memory", many, "peak_mb", (few,), at_most=1.5))
    curves = tuple(
        Curve(
            f"Peak memory while the tenant grows: {export}",
            "rows of the export",
            "peak memory, MiB",
            "peak_mb",
            (("Waybill", tuple(f"{export}, {size}" for size in sizes)),),
        )
        for export in exports
    )
    return Plan(
        tuple(contenders),
        tuple(targets),
        main="work_cpu/count",
        main_title="CPU seconds for each row",
        facts=(f"{sizes[0]} to {sizes[1]} practice tenant",),
        curves=curves,
    )


def _request(export: str, picks: Picks, people: People) -> dict[str, str]:
    match export:
        case "group":
            return {"export": "group-access", "received": request(picks.hottest)}
        case "all groups":
            return {"export": "group-access", "received": REQUEST}
        case "sites":
            return {"export": "site-permissions", "received": json.dumps({"siteUrls": picks.sites})}
        case "personal data":
            return {"export": "personal-data", "received": json.dumps({"id": [people.person]})}
        case "shared profile":
            return {"export": "shared-profile-data", "received": json.dumps({"userId": [people.profile]})}
        case _:
            return {}


def contend(name: str, given: Given) -> Answer:
    if name.startswith("activity"):
        return case_activity.contend("waybill", given)
    if given["export"] in ("personal-data", "shared-profile-data"):
        from benchmarks.bundles import delivered

        return delivered(given)
    return case_group_report.contend("waybill", given)


def prepare(path: Path, given: Given) -> None:
    """The people of a snapshot; the other picks are those of the group report."""
    pick_people(path, Path(str(given["snapshot"])))
