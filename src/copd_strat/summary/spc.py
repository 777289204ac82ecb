"""Statistical process control of monthly series, by the rules of NHS England's Making Data Count.

XmR limits and special causes as documented for the R package NHSRplotthedots 0.2.2, whose two
documented results the tests reproduce. Published values go in, so nothing new comes out about anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LIMIT_FACTOR = 2.66  # 3 sigma in units of the mean moving range
SCREEN_FACTOR = 3.267  # upper limit of moving ranges in units of their mean
RUN = 7
TRIAL_BELOW = 13
# Compared to this many decimals: a series that stands still must not cross its own mean by a rounding error.
DECIMALS = 9


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
    """Limits of a series without gaps, at least two points.

    ``screen`` leaves out, once, moving ranges at or above their own upper limit; the points stay in
    the mean. The Excel tool of Making Data Count does not screen.
    """
    values = values.round(DECIMALS)
    ranges = np.abs(np.diff(values))
    if screen:
        ranges = ranges[ranges < SCREEN_FACTOR * ranges.mean()] if ranges.any() else ranges
    mean, spread = float(values.mean()), LIMIT_FACTOR * float(ranges.mean())
    return Limits(*(round(level, DECIMALS) for level in (mean, mean - spread, mean + spread)))


@dataclass(frozen=True)
class Signal:
    """A point's special cause ('none' if it has none) and its side: high (1), low (-1) or neither (0)."""

    cause: str
    side: int


def signals(values: Floats, limits: Limits) -> list[Signal]:
    """The first rule that each point meets: outside a limit, trend, two of three, shift."""
    values = values.round(DECIMALS)
    outside = np.where(values > limits.upper, 1, np.where(values < limits.lower, -1, 0))
    rules = (
        ("outside_limits", outside),
        ("trend", _trends(values)),
        ("two_of_three", _two_of_three(values, limits)),
        ("shift", _shifts(values, limits.mean)),
    )
    found = []
    for point in range(len(values)):
        met = [Signal(cause, int(sides[point])) for cause, sides in rules if sides[point]]
        found.append(met[0] if met else Signal("none", 0))
    return found


def _trends(values: Floats) -> npt.NDArray[np.int64]:
    """Seven points in a row, each above (or each below) the one before; a later trend overrides."""
    steps = np.sign(np.diff(values))
    sides = np.zeros(len(values), dtype=np.int64)
    for start in range(len(values) - RUN + 1):
        window = steps[start : start + RUN - 1]
        if abs(window.sum()) == RUN - 1:
            sides[start : start + RUN] = int(window[0])
    return sides


def _two_of_three(values: Floats, limits: Limits) -> npt.NDArray[np.int64]:
    """Of three points on one side of the mean, those between near limit and limit, if at least two."""
    high = (values > limits.near_upper) & (values <= limits.upper)
    low = (values < limits.near_lower) & (values >= limits.lower)
    sides = np.zeros(len(values), dtype=np.int64)
    for near, side in ((high, 1), (low, -1)):
        beyond = np.sign(values - limits.mean) == side
        for start in range(len(values) - 2):
            window = slice(start, start + 3)
            if beyond[window].all() and near[window].sum() >= 2:
                sides[window][near[window]] = side
    return sides


def _shifts(values: Floats, mean: float) -> npt.NDArray[np.int64]:
    """Seven points in a row strictly on one side of the mean."""
    side = np.sign(values - mean)
    sides = np.zeros(len(values), dtype=np.int64)
    for start in range(len(values) - RUN + 1):
        if abs(side[start : start + RUN].sum()) == RUN:
            sides[start : start + RUN] = int(side[start])
    return sides


def variation(signal: Signal, polarity: str) -> str:
    """What a point says when ``polarity`` (higher, lower, neutral) is better."""
    if signal.side == 0:
        return "common"
    if polarity == "neutral":
        return "neutral_high" if signal.side > 0 else "neutral_low"
    return "improvement" if (signal.side > 0) == (polarity == "higher") else "concern"
