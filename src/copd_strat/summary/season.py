"""What the same months of earlier years lead one to expect of a month, and how far chance may take it.

Counts of events rise and fall with the season, and so does their spread: on the square-root scale it is the same in
winter and summer (Bartlett 1936, Suppl J R Stat Soc 3:68). There each calendar month has a level, estimated from
earlier years alone, and a point is judged by how far it lies from it: its recursive residual (Brown, Durbin and Evans
1975, J R Stat Soc B 37:149). Where nothing changes, these residuals are independent, lie about 0 and spread alike,
whatever the season is, so the moving ranges and the four rules of the XmR chart hold for them as they stand (spc.py).
A later month never changes what was expected of an earlier one.

Series lie along the last axis of their arrays; several that share a calendar are worked out at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from copd_strat.summary.spc import FEWEST_RANGES, LIMIT_FACTOR, Floats, Ints, Limits, rules_met

#: Earlier years in which the same month must have been shown before one is judged (docs/decisions.md §49).
YEARS_BEFORE = 2
# Variance of a level that nothing is known of: the first value of a month settles it. Larger loses decimals.
_UNKNOWN, _KNOWN_BELOW = 1e8, 1e4
_DECIMALS = 6


@dataclass(frozen=True)
class Expected:
    """On the square-root scale, for each point: its expected level, the factor by which that level's own
    uncertainty widens the spread, and in how many earlier years the same month was shown. NaN: not known."""

    level: Floats
    factor: Floats
    years: Ints


def expected(roots: Floats, cycle: Ints, phase: Ints) -> Expected:
    """What earlier points lead to expect of each: least squares, brought up to date point by point.

    ``roots``: series on the square-root scale, NaN where not shown. ``cycle``: each point's place in the year, from
    0. ``phase``: 0, and one more from each annotated change on; a phase keeps the season of the one before, at a
    level of its own.
    """
    places = int(cycle.max()) + 1
    series, size = roots.shape[:-1], places + int(phase.max())
    levels, variances = (
        np.zeros((*series, size)),
        np.broadcast_to(np.eye(size) * _UNKNOWN, (*series, size, size)),
    )
    level, factor = np.full(roots.shape, np.nan), np.full(roots.shape, np.nan)
    years, seen = np.zeros(roots.shape, dtype=np.int64), np.zeros((*series, places), dtype=np.int64)
    shape = np.ones((*series, places))
    for at, place in enumerate(cycle):
        if at and phase[at] != phase[at - 1]:
            shape = _shape(levels[..., :places], seen > 0)
        row = np.zeros((*series, size))
        row[..., place] = 1
        if phase[at]:
            row[..., places + phase[at] - 1] = shape[..., place]
        gain = (variances @ row[..., np.newaxis])[..., 0]
        variance, mean = (row * gain).sum(axis=-1), (row * levels).sum(axis=-1)
        known, shown = variance < _KNOWN_BELOW, ~np.isnan(roots[..., at])
        level[..., at], factor[..., at] = np.where(known, (mean, np.sqrt(1 + variance)), np.nan)
        years[..., at] = seen[..., place]
        seen[..., place] += shown
        pull = np.where(shown, gain.T / (1 + variance).T, 0.0).T
        levels = levels + pull * np.nan_to_num(roots[..., at] - mean)[..., np.newaxis]
        variances = variances - pull[..., :, np.newaxis] * gain[..., np.newaxis, :]
    return Expected(level, factor, years)


def _shape(levels: Floats, seen: npt.NDArray[np.bool_]) -> Floats:
    """The season as a factor about 1; a month that was never shown has none."""
    total, shown = (levels * seen).sum(axis=-1), seen.sum(axis=-1)
    mean = (total / np.maximum(shown, 1))[..., np.newaxis]
    return np.where(seen & (mean > 0), levels / np.where(mean > 0, mean, 1.0), 1.0)


@dataclass(frozen=True)
class SeasonChart:
    """Series against their season: for each point what is expected and its limits (NaN where it cannot be judged), the
    rule it meets (its place in spc.CAUSES) and its side; for each series, how many points its limits rest on."""

    mean: Floats
    lower: Floats
    upper: Floats
    rules: Ints
    sides: Ints
    points: Ints


def against_season(values: Floats, cycle: Ints, phase: Ints) -> SeasonChart:
    """The charts of series of values from 0 up, on their calendar (NaN: not shown).

    Moving ranges are not screened, as in the Excel tool of Making Data Count: with them screened, the false signals
    of a series without change lie a quarter above the nominal rate.
    """
    roots = np.sqrt(values)
    found = expected(roots, cycle, phase)
    residuals = ((roots - found.level) / found.factor).round(_DECIMALS)
    ranges = np.abs(np.diff(residuals))
    count = (~np.isnan(ranges)).sum(axis=-1, keepdims=True)
    limit = (LIMIT_FACTOR * np.nansum(ranges, axis=-1, keepdims=True) / np.maximum(count, 1)).round(_DECIMALS)
    judged = (found.years >= YEARS_BEFORE) & ~np.isnan(residuals) & (count >= FEWEST_RANGES)
    # in units of the limit; in a series that never varies, any difference lies outside
    scaled = np.where(limit > 0, residuals / np.where(limit > 0, limit, 1.0), 2 * np.sign(residuals))
    rules, sides = rules_met(np.where(judged, scaled, np.nan), Limits(0.0, -1.0, 1.0))
    level, reach = np.where(judged, found.level, np.nan), found.factor * limit
    return SeasonChart(
        mean=level**2,
        lower=np.maximum(level - reach, 0.0) ** 2,
        upper=(level + reach) ** 2,
        rules=rules,
        sides=sides,
        points=(~np.isnan(residuals)).sum(axis=-1),
    )
