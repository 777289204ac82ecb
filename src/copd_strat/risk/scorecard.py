"""A site's own additive model, as a readable table: per feature, bins and their log-odds.

A trained additive model is tabulated into JSON once; scoring and reasons come from the table alone, so
nothing is ever unpickled and each reason is exactly a term of the score.

    {"name": "...", "outcome": "...", "horizon": "...", "intercept": -2.1, "features": [
        {"feature": "fev1_pct_predicted", "edges": [30, 50], "log_odds": [0.8, 0.3, 0.0], "missing": 0.2,
         "reference": 60}, ...]}

Bin k holds values above ``edges[k - 1]`` up to and including ``edges[k]``, as scikit-learn's trees split.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from copd_strat.errors import ModelError
from copd_strat.risk import predictors
from copd_strat.risk.parameters import Floats


@dataclass(frozen=True)
class ScoredFeature:
    """One feature's bins; ``reference`` is the value that its reasons are measured from."""

    feature: str
    edges: tuple[float, ...]
    log_odds: tuple[float, ...]
    missing: float
    reference: float

    def terms(self, values: pd.Series) -> Floats:
        """The log-odds of each value, shape (n,)."""
        numbers = predictors.numbers(values).to_numpy()
        binned = np.asarray(self.log_odds)[np.searchsorted(np.asarray(self.edges), numbers, side="left")]
        return np.where(np.isnan(numbers), self.missing, binned)


@dataclass(frozen=True)
class Scorecard:
    name: str
    outcome: str
    horizon: str
    intercept: float
    features: tuple[ScoredFeature, ...]

    def probability(self, table: pd.DataFrame) -> Floats:
        """The risk, shape (n,): the logistic of the intercept plus all terms."""
        terms = np.add.reduce([f.terms(_column(table, f)) for f in self.features])
        risk: Floats = expit(self.intercept + terms)
        return risk

    def contributions(self, table: pd.DataFrame) -> pd.DataFrame:
        """Each feature's log-odds less the reference patient's, shape (n, features).

        A row adds up to the patient's log-odds less the reference patient's.
        """
        columns = {
            f.feature: f.terms(_column(table, f)) - f.terms(pd.Series([f.reference])) for f in self.features
        }
        return pd.DataFrame(columns, index=table.index)


def scorecard(raw: dict[str, Any]) -> Scorecard:
    """A scorecard from its JSON; ModelError if it is not one."""
    try:
        features = tuple(
            ScoredFeature(
                str(f["feature"]),
                tuple(map(float, f["edges"])),
                tuple(map(float, f["log_odds"])),
                float(f["missing"]),
                float(f["reference"]),
            )
            for f in raw["features"]
        )
        card = Scorecard(raw["name"], raw["outcome"], raw["horizon"], float(raw["intercept"]), features)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the scorecard is incomplete or malformed: {error}") from None
    for feature in card.features:
        _check(feature)
    return card


def _check(feature: ScoredFeature) -> None:
    if len(feature.log_odds) != len(feature.edges) + 1:
        raise ModelError(f"scorecard, {feature.feature}: there must be one log-odds more than edges")
    if any(low >= high for low, high in zip(feature.edges, feature.edges[1:], strict=False)):
        raise ModelError(f"scorecard, {feature.feature}: edges must ascend")
    if not np.isfinite([*feature.log_odds, feature.missing]).all():
        raise ModelError(f"scorecard, {feature.feature}: log-odds must be finite")


def _column(table: pd.DataFrame, feature: ScoredFeature) -> pd.Series:
    if feature.feature not in table:
        raise ModelError(f"the table lacks the scorecard's column '{feature.feature}'")
    return table[feature.feature]
