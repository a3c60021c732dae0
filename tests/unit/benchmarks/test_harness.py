"""Whole processes, measured and compared."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.__main__ import run_cases
from benchmarks.harness import ROOT, Failed, compare, measure, read_answer, run_case
from benchmarks.model import Contender, Plan, Role
from benchmarks.place import Place
from benchmarks.results import read_run

from tests.unit.benchmarks.made_runs import measured, result


def python(tmp_path: Path) -> Contender:
    """The cheapest real contender there is: an empty Python."""
    return Contender("python", "python -c pass", Role.LIMIT, {"scratch": str(tmp_path / "scratch")}, check="")


def test_a_process_is_accounted_with_its_children(tmp_path: Path) -> None:
    """Wall and CPU seconds are those of the process and of what it started."""
    made = measure("cold_start", python(tmp_path), first=True)
    assert made.wall > made.answer.numbers["start_s"] > 0
    assert made.cpu > 0


_PEAK = """
import sys
from benchmarks.__main__ import run_cases
from benchmarks.harness import measure
from benchmarks.model import Contender, Role
one = Contender("python", "python -c pass", Role.LIMIT, {"scratch": sys.argv[1]}, check="")
print(measure("cold_start", one, first=True).peak_mb)
"""


def test_peak_memory_is_the_processs_own(tmp_path: Path) -> None:
    """The peak is that of the process measured. It is measured from a small process, as `python -m benchmarks`
    is one: Linux lets a child's peak begin at its parent's, and this one's may be anything."""
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(tmp_path / "scratch")],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert 5 < float(done.stdout) < 200


def test_contenders_take_turns(tmp_path: Path) -> None:
    """Each contender has its rounds in turn, no more than it may have; one that fails is left out with its reason."""
    one = python(tmp_path)
    broken = replace(one, name="no such", title="broken", given={"scratch": "/proc/none"})
    plan = Plan((one, broken, replace(one, title="once", name="python", rounds=1)), ())
    told: list[str] = []
    done = run_case("cold_start", "Cold start", replace(plan, contenders=plan.contenders[:2]), 2, told.append)
    assert [len(each.rounds) for each in done.results] == [2, 0]
    assert "/proc/none" in done.results[1].error or "No such file" in done.results[1].error
    assert done.agreed is None
    assert len(told) == 3
    single = run_case(
        "cold_start", "Cold start", replace(plan, contenders=plan.contenders[2:]), 2, told.append
    )
    assert len(single.results[0].rounds) == 1


@pytest.mark.parametrize(
    "out", ["", "no json", '{"count": 1}', '{"count": 1, "checksum": "", "work_wall": 0, "work_cpu": 0}']
)
def test_a_process_that_says_nothing_has_failed(out: str) -> None:
    """What is not an answer is a failure, not a zero."""
    with pytest.raises(Failed):
        read_answer(out)


def test_answers_must_be_the_same() -> None:
    """Two contenders of one question must agree in count and checksum; questions are kept apart."""
    ours, theirs = result("ours", Role.OURS, measured(1)), result("peer", Role.PEER, measured(2))
    assert compare((ours, theirs)) == (True, "")
    assert compare((ours,)) == (None, "")
    wrong = result("peer", Role.PEER, measured(2, checksum="b"))
    agreed, told = compare((ours, wrong))
    assert agreed is False
    assert "The ours" in told
    assert "10 b" in told
    apart = replace(wrong, contender=replace(wrong.contender, check="another question"))
    assert compare((ours, apart)) == (None, "")


def test_a_case_that_breaks_costs_no_other_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other cases are measured and kept, the broken one is named with its reason, and the run as a whole fails."""
    out = tmp_path / "out.json"
    place = Place(tmp_path / "place", quick=True)
    assert run_cases(("no_such", "cold_start"), place, out, rounds=1, only=("python",)) == 1
    assert [one.name for one in read_run(out).cases] == ["cold_start"]
    said = capsys.readouterr()
    assert "no_such not run: ModuleNotFoundError" in said.err
    assert "Not run: no_such" in said.out
