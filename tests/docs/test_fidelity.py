"""The page that compares us with Microsoft's documentation is true to its table and to the tests."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.fidelity import PAGE, lines, page

TESTS = Path(__file__).resolve().parents[1]


def test_the_page_is_made_from_the_table() -> None:
    """docs/contracts/fidelity.md is what `python -m tests.docs.fidelity` writes."""
    assert PAGE.read_text("utf-8") == page(lines())


def test_every_line_is_whole() -> None:
    """Each line has a statement, what we do, and at least one test; no line stands twice."""
    table = lines()
    assert all(line.statement and line.here and line.tests for line in table)
    assert len({(line.page, line.statement) for line in table}) == len(table)
    assert len({line.page for line in table}) == 3


def test_every_test_named_is_there() -> None:
    """Each test that the page names exists."""
    written = "\n".join(path.read_text("utf-8") for path in TESTS.rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)", written, re.MULTILINE))
    assert {test for line in lines() for test in line.tests} - there == set()


def test_every_number_of_the_checklist_has_a_test() -> None:
    """T01 to T27 of the contract's checklist are each the name of a test."""
    written = "\n".join(path.read_text("utf-8") for path in TESTS.rglob("test_*.py"))
    there = {int(number) for number in re.findall(r"^def test_t(\d\d)_", written, re.MULTILINE)}
    assert set(range(1, 28)) - there == set()
