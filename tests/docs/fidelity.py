"""Writes docs/contracts/fidelity.md from fidelity.tsv beside it: `python -m tests.docs.fidelity`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "contracts" / "fidelity.tsv"
PAGE = ROOT / "docs" / "contracts" / "fidelity.md"

_HEAD = """# How close we are to Microsoft Graph

What the three pages of Microsoft's documentation say, in our words and in their order, what this server does, and
the tests that prove it. Where the last column says something, we differ from the page on purpose, or the page leaves
it open and we had to decide.

Made from `fidelity.tsv` by `python -m tests.docs.fidelity`; a test compares both and looks for every test named here.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One statement of a page, and what becomes of it here."""

    page: str
    statement: str
    here: str
    tests: tuple[str, ...]
    differs: str


def lines() -> list[Line]:
    """The table as it is on disk."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [
            Line(row["page"], row["statement"], row["here"], tuple(row["tests"].split()), row["differs"])
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def page(table: list[Line]) -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for name in dict.fromkeys(line.page for line in table):
        parts.append(f"## {name}\n")
        parts.append("| The page says | Here | Tests | Differs, and why |\n|---|---|---|---|")
        for line in table:
            if line.page == name:
                tests = ", ".join(f"`{test}`" for test in line.tests)
                cells = (line.statement, line.here, tests, line.differs)
                parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(lines()), encoding="utf-8")
