"""Run a case: its contenders in turn, round by round, each a whole process that is waited for and accounted.

This process stays small and imports neither duckdb nor pyarrow: on Linux a child's peak memory begins
at its parent's, until it has started a program of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.model import Answer, CaseResult, Contender, Measured, Plan, Result

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT = 1800.0
"""Seconds a contender may take; one that takes longer is stopped and reported as such."""

_REAPED = 0.5
"""Seconds after which a service has waited for the process that worked for us, and counts its CPU as its own."""

Tell = Callable[[str], None]


class Failed(Exception):
    """A contender's process did not end well. Says how, in one line."""


def run_case(name: str, title: str, plan: Plan, rounds: int, tell: Tell) -> CaseResult:
    """Run every contender in turn, `rounds` times, and compare what they answered."""
    measured: dict[str, list[Measured]] = {one.name: [] for one in plan.contenders}
    errors: dict[str, str] = {}
    for number in range(rounds):
        for one in plan.contenders:
            if one.name in errors or number >= (one.rounds or rounds):
                continue
            try:
                made = measure(name, one, first=number == 0)
            except Failed as failure:
                errors[one.name] = str(failure)
                tell(f"  {one.title}: {failure}")
                continue
            measured[one.name].append(made)
            tell(
                f"  round {number + 1}  {one.title}: {made.cpu:.2f} CPU s, {made.wall:.2f} s, {made.peak_mb:.0f} MiB"
            )
    results = tuple(
        Result(one, tuple(measured[one.name]), errors.get(one.name, "")) for one in plan.contenders
    )
    agreed, disagreement = compare(results)
    return CaseResult(name, title, plan, results, agreed, disagreement)


def measure(case: str, one: Contender, *, first: bool) -> Measured:
    """Run a contender once. Its answer is read back in another process, unaccounted, in the first round."""
    before = service_cpu(one.service)
    wall, cpu, peak, out = _run(case, one, "contend")
    if one.service:
        time.sleep(_REAPED)
        cpu += service_cpu(one.service) - before
    answer = read_answer(out)
    if first and one.check and not answer.checksum:
        checked = read_answer(_run(case, one, "check")[3])
        answer = Answer(
            checked.count, checked.checksum, answer.work_wall, answer.work_cpu, dict(answer.numbers)
        )
    return Measured(wall, cpu, peak, answer)


def compare(results: tuple[Result, ...]) -> tuple[bool | None, str]:
    """Whether all contenders that answer the same question answered the same, in their first round."""
    said: dict[str, dict[str, tuple[int, str]]] = {}
    for one in results:
        if one.contender.check and one.rounds:
            answer = one.rounds[0].answer
            said.setdefault(one.contender.check, {})[one.contender.title] = (answer.count, answer.checksum)
    compared = False
    for question, answers in said.items():
        compared = compared or len(answers) > 1
        if len(set(answers.values())) > 1:
            told = "; ".join(f"{title}: {count:,} {sum_}" for title, (count, sum_) in answers.items())
            return False, f"{question}: {told}"
    return (True if compared else None), ""


def read_answer(out: str) -> Answer:
    """The JSON object in the last line a contender printed. Raises Failed."""
    lines = out.strip().splitlines()
    try:
        said: Mapping[str, object] = json.loads(lines[-1])
        numbers = said["numbers"]
        if not isinstance(numbers, dict):
            raise TypeError(numbers)
        return Answer(
            int(str(said["count"])),
            str(said["checksum"]),
            float(str(said["work_wall"])),
            float(str(said["work_cpu"])),
            {str(name): float(value) for name, value in numbers.items()},
        )
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise Failed(f"it printed no answer ({type(error).__name__})") from error


def service_cpu(pid: int) -> float:
    """CPU seconds a process has used so far; 0 for no process."""
    if not pid:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _run(case: str, one: Contender, deed: str) -> tuple[float, float, float, str]:
    """Wall seconds, CPU seconds, peak MiB and output of a process that ended well. Raises Failed."""
    words = [sys.executable, "-m", "benchmarks.child", case, one.name, deed, json.dumps(dict(one.given))]
    with tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            limit = threading.Timer(TIMEOUT, process.kill)
            limit.start()
            out = process.stdout.read() if process.stdout is not None else ""
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            limit.cancel()
        errors.seek(0)
        if process.returncode != 0:
            last = errors.read().strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
            raise Failed(last[0][:300])
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out
