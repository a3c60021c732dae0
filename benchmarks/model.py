"""What a benchmark case is: contenders that do the same work, targets that compare them, curves over size.

A contender runs as a process of its own (`benchmarks.child`), so that its CPU seconds and peak memory
are its own, start of the interpreter included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Given = Mapping[str, str | int | float | list[str]]
"""What a contender's process is told, as JSON."""


class Role(StrEnum):
    OURS = "ours"
    LIMIT = "limit"  # the least anybody could do: what the figure is held against
    PEER = "peer"  # what people use


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the work. `name` is known to the case's `contend`, `title` to people.

    rounds: at most so many rounds (0 = as many as the run has): for peers that take minutes.
    check: its answer is compared with the other contenders' of the same `check` text.
    service: pid of a process that works for it and whose CPU is counted as its own (0 = none).
    bar: it has a bar of its own in the plot; those that only make a curve have none.
    """

    name: str
    title: str
    role: Role
    given: Given = field(default_factory=dict)
    rounds: int = 0
    check: str = "rows"
    service: int = 0
    bar: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """A figure to reach, in words, and how it is measured.

    metric: of each round of `ours` (see `Measured.values`). against: contenders it is divided by, round by
    round; of several the lowest. Empty = the metric itself is the figure.
    inverse: the figure is theirs / ours ("at least 4 x less than ..."). Exactly one of at_most, at_least.
    """

    words: str
    ours: str
    metric: str
    against: tuple[str, ...] = ()
    at_most: float | None = None
    at_least: float | None = None
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """A plot over size: one line for each (title, contender names in order of size)."""

    title: str
    x_title: str
    y_title: str
    metric: str
    lines: tuple[tuple[str, tuple[str, ...]], ...]
    mark: float | None = None
    mark_title: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A case ready to run. main: the metric that is plotted. facts: what the work is, for people."""

    contenders: tuple[Contender, ...]
    targets: tuple[Target, ...]
    main: str = "cpu"
    main_title: str = "CPU seconds"
    facts: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a contender's process says of its work.

    count: rows, files or calls. checksum: of the rows, the same for the same answer in whatever order or
    format; "" = made later, by the case's `check`. work_wall, work_cpu: seconds from request to
    finished answer, without the start of the process. numbers: anything else the case measures.
    """

    count: int
    checksum: str = ""
    work_wall: float = 0.0
    work_cpu: float = 0.0
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """One process, from start to end. Seconds, MiB; cpu = user + system, of its children too."""

    wall: float
    cpu: float
    peak_mb: float
    answer: Answer

    def value(self, metric: str) -> float:
        """By name: wall, cpu, peak_mb, work_wall, work_cpu, any of `numbers`; "/count" divides by the count.

        Raises KeyError for a number the contender does not have.
        """
        name, per, _ = metric.partition("/count")
        if per:
            return self.value(name) / max(self.answer.count, 1)
        match name:
            case "wall":
                return self.wall
            case "cpu":
                return self.cpu
            case "peak_mb":
                return self.peak_mb
            case "work_wall":
                return self.answer.work_wall
            case "work_cpu":
                return self.answer.work_cpu
            case "count":
                return float(self.answer.count)
            case _:
                return self.answer.numbers[name]


@dataclass(frozen=True, slots=True)
class Result:
    """All rounds of one contender; `error` instead, in one line, if it could not run."""

    contender: Contender
    rounds: tuple[Measured, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case as it was measured. agreed: None if no two answers could be compared.

    seconds: how long it took, making inputs and reading answers back included; preparing: of them, until the
    first contender began.
    """

    name: str
    title: str
    plan: Plan
    results: tuple[Result, ...]
    agreed: bool | None
    disagreement: str = ""
    seconds: float = 0.0
    preparing: float = 0.0

    def result(self, name: str) -> Result | None:
        return next((one for one in self.results if one.contender.name == name), None)
