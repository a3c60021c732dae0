"""Tables, plots, the page and the file they are made from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from benchmarks.figures import verdicts
from benchmarks.joined import join
from benchmarks.model import CaseResult, Role, Target
from benchmarks.overview import overview, standing
from benchmarks.page import bar_plot, curve_plot, write_page
from benchmarks.results import read_run, write_run
from benchmarks.svg import Bar, Line, bars, lines
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
    assert (back.cases[0].seconds, back.cases[0].preparing) == (120, 30)
    assert [one.name for one in tmp_path.iterdir()] == ["run.json"]
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
    assert "80.0 s  (32.0 x Waybill)" in told
    assert any("logarithmic" in one for one in told)
    assert "to reach: no more than this" in told
    # Of several targets of one contender the hardest is drawn.
    assert "The ours & <co>: to reach 2.00 s" in told
    assert not any("gone" in one for one in told)


def test_what_is_to_reach_is_said_with_its_measure() -> None:
    """What others took makes the number to reach: so many times it, or so small a part of it."""
    for target, words in (
        (
            Target("", "ours", "cpu", ("limit",), at_most=3),
            "to reach 3.00 s, 3 x \u201cThe limit & <co>\u201d",
        ),
        (
            Target("", "ours", "cpu", ("slow", "gone"), at_least=20, inverse=True),
            "to reach 4.00 s, 1/20 of \u201cThe slow & <co>\u201d",
        ),
    ):
        assert f"The ours & <co>: {words}" in texts(bar_plot(case(target)))
    for target in (
        Target("", "ours", "cpu", ("gone",), at_most=1),
        Target("", "ours", "peak_mb", at_most=1),
        Target("", "ours", "cpu", ("limit",), at_least=1),
    ):
        assert not any("to reach" in one for one in texts(bar_plot(case(target))))


def test_small_numbers_have_small_units(made: CaseResult) -> None:
    """Seconds are told in milliseconds and microseconds where those are shorter."""
    tiny = replace(made, plan=replace(made.plan, main="cpu/count", targets=()))
    told = texts(bar_plot(tiny))
    assert any(one.startswith("0.10 s") or one.startswith("100 ms") for one in told)
    swift = replace(tiny.results[1].rounds[0], cpu=0.00007)
    small = replace(tiny, results=(tiny.results[0], replace(tiny.results[1], rounds=(swift,))))
    assert any(one.startswith("7.00 \u00b5s") for one in texts(bar_plot(small)))


def test_the_overview_shows_every_figure(made: CaseResult) -> None:
    """Each figure has a row: to the left of the line it is reached, to the right it is not."""
    told = overview([made, replace(made, plan=replace(made.plan, targets=()))])
    assert "1 of 3 figures are reached" in texts(told)
    assert texts(told).count("A made case") == 1
    assert {"2.50 x; at most 3 x", "2.50 s; at most 2 s", "not run"} <= set(texts(told))
    root = ElementTree.fromstring(told)  # noqa: S314  # our own plot
    bars_ = [one for one in root.iter("{http://www.w3.org/2000/svg}rect") if "x" in one.attrib]
    reached, missed = (float(one.attrib["x"]) for one in bars_)
    assert reached + float(bars_[0].attrib["width"]) == pytest.approx(missed, abs=0.2)


def test_shares_are_turned_so_that_less_is_better() -> None:
    """At least so much is the inverse of at most; what did not run has no share."""
    shares = [
        standing(one).share
        for one in verdicts(
            case(
                Target("", "ours", "cpu", at_most=5),
                Target("", "slow", "rate", at_least=10),
                Target("", "ours", "rate", at_least=10),
            )
        )
    ]
    assert shares == [0.5, 2.0, None]


def test_longer_bars_are_worse() -> None:
    """A bar's length grows with its value, on either axis."""
    for values in ((1.0, 2.0, 3.0), (1.0, 10.0, 1000.0)):
        drawn = bars(
            "T", "s", [Bar("x", value, "", "#000", value, value, reach=2) for value in values], str, ["foot"]
        )
        root = ElementTree.fromstring(drawn)  # noqa: S314  # our own plot
        widths = [
            float(one.attrib["width"])
            for one in root.iter("{http://www.w3.org/2000/svg}rect")
            if "x" in one.attrib and one.attrib["height"] == "22"
        ]
        assert widths == sorted(widths)
        assert len(set(widths)) == 3


def test_a_curve_needs_two_points(made: CaseResult) -> None:
    """A curve is drawn by size from at least two contenders that ran; with fewer there is none."""
    assert "1,000" not in curve_plot(made, made.plan.curves[0])  # the median count of a contender is its size
    assert "to stay below: 90.0 MiB (90 MiB)" in texts(curve_plot(made, made.plan.curves[0]))
    between = Target("", "slow", "peak_mb", ("ours",), at_most=1.5)
    plan = replace(made.plan, targets=(between,), curves=(replace(made.plan.curves[0], mark=None),))
    held = replace(made, plan=plan)
    assert "to stay below: 150 MiB, 1.5 x \u201cThe ours & <co>\u201d" in texts(
        curve_plot(held, plan.curves[0])
    )
    alone = CaseResult(made.name, made.title, made.plan, made.results[:1], True)
    assert curve_plot(alone, made.plan.curves[0]) == ""
    assert "10 s" in texts(lines("T", "x", "y", [Line("l", [(1, 10), (10, 20)])], unit=" s"))


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
    assert "[run.json](../benchmarks/results/run.json) | full | 2026-06-01 12:00 | 3 | 2 |" in told
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
