"""The command line: `python -m benchmarks run [--quick] [--case NAME] [--rounds N]` and `... page [RESULT]`."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence
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
    "graph_clients", "growth", "cold_start",
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
    names, only = tuple(chosen.case or CASES), tuple(chosen.only or ())
    whole = names == CASES and not only
    out = chosen.out or RESULTS / _file_name(datetime.now(UTC), place.quick, () if whole else names)
    return run_cases(
        names, place, out, rounds=chosen.rounds or (QUICK_ROUNDS if place.quick else ROUNDS), only=only
    )


def run_cases(
    names: Sequence[str], place: Place, out: Path, *, rounds: int, only: tuple[str, ...] = ()
) -> int:
    """Measure these cases and write what was measured to `out`, after each of them; 0 if all ran and agreed.

    only: the names of the contenders that take part; none = all.
    """
    started = datetime.now(UTC).replace(microsecond=0)
    made = Run(started, place.quick, rounds, machine(), versions(), cases=())
    out.parent.mkdir(parents=True, exist_ok=True)
    cases: list[CaseResult] = []
    for name in names:
        done = _case(name, place, rounds, only)
        if done is not None:
            cases.append(done)
            write_run(out, replace(made, cases=tuple(cases)))
    print("\n" + summary_table(cases))
    missing = [name for name in names if name not in {one.name for one in cases}]
    if missing:
        print(f"\nNot run: {', '.join(missing)} (the reason stands above).")
    print(f"\nWritten to {out.relative_to(ROOT) if out.is_relative_to(ROOT) else out.name}")
    print(f"{sum(one.seconds for one in cases) / 60:.0f} minutes in all.")
    return 0 if not missing and all(one.agreed is not False for one in cases) else 1


def _case(name: str, place: Place, rounds: int, only: tuple[str, ...]) -> CaseResult | None:
    """One case from its inputs to its figures; None if it could not be run, whatever the reason."""
    started = time.monotonic()
    try:
        module = importlib.import_module(f"benchmarks.case_{name}")
        print(f"\n== {module.TITLE}", flush=True)
        with ExitStack() as stack:
            plan = module.plan(place, stack)
            if only:
                plan = replace(plan, contenders=tuple(one for one in plan.contenders if one.name in only))
            preparing = time.monotonic() - started
            done = run_case(name, module.TITLE, plan, rounds, lambda line: print(line, flush=True))
    except Exception as error:  # noqa: BLE001  # one case that breaks must not lose the others' figures
        print(f"  {name} not run: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return None
    done = replace(done, seconds=round(time.monotonic() - started, 1), preparing=round(preparing, 1))
    print("\n" + case_table(done), flush=True)
    print(f"({done.seconds / 60:.1f} minutes, {done.preparing / 60:.1f} of them for inputs)", flush=True)
    return done


def _file_name(now: datetime, quick: bool, part: Sequence[str]) -> str:
    words = [f"{now:%Y-%m-%dT%H%M}", "quick" if quick else "full", *part]
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
