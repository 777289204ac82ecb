"""Slope and relative index of inequality of a rate or share over deprivation quintiles, from published numbers.

Source: Regidor 2004, J Epidemiol Community Health 58:858 and 58:900 (measures of health inequalities); weighted
regression on the midpoints of cumulative population shares, on logarithms, as England's public health profiles do
(PHEindicatormethods 2.1.0, whose code was not used). The limits are from the groups' own 95 % limits by the delta
method: [project choice] the profiles simulate instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from copd_strat.summary.rates import Z_95, Floats


@dataclass(frozen=True)
class Index:
    """A figure with its 95 % limits."""

    value: float
    lower: float
    upper: float


def inequality(values: Floats, lower: Floats, upper: Floats, people: Floats) -> tuple[Index, Index]:
    """The slope index (in the unit of ``values``) and the relative index, most deprived group first.

    Both compare the least deprived end with the most deprived one: a slope below 0 and a ratio below 1 say that
    the most deprived have more. ``values``, their 95 % limits and ``people`` are above 0, one a group.
    """
    share = people / people.sum()
    rank = np.cumsum(share) - share / 2
    logs, spread = np.log(values), (np.log(upper) - np.log(lower)) / (2 * Z_95)
    design = np.column_stack([np.ones_like(rank), rank])
    # weighted least squares: the coefficients are linear in the logarithms, so their variances follow from these
    weighted = design.T * share
    solved = np.linalg.solve(weighted @ design, weighted)
    start, slope = solved @ logs
    covariance = (solved * spread**2) @ solved.T
    first, last = np.exp(start), np.exp(start + slope)
    gradient = np.array([last - first, last])
    sii_error = float(np.sqrt(gradient @ covariance @ gradient))
    rii_error = float(np.sqrt(covariance[1, 1]))
    sii = float(last - first)
    return (
        Index(sii, sii - Z_95 * sii_error, sii + Z_95 * sii_error),
        Index(*(float(np.exp(slope + step * Z_95 * rii_error)) for step in (0, -1, 1))),
    )
