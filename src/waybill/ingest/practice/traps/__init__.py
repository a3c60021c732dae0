"""The trap set: every edge case of insights.md 3.12, the same readable scenes in every size."""

from __future__ import annotations

from waybill.ingest.practice.stage import Stage
from waybill.ingest.practice.traps import activity, groups, links, names, partners, people, places
from waybill.ingest.practice.traps.trap import Trap

TRAPS: tuple[Trap, ...] = (*groups.ALL, *people.ALL, *places.ALL, *links.ALL, *names.ALL, *partners.ALL)
ACTIVITY_TRAPS = activity.ALL


def trap_set(tenant: str) -> Stage:
    """All traps, played on one stage. `tenant`: id of the practice tenant (for its EEEU claim)."""
    stage = Stage(tenant)
    for trap in TRAPS:
        trap.play(stage)
    for scene in ACTIVITY_TRAPS:
        scene.play(stage)
    return stage
