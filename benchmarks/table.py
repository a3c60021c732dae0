"""The tables that a run prints: what each contender took, and each target with the figure measured."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import Figure, Verdict, figure, values, verdicts
from benchmarks.model import CaseResult


def case_table(case: CaseResult) -> str:
    """One line a contender: median and spread of CPU and wall seconds, peak memory, how many times ours; then targets."""
    ours = figure(values(case.results[0], case.plan.main)) if case.results else None
    lines: list[tuple[str, ...]] = [
        ("", "CPU s", "spread", "work CPU s", "wall s", "peak MiB", f"{case.plan.main} / first", "rounds")
    ]
    for one in case.results:
        if not one.rounds:
            lines.append((one.contender.title, f"not run: {one.error}"[:60], *[""] * 6))
            continue
        cpu, main = figure(values(one, "cpu")), figure(values(one, case.plan.main))
        lines.append(
            (
                one.contender.title,
                number(_median(values(one, "cpu"))),
                spread(cpu),
                number(_median(values(one, "work_cpu"))),
                number(_median(values(one, "wall"))),
                f"{_median(values(one, 'peak_mb')) or 0:.0f}",
                number(main.median / ours.median if main and ours and ours.median else None),
                str(len(one.rounds)),
            )
        )
    said = [f"== {case.title}", *aligned(lines), *map(verdict_line, verdicts(case))]
    if case.agreed is not None:
        said.append("answers: the same" if case.agreed else f"answers DIFFER: {case.disagreement}")
    return "\n".join(said)


def summary_table(cases: Sequence[CaseResult]) -> str:
    """All targets of all cases."""
    lines = [("case", "to reach", "measured", "spread", "met")]
    for case in cases:
        for one in verdicts(case):
            lines.append((case.name, one.target.words, measured(one), spread(one.measured), met(one)))
    return "\n".join(aligned(lines))


def verdict_line(one: Verdict) -> str:
    return f"  {met(one):8} {one.target.words}: {measured(one)} (spread {spread(one.measured) or '-'})"


def measured(one: Verdict) -> str:
    if one.measured is None:
        return one.note or "not run"
    times = " x" if one.target.against else unit(one.target.metric)
    return f"{number(one.measured.median)}{times}{f' ({one.note})' if one.note else ''}"


def unit(metric: str) -> str:
    """The unit of a metric, with a space before it."""
    if "peak_mb" in metric:
        return " MiB"
    if metric.endswith("_ms"):
        return " ms"
    return " s" if metric in ("wall", "cpu", "work_wall", "work_cpu") or metric.endswith("_s") else ""


def met(one: Verdict) -> str:
    return {True: "met", False: "NOT MET", None: "-"}[one.met]


def number(value: float | None) -> str:
    """Three digits that matter."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.095 else f"{value:.2g}"


def short(value: float) -> str:
    """The same without zeros at its end."""
    told = number(value)
    return told.rstrip("0").rstrip(".") if "." in told else told


def spread(found: Figure | None) -> str:
    """Lowest to highest; a single round has no spread, and says so."""
    if found is None:
        return ""
    return "one round" if found.rounds == 1 else f"{number(found.low)} to {number(found.high)}"


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest text; the first one to the left, the others to the right."""
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return [
        "  ".join(
            text.ljust(width) if place == 0 or len(text) > 40 else text.rjust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def _median(found: Sequence[float]) -> float | None:
    shown = figure(found)
    return None if shown is None else shown.median
