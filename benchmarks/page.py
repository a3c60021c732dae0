"""docs/performance.md and its plots, made from results, and from profiles that say where the time goes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import svg
from benchmarks.figures import Verdict, figure, values, verdicts
from benchmarks.joined import Chosen
from benchmarks.model import CaseResult, Curve, Result, Role, Target
from benchmarks.overview import overview
from benchmarks.table import measured, met, number, short, spread, unit

_COLOURS = {Role.OURS: svg.OURS, Role.LIMIT: svg.LIMIT, Role.PEER: svg.PEER}

_HEAD = """# How fast Waybill is

This page is made by `python -m benchmarks page` from the results below. Do not edit it; measure again.

Blue bars are Waybill, green ones the least anybody could do (the limit), grey ones what people use. Each
contender is a whole process of its own; all of a case take turns in one run, and the median counts. A thin
black line goes from the lowest to the highest round; a red mark is what is to be reached. Ratios are taken
round by round. CPU seconds are user and system time together: on a busy machine they say more than the clock does.

![Each figure against what is to be reached](performance/overview.svg)

**{reached} of {all} figures are reached.** Most cases with one that is not say below where the time goes and what
was tried.

{sources}
"""

_REPEAT = """## Repeat it

```sh
make bench-quick   # minutes: the medium practice tenant, fewer rows and rounds
make bench         # everything, under an hour; builds the large practice tenant and its files first
python -m benchmarks run --case xlsx --case csv   # some cases alone
python -m benchmarks page                         # this page; of each case the newest full result counts
```

Inputs are made once, in `build/bench` (or the folder `WAYBILL_BENCH_DATA` names). Before its figures count, a
case compares what the contenders answered: numbers of rows, and a checksum of them that depends neither on
format nor on order. pandas is kept out of every process but its own, since pyarrow imports it where it
finds it, and no installation of Waybill has it. Peers that take minutes run one round; a ratio to them
uses that round.
"""


def write_page(path: Path, cases: Sequence[Chosen], profiles: Path) -> None:
    """Write the page and, beside it, `performance/*.svg`. profiles: a folder of `<case>.md`, put below the case."""
    plots = path.parent / "performance"
    plots.mkdir(parents=True, exist_ok=True)
    for old in plots.glob("*.svg"):
        old.unlink()
    (plots / "overview.svg").write_text(overview([one.case for one in cases]), "utf-8")
    parts = [_head(cases), _summary(cases)]
    for one in cases:
        parts.append(_case(one.case, plots))
        profile = profiles / f"{one.case.name}.md"
        if profile.is_file():
            parts.append(f"### {one.case.title}: where the time goes\n\n{profile.read_text('utf-8')}")
    parts.append(_REPEAT)
    parts.append(_made_with(cases))
    path.write_text("\n".join(parts), "utf-8")


def _head(cases: Sequence[Chosen]) -> str:
    told = [one for chosen in cases for one in verdicts(chosen.case)]
    return _HEAD.format(reached=sum(one.met is True for one in told), all=len(told), sources=_sources(cases))


def _sources(cases: Sequence[Chosen]) -> str:
    """Every result that is on the page, and what of it."""
    lines = [
        "| result | run | UTC | rounds | minutes | load before | commit | cases |",
        "|---|---|---|---:|---:|---:|---|---|",
    ]
    for source, run in sorted({one.source: one.run for one in cases}.items()):
        names = ", ".join(one.case.name for one in cases if one.source == source)
        minutes = sum(one.seconds for one in run.cases) / 60
        lines.append(
            f"| [{source}](../benchmarks/results/{source}) | {'quick' if run.quick else 'full'} "
            f"| {run.started:%Y-%m-%d %H:%M} | {run.rounds} | {f'{minutes:.0f}' if minutes else ''} "
            f"| {run.machine.get('load', '')} "
            f"| {run.versions.get('commit', '')} | {names} |"
        )
    return "\n".join(lines)


def _summary(cases: Sequence[Chosen]) -> str:
    lines = ["| case | to reach | measured | spread | |", "|---|---|---|---|---|"]
    for chosen in cases:
        case = chosen.case
        lines += [
            f"| [{case.title}](#{_anchor(case.title)}) | {one.target.words} | {measured(one)} "
            f"| {spread(one.measured)} | {_met(one)} |"
            for one in verdicts(case)
        ]
    return "\n".join(lines) + "\n"


def _met(one: Verdict) -> str:
    return {"met": "reached", "NOT MET": "**not reached**"}.get(met(one), "not run")


def _anchor(title: str) -> str:
    """As GitHub makes it of a heading."""
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")


def _case(case: CaseResult, plots: Path) -> str:
    name = f"{case.name}.svg"
    (plots / name).write_text(bar_plot(case), "utf-8")
    parts = [
        f"## {case.title}",
        "",
        "; ".join(case.plan.facts) + ".",
        "",
        f"![{case.title}](performance/{name})",
        "",
    ]
    for place, curve in enumerate(case.plan.curves):
        drawn = curve_plot(case, curve)
        if drawn:
            name = f"{case.name}-{place + 1}.svg"
            (plots / name).write_text(drawn, "utf-8")
            parts += [f"![{curve.title}](performance/{name})", ""]
    parts += _rows(case)
    match case.agreed:
        case True:
            parts.append("\nAll contenders gave the same answer.\n")
        case False:
            parts.append(
                f"\n**The answers differ**, so these figures count for nothing: {case.disagreement}\n"
            )
        case None:
            parts.append("")
    return "\n".join(parts)


def _rows(case: CaseResult) -> list[str]:
    lines = [
        "| | CPU s | spread | work s | peak MiB | count | rounds |",
        "|---|---:|---|---:|---:|---:|---:|",
    ]
    for one in case.results:
        title = one.contender.title
        if not one.rounds:
            lines.append(f"| {title} | not run: {one.error} | | | | | |")
            continue
        cpu, peak = figure(values(one, "cpu")), figure(values(one, "peak_mb"))
        wall = (
            figure(values(one, "work_wall")) if any(values(one, "work_wall")) else figure(values(one, "wall"))
        )
        count = one.rounds[0].answer.count
        lines.append(
            f"| {title} | {number(cpu.median if cpu else None)} | {spread(cpu)} | {number(wall.median if wall else None)} "
            f"| {number(peak.median if peak else None)} | {count:,} | {len(one.rounds)} |"
        )
    return lines


def bar_plot(case: CaseResult) -> str:
    """The case's main figure by contender; across our bars, what is to be reached."""
    shown, reach, foot = _shown(case.plan.main), dict[str, float](), dict[str, str]()
    for target in case.plan.targets:
        allowed = _allowed(target, case) if target.metric == case.plan.main else None
        if allowed is None or allowed >= reach.get(target.ours, math.inf):
            continue  # of several the hardest
        reach[target.ours] = allowed
        foot[target.ours] = f"{_title(case, target.ours)}: to reach {shown(allowed)}{_measure(target, case)}"
    drawn = [
        bar
        for one in case.results
        if one.contender.bar and (bar := _bar(one, case, reach.get(one.contender.name))) is not None
    ]
    return svg.bars(
        case.title, case.plan.main_title, drawn, _shown(case.plan.main, short), list(foot.values())
    )


def _allowed(target: Target, case: CaseResult) -> float | None:
    """The most that `target` allows of its metric; None if it allows any, or what it is held against did not run."""
    if not target.against:
        return target.at_most
    best = _fastest(target, case)
    if best is None:
        return None
    if target.inverse and target.at_least:
        return best[1] / target.at_least
    return None if target.inverse or target.at_most is None else best[1] * target.at_most


def _fastest(target: Target, case: CaseResult) -> tuple[str, float] | None:
    """Of what a target is held against, the one of the lowest median, with that median."""
    told = {name: figure(values(case.result(name), target.metric)) for name in target.against}
    medians = {name: found.median for name, found in told.items() if found is not None}
    return min(medians.items(), key=lambda one: one[1]) if medians else None


def _measure(target: Target, case: CaseResult) -> str:
    """Where the number to reach comes from."""
    best = _fastest(target, case)
    if best is None:
        return ""
    times = f"{target.at_most:g} x" if target.at_most is not None else f"1/{target.at_least:g} of"
    return f", {times} \u201c{_title(case, best[0])}\u201d"


def _title(case: CaseResult, name: str) -> str:
    found = case.result(name)
    return found.contender.title if found is not None else name


def _shown(metric: str, write: Callable[[float], str] = number) -> Callable[[float], str]:
    """A value of this metric with its unit; seconds in a unit that fits."""

    def shown(value: float) -> str:
        told = unit(metric.partition("/")[0])
        if told in ("", " s") and 0 < value < 0.0095:
            times, name = (1e3, "ms") if value >= 0.95e-3 else (1e6, "\u00b5s")
            return f"{write(value * times)} {name}"
        return f"{write(value) if value else 0}{told or ' s'}"

    return shown


def _bar(one: Result, case: CaseResult, reach: float | None) -> svg.Bar | None:
    found = figure(values(one, case.plan.main))
    if found is None:
        return None
    text = _shown(case.plan.main)(found.median)
    if one.contender.role is not Role.OURS:
        ours = figure(values(_ours_beside(one, case), case.plan.main))
        if ours is not None and ours.median > 0:
            text += f"  ({number(found.median / ours.median)} x Waybill)"
    colour = _COLOURS[one.contender.role]
    return svg.Bar(one.contender.title, found.median, text, colour, found.low, found.high, reach)


def _ours_beside(one: Result, case: CaseResult) -> Result | None:
    """Our own contender of the same question, if there is one; the case's first where nothing is compared."""
    asked = one.contender.check
    if not asked:
        return case.results[0]
    ours = (other for other in case.results if other.contender.role is Role.OURS)
    return next((other for other in ours if other.contender.check == asked), None)


def curve_plot(case: CaseResult, curve: Curve) -> str:
    """ "" if fewer than two points were measured."""
    drawn: list[svg.Line] = []
    for title, names in curve.lines:
        points: list[tuple[float, float]] = []
        for name in names:
            count, value = (figure(values(case.result(name), metric)) for metric in ("count", curve.metric))
            if count is not None and value is not None and count.median > 0:
                points.append((count.median, value.median))
        if len(points) > 1:
            drawn.append(svg.Line(title, sorted(points)))
    if not drawn:
        return ""
    unit_ = unit(curve.metric)
    return svg.lines(curve.title, curve.x_title, curve.y_title, drawn, _curve_mark(case, curve, unit_), unit_)


def _curve_mark(case: CaseResult, curve: Curve, unit_: str) -> svg.Mark | None:
    """What the curve should stay below: as it says itself, or by a target between two of its points."""
    if curve.mark is not None:
        return svg.Mark(curve.mark, f"to stay below: {number(curve.mark)}{unit_} ({curve.mark_title})")
    names = {name for _, of_line in curve.lines for name in of_line}
    for target in case.plan.targets:
        if target.metric == curve.metric and target.against and {target.ours, *target.against} <= names:
            allowed = _allowed(target, case)
            if allowed is not None:
                told = f"{number(allowed)}{unit_}{_measure(target, case)}"
                return svg.Mark(allowed, f"to stay below: {told}")
    return None


def _made_with(cases: Sequence[Chosen]) -> str:
    """The machine and versions of the newest result; what differs from run to run is in the table above."""
    newest = max((one.run for one in cases), key=lambda run: run.started)
    machine = ", ".join(f"{name} {value}" for name, value in newest.machine.items() if name != "load")
    versions = ", ".join(f"{name} {value}" for name, value in newest.versions.items() if name != "commit")
    return f"## Made with\n\n{machine}.\n\n{versions}.\n"
