"""Control charts: both documented results of NHSRplotthedots, each rule by itself, what must not signal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copd_strat.summary.spc import Limits, moving_ranges, signals, variation, xmr_limits

# The worked series of the package's documentation (NHSRplotthedots 0.2.2).
WORKED = np.array([1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1], dtype=float)
WIDE = Limits(mean=10.0, lower=4.0, upper=16.0)


def causes(values: list[float], limits: Limits = WIDE) -> list[str]:
    return [signal.cause for signal in signals(np.array(values, dtype=float), limits)]


def sides(values: list[float], limits: Limits = WIDE) -> list[int]:
    return [signal.side for signal in signals(np.array(values, dtype=float), limits)]


def test_worked_series_with_screening() -> None:
    limits = xmr_limits(WORKED)
    assert (round(limits.mean, 2), round(limits.upper, 1)) == (1.94, 4.6)


def test_worked_series_as_the_excel_tool_has_it() -> None:
    limits = xmr_limits(WORKED, screen=False)
    assert (round(limits.upper, 2), round(limits.lower, 2)) == (6.95, -3.06)


def test_only_the_outlier_of_the_worked_series_is_outside() -> None:
    found = [signal.cause for signal in signals(WORKED, xmr_limits(WORKED))]
    assert [n for n, cause in enumerate(found) if cause == "outside_limits"] == [4]


def test_near_limits_lie_two_thirds_of_the_way_out() -> None:
    assert (WIDE.near_lower, WIDE.near_upper) == (6.0, 14.0)


def test_a_point_on_the_limit_is_inside() -> None:
    assert causes([16, 16.01, 4, 3.99]) == ["none", "outside_limits", "none", "outside_limits"]


def test_seven_rising_points_are_a_trend_and_six_are_not() -> None:
    rising = [7, 8, 9, 10, 11, 12, 13]
    assert causes(rising) == ["trend"] * 7
    assert causes(rising[:6]) == ["none"] * 6


def test_equal_neighbours_break_a_trend() -> None:
    assert causes([7, 8, 9, 9, 10, 11, 12]) == ["none"] * 7


def test_a_point_in_two_trends_takes_the_later_direction() -> None:
    up_then_down = [7, 8, 9, 10, 11, 12, 13, 12, 11, 10, 9, 8, 7]
    assert sides(up_then_down) == [1] * 6 + [-1] * 7


def test_two_of_three_flags_the_near_points_only() -> None:
    assert causes([15, 11, 15]) == ["two_of_three", "none", "two_of_three"]


def test_two_of_three_needs_all_three_on_one_side() -> None:
    assert causes([15, 9, 15]) == ["none"] * 3


def test_a_point_outside_the_limits_is_not_one_of_the_two() -> None:
    assert causes([17, 11, 15]) == ["outside_limits", "none", "none"]


def test_seven_on_one_side_are_a_shift_and_a_point_on_the_mean_breaks_it() -> None:
    assert causes([11, 12, 11, 12, 11, 12, 11]) == ["shift"] * 7
    assert causes([11, 12, 11, 10, 11, 12, 11]) == ["none"] * 7


@pytest.mark.parametrize(
    ("polarity", "high", "low"),
    [
        ("higher", "improvement", "concern"),
        ("lower", "concern", "improvement"),
        ("neutral", "neutral_high", "neutral_low"),
    ],
)
def test_what_a_signal_means_depends_on_the_better_direction(polarity: str, high: str, low: str) -> None:
    outside = signals(np.array([17.0, 3.0, 10.0]), WIDE)
    assert [variation(signal, polarity) for signal in outside] == [high, low, "common"]


GAP = float("nan")


def test_a_gap_breaks_a_run_and_a_trend_and_no_moving_range_spans_it() -> None:
    assert causes([11, 12, 11, GAP, 12, 11, 12, 11]) == ["none"] * 8
    assert causes([7, 8, 9, 10, GAP, 11, 12, 13]) == ["none"] * 8
    assert causes([15, GAP, 15, 15, 11]) == ["none", "none", "two_of_three", "two_of_three", "none"]
    assert list(moving_ranges(np.array([1.0, 2.0, GAP, 9.0, 10.0]))) == [1.0, 1.0]
    assert xmr_limits(np.array([1.0, 2.0, GAP, 1.0, 2.0])) == Limits(1.5, -1.16, 4.16)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1e5, allow_nan=False), st.integers(2, 40))
def test_a_series_that_stands_still_never_signals(value: float, months: int) -> None:
    series = np.full(months, value)
    assert {signal.cause for signal in signals(series, xmr_limits(series))} == {"none"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=3, max_size=36))
def test_a_mirrored_series_signals_the_same_on_the_other_side(numbers: list[int]) -> None:
    series = np.array(numbers, dtype=float)
    here = signals(series, xmr_limits(series))
    there = signals(-series, xmr_limits(-series))
    assert [(s.cause, -s.side) for s in here] == [(s.cause, s.side) for s in there]
