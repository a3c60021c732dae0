"""Plots as SVG text: bars that compare contenders, lines over size. No script, no library; readable in print.

Colours are told apart by lightness too. Every bar and point carries its number, so that nothing must be
read off an axis. The page's background may be dark or light: each plot brings its own white one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

OURS, LIMIT, PEER, MARK = "#0b5cad", "#2e8540", "#9a9a9a", "#b3261e"
INK, QUIET, GRID = "#1b1b1b", "#5a5a5a", "#d9d9d9"
WIDTH = 1000
_LABEL, _BAR, _GAP, _TOP = 420, 22, 10, 92
_FONT = "font-family='system-ui, sans-serif'"
_RIGHT = 180
"""Room for the number behind the longest bar."""
_LINE = 18
"""From one line of text to the next."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One contender: its title, its value, the text behind the bar, the lowest and highest value.

    reach: what it should not exceed, drawn across its bar.
    """

    title: str
    value: float
    text: str
    colour: str
    low: float
    high: float
    reach: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across a plot, with its words."""

    value: float
    title: str


def bars(
    title: str, axis: str, given: Sequence[Bar], shown: Callable[[float], str], foot: Sequence[str] = ()
) -> str:
    """A horizontal bar for each contender; the axis is logarithmic, and says so, where they differ 30-fold.

    shown: a value with its unit, for the axis. foot: lines below the plot, on what is to be reached.
    """
    top = max([max(one.high, one.reach or 0) for one in given], default=0) or 1
    least = min((one.low for one in given if one.low > 0), default=top)
    log = top / least > 30
    start = 10 ** math.floor(math.log10(least / 2)) if log else 0.0
    room = WIDTH - _LABEL - _RIGHT

    def x(value: float) -> float:
        if log:
            return _LABEL + room * math.log10(max(value, start) / start) / math.log10(top / start)
        return _LABEL + room * value / top

    bottom = _TOP + len(given) * (_BAR + _GAP)
    height = bottom + 30 + len(foot) * _LINE + (6 if foot else 0)
    body = [text(16, 26, title, size=17, weight=600), text(16, 46, _axis(axis, log=log), colour=QUIET)]
    body += _legend(given)
    for value in _powers(start, top) if log else _steps(top):
        body.append(_grid(x(value), _TOP - 6, x(value), bottom))
        body.append(text(x(value), bottom + 14, shown(value), anchor="middle", colour=QUIET, size=12))
    for place, one in enumerate(given):
        body += _bar(one, _TOP + place * (_BAR + _GAP), x)
    for place, words in enumerate(foot):
        body.append(text(16, bottom + 40 + place * _LINE, words, colour=MARK))
    return drawing(height, title, body)


def _bar(one: Bar, y: float, x: Callable[[float], float]) -> list[str]:
    end, weight = x(one.value), 600 if one.colour == OURS else 400
    room = (_LABEL - 20) / (7.5 if weight == 600 else 6.9)
    drawn = [
        text(
            _LABEL - 10,
            y + 15,
            one.title,
            anchor="end",
            weight=weight,
            size=min(13, 13 * room / len(one.title)),
        ),
        f"<rect x='{_LABEL}' y='{y}' width='{max(end - _LABEL, 1):.1f}' height='{_BAR}' fill='{one.colour}'/>",
        _whisker(x(one.low), x(one.high), y + _BAR / 2),
    ]
    after = max(end, x(one.high))
    if one.reach is not None:
        at = x(one.reach)
        drawn.append(f"<path d='M{at:.1f} {y - 4}v{_BAR + 8}' stroke='white' stroke-width='6'/>")
        drawn.append(f"<path d='M{at:.1f} {y - 4}v{_BAR + 8}' stroke='{MARK}' stroke-width='3'/>")
        after = (
            at if -4 < at - after < 16 + 7 * len(one.text) else after
        )  # the number is not written across it
    return [*drawn, text(after + 8, y + 15, one.text)]  # fmt: skip


def _legend(given: Sequence[Bar]) -> list[str]:
    """What colours and marks mean, as far as the plot has them, in one line above it."""
    words = {OURS: "Waybill", LIMIT: "the least anybody could do", PEER: "what people use"}
    drawn, x = list[str](), 16.0
    for colour, told in words.items():
        if any(one.colour == colour for one in given):
            drawn.append(f"<rect x='{x:.0f}' y='61' width='12' height='12' fill='{colour}'/>")
            drawn.append(text(x + 17, 72, told, size=12))
            x += 17 + 6.6 * len(told) + 16
    if any(one.reach is not None for one in given):
        drawn.append(f"<path d='M{x + 2:.0f} 59v16' stroke='{MARK}' stroke-width='3'/>")
        drawn.append(text(x + 10, 72, "to reach: no more than this", size=12, colour=MARK))
        x += 10 + 6.6 * 27 + 16
    if any(one.high > one.low for one in given):
        drawn += [_whisker(x, x + 22, 67), text(x + 28, 72, "from lowest to highest round", size=12)]
    return drawn


@dataclass(frozen=True, slots=True)
class Line:
    """A line of points (x, y), in the order of x."""

    title: str
    points: Sequence[tuple[float, float]]
    colour: str = OURS


def lines(
    title: str, x_title: str, y_title: str, given: Sequence[Line], mark: Mark | None = None, unit: str = ""
) -> str:
    """Lines over a logarithmic x axis, the y axis from 0; every point carries its number, every line its name."""
    height, left, right, top, bottom, inside = 380, 90, 110, 64, 60, 50
    xs = [math.log10(point[0]) for line in given for point in line.points]
    steps = _steps(
        1.12 * max([point[1] for line in given for point in line.points] + ([mark.value] if mark else [])),
        beyond=True,
    )
    low, high = min(xs), max(xs)
    wide, tall = WIDTH - left - right - 2 * inside, height - top - bottom

    def x(value: float) -> float:
        return left + inside + wide * ((math.log10(value) - low) / (high - low) if high > low else 0.5)

    def y(value: float) -> float:
        return top + tall * (1 - value / steps[-1])

    body = [text(16, 26, title, size=17, weight=600), text(16, 46, y_title, colour=QUIET)]
    for value in steps:
        body.append(_grid(left, y(value), WIDTH - right, y(value)))
        body.append(text(left - 8, y(value) + 4, f"{value:,.0f}{unit}", anchor="end", colour=QUIET))
    if mark is not None:
        body.append(_dashed(left, y(mark.value), WIDTH - right, y(mark.value)))
        body.append(text(left + 8, y(mark.value) - 7, mark.title, colour=MARK, weight=600))
    for line in given:
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line.points)
        body.append(f"<polyline points='{path}' fill='none' stroke='{line.colour}' stroke-width='3'/>")
        for a, b in line.points:
            body.append(_grid(x(a), y(0), x(a), y(0) + 6))
            body.append(f"<circle cx='{x(a):.1f}' cy='{y(b):.1f}' r='5' fill='{line.colour}'/>")
            # Below the point where the mark's line is just above it.
            crossed = mark is not None and 0 < y(b) - y(mark.value) < 26
            body.append(text(x(a), y(b) + (22 if crossed else -12), f"{b:,.0f}{unit}", anchor="middle"))
            body.append(text(x(a), height - bottom + 22, f"{a:,.0f}", anchor="middle", colour=QUIET))
        end = line.points[-1]
        body.append(text(x(end[0]) + 14, y(end[1]) + 5, line.title, colour=line.colour, weight=600))
    told = f"{x_title} (logarithmic: each step to the right multiplies)"
    body.append(text(left + inside + wide / 2, height - 12, told, anchor="middle", colour=QUIET))
    return drawing(height, title, body)


def _steps(top: float, *, beyond: bool = False) -> list[float]:
    """Round numbers from 0 to `top`, about five; `beyond`: up to the first that is not below it."""
    rough = top / 5
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= rough * 0.999)
    count = math.ceil(top / step) if beyond else int(top / step)
    return [step * place for place in range(count + 1)]


def _powers(start: float, top: float) -> list[float]:
    """The powers of ten from `start` to `top`."""
    return [10.0**place for place in range(round(math.log10(start)), math.floor(math.log10(top)) + 1)]


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return f"<path d='M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}' stroke='{GRID}'/>"


def _dashed(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = f"x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}'"
    return f"<line {ends} stroke='{MARK}' stroke-width='2' stroke-dasharray='5 4'/>"


def _axis(axis: str, *, log: bool) -> str:
    return f"{axis}; shorter is better{'; logarithmic: each line to the right is ten times as much' if log else ''}"


def _whisker(low: float, high: float, y: float) -> str:
    """From the lowest to the highest round; nothing where they are one."""
    if high - low < 1.5:
        return ""
    return f"<path d='M{low:.1f} {y - 5}v10M{low:.1f} {y}H{high:.1f}M{high:.1f} {y - 5}v10' stroke='{INK}' fill='none'/>"


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    colour: str = INK,
    size: float = 13,
    weight: int = 400,
) -> str:
    """A line of text with a white edge, which keeps it legible on lines."""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='{colour}' font-size='{size:.3g}' "
        f"font-weight='{weight}' stroke='white' stroke-width='3' paint-order='stroke'>{escape(words)}</text>"
    )


def drawing(height: float, title: str, body: Sequence[str]) -> str:
    """The whole file, on a white ground."""
    inside = "\n".join(part for part in body if part)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height:.0f}' width='{WIDTH}' height='{height:.0f}' "
        f"role='img' aria-label='{escape(title, quote=True)}' {_FONT}>\n"
        f"<rect width='100%' height='100%' fill='white'/>\n{inside}\n</svg>\n"
    )
