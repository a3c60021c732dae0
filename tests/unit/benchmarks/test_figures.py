"""Medians, ratios and verdicts."""

from __future__ import annotations

import pytest
from benchmarks.figures import Figure, figure, ratios, verdict
from benchmarks.model import Target

from tests.unit.benchmarks.made_runs import case, measured


def test_a_figure_is_the_median_with_its_spread() -> None:
    """The median counts, and lowest, highest and number of rounds are kept beside it."""
    assert figure([9.0, 1.0, 2.0]) == Figure(2.0, 1.0, 9.0, 3)
    assert figure([]) is None


def test_rounds_are_compared_with_their_neighbours() -> None:
    """Ratios are taken round by round; where the other had fewer rounds, with its last."""
    assert ratios([2, 9, 4], [1, 3]) == [2, 3, pytest.approx(4 / 3)]
    assert ratios([], [1]) == []


@pytest.mark.parametrize(
    ("target", "figure_", "met"),
    [
        (Target("cpu", "ours", "cpu", at_most=2), 2.5, False),
        (Target("cpu", "ours", "cpu", at_most=2.5), 2.5, True),
        (Target("limit", "ours", "cpu", ("limit",), at_most=3), 2.5, True),
        (
            Target("less", "ours", "cpu", ("slow",), at_least=33, inverse=True),
            pytest.approx((40 + 80 / 3) / 2),
            True,
        ),
        (Target("fastest", "ours", "cpu", ("slow", "limit"), at_most=1), 2.5, False),
        (Target("own number", "slow", "rate", at_least=5), 5, True),
        (Target("each row", "limit", "cpu/count", at_most=0.1), 0.1, True),
        (Target("nobody", "ours", "cpu", ("gone",), at_most=1), None, None),
        (Target("no such number", "ours", "rate", at_most=1), None, None),
    ],
    ids=lambda value: value.words if isinstance(value, Target) else "",
)
def test_a_target_is_met_or_not_or_unknown(target: Target, figure_: float | None, met: bool | None) -> None:
    """The figure is the median of the rounds' figures; what did not run is neither met nor missed."""
    found = verdict(target, case(target))
    assert (found.measured.median if found.measured else None) == figure_
    assert found.met is met


def test_of_several_peers_the_fastest_counts() -> None:
    """A target against several is held against the one of the lowest median, which is named."""
    assert (
        verdict(Target("fastest", "ours", "cpu", ("slow", "limit", "gone"), at_most=3), case()).note
        == "limit"
    )


def test_a_number_by_count_is_of_one() -> None:
    """`/count` divides by what the contender counted, and by one if it counted nothing."""
    assert measured(5, count=10).value("cpu/count") == 0.5
    assert measured(5, count=0).value("cpu/count") == 5
