"""The command line: `python -m benchmarks run [--quick] [--case NAME] [--rounds N]` and `... page [RESULT]`."""

from __future__ import annotations

import argparse
import importlib
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness import ROOT, run_case
from benchmarks.machine import machine, versions
from benchmarks.model import CaseResult
from benchmarks.place import Place, open_place
from benchmarks.results import Run, read_run, write_run
from benchmarks.table import case_table, summary_table

CASES = (
    "xlsx", "csv", "group_report", "all_groups", "site_report", "snapshot", "activity", "delivery", "http",
    "growth", "cold_start",
)  # fmt: skip
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "performance.md"
ROUNDS, QUICK_ROUNDS = 5, 2


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    deeds = parser.add_subparsers(dest="deed", required=True)
    run = deeds.add_parser("run", help="measure, print the table, write a file below benchmarks/results")
    run.add_argument("--quick", action="store_true", help="the medium practice tenant, fewer rounds: minutes")
    run.add_argument("--case", action="append", choices=CASES, help="only this case; may be repeated")
    run.add_argument(
        "--only", action="append", metavar="CONTENDER", help="only these contenders, by name; may be repeated"
    )
    run.add_argument("--rounds", type=int, default=0, help=f"default {ROUNDS}, quick {QUICK_ROUNDS}")
    run.add_argument("--out", type=Path, default=None, help="where to write the results")
    page = deeds.add_parser("page", help="write docs/performance.md from a result")
    page.add_argument(
        "result", type=Path, nargs="?", help="default: the newest whole run below benchmarks/results"
    )
    chosen = parser.parse_args(words)
    if chosen.deed == "page":
        return _page(chosen.result or _newest())
    place = open_place(quick=chosen.quick)
    names = tuple(chosen.case or CASES)
    rounds = chosen.rounds or (QUICK_ROUNDS if chosen.quick else ROUNDS)
    started = datetime.now(UTC)
    cases = [
        done for name in names if (done := _case(name, place, rounds, tuple(chosen.only or ()))) is not None
    ]
    made = Run(started.replace(microsecond=0), chosen.quick, rounds, machine(), versions(), tuple(cases))
    out = chosen.out or RESULTS / _file_name(made, whole=names == CASES and not chosen.only)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_run(out, made)
    print("\n" + summary_table(made.cases))
    print(f"\nWritten to {out.relative_to(ROOT) if out.is_relative_to(ROOT) else out.name}")
    return 0 if len(cases) == len(names) and all(one.agreed is not False for one in cases) else 1


def _case(name: str, place: Place, rounds: int, only: tuple[str, ...]) -> CaseResult | None:
    module = importlib.import_module(f"benchmarks.case_{name}")
    print(f"\n== {module.TITLE}", flush=True)
    with ExitStack() as stack:
        try:
            plan = module.plan(place, stack)
        except Exception as error:  # noqa: BLE001  # one case that cannot begin must not lose the others' figures
            print(f"  not run: {type(error).__name__}: {error}", file=sys.stderr)
            return None
        if only:
            plan = replace(plan, contenders=tuple(one for one in plan.contenders if one.name in only))
        done = run_case(name, module.TITLE, plan, rounds, lambda line: print(line, flush=True))
    print("\n" + case_table(done), flush=True)
    return done


def _file_name(made: Run, *, whole: bool) -> str:
    kind = "quick" if made.quick else "full"
    part = "" if whole else "-" + "-".join(one.name for one in made.cases)
    return f"{made.started:%Y-%m-%dT%H%M}-{kind}{part[:60]}.json"


def _newest() -> Path:
    found = sorted(RESULTS.glob("*-full.json")) or sorted(RESULTS.glob("*-quick.json"))
    if not found:
        raise SystemExit("There is no result yet: run `python -m benchmarks run` first.")
    return found[-1]


def _page(result: Path) -> int:
    from benchmarks.page import write_page

    write_page(PAGE, read_run(result), result.name)
    print(f"Written {PAGE.relative_to(ROOT)} from {result.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
