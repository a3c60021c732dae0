"""Medians, spreads and ratios of a case's rounds, and whether its targets are met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.model import CaseResult, Result, Target


@dataclass(frozen=True, slots=True)
class Figure:
    """Median, lowest and highest of so many rounds."""

    median: float
    low: float
    high: float
    rounds: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target with what was measured. measured, met: None if a contender it needs did not run."""

    target: Target
    measured: Figure | None
    met: bool | None
    note: str = ""


def figure(values: Sequence[float]) -> Figure | None:
    """None of no values."""
    return Figure(median(values), min(values), max(values), len(values)) if values else None


def values(result: Result | None, metric: str) -> list[float]:
    """The metric of every round that has it."""
    found: list[float] = []
    for one in result.rounds if result is not None else ():
        try:
            found.append(one.value(metric))
        except KeyError:
            return []  # a contender without this number has it in no round
    return found


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ours / theirs, round by round, since rounds are neighbours in time and the machine's mood cancels out.

    Where the other had fewer rounds, its last one is compared with our later ones.
    """
    if not ours or not theirs:
        return []
    return [mine / max(theirs[min(place, len(theirs) - 1)], 1e-9) for place, mine in enumerate(ours)]


def verdict(target: Target, case: CaseResult) -> Verdict:
    """Measure a target. Of several to compare with, the one of the lowest median counts."""
    ours = values(case.result(target.ours), target.metric)
    note = ""
    if target.against:
        theirs = {name: values(case.result(name), target.metric) for name in target.against}
        able = {name: found for name, found in theirs.items() if found}
        if not able or not ours:
            return Verdict(target, None, None, "not run")
        best = min(able, key=lambda name: median(able[name]))
        note = best if len(target.against) > 1 else ""
        ours = ratios(ours, able[best])
        if target.inverse:
            ours = [1 / max(one, 1e-9) for one in ours]
    measured = figure(ours)
    if measured is None:
        return Verdict(target, None, None, "not run")
    met = (target.at_most is None or measured.median <= target.at_most) and (
        target.at_least is None or measured.median >= target.at_least
    )
    return Verdict(target, measured, met, note)


def verdicts(case: CaseResult) -> list[Verdict]:
    return [verdict(target, case) for target in case.plan.targets]
