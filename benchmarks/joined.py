"""Which result counts for each case, where several runs measured it: whole runs before quick ones, then the newest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.model import CaseResult
from benchmarks.results import Run


@dataclass(frozen=True, slots=True)
class Chosen:
    """A case as the page shows it. source: the name of the result's file; run: all that was measured with it."""

    case: CaseResult
    source: str
    run: Run


def join(runs: Mapping[str, Run], order: Sequence[str]) -> tuple[Chosen, ...]:
    """Each case once, in this order; cases that are not in `order` last. runs: by the name of their file."""
    best: dict[str, Chosen] = {}
    for source, run in sorted(runs.items(), key=lambda one: (not one[1].quick, one[1].started)):
        for case in run.cases:
            best[case.name] = Chosen(case, source, run)
    names = [*(name for name in order if name in best), *(name for name in best if name not in order)]
    return tuple(best[name] for name in names)
