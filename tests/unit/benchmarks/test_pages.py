"""Tables, plots, the page and the file they are made from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from benchmarks.joined import join
from benchmarks.model import CaseResult, Role, Target
from benchmarks.page import bar_plot, curve_plot, write_page
from benchmarks.results import read_run, write_run
from benchmarks.svg import Bar, Line, Mark, bars, lines
from benchmarks.table import aligned, case_table, number, summary_table

from tests.unit.benchmarks.made_runs import case, run

TARGETS = (
    Target("at most 3 x the limit", "ours", "cpu", ("limit",), at_most=3),
    Target("under 2 s", "ours", "cpu", at_most=2),
    Target("never run", "ours", "cpu", ("gone",), at_most=2),
)


@pytest.fixture
def made() -> CaseResult:
    return case(*TARGETS)


def test_the_table_says_all(made: CaseResult) -> None:
    """Every contender and target has its line, with figure, spread and whether it is met."""
    told = case_table(made)
    for words in ("The slow & <co>", "not run: not installed", "one round", "answers: the same"):
        assert words in told
    shown = summary_table([made]).splitlines()
    assert [line.split()[-1] for line in shown[1:]] == ["met", "MET", "-"]
    assert "2.50 x" in shown[1]
    assert "2.50 s" in shown[2]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (1234.5, "1,234"), (12.34, "12.3"), (1.234, "1.23"), (0.00012345, "0.00012")],
)
def test_numbers_have_three_digits(value: float | None, text: str) -> None:
    """Numbers are as long as they are worth reading."""
    assert number(value) == text


def test_columns_are_aligned() -> None:
    """The first column is flush left, the others flush right."""
    assert aligned([("a", "bb"), ("ccc", "d")]) == ["a    bb", "ccc   d"]


def test_a_run_comes_back_from_its_file_without_folders(made: CaseResult, tmp_path: Path) -> None:
    """All figures survive the file; what contenders were given, and with it every path, does not go into it."""
    path = tmp_path / "run.json"
    write_run(path, run(made))
    assert "/secret/place" not in path.read_text("utf-8")
    back = read_run(path)
    assert summary_table(back.cases) == summary_table([made])
    assert back.cases[0].plan.curves == made.plan.curves
    path.write_text('{"format": 0}', "utf-8")
    with pytest.raises(ValueError, match="run the benchmarks again"):
        read_run(path)


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)  # noqa: S314  # our own plot
    return [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]


def test_bars_carry_names_and_numbers(made: CaseResult) -> None:
    """A plot is well-formed XML, names every contender that ran with its number, and shows what is to be reached."""
    told = texts(bar_plot(made))
    assert "The slow & <co>" in told
    assert "80.0 s  (32.0 x ours)" in told
    assert "to reach: at most 3 x the limit" in told
    assert not any("gone" in one for one in told)
    assert any("logarithmic" in one for one in told)


def test_longer_bars_are_worse() -> None:
    """A bar's length grows with its value, on either axis."""
    for values in ((1.0, 2.0, 3.0), (1.0, 10.0, 1000.0)):
        drawn = bars(
            "T", "s", [Bar("x", value, "", "#000", value, value) for value in values], Mark(2, "mark")
        )
        root = ElementTree.fromstring(drawn)  # noqa: S314  # our own plot
        widths = [
            float(one.attrib["width"])
            for one in root.iter("{http://www.w3.org/2000/svg}rect")
            if "x" in one.attrib
        ]
        assert widths == sorted(widths)
        assert len(set(widths)) == 3


def test_a_curve_needs_two_points(made: CaseResult) -> None:
    """A curve is drawn by size from at least two contenders that ran; with fewer there is none."""
    assert "1,000" not in curve_plot(made, made.plan.curves[0])  # the median count of a contender is its size
    assert "90 MiB" in texts(curve_plot(made, made.plan.curves[0]))
    alone = CaseResult(made.name, made.title, made.plan, made.results[:1], True)
    assert curve_plot(alone, made.plan.curves[0]) == ""
    assert "10" in texts(lines("T", "x", "y", [Line("l", [(1, 10), (10, 20)])]))


def test_the_page_is_made_of_the_results_alone(made: CaseResult, tmp_path: Path) -> None:
    """The page holds every figure, its source and its profile, and shows every plot it links to; plots of an earlier
    run are gone."""
    page = tmp_path / "docs" / "performance.md"
    stale = tmp_path / "docs" / "performance" / "stale.svg"
    stale.parent.mkdir(parents=True)
    stale.write_text("", "utf-8")
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "made.md").write_text("Half of it is hashing.\n", "utf-8")
    write_page(page, join({"run.json": run(made)}, ()), profiles)
    told = page.read_text("utf-8")
    assert "[run.json](../benchmarks/results/run.json) | full | 2026-06-01 12:00 | 3 |" in told
    assert "Half of it is hashing." in told
    assert "**1 of 3 figures are reached.**" in told
    assert "| not run: not installed |" in told
    for part in told.split("](performance/")[1:]:
        assert (stale.parent / part.partition(")")[0]).is_file()
    assert not stale.exists()


def test_of_each_case_one_result_counts(made: CaseResult) -> None:
    """A full run counts before a quick one, then the newest; cases come in the order asked for."""
    other, only = replace(made, name="other"), replace(made, name="only")
    full = run(made)
    later = replace(full, started=full.started + timedelta(hours=1))
    runs = {
        "c": replace(later, cases=(other,)),
        "b": replace(full, cases=(other, made)),
        "a": replace(later, quick=True, cases=(made, only)),
    }
    found = [(one.case.name, one.source) for one in join(runs, ("only", "other"))]
    assert found == [("only", "a"), ("other", "c"), ("made", "b")]


def test_colours_tell_the_roles_apart() -> None:
    """Ours, the limit and the peers have three colours."""
    from benchmarks.page import _COLOURS

    assert len({_COLOURS[role] for role in Role}) == 3
