"""Statistical process control, by the rules of NHS England's Making Data Count.

XmR limits and special causes as documented for the R package NHSRplotthedots 0.2.2, whose two
documented results the tests reproduce. Published values go in, so nothing new comes out about anybody.

A series stands on its calendar: NaN is a month that is hidden or missing. It is a gap and no end: no moving
range spans it, and it breaks a run or a trend, since nobody can see on which side it lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LIMIT_FACTOR = 2.66  # 3 sigma in units of the mean moving range
SCREEN_FACTOR = 3.267  # upper limit of moving ranges in units of their mean
RUN = 7
_THREE = 3
TRIAL_BELOW = 13
# Compared to this many decimals: a series that stands still must not cross its own mean by a rounding error.
DECIMALS = 9
#: Moving ranges behind a limit, at the least [project choice]; below TRIAL_BELOW points limits are trial limits.
FEWEST_RANGES = 6
#: Share of points that the four rules flag where nothing has changed: independent normal points about a known
#: mean and limits, of which 24 are looked at. Nothing less can be promised of a chart with these rules
#: (tests/outputs/test_outputs_false_signals.py works it out).
NOMINAL_POINTS, NOMINAL_OF_24 = 0.056, 0.22


@dataclass(frozen=True)
class Limits:
    """Mean and process limits of a series; near limits lie two thirds of the way out."""

    mean: float
    lower: float
    upper: float

    @property
    def near_lower(self) -> float:
        return self.mean - (self.mean - self.lower) * 2 / 3

    @property
    def near_upper(self) -> float:
        return self.mean + (self.upper - self.mean) * 2 / 3


def xmr_limits(values: Floats, *, screen: bool = True) -> Limits:
    """Limits of a series with at least one pair of neighbours.

    ``screen`` leaves out, once, moving ranges at or above their own upper limit; the points stay in
    the mean. The Excel tool of Making Data Count does not screen.
    """
    values = values.round(DECIMALS)
    ranges = moving_ranges(values)
    if screen:
        ranges = ranges[ranges < SCREEN_FACTOR * ranges.mean()] if ranges.any() else ranges
    mean, spread = float(np.nanmean(values)), LIMIT_FACTOR * float(ranges.mean())
    return Limits(*(round(level, DECIMALS) for level in (mean, mean - spread, mean + spread)))


def moving_ranges(values: Floats) -> Floats:
    """Differences of neighbours, none across a gap."""
    ranges = np.abs(np.diff(values))
    return ranges[~np.isnan(ranges)]


@dataclass(frozen=True)
class Signal:
    """A point's special cause ('none' if it has none) and its side: high (1), low (-1) or neither (0)."""

    cause: str
    side: int


CAUSES = ("none", "outside_limits", "trend", "two_of_three", "shift")


def signals(values: Floats, limits: Limits) -> list[Signal]:
    """The first rule that each point of a series meets: outside a limit, trend, two of three, shift."""
    rules, sides = rules_met(values, limits)
    return [Signal(CAUSES[rule], int(side)) for rule, side in zip(rules, sides, strict=True)]


def rules_met(values: Floats, limits: Limits) -> tuple[Ints, Ints]:
    """The first rule that each point meets (its place in CAUSES) and its side; series lie along the last axis."""
    values = values.round(DECIMALS)
    outside = (values > limits.upper).astype(np.int64) - (values < limits.lower)
    found = (outside, _trends(values), _two_of_three(values, limits), _shifts(values, limits.mean))
    met = [sides != 0 for sides in found]
    return np.select(met, [1, 2, 3, 4], 0), np.select(met, found, 0)


def _trends(values: Floats) -> Ints:
    """Seven points in a row, each above (or each below) the one before; a later trend overrides."""
    return _runs(np.sign(np.diff(values)), RUN - 1, RUN)


def _shifts(values: Floats, mean: float) -> Ints:
    """Seven points in a row strictly on one side of the mean."""
    return _runs(np.sign(values - mean), RUN, RUN)


def _runs(signs: Floats, length: int, points: int) -> Ints:
    """Sides of the ``points`` points where ``length`` signs in a row are alike and none is 0; later runs override."""
    sides = np.zeros((*signs.shape[:-1], signs.shape[-1] + points - length), dtype=np.int64)
    if signs.shape[-1] < length:
        return sides
    total = sliding_window_view(signs, length, axis=-1).sum(axis=-1)
    side = np.where(np.abs(total) == length, np.sign(total), 0).astype(np.int64)
    for offset in range(points):
        here = sides[..., offset : offset + side.shape[-1]]
        # of the runs that a point is in, the one that begins last reaches it with the smallest offset
        unset = here == 0
        here[unset] = side[unset]
    return sides


def _two_of_three(values: Floats, limits: Limits) -> Ints:
    """Of three points on one side of the mean, those between near limit and limit, if at least two."""
    sides = np.zeros(values.shape, dtype=np.int64)
    if values.shape[-1] < _THREE:
        return sides
    high = (values > limits.near_upper) & (values <= limits.upper)
    low = (values < limits.near_lower) & (values >= limits.lower)
    for near, side in ((high, 1), (low, -1)):
        beyond = sliding_window_view(np.sign(values - limits.mean) == side, _THREE, axis=-1).all(axis=-1)
        enough = beyond & (sliding_window_view(near, _THREE, axis=-1).sum(axis=-1) >= _THREE - 1)
        for offset in range(_THREE):
            window = slice(offset, offset + enough.shape[-1])
            sides[..., window][enough & near[..., window]] = side
    return sides


def variation(signal: Signal, polarity: str) -> str:
    """What a point says when ``polarity`` (higher, lower, neutral) is better."""
    if signal.side == 0:
        return "common"
    if polarity == "neutral":
        return "neutral_high" if signal.side > 0 else "neutral_low"
    return "improvement" if (signal.side > 0) == (polarity == "higher") else "concern"
