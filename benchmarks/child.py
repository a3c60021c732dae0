"""One contender's process: does the work of a case once and prints what it did as one line of JSON.

Run by the harness: `python -m benchmarks.child CASE CONTENDER contend|check '{"given": ...}'`. The module
`benchmarks.case_CASE` has `contend(name, given) -> Answer`, and `check(name, given) -> Answer` if
reading the answer back costs more than making it.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from benchmarks.model import Answer


@dataclass
class Work:
    """Seconds of the work itself, without the start of the process."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def work() -> Iterator[Work]:
    """Times a block; CPU seconds of all threads of this process."""
    done = Work()
    wall, cpu = time.perf_counter(), time.process_time()
    yield done
    done.wall, done.cpu = time.perf_counter() - wall, time.process_time() - cpu


def main(words: list[str]) -> None:
    case, name, deed, given = words
    if "pandas" not in name:
        importlib.import_module("benchmarks.alone")
    module = importlib.import_module(f"benchmarks.case_{case}")
    answer: Answer = getattr(module, deed)(name, json.loads(given))
    print(json.dumps(asdict(answer)))


if __name__ == "__main__":
    main(sys.argv[1:])
