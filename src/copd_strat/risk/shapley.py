"""Why the rate that ranks is what it is: exact Shapley values against a reference patient.

The rate is not a sum of terms (the posterior bends it), so each group of predictors gets its Shapley value:
its mean effect on ln(rate) over all orders in which the six groups can change from the reference patient's
values to this patient's. All 64 coalitions are evaluated, so the values add up exactly to
ln(rate) - ln(reference rate). Inside a group the value is split in proportion to the predictors' linear
terms, their first-order effects on ln(rate) at the reference patient (docs/decisions.md §15).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product
from math import factorial
from typing import Literal

import numpy as np
import pandas as pd

from copd_strat.risk.models import accept, interpolation
from copd_strat.risk.models.accept import SEVERE, TOTAL
from copd_strat.risk.parameters import Floats, load

# Which rate is explained: that of severe exacerbations, or of any.
Outcome = Literal["severe", "any"]
HISTORY = "exacerbation history"
LINEAR_GROUPS = {
    "lung function": ("FEV1",),
    "breathlessness": ("SGRQ",),
    "treatment and oxygen": ("LAMA", "LABA", "ICS", "oxygen"),
    "heart and metabolic": ("statin", "BMI"),
    "age, sex, smoking": ("age", "male", "smoker"),
}
GROUP_OF = {SEVERE: HISTORY} | {name: group for group, names in LINEAR_GROUPS.items() for name in names}

# Terms of opposite sign can cancel to nearly nothing; blown up in proportion they would mislead, so beyond
# this factor the terms stand as they are and the remainder is shared by their size.
LARGEST_STRETCH = 2.0
STEP = 1e-4  # of the numerical derivative, in units of ln alpha and eta
PATIENTS_A_BATCH = 512  # small matrix products stay on one thread; see interpolation.BLOCK


@cache
def reference() -> pd.DataFrame:
    """The reference patient's predictors, one row, symptom score as SGRQ."""
    row = pd.DataFrame([load("reference_patient")["predictors"]], dtype=float).assign(SGRQ=np.nan, CAT=np.nan)
    return row.assign(SGRQ=accept.sgrq(row))


def contributions(
    predictors: pd.DataFrame, log_rate: Callable[[Floats], Floats], outcome: Outcome = "severe"
) -> pd.DataFrame:
    """Each predictor's contribution to ln(rate of ``outcome``), shape (n, predictors), columns as in ``GROUP_OF``.

    predictors: without gaps, symptom score as SGRQ. log_rate: ln of the ranking model's rate from the ACCEPT
    2.0 rate of the same outcome. What last year's counts contribute stands under ``SEVERE``. NaN in rows where
    a rate of 0 makes the logarithm infinite.
    """
    batches = [
        _contributions(predictors.iloc[start : start + PATIENTS_A_BATCH], log_rate, outcome)
        for start in range(0, len(predictors), PATIENTS_A_BATCH)
    ]
    return pd.concat(batches) if batches else pd.DataFrame(columns=list(GROUP_OF), dtype=float)


def explained_log_rate(
    predictors: pd.DataFrame, log_rate: Callable[[Floats], Floats], outcome: Outcome = "severe"
) -> Floats:
    """ln of the rate, unrounded, shape (n,): what ``contributions`` explain against the reference."""
    engine = accept.engine("full")
    return _log_rate(
        engine.ln_alpha(predictors), engine.eta(predictors), _counts(predictors), log_rate, outcome
    )


def _counts(predictors: pd.DataFrame) -> tuple[Floats, Floats]:
    """Last year's severe exacerbations and all others, each of shape (n,)."""
    severe = predictors[SEVERE].to_numpy(dtype=float)
    return severe, predictors[TOTAL].to_numpy(dtype=float) - severe


def _log_rate(
    ln_alpha: Floats,
    eta: Floats,
    counts: tuple[Floats, Floats],
    log_rate: Callable[[Floats], Floats],
    outcome: Outcome,
) -> Floats:
    engine = accept.engine("full")
    severe = interpolation.rate(engine.effects, ln_alpha, eta, counts[0], "severe")
    if outcome == "severe":
        return log_rate(accept.straightened(engine.spline_severe, severe))
    other = interpolation.rate(engine.effects, ln_alpha, eta, counts[1], "non_severe")
    return log_rate(accept.straightened(engine.spline_everything, severe + other))


def _contributions(
    predictors: pd.DataFrame, log_rate: Callable[[Floats], Floats], outcome: Outcome
) -> pd.DataFrame:
    engine = accept.engine("full")
    of_rate = _departures(engine.log_rate, predictors)
    of_severity = _departures(engine.severity_logit, predictors)
    with np.errstate(invalid="ignore"):  # a rate of 0 makes its rows NaN
        values = _coalition_values(predictors, of_rate, of_severity, log_rate, outcome)
        by_group = _row_by_row(values, _shapley_weights())
    to_alpha, to_eta = _sensitivities(log_rate, outcome)
    counts = [SEVERE] if outcome == "severe" else [SEVERE, TOTAL]
    as_reference = (predictors[counts] == reference()[counts].iloc[0]).all(axis=1).to_numpy()
    columns = {SEVERE: np.where(as_reference, 0.0, by_group[:, -1])}
    for position, names in enumerate(LINEAR_GROUPS.values()):
        terms = np.column_stack([to_alpha * of_rate[n] + to_eta * of_severity[n] for n in names])
        columns |= dict(zip(names, _split(by_group[:, position], terms).T, strict=True))
    table = pd.DataFrame(columns, index=predictors.index)
    table.loc[~np.isfinite(by_group).all(axis=1)] = np.nan
    return table


def _sensitivities(log_rate: Callable[[Floats], Floats], outcome: Outcome = "severe") -> tuple[float, float]:
    """Slopes of ln(rate) in ln alpha and in eta at the reference patient."""
    engine = accept.engine("full")
    steps = STEP * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    ln_alpha = engine.ln_alpha(reference()) + steps[:, 0]
    eta = engine.eta(reference()) + steps[:, 1]
    severe, other = (np.full(4, count[0]) for count in _counts(reference()))
    values = _log_rate(ln_alpha, eta, (severe, other), log_rate, outcome)
    return float(values[0] - values[1]) / (2 * STEP), float(values[2] - values[3]) / (2 * STEP)


def _departures(coefficients: dict[str, float], predictors: pd.DataFrame) -> dict[str, Floats]:
    """Each predictor's linear term less the reference patient's."""
    terms, base = (accept.linear_terms(coefficients, rows) for rows in (predictors, reference()))
    return {name: terms[name] - base[name] for name in terms}


def _coalition_values(
    predictors: pd.DataFrame,
    of_rate: dict[str, Floats],
    of_severity: dict[str, Floats],
    log_rate: Callable[[Floats], Floats],
    outcome: Outcome,
) -> Floats:
    """ln(rate) with each coalition of groups at the patient's values, the rest at reference; (n, 64)."""
    engine = accept.engine("full")
    members = _coalitions()
    linear, with_history = members[:, :-1], members[:, -1].astype(bool)

    def sums(departures: dict[str, Floats]) -> Floats:
        groups = [np.add.reduce([departures[name] for name in names]) for names in LINEAR_GROUPS.values()]
        return _row_by_row(np.column_stack(groups), linear.T)

    ln_alpha = engine.ln_alpha(reference()) + sums(of_rate)
    eta = engine.eta(reference()) + sums(of_severity)
    severe, other = (
        np.where(with_history, own[:, None], usual[0]).ravel()
        for own, usual in zip(_counts(predictors), _counts(reference()), strict=True)
    )
    values = _log_rate(ln_alpha.ravel(), eta.ravel(), (severe, other), log_rate, outcome)
    return values.reshape(ln_alpha.shape)


def _row_by_row(rows: Floats, matrix: Floats) -> Floats:
    """``rows @ matrix``, shape (n, k) and (k, m), always added up in the same order.

    A library for matrices adds up the last rows of a table otherwise than those before, so that a patient's figures
    would depend on who else is in the batch, in their last digit.
    """
    total: Floats = np.zeros((len(rows), matrix.shape[1]))
    for values, weights in zip(rows.T, matrix, strict=True):
        total += values[:, None] * weights
    return total


@cache
def _coalitions() -> Floats:
    """All subsets of the six groups as rows of 0 and 1, shape (64, 6); the last column is the history."""
    return np.array(list(product((0.0, 1.0), repeat=len(LINEAR_GROUPS) + 1)))


@cache
def _shapley_weights() -> Floats:
    """The matrix, shape (64, 6), that turns coalition values into Shapley values."""
    members = _coalitions()
    n = members.shape[1]
    weight = np.array([factorial(size) * factorial(n - size - 1) / factorial(n) for size in range(n)])
    size = members.sum(axis=1).astype(int)
    joining, staying_out = weight[np.maximum(size - 1, 0)], weight[np.minimum(size, n - 1)]
    weights: Floats = np.where(members == 1, joining[:, None], -staying_out[:, None])
    return weights


def _split(value: Floats, terms: Floats) -> Floats:
    """A group's ``value``, shape (n,), over its linear ``terms``, shape (n, k), adding up to ``value``."""
    total, size = terms.sum(axis=1), np.abs(terms).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        stretch = value / total
        shares = np.abs(terms) / size[:, None]
    shares = np.where(size[:, None] > 0, shares, 0)
    proportional = (stretch >= 0) & (stretch <= LARGEST_STRETCH)
    remainder = terms + (value - total)[:, None] * shares
    return np.where(proportional[:, None], np.where(proportional, stretch, 0)[:, None] * terms, remainder)
