"""ACCEPT 1 and ACCEPT 2.0: rates of exacerbations in the next year, and their intervals.

Sources: Adibi 2020, Lancet Respir Med 8:1013-21 (ACCEPT 1); Safari 2022, eClinicalMedicine 51:101574 (ACCEPT
2.0). The variants without medicines are not offered: the package ships their two sets of knots swapped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline

from copd_strat.risk.models import interpolation, posterior
from copd_strat.risk.models.posterior import RandomEffects
from copd_strat.risk.parameters import Floats, load

EngineName = Literal["full", "no_sgrq"]
TOTAL, SEVERE = "LastYrExacCount", "LastYrSevExacCount"

# An interpolated rate is within 1e-9 of the grid's; this close to a rounding boundary the grid itself
# decides.
TIE_WIDTH = 1e-4  # in units of the fourth decimal


@dataclass(frozen=True)
class Rates:
    """Exacerbations a year, of any severity and severe (inpatient care); each of shape (n,)."""

    everything: Floats
    severe: Floats

    def map(self, everything: Callable[[Floats], Floats], severe: Callable[[Floats], Floats]) -> Rates:
        return Rates(everything(self.everything), severe(self.severe))


@dataclass(frozen=True)
class RateEngine:
    """One set of ACCEPT's coefficients, with the splines that turn ACCEPT 1 rates into ACCEPT 2 rates."""

    effects: RandomEffects
    log_rate: dict[str, float]
    severity_logit: dict[str, float]
    spline_everything: CubicSpline
    spline_severe: CubicSpline

    def ln_alpha(self, predictors: pd.DataFrame) -> Floats:
        return linear_predictor(self.log_rate, predictors)

    def eta(self, predictors: pd.DataFrame) -> Floats:
        return linear_predictor(self.severity_logit, predictors)

    def recalibrated(self, rates: Rates) -> Rates:
        """ACCEPT 1 rates to ACCEPT 2 rates."""
        return rates.map(
            lambda r: straightened(self.spline_everything, r), lambda r: straightened(self.spline_severe, r)
        )


@cache
def engine(name: EngineName) -> RateEngine:
    raw = load("accept")["engines"][name]
    effects = RandomEffects(raw["gamma"], raw["variance_z1"], raw["variance_z2"], raw["covariance"])
    knots = raw["knots"]
    return RateEngine(
        effects, raw["log_rate"], raw["severity_logit"], _spline(knots["all"]), _spline(knots["severe"])
    )


def _spline(knots: list[list[float]]) -> CubicSpline:
    x, f = np.transpose(knots)
    return CubicSpline(x, f, bc_type="natural")


def straightened(spline: CubicSpline, rate: Floats) -> Floats:
    """The natural spline at ``rate``, straight outside its knots, never below 0."""
    first, last = spline.x[0], spline.x[-1]
    inside = np.clip(rate, first, last)
    slope = np.where(rate < first, spline(first, 1), spline(last, 1))
    return np.maximum(0.0, spline(inside) + slope * (rate - inside))


def linear_predictor(coefficients: dict[str, float], predictors: pd.DataFrame) -> Floats:
    """Intercept plus the sum of ``linear_terms``, shape (n,)."""
    terms = linear_terms(coefficients, predictors)
    total: Floats = np.add.reduce(list(terms.values())) + coefficients["intercept"]
    return total


def linear_terms(coefficients: dict[str, float], predictors: pd.DataFrame) -> dict[str, Floats]:
    """Each predictor's coefficient times its value, in the coefficient's unit (age in decades and so on)."""
    units: dict[str, Any] = load("accept")["units"]
    return {
        name: coefficient / units.get(name, 1) * predictors[name].to_numpy(dtype=float)
        for name, coefficient in coefficients.items()
        if name != "intercept"
    }


def sgrq(predictors: pd.DataFrame) -> pd.Series:
    """St George's total, row by row: as given, else from CAT, else from mMRC (0 to 4)."""
    cat, mmrc = (load("accept")["sgrq_from"][score] for score in ("CAT", "mMRC"))
    from_cat = cat["intercept"] + cat["slope"] * predictors["CAT"]
    from_mmrc = mmrc["intercept"] + mmrc["slope"] * predictors["mMRC"]
    return predictors["SGRQ"].fillna(from_cat).fillna(from_mmrc)


def rates(name: EngineName, predictors: pd.DataFrame, posterior_rate: Callable[..., Floats]) -> Rates:
    """ACCEPT 1 rates; ``posterior_rate`` is ``interpolation.rate`` or ``posterior.rate`` (its grid).

    The all-exacerbation rate is the severe plus the non-severe one, each from its own count.
    """
    chosen = engine(name)
    ln_alpha, eta = chosen.ln_alpha(predictors), chosen.eta(predictors)
    severe_count = predictors[SEVERE].to_numpy(dtype=float)
    other_count = predictors[TOTAL].to_numpy(dtype=float) - severe_count
    severe = posterior_rate(chosen.effects, ln_alpha, eta, severe_count, "severe")
    other = posterior_rate(chosen.effects, ln_alpha, eta, other_count, "non_severe")
    return Rates(severe + other, severe)


def intervals(name: EngineName, predictors: pd.DataFrame) -> tuple[Rates, Rates]:
    """Lower and upper limits of the 95 % intervals of the ACCEPT 1 rates.

    The interval of the all-exacerbation rate is that of the total hazard given the total count, so the point
    can lie outside it (about 2 in 100 patients), as in the authors' package.
    """
    chosen = engine(name)
    ln_alpha, eta = chosen.ln_alpha(predictors), chosen.eta(predictors)
    total, severe = (predictors[count].to_numpy(dtype=float) for count in (TOTAL, SEVERE))
    all_low, all_high = posterior.interval(chosen.effects, ln_alpha, eta, total, "all")
    severe_low, severe_high = posterior.interval(chosen.effects, ln_alpha, eta, severe, "severe")
    return Rates(all_low, severe_low), Rates(all_high, severe_high)


def accept2_rates(predictors: pd.DataFrame) -> Rates:
    """Rates of the full ACCEPT 2.0, by the fast posterior."""
    return engine("full").recalibrated(rates("full", predictors, interpolation.rate))


def probability(rate: Floats) -> Floats:
    """Chance of at least one event in the year."""
    return -np.expm1(-rate)


def at_four_decimals(equations: Callable[[Rates], list[Floats]], predictors: pd.DataFrame) -> list[Floats]:
    """``equations`` of the ACCEPT 2.0 rates, rounded to four decimals exactly as on the grid itself."""
    values = np.stack(equations(accept2_rates(predictors)))
    distance_to_tie = np.abs(values * 1e4 % 1 - 0.5)
    ties = np.flatnonzero((distance_to_tie < TIE_WIDTH).any(axis=0))
    if len(ties):
        by_grid = engine("full").recalibrated(rates("full", predictors.iloc[ties], posterior.rate))
        values[:, ties] = np.stack(equations(by_grid))
    return list(np.round(values, 4))
