"""What the command line shows: text and progress on standard error, results on standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
err = Console(file=sys.stderr, highlight=False, soft_wrap=True)


def result(value: Mapping[str, Any]) -> None:
    """The one JSON object that is the last line on standard output with --json."""
    sys.stdout.write(orjson.dumps(value).decode() + "\n")
    sys.stdout.flush()


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A readable table on standard output; of no rows, the word "none"."""
    if not rows:
        out.print(f"\n{title}: none", markup=False)
        return
    out.print(f"\n{title}", markup=False)
    shown = Table(header_style="bold", expand=False)
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*("" if value is None else str(value) for value in row))
    # A pipe has no width: rows must not be folded there.
    width = None if sys.stdout.isatty() else 400
    Console(file=sys.stdout, highlight=False, width=width, markup=False).print(shown)


def counted(number: int, thing: str) -> str:
    """`1 row`, `1,200 rows`: a number with its noun, which takes an s."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


class Meter(Protocol):
    """Told how far a long task is: a word for what is being done, and a share from 0 to 1 if known."""

    def __call__(self, doing: str, share: float | None = None) -> None: ...


@contextmanager
def progress(task: str) -> Iterator[Meter]:
    """A bar on a terminal; JSON lines on standard error otherwise, at most one per percent or word."""
    if sys.stderr.isatty():
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=err, transient=True) as bar:
            shown = bar.add_task(task, total=None)

            def on_bar(doing: str, share: float | None = None) -> None:
                bar.update(shown, description=f"{task}: {doing}", total=1.0 if share is not None else None)
                if share is not None:
                    bar.update(shown, completed=share)

            yield on_bar
        return
    last: list[object] = [None]

    def as_lines(doing: str, share: float | None = None) -> None:
        step = (doing, None if share is None else int(share * 100))
        if step != last[0]:
            last[0] = step
            line: dict[str, object] = {"task": task, "doing": doing}
            if share is not None:
                line["percent"] = step[1]
            sys.stderr.write(orjson.dumps(line).decode() + "\n")

    yield as_lines
