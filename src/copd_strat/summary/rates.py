"""Rates and their 95 % limits, from numbers that are already rounded.

A rate or a limit worked out from a true count gives that count away, so these functions are only
ever given published numbers. Formulae: Byar's approximation (Breslow and Day 1987), exact Poisson
limits under 10 events, Wilson's score interval (Wilson 1927), as in the methods of public health
statistics in England.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

Z_95 = float(stats.norm.ppf(0.975))
ALPHA = 0.05
EXACT_BELOW = 10  # Byar's approximation is used from 10 events up


def poisson_limits(count: npt.ArrayLike) -> tuple[Floats, Floats]:
    """95 % limits of counts: exact Poisson below 10 events, Byar's approximation from 10 up."""
    x = np.asarray(count, dtype=np.float64)
    exact_lower = np.where(x > 0, stats.chi2.ppf(ALPHA / 2, 2 * np.maximum(x, 1)) / 2, 0.0)
    exact_upper = stats.chi2.ppf(1 - ALPHA / 2, 2 * x + 2) / 2
    lower, upper = byar(x)
    small = x < EXACT_BELOW
    return np.where(small, exact_lower, lower), np.where(small, exact_upper, upper)


def byar(count: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Byar's 95 % limits of counts; the lower limit of 0 is 0."""
    x = np.asarray(count, dtype=np.float64)
    at_least_one = np.maximum(x, 1)
    lower = x * (1 - 1 / (9 * at_least_one) - Z_95 / (3 * np.sqrt(at_least_one))) ** 3
    upper = (x + 1) * (1 - 1 / (9 * (x + 1)) + Z_95 / (3 * np.sqrt(x + 1))) ** 3
    return np.maximum(lower, 0.0), upper


def wilson(count: npt.ArrayLike, total: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Wilson's 95 % limits of the proportion ``count / total``; ``total`` is above 0."""
    x, n = np.asarray(count, dtype=np.float64), np.asarray(total, dtype=np.float64)
    spread = Z_95 * np.sqrt(np.maximum(Z_95**2 + 4 * x * (1 - x / n), 0.0))
    middle, width = 2 * x + Z_95**2, 2 * (n + Z_95**2)
    return np.maximum((middle - spread) / width, 0.0), np.minimum((middle + spread) / width, 1.0)


@dataclass(frozen=True)
class RateRatio:
    """One rate over another, with 95 % limits; infinite where the other has no event, ``value`` NaN if neither has."""

    value: float
    lower: float
    upper: float

    @property
    def differs(self) -> bool:
        """Whether chance alone, of events independent of each other, would hardly make the two differ so."""
        return self.lower > 1 or self.upper < 1


def rate_ratio(events: float, people: float, other_events: float, other_people: float) -> RateRatio:
    """Whether two rates differ: their own intervals cannot say, since they overlap long before the rates agree.

    Of all events of both, those of one are a binomial share (Przyborowski and Wilenski 1940); its exact limits
    (Clopper and Pearson 1934) are limits of the ratio. Several events of one person make true limits wider.
    """
    both = round(events + other_events)
    if not both:
        return RateRatio(np.nan, 0.0, np.inf)
    share = stats.binomtest(round(events), both).proportion_ci(1 - ALPHA, method="exact")
    among = other_people / people

    def ratio(part: float) -> float:
        return np.inf if part == 1 else among * part / (1 - part)

    return RateRatio(ratio(events / both), ratio(float(share.low)), ratio(float(share.high)))
