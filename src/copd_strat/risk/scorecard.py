"""A site's own additive model, as a readable table: per feature, bins and their log-odds.

A trained additive model is tabulated into JSON once; scoring and reasons come from the table alone, so
nothing is ever unpickled and each reason is exactly a term of the score.

    {"name": "...", "title": "...", "outcome": "...", "horizon": "...", "intercept": -2.1, "features": [
        {"feature": "fev1_pct_predicted", "label": "FEV1 % predicted", "group": "lung function", "words": {},
         "edges": [30, 50], "log_odds": [0.8, 0.3, 0.0], "missing": 0.2, "reference": 60}, ...]}

``words`` gives the values of a feature that is text.

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
    label: str
    group: str
    words: dict[str, float]
    edges: tuple[float, ...]
    log_odds: tuple[float, ...]
    missing: float
    reference: float

    def numbers(self, values: pd.Series) -> pd.Series:
        """The feature as numbers, NaN where it is missing or a word that it does not know."""
        if self.words:
            return values.astype(object).map(self.words).astype(float)
        return predictors.numbers(values)

    def terms(self, values: pd.Series) -> Floats:
        """The log-odds of each value, shape (n,)."""
        return self.terms_of(self.numbers(values).to_numpy(dtype=float))

    def terms_of(self, numbers: Floats) -> Floats:
        """The log-odds of numbers, NaN where missing, shape (n,)."""
        binned = np.asarray(self.log_odds)[np.searchsorted(np.asarray(self.edges), numbers, side="left")]
        return np.where(np.isnan(numbers), self.missing, binned)


@dataclass(frozen=True)
class Scorecard:
    """An additive model: its intercept and terms are log-odds of ``outcome`` within ``horizon``."""

    name: str
    title: str
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
            f.feature: f.terms(_column(table, f)) - f.terms_of(np.array([f.reference])) for f in self.features
        }
        return pd.DataFrame(columns, index=table.index)


def scorecard(raw: dict[str, Any]) -> Scorecard:
    """A scorecard from its JSON; ModelError if it is not one."""
    try:
        features = tuple(
            ScoredFeature(
                str(f["feature"]),
                str(f["label"]),
                str(f["group"]),
                {str(word): float(value) for word, value in f["words"].items()},
                tuple(map(float, f["edges"])),
                tuple(map(float, f["log_odds"])),
                float(f["missing"]),
                float(f["reference"]),
            )
            for f in raw["features"]
        )
        card = Scorecard(
            name=str(raw["name"]),
            title=str(raw["title"]),
            outcome=str(raw["outcome"]),
            horizon=str(raw["horizon"]),
            intercept=float(raw["intercept"]),
            features=features,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"the scorecard is incomplete or malformed: {error}") from None
    if not features:
        raise ModelError("the scorecard holds no feature")
    for feature in card.features:
        _check(feature)
    return card


def _check(feature: ScoredFeature) -> None:
    if len(feature.log_odds) != len(feature.edges) + 1:
        raise ModelError(f"scorecard, {feature.feature}: there must be one log-odds more than edges")
    if any(low >= high for low, high in zip(feature.edges, feature.edges[1:], strict=False)):
        raise ModelError(f"scorecard, {feature.feature}: edges must ascend")
    if not np.isfinite([*feature.log_odds, feature.missing, *feature.edges]).all():
        raise ModelError(f"scorecard, {feature.feature}: edges and log-odds must be finite")


def _column(table: pd.DataFrame, feature: ScoredFeature) -> pd.Series:
    if feature.feature not in table:
        raise ModelError(f"the table lacks the scorecard's column '{feature.feature}'")
    return table[feature.feature]
