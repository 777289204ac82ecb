"""How well a prediction fits what followed: discrimination, calibration and use, each with an interval.

All take a prediction a person, whether the event came within the time, and a weight (``censoring``). Without
anybody lost the weights are 1 and every figure is the plain one. Intervals are 95 %, by large-sample formulas:
a bootstrap of every group of every model would take the night.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from copd_strat.risk.parameters import Flags, Floats

Z = float(norm.ppf(0.975))
# Some models say 0 or 1 outright, whose log-odds are infinite: they count as this far from it.
CLOSEST = 1e-6


class Measured(NamedTuple):
    """A figure and its 95 % interval; NaN where it cannot be worked out."""

    value: float
    lower: float
    upper: float


UNKNOWN = Measured(np.nan, np.nan, np.nan)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One prediction held against one outcome, one entry a person.

    ``chosen``: the part of a place that the person gets when places go by this prediction, 0 to 1; a tie at
    the last place shares it.
    """

    predicted: Floats
    event: Flags
    weight: Floats
    chosen: Floats

    def of(self, which: Flags) -> Trial:
        """The same for some of the people; places stay as they were given to all."""
        return Trial(
            predicted=self.predicted[which],
            event=self.event[which],
            weight=self.weight[which],
            chosen=self.chosen[which],
        )

    @property
    def cases(self) -> Floats:
        return self.weight * self.event

    @property
    def others(self) -> Floats:
        return self.weight * ~self.event


def c_statistic(trial: Trial) -> Measured:
    """Chance that somebody with an event was ranked above somebody without; DeLong's interval."""
    case, other = trial.cases > 0, trial.others > 0
    if not case.any() or not other.any():
        return UNKNOWN
    above = _weight_below(trial.predicted[case], trial.predicted[other], trial.weight[other])
    below = 1 - _weight_below(trial.predicted[other], trial.predicted[case], trial.weight[case])
    value = float(np.average(above, weights=trial.weight[case]))
    variance = _mean_variance(above, trial.weight[case]) + _mean_variance(below, trial.weight[other])
    return _around(value, np.sqrt(variance), 0.0, 1.0)


def _weight_below(values: Floats, among: Floats, weight: Floats) -> Floats:
    """For each value the weighted share of ``among`` below it, ties counting half."""
    order = np.argsort(among, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weight[order])])
    lower = total[np.searchsorted(among[order], values, side="left")]
    upper = total[np.searchsorted(among[order], values, side="right")]
    share: Floats = (lower + upper) / 2 / total[-1]
    return share


def _mean_variance(values: Floats, weight: Floats) -> float:
    """Variance of a weighted mean."""
    mean = np.average(values, weights=weight)
    return float(np.sum((weight * (values - mean)) ** 2) / np.sum(weight) ** 2)


def oe_ratio(trial: Trial) -> Measured:
    """Observed over expected events: above 1 the model says too little. Interval on the log scale."""
    if not trial.cases.any() or not trial.predicted.any():
        return UNKNOWN
    expected = float(np.mean(trial.predicted))
    observed = float(np.average(trial.event, weights=trial.weight))
    spread = np.sqrt(_mean_variance(trial.event.astype(float), trial.weight)) / observed
    ratio = observed / expected
    return Measured(ratio, float(ratio * np.exp(-Z * spread)), float(ratio * np.exp(Z * spread)))


def calibration_slope(trial: Trial) -> Measured:
    """Slope of the outcome's log-odds on the prediction's: below 1 the model is too extreme."""
    fitted = fit_logistic(_design(trial), trial.event, trial.weight)
    return UNKNOWN if fitted is None else _around(fitted.coefficients[1], fitted.errors[1])


def calibration_intercept(trial: Trial) -> Measured:
    """Shift of the log-odds that would bring predictions to the observed level, with their slope kept at 1."""
    design = _design(trial)
    fitted = fit_logistic(design[:, :1], trial.event, trial.weight, offset=design[:, 1])
    return UNKNOWN if fitted is None else _around(fitted.coefficients[0], fitted.errors[0])


def _design(trial: Trial) -> Floats:
    odds = logit(np.clip(trial.predicted, CLOSEST, 1 - CLOSEST))
    return np.column_stack([np.ones(len(odds)), odds])


def brier(trial: Trial) -> Measured:
    """Mean squared distance of the prediction from what came: 0 is perfect."""
    if not trial.weight.sum():
        return UNKNOWN
    distance = (trial.predicted - trial.event) ** 2
    value = float(np.average(distance, weights=trial.weight))
    return _around(value, np.sqrt(_mean_variance(distance, trial.weight)), 0.0, 1.0)


def sensitivity_at_capacity(trial: Trial) -> Measured:
    """Share of the people with an event who would have had a place."""
    return share_of(trial.chosen, trial.cases)


def ppv_at_capacity(trial: Trial) -> Measured:
    """Share of the people with a place who had an event."""
    return share_of(trial.event.astype(float), trial.weight * trial.chosen)


def share_of(part: Floats, weight: Floats) -> Measured:
    """A weighted share with Wilson's interval, by the number of people that the weights are worth."""
    total = float(weight.sum())
    if total == 0:
        return UNKNOWN
    value, people = float(np.average(part, weights=weight)), total**2 / float(np.sum(weight**2))
    centre = (value + Z**2 / (2 * people)) / (1 + Z**2 / people)
    half = Z / (1 + Z**2 / people) * np.sqrt(value * (1 - value) / people + Z**2 / (4 * people**2))
    return Measured(value, float(max(centre - half, 0.0)), float(min(centre + half, 1.0)))


# What needs only an order of people, what needs a probability, and what is asked of everybody, scored or not.
OF_AN_ORDER: dict[str, Callable[[Trial], Measured]] = {"c_statistic": c_statistic}
OF_A_RISK: dict[str, Callable[[Trial], Measured]] = {
    "oe_ratio": oe_ratio,
    "calibration_slope": calibration_slope,
    "calibration_intercept": calibration_intercept,
    "brier": brier,
}
OF_PLACES: dict[str, Callable[[Trial], Measured]] = {
    "sensitivity_at_capacity": sensitivity_at_capacity,
    "ppv_at_capacity": ppv_at_capacity,
}


class Fitted(NamedTuple):
    """Coefficients of a regression and their standard errors."""

    coefficients: Floats
    errors: Floats


def _logistic(linear: Floats) -> tuple[Floats, Floats]:
    risk = expit(linear)
    return risk, risk * (1 - risk)


def of_log_rate(linear: Floats) -> tuple[Floats, Floats]:
    """Risk from ln(rate), 1 - exp(-rate), and its slope: the complementary log-log link."""
    rate = np.exp(np.minimum(linear, 3.5))  # beyond it the risk is 1 in every digit
    return -np.expm1(-rate), rate * np.exp(-rate)


# From the linear predictor to the risk and its slope there.
Link = Callable[[Floats], tuple[Floats, Floats]]


def fit_logistic(
    design: Floats, event: Flags, weight: Floats, *, offset: Floats | None = None, link: Link = _logistic
) -> Fitted | None:
    """Weighted regression of a yes or no by Fisher's steps; None where there is nothing to fit.

    Errors are robust (sandwich), as weights are not counts of people.
    """
    shift, observed = np.zeros(len(design)) if offset is None else offset, event.astype(float)
    if len(set(observed[weight > 0])) < 2 or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    coefficients = np.zeros(design.shape[1])
    for _ in range(100):
        risk, slope = link(design @ coefficients + shift)
        spread = np.maximum(risk * (1 - risk), 1e-300)
        pull = weight * (observed - risk) * slope / spread
        information = (design * (weight * slope**2 / spread)[:, None]).T @ design
        if np.linalg.cond(information) > 1e12:
            return None  # the outcome is separated: no finite answer
        step = np.linalg.solve(information, design.T @ pull)
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-12:
            break
    meat = (design * (pull**2)[:, None]).T @ design
    bread = np.linalg.inv(information)
    return Fitted(coefficients, np.sqrt(np.diag(bread @ meat @ bread)))


def net_benefit(trial: Trial, thresholds: Floats) -> tuple[Floats, Floats]:
    """Net benefit of acting at or above each threshold, and of acting for everybody; shape (k,) each.

    True positives less false positives, the latter weighed by the threshold's odds (Vickers 2006, Med Decis
    Making 26:565).
    """
    order = np.argsort(-trial.predicted, kind="stable")
    n = trial.weight.sum()
    found = np.concatenate([[0.0], np.cumsum(trial.cases[order])]) / n
    wrong = np.concatenate([[0.0], np.cumsum(trial.others[order])]) / n
    acted = np.searchsorted(-trial.predicted[order], -thresholds, side="right")
    odds = thresholds / (1 - thresholds)
    return found[acted] - wrong[acted] * odds, found[-1] - wrong[-1] * odds


def _around(value: float, error: float, low: float = -np.inf, high: float = np.inf) -> Measured:
    return Measured(float(value), float(max(value - Z * error, low)), float(min(value + Z * error, high)))
