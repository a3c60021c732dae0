"""A run as a file: everything that was measured, in JSON that other programs can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.model import (
    Answer,
    CaseResult,
    Contender,
    Curve,
    Measured,
    Plan,
    Result,
    Role,
    Target,
)

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Run:
    """One run of some cases. started: UTC."""

    started: datetime
    quick: bool
    rounds: int
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    cases: tuple[CaseResult, ...]


def write_run(path: Path, run: Run) -> None:
    """What contenders were given is left out: it names folders of the machine."""
    whole = asdict(run)
    whole["started"] = run.started.isoformat()
    for case in whole["cases"]:
        del case["plan"]["contenders"]
        for result in case["results"]:
            del result["contender"]["given"], result["contender"]["service"]
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(json.dumps({"format": FORMAT, **whole}, indent=1) + "\n", "utf-8")
    unfinished.replace(path)  # a run that is ended while it writes keeps what it had


def read_run(path: Path) -> Run:
    """Raises ValueError for a file of another format."""
    told = json.loads(path.read_text("utf-8"))
    if told.get("format") != FORMAT:
        raise ValueError(f"{path.name} is not a result of this version; run the benchmarks again.")
    return Run(
        datetime.fromisoformat(told["started"]),
        told["quick"],
        told["rounds"],
        told["machine"],
        told["versions"],
        tuple(_case(one) for one in told["cases"]),
    )


def _case(told: Mapping[str, Any]) -> CaseResult:
    results = tuple(_result(one) for one in told["results"])
    plan = told["plan"]
    return CaseResult(
        told["name"],
        told["title"],
        Plan(
            contenders=tuple(one.contender for one in results),
            targets=tuple(Target(**{**one, "against": tuple(one["against"])}) for one in plan["targets"]),
            main=plan["main"],
            main_title=plan["main_title"],
            facts=tuple(plan["facts"]),
            curves=tuple(
                Curve(**{**one, "lines": tuple((title, tuple(names)) for title, names in one["lines"])})
                for one in plan["curves"]
            ),
        ),
        results,
        told["agreed"],
        told["disagreement"],
        told.get("seconds", 0.0),
        told.get("preparing", 0.0),
    )


def _result(told: Mapping[str, Any]) -> Result:
    contender = told["contender"]
    return Result(
        Contender(**{**contender, "role": Role(contender["role"])}),
        tuple(
            Measured(one["wall"], one["cpu"], one["peak_mb"], Answer(**one["answer"]))
            for one in told["rounds"]
        ),
        told["error"],
    )
