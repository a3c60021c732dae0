"""A small run, made by hand, for the tests of tables, plots and the page."""

from __future__ import annotations

from datetime import UTC, datetime

from benchmarks.model import Answer, CaseResult, Contender, Curve, Measured, Plan, Result, Role, Target
from benchmarks.results import Run


def measured(
    cpu: float, *, peak_mb: float = 100, count: int = 10, checksum: str = "a", **numbers: float
) -> Measured:
    return Measured(cpu * 1.5, cpu, peak_mb, Answer(count, checksum, cpu, cpu, numbers))


def result(name: str, role: Role, *rounds: Measured, error: str = "") -> Result:
    return Result(Contender(name, f"The {name} & <co>", role, {"path": "/secret/place"}), rounds, error)


def case(*targets: Target) -> CaseResult:
    results = (
        result("ours", Role.OURS, measured(1), measured(2), measured(3), measured(9, count=1000)),
        result("limit", Role.LIMIT, measured(1), measured(1), measured(1)),
        result("slow", Role.PEER, measured(80, rate=5)),
        result("gone", Role.PEER, error="not installed"),
    )
    curve = Curve("Memory", "rows", "MiB", "peak_mb", (("Ours", ("ours", "slow")),), 90, "90 MiB")
    contenders = tuple(one.contender for one in results)
    plan = Plan(contenders, targets, facts=("made by hand",), curves=(curve,))
    return CaseResult("made", "A made case", plan, results, True, seconds=120, preparing=30)


def run(*cases: CaseResult) -> Run:
    return Run(datetime(2026, 6, 1, 12, tzinfo=UTC), False, 3, {"cores": "2"}, {"python": "3.11"}, cases)
