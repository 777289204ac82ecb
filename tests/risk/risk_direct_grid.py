"""ACCEPT the slow, direct way: one patient at a time, every formula written out, no code of the product.

Only the packaged coefficients are read. The product's fast posterior is held against it.
"""

from __future__ import annotations

import json
import math
from importlib import resources

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.stats import multivariate_normal

UNITS = {"age": 10, "FEV1": 100, "SGRQ": 10, "BMI": 10}


def packaged(name: str) -> dict:
    return json.loads(resources.files("copd_strat.risk").joinpath(f"data/{name}.json").read_text("utf-8"))


class DirectAccept:
    """One engine ("full" or "no_sgrq") on the grid of 100 x 100 points."""

    def __init__(self, name: str = "full") -> None:
        self.raw = packaged("accept")["engines"][name]
        v1, v2, cov = self.raw["variance_z1"], self.raw["variance_z2"], self.raw["covariance"]
        self.z1 = np.linspace(-2 * v1, 2 * v1, 100)[:, None]
        self.z2 = np.linspace(-2 * v2, 2 * v2, 100)[None, :]
        points = np.dstack(np.broadcast_arrays(self.z1, self.z2))
        self.prior = multivariate_normal(cov=[[v1, cov], [cov, v2]]).pdf(points)

    def linear(self, part: str, patient: dict[str, float]) -> float:
        terms = self.raw[part]
        return terms["intercept"] + sum(
            value * patient[name] / UNITS.get(name, 1) for name, value in terms.items() if name != "intercept"
        )

    def posterior_mean(self, hazard: np.ndarray, count: float) -> float:
        log_poisson = count * np.log(hazard) - hazard - math.lgamma(count + 1)
        weight = self.prior * np.exp(log_poisson - log_poisson.max())
        return float((weight * hazard).sum() / weight.sum())

    def rates_of(self, ln_alpha: float, eta: float, total: float, severe: float) -> tuple[float, float]:
        """All-exacerbation and severe rate of ACCEPT 1."""
        hazard = (np.exp(ln_alpha) * np.exp(self.z1)) ** self.raw["gamma"]
        share = 1 / (1 + np.exp(-(eta + self.z2)))
        severe_rate = self.posterior_mean(hazard * share, severe)
        return severe_rate + self.posterior_mean(hazard * (1 - share), total - severe), severe_rate

    def accept1(self, patient: dict[str, float]) -> tuple[float, float]:
        return self.rates_of(
            self.linear("log_rate", patient),
            self.linear("severity_logit", patient),
            patient["LastYrExacCount"],
            patient["LastYrSevExacCount"],
        )

    def accept2(self, patient: dict[str, float]) -> tuple[float, float]:
        everything, severe = self.accept1(patient)
        return self.recalibrated("all", everything), self.recalibrated("severe", severe)

    def recalibrated(self, outcome: str, rate: float) -> float:
        x, f = np.transpose(self.raw["knots"][outcome])
        spline = CubicSpline(x, f, bc_type="natural")
        if rate < x[0]:
            return max(0.0, float(f[0] + spline(x[0], 1) * (rate - x[0])))
        if rate > x[-1]:
            return float(f[-1] + spline(x[-1], 1) * (rate - x[-1]))
        return max(0.0, float(spline(rate)))

    def accept3_cprd(self, patient: dict[str, float]) -> tuple[float, float, float, float]:
        """Risk and rate of any, then of severe exacerbations, to four decimals; complete patients only."""
        result = []
        for outcome, rate in zip(("all", "severe"), self.accept2(patient), strict=True):
            constants = packaged("accept3_cprd")[outcome]
            cumulative = constants["baseline"] * rate ** constants["slope"]
            result += [round(1 - math.exp(-cumulative), 4), round(cumulative, 4)]
        return tuple(result)
