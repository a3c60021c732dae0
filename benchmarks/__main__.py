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
from benchmarks.joined import join
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
PROFILES = ROOT / "benchmarks" / "profiles"
PAGE = ROOT / "docs" / "performance.md"
ROUNDS, QUICK_ROUNDS = 3, 2


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
    page = deeds.add_parser("page", help="write docs/performance.md from results")
    page.add_argument("result", type=Path, nargs="*", help="default: all below benchmarks/results")
    chosen = parser.parse_args(words)
    if chosen.deed == "page":
        return _page(chosen.result or sorted(RESULTS.glob("*.json")))
    place = open_place(quick=chosen.quick)
    names = tuple(chosen.case or CASES)
    rounds = chosen.rounds or (QUICK_ROUNDS if chosen.quick else ROUNDS)
    made = Run(
        datetime.now(UTC).replace(microsecond=0), chosen.quick, rounds, machine(), versions(), cases=()
    )
    out = chosen.out or RESULTS / _file_name(made, () if names == CASES and not chosen.only else names)
    out.parent.mkdir(parents=True, exist_ok=True)
    cases: list[CaseResult] = []
    for name in names:
        done = _case(name, place, rounds, tuple(chosen.only or ()))
        if done is not None:
            cases.append(done)
            write_run(
                out, replace(made, cases=tuple(cases))
            )  # what was measured is kept if the next one fails
    print("\n" + summary_table(cases))
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


def _file_name(made: Run, part: tuple[str, ...]) -> str:
    words = [f"{made.started:%Y-%m-%dT%H%M}", "quick" if made.quick else "full", *part]
    return "-".join(words)[:80] + ".json"


def _page(results: list[Path]) -> int:
    from benchmarks.page import write_page

    if not results:
        raise SystemExit("There is no result yet: run `python -m benchmarks run` first.")
    runs = {one.name: read_run(one) for one in results}
    write_page(PAGE, join(runs, CASES), PROFILES)
    print(f"Written {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
