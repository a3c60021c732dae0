"""All figures in one plot: how far each is from what is to be reached, to the left better, to the right short of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.figures import Verdict, verdicts
from benchmarks.model import CaseResult
from benchmarks.svg import GRID, INK, MARK, OURS, QUIET, WIDTH, drawing, text
from benchmarks.table import measured, short, unit

_LEFT, _RIGHT, _TOP, _ROW, _HEAD = 470, 220, 118, 20, 28
_BEST, _WORST = 1 / 10, 5.0
"""Where the axis ends; what lies beyond is drawn to the end, with an arrow."""
_TICKS = ((1 / 10, "10 x"), (1 / 5, "5 x"), (1 / 2, "2 x"), (1.0, ""), (2.0, "2 x"), (5.0, "5 x"))


@dataclass(frozen=True, slots=True)
class Standing:
    """One figure. share: measured / allowed; at most 1 = reached; None = not run."""

    words: str
    share: float | None
    told: str


def standing(one: Verdict) -> Standing:
    """Where a target stands. At least so much is turned round, so that less is better everywhere."""
    target, share = one.target, None
    if one.measured is not None and target.at_most:
        share = one.measured.median / target.at_most
    elif one.measured is not None and target.at_least:
        share = target.at_least / max(one.measured.median, 1e-9)
    told = measured(replace(one, note="")) if one.measured is not None else "not run"
    if share is not None:
        limit = target.at_most if target.at_most is not None else target.at_least
        times = " x" if target.against else unit(target.metric)
        told += f"; {'at most' if target.at_most is not None else 'at least'} {short(limit or 0)}{times}"
    return Standing(target.words, share, told)


def overview(cases: Sequence[CaseResult]) -> str:
    """A row for each figure, below the name of its case."""
    shown = [(case.title, [standing(one) for one in verdicts(case)]) for case in cases]
    shown = [(title, rows) for title, rows in shown if rows]
    every = [one for _, rows in shown for one in rows]
    reached = sum(one.share is not None and one.share <= 1 for one in every)
    height = _TOP + sum(_HEAD + _ROW * len(rows) for _, rows in shown) + 14
    title = f"{reached} of {len(every)} figures are reached"
    body = [text(16, 26, title, size=17, weight=600), *_legend()]
    body += [
        f"<path d='M{_x(value):.1f} {_TOP - 12}V{height - 8:.0f}' stroke='{INK if value == 1 else GRID}'/>"
        for value, _ in _TICKS
    ]
    y = float(_TOP)
    for case, rows in shown:
        body.append(text(16, y + 18, case, weight=600))
        y += _HEAD
        for one in rows:
            body += _row(one, y)
            y += _ROW
    return drawing(height, title, body)


def _legend() -> list[str]:
    middle = _x(1)
    parts = [
        text(16, 46, "Each figure against what is to be reached: the longer the bar, the further from it.",
             colour=QUIET),
        text(middle - 10, 72, "← reached, with room to spare", anchor="end", colour=OURS, weight=600),
        text(middle + 10, 72, "not reached, by so much →", colour=MARK, weight=600),
    ]  # fmt: skip
    for value, told in _TICKS:
        parts.append(text(_x(value), 96, told, anchor="middle", colour=QUIET, size=12))
    return parts


def _row(one: Standing, y: float) -> list[str]:
    drawn = [text(_LEFT - 12, y + 13, one.words, anchor="end", size=min(12.5, 12.5 * 68 / len(one.words)))]
    if one.share is not None:
        met = one.share <= 1
        begin, end = sorted((_x(1), _x(one.share)))
        wide, colour = max(end - begin, 2), OURS if met else MARK
        drawn.append(
            f"<rect x='{begin:.1f}' y='{y + 2}' width='{wide:.1f}' height='{_ROW - 6}' fill='{colour}'/>"
        )
        if one.share < _BEST or one.share > _WORST:
            drawn.append(_arrow(_x(one.share), y + _ROW / 2 - 1, -8 if met else 8, colour))
    drawn.append(text(WIDTH - _RIGHT + 24, y + 13, one.told, size=12.5))
    return drawn  # fmt: skip


def _arrow(x: float, y: float, way: float, colour: str) -> str:
    return f"<path d='M{x:.1f} {y - 7}v14l{way} -7z' fill='{colour}'/>"


def _x(share: float) -> float:
    kept = math.log(min(max(share, _BEST), _WORST) / _BEST) / math.log(_WORST / _BEST)
    return _LEFT + 10 + (WIDTH - _LEFT - _RIGHT - 10) * kept
