"""Plots as SVG text: bars that compare contenders, lines over size. No script, no library; readable in print.

Colours are told apart by lightness too. Every bar carries its number, so that nothing must be read off
an axis. The page's background may be dark or light: each plot brings its own white one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

OURS, LIMIT, PEER, MARK = "#0b5cad", "#2e8540", "#9a9a9a", "#b3261e"
_INK, _QUIET, _GRID = "#1b1b1b", "#5a5a5a", "#d9d9d9"
_WIDTH, _LABEL, _BAR, _GAP, _TOP = 1000, 420, 22, 10, 64
_FONT = "font-family='system-ui, sans-serif'"
_RIGHT = 180
"""Room for the number behind the longest bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One contender: its title, its value, the text behind the bar, and the lowest and highest value."""

    title: str
    value: float
    text: str
    colour: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across a plot, with its words."""

    value: float
    title: str


def bars(title: str, axis: str, given: Sequence[Bar], mark: Mark | None = None) -> str:
    """A horizontal bar for each contender; the axis is logarithmic, and says so, where they differ 30-fold."""
    top = max([one.high for one in given] + ([mark.value] if mark else [])) or 1
    least = min((one.low for one in given if one.low > 0), default=top)
    log = top / least > 30
    start = 10 ** math.floor(math.log10(least / 2)) if log else 0.0
    room = _WIDTH - _LABEL - _RIGHT

    def x(value: float) -> float:
        if log:
            return _LABEL + room * math.log10(max(value, start) / start) / math.log10(top / start)
        return _LABEL + room * value / top

    height = _TOP + len(given) * (_BAR + _GAP) + 34
    body = [_text(16, 26, title, size=17, weight=600), _text(16, 46, _axis(axis, log=log), colour=_QUIET)]
    for place, one in enumerate(given):
        y = _TOP + place * (_BAR + _GAP)
        end = x(one.value)
        body += [
            _text(_LABEL - 10, y + 15, one.title, anchor="end", weight=600 if one.colour == OURS else 400),
            f"<rect x='{_LABEL}' y='{y}' width='{max(end - _LABEL, 1):.1f}' height='{_BAR}' fill='{one.colour}'/>",
            _whisker(x(one.low), x(one.high), y + _BAR / 2),
            _text(max(end, x(one.high)) + 8, y + 15, one.text),
        ]
    if mark is not None:
        at, foot = x(mark.value), height - 30
        body.append(_dashed(at, _TOP - 6, at, foot))
        side = "start" if at < _WIDTH / 2 else "end"
        body.append(_text(at, height - 12, mark.title, colour=MARK, anchor=side))
    return _svg(height, title, body)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of points (x, y), in the order of x."""

    title: str
    points: Sequence[tuple[float, float]]
    colour: str = OURS


def lines(title: str, x_title: str, y_title: str, given: Sequence[Line], mark: Mark | None = None) -> str:
    """Lines over a logarithmic x axis, the y axis from 0; every point carries its number."""
    height, left, right, bottom = 380, 80, 60, 60
    xs = [math.log10(point[0]) for line in given for point in line.points]
    highest = (
        max([point[1] for line in given for point in line.points] + ([mark.value] if mark else [])) * 1.15
    )
    low, high = min(xs), max(xs)
    wide, tall = _WIDTH - left - right, height - _TOP - bottom

    def x(value: float) -> float:
        return left + wide * ((math.log10(value) - low) / (high - low) if high > low else 0.5)

    def y(value: float) -> float:
        return _TOP + tall * (1 - value / highest)

    body = [_text(16, 26, title, size=17, weight=600), _text(16, 46, y_title, colour=_QUIET)]
    for step in range(5):
        value = highest * step / 4
        body.append(
            f"<line x1='{left}' x2='{_WIDTH - right}' y1='{y(value):.1f}' y2='{y(value):.1f}' stroke='{_GRID}'/>"
        )
        body.append(_text(left - 8, y(value) + 4, f"{value:,.0f}", anchor="end", colour=_QUIET))
    for line in given:
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line.points)
        body.append(f"<polyline points='{path}' fill='none' stroke='{line.colour}' stroke-width='3'/>")
        for a, b in line.points:
            body.append(f"<circle cx='{x(a):.1f}' cy='{y(b):.1f}' r='5' fill='{line.colour}'/>")
            body.append(_text(x(a), y(b) - 12, f"{b:,.0f}", anchor="middle"))
            body.append(_text(x(a), height - bottom + 22, f"{a:,.0f}", anchor="middle", colour=_QUIET))
    if mark is not None:
        body.append(_dashed(left, y(mark.value), _WIDTH - right, y(mark.value)))
        body.append(_text(_WIDTH - right, y(mark.value) - 7, mark.title, anchor="end", colour=MARK))
    body.append(_text(left + wide / 2, height - 12, x_title, anchor="middle", colour=_QUIET))
    return _svg(height, title, body)


def _dashed(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = f"x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}'"
    return f"<line {ends} stroke='{MARK}' stroke-width='2' stroke-dasharray='5 4'/>"


def _axis(axis: str, *, log: bool) -> str:
    return f"{axis}; shorter is better{'; logarithmic: each bar may stand for many times the one above' if log else ''}"


def _whisker(low: float, high: float, y: float) -> str:
    """From the lowest to the highest round; nothing where they are one."""
    if high - low < 1.5:
        return ""
    return f"<path d='M{low:.1f} {y - 5}v10M{low:.1f} {y}H{high:.1f}M{high:.1f} {y - 5}v10' stroke='{_INK}' fill='none'/>"


def _text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    colour: str = _INK,
    size: int = 13,
    weight: int = 400,
) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='{colour}' font-size='{size}' "
        f"font-weight='{weight}'>{escape(words)}</text>"
    )


def _svg(height: float, title: str, body: Sequence[str]) -> str:
    inside = "\n".join(part for part in body if part)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height:.0f}' width='{_WIDTH}' height='{height:.0f}' "
        f"role='img' aria-label='{escape(title, quote=True)}' {_FONT}>\n"
        f"<rect width='100%' height='100%' fill='white'/>\n{inside}\n</svg>\n"
    )
