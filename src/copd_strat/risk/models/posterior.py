"""ACCEPT's posterior on its grid: what last year's exacerbations say about next year's rate.

Each patient has two random effects, z1 on the log rate and z2 on the log-odds that an exacerbation is severe,
jointly normal around zero. The package evaluates them on a fixed grid of 100 x 100 points that reaches two
*variances* (not standard deviations) to each side; a faithful copy keeps that. Last year's count weighs the
grid by its Poisson likelihood, separately for severe, non-severe and all exacerbations.

Source: Adibi 2020, Lancet Respir Med 8:1013-21, as computed by the R package accept 1.2.0 (docs/models.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.special import expit

from copd_strat.risk.parameters import Floats

Part = Literal["all", "severe", "non_severe"]

GRID_POINTS = 100
GRID_REACH_IN_VARIANCES = 2.0
PATIENTS_A_BATCH = 64


@dataclass(frozen=True)
class RandomEffects:
    """Distribution of (z1, z2) and the Weibull shape ``gamma`` of the time to an exacerbation."""

    gamma: float
    variance_z1: float
    variance_z2: float
    covariance: float

    @cached_property
    def z1(self) -> Floats:
        return _grid(self.variance_z1)

    @cached_property
    def z2(self) -> Floats:
        return _grid(self.variance_z2)

    @cached_property
    def log_density(self) -> Floats:
        """Log of the bivariate normal density on the grid, up to a constant, shape (z1, z2)."""
        z1, z2 = self.z1[:, None], self.z2[None, :]
        determinant = self.variance_z1 * self.variance_z2 - self.covariance**2
        squares = self.variance_z2 * z1**2 - 2 * self.covariance * z1 * z2 + self.variance_z1 * z2**2
        return -squares / (2 * determinant)

    def hazards(self, ln_alpha: Floats, eta: Floats, part: Part) -> Floats:
        """Expected exacerbations of ``part`` in a year at each grid point, shape (n, z1, z2)."""
        everything = np.exp(self.gamma * (ln_alpha[:, None] + self.z1))[:, :, None]
        return everything * self.share(eta, part)[:, None, :]

    def share(self, eta: Floats, part: Part) -> Floats:
        """Share of exacerbations that belong to ``part``, shape (n, z2)."""
        logit = eta[:, None] + self.z2
        if part == "all":
            return np.ones_like(logit)
        share: Floats = expit(logit if part == "severe" else -logit)
        return share


def _grid(variance: float) -> Floats:
    reach = GRID_REACH_IN_VARIANCES * variance
    return np.linspace(-reach, reach, GRID_POINTS)


def rate(effects: RandomEffects, ln_alpha: Floats, eta: Floats, count: Floats, part: Part) -> Floats:
    """Posterior mean of next year's rate of ``part``, given last year's ``count`` of it; all shapes (n,)."""
    result = np.empty(len(ln_alpha))
    for rows in _batches(len(ln_alpha)):
        hazards, weights = _weighted(effects, ln_alpha[rows], eta[rows], count[rows], part)
        result[rows] = (weights * hazards).sum(axis=(1, 2)) / weights.sum(axis=(1, 2))
    return result


def interval(
    effects: RandomEffects, ln_alpha: Floats, eta: Floats, count: Floats, part: Part
) -> tuple[Floats, Floats]:
    """Posterior 2.5 % and 97.5 % quantiles of next year's rate of ``part``; all shapes (n,)."""
    lower, upper = np.empty(len(ln_alpha)), np.empty(len(ln_alpha))
    for rows in _batches(len(ln_alpha)):
        hazards, weights = _weighted(effects, ln_alpha[rows], eta[rows], count[rows], part)
        cells = (len(hazards), GRID_POINTS * GRID_POINTS)
        lower[rows], upper[rows] = _weighted_quantiles(hazards.reshape(cells), weights.reshape(cells))
    return lower, upper


def _batches(n: int) -> Iterator[slice]:
    return (slice(start, start + PATIENTS_A_BATCH) for start in range(0, n, PATIENTS_A_BATCH))


def _weighted(
    effects: RandomEffects, ln_alpha: Floats, eta: Floats, count: Floats, part: Part
) -> tuple[Floats, Floats]:
    """Hazards on the grid, and density times Poisson likelihood, scaled to at most 1 a patient."""
    hazards = effects.hazards(ln_alpha, eta, part)
    logs = effects.log_density + count[:, None, None] * np.log(hazards) - hazards
    return hazards, np.exp(logs - logs.max(axis=(1, 2), keepdims=True))


def _weighted_quantiles(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The 2.5 % and 97.5 % weighted quantiles of each row, as reldist 1.7-2 computes them.

    A quantile lies at order 1 + (cells - 1) * q; the two neighbouring orders are looked up in the cumulative
    weight as a step function and blended by the order's fraction.
    """
    order = np.argsort(values, axis=1)
    values = np.take_along_axis(values, order, axis=1)
    cumulative = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    cumulative /= cumulative[:, -1:]
    cells = values.shape[1]

    def first_at_least(target: float) -> Floats:
        position = np.minimum((cumulative < target).sum(axis=1), cells - 1)
        found: Floats = np.take_along_axis(values, position[:, None], axis=1)[:, 0]
        return found

    def quantile(q: float) -> Floats:
        fraction, whole = np.modf(1 + (cells - 1) * q)
        below, above = first_at_least(whole / cells), first_at_least((whole + 1) / cells)
        blended: Floats = (1 - fraction) * below + fraction * above
        return blended

    return quantile(0.025), quantile(0.975)
