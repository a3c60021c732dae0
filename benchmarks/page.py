"""docs/performance.md and its plots, made from results, and from profiles that say where the time goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks import svg
from benchmarks.figures import Verdict, figure, values, verdicts
from benchmarks.joined import Chosen
from benchmarks.model import CaseResult, Curve, Result, Role
from benchmarks.table import measured, met, number, spread, unit

_COLOURS = {Role.OURS: svg.OURS, Role.LIMIT: svg.LIMIT, Role.PEER: svg.PEER}

_HEAD = """# How fast Waybill is

This page is made by `python -m benchmarks page` from the results below. Do not edit it; measure again.

Blue bars are Waybill, green ones the least anybody could do (the limit), grey ones what people use. Each
contender is a whole process of its own; all of a case take turns in one run, and the median counts. A thin
black line goes from the lowest to the highest round. Ratios are taken round by round. CPU seconds are user and
system time together: on a busy machine they say more than the clock does.

**{reached} of {all} figures are reached.** Most cases with one that is not say below where the time goes and what
was tried.

{sources}
"""

_REPEAT = """## Repeat it

```sh
make bench-quick   # minutes: the medium practice tenant, fewer rows and rounds
make bench         # everything, about an hour; builds the large practice tenant first
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
        "| result | run | UTC | rounds | load before | commit | cases |",
        "|---|---|---|---:|---:|---|---|",
    ]
    for source, run in sorted({one.source: one.run for one in cases}.items()):
        names = ", ".join(one.case.name for one in cases if one.source == source)
        lines.append(
            f"| [{source}](../benchmarks/results/{source}) | {'quick' if run.quick else 'full'} "
            f"| {run.started:%Y-%m-%d %H:%M} | {run.rounds} | {run.machine.get('load', '')} "
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
    """The case's main figure by contender, with the first target that is held against it as a line."""
    drawn = [bar for one in case.results if one.contender.bar and (bar := _bar(one, case)) is not None]
    reached, mark = verdicts(case), None
    for one in reached:
        target = one.target
        if target.metric == case.plan.main and target.at_most is not None:
            against = (
                figure(values(case.result(target.against[0]), target.metric)) if target.against else None
            )
            if target.against and against is None:
                continue
            mark = svg.Mark(target.at_most * (against.median if against else 1), f"to reach: {target.words}")
            break
    return svg.bars(case.title, case.plan.main_title, drawn, mark)


def _bar(one: Result, case: CaseResult) -> svg.Bar | None:
    found = figure(values(one, case.plan.main))
    if found is None:
        return None
    ours = figure(values(case.results[0], case.plan.main))
    text = f"{number(found.median)}{unit(case.plan.main) or ' s'}"
    if ours is not None and ours.median > 0 and one is not case.results[0]:
        text += f"  ({number(found.median / ours.median)} x ours)"
    return svg.Bar(
        one.contender.title, found.median, text, _COLOURS[one.contender.role], found.low, found.high
    )


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
    mark = None if curve.mark is None else svg.Mark(curve.mark, curve.mark_title)
    return svg.lines(curve.title, curve.x_title, curve.y_title, drawn, mark)


def _made_with(cases: Sequence[Chosen]) -> str:
    """The machine and versions of the newest result; what differs from run to run is in the table above."""
    newest = max((one.run for one in cases), key=lambda run: run.started)
    machine = ", ".join(f"{name} {value}" for name, value in newest.machine.items() if name != "load")
    versions = ", ".join(f"{name} {value}" for name, value in newest.versions.items() if name != "commit")
    return f"## Made with\n\n{machine}.\n\n{versions}.\n"
