"""How many people a figure needs before it may be used.

Sources: Riley 2021, Stat Med 40:4230 (validation: precise O/E and slope); Riley 2019, Stat Med 38:1276
(development: little shrinkage, a precise overall risk); Collins 2016, Stat Med 35:214 (at least 100 events and
100 people without one). The widths asked for are project choices that need sign-off.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

import numpy as np
from scipy.special import logit

from copd_strat.evaluation.measures import CLOSEST, Z
from copd_strat.risk.parameters import Floats

OE_WIDTH, SLOPE_WIDTH = 0.4, 0.6  # of the 95 % intervals
FEWEST = 100
SHRINKAGE, RISK_MARGIN, USUAL_R2 = 0.9, 0.05, 0.15


@dataclass(frozen=True, kw_only=True)
class PeopleNeeded:
    """People needed by each criterion; the largest counts."""

    by: dict[str, int]

    @property
    def people(self) -> int:
        return max(self.by.values())

    @property
    def strictest(self) -> str:
        return max(self.by, key=lambda name: self.by[name])


def to_recalibrate(predicted: Floats, share: float) -> PeopleNeeded:
    """For O/E and slope of a model with these predictions where a ``share`` of people has the outcome."""
    oe_error = OE_WIDTH / (2 * Z)
    slope_error = SLOPE_WIDTH / (2 * Z)
    odds = logit(np.clip(predicted, CLOSEST, 1 - CLOSEST))
    spread = predicted * (1 - predicted)
    flat, cross, steep = spread.mean(), (odds * spread).mean(), (odds**2 * spread).mean()
    return PeopleNeeded(
        by={
            "observed over expected": ceil((1 - share) / (share * oe_error**2)),
            "calibration slope": ceil(flat / (slope_error**2 * (flat * steep - cross**2))),
            "100 with and 100 without": ceil(FEWEST / min(share, 1 - share)),
        }
    )


def to_train(features: int, share: float) -> PeopleNeeded:
    """For a model of so many features; a floor, since boosting bends each of them in several places."""
    most = 1 - (share**share * (1 - share) ** (1 - share)) ** 2
    r2 = USUAL_R2 * most  # 15 % of the possible, where nothing is known (Riley 2019)
    return PeopleNeeded(
        by={
            "little shrinkage": ceil(features / ((SHRINKAGE - 1) * log(1 - r2 / SHRINKAGE))),
            "overall risk": ceil((Z / RISK_MARGIN) ** 2 * share * (1 - share)),
            "100 with and 100 without": ceil(FEWEST / min(share, 1 - share)),
        }
    )
