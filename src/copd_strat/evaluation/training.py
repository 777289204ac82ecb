"""A site's own additive model: boosted stumps, one feature each, tabulated into a scorecard.

Additive, so that each reason is a term of the score; monotonic where medicine says so; gaps taken as they are.
Trained on earlier index dates, tried on the last one. A plain regression and full boosting are fitted beside it,
only to show what additivity costs.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from copd_strat import __version__
from copd_strat.contracts.own_tables import own_table
from copd_strat.errors import ModelError
from copd_strat.evaluation import measures, sample_size
from copd_strat.evaluation.followed import HORIZON_MONTHS, Followed, months_after
from copd_strat.evaluation.measures import Trial
from copd_strat.publish.content import code_hash
from copd_strat.risk.own_model import KIND
from copd_strat.risk.parameters import Floats
from copd_strat.risk.scorecard import Scorecard, ScoredFeature, scorecard
from copd_strat.risk.sealed_files import sealed

# One feature alone that tells the outcome so well knows it (project choice).
TOO_GOOD = 0.95
TABLE_TOLERANCE = 1e-9
# Stumps, slow and smooth: a bin of fewer people would be a story about single ones (project choices).
_STUMPS = {
    "max_iter": 400,
    "learning_rate": 0.05,
    "max_leaf_nodes": 2,
    "min_samples_leaf": 60,
    "max_bins": 32,
}
_FULL = {"max_iter": 200, "learning_rate": 0.05, "max_leaf_nodes": 15, "min_samples_leaf": 60}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A feature that training may use; ``direction`` 1 rising, -1 falling, 0 as it comes."""

    feature: str
    direction: int
    group: str
    label: str
    words: dict[str, float]

    def numbers(self, features: pd.DataFrame) -> Floats:
        plain = ScoredFeature(self.feature, self.label, self.group, self.words, (), (0.0,), 0.0, 0.0)
        return plain.numbers(features[self.feature]).to_numpy(dtype=float)


@cache
def chosen_features() -> tuple[Chosen, ...]:
    """data/training_features.csv: sex, ethnicity and deprivation are left out on purpose, and only watched."""
    text = resources.files("copd_strat.evaluation").joinpath("data/training_features.csv").read_text("utf-8")
    return tuple(
        Chosen(
            feature=row["feature"],
            direction=int(row["direction"]),
            group=row["group"],
            label=row["label"],
            words={word: float(value) for word, value in (pair.split("=") for pair in row["words"].split())},
        )
        for row in csv.DictReader(text.splitlines())
    )


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The register at one index: features as known then, the outcome, and the published model's risk."""

    index: date
    features: pd.DataFrame
    followed: Followed
    published: Floats

    def matrix(self) -> Floats:
        return np.column_stack([one.numbers(self.features) for one in chosen_features()])


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to call the model, and what it is to foretell."""

    name: str
    title: str
    outcome: str
    seed: int


def train(samples: Sequence[Sample], wanted: Wanted) -> dict[str, Any]:
    """The content of a scorecard file. The last index is held out.

    ModelError where the years overlap, people are too few, or a feature knows the outcome.
    """
    from threadpoolctl import threadpool_limits

    # one thread: the same sums in the same order, and no waiting for a processor that others use
    with threadpool_limits(1):
        return _trained(samples, wanted)


def _trained(samples: Sequence[Sample], wanted: Wanted) -> dict[str, Any]:
    ordered = sorted(samples, key=lambda sample: sample.index)
    _require_years_apart(ordered)
    *past, held_out = ordered
    matrix = np.vstack([sample.matrix() for sample in past])
    event = np.concatenate([sample.followed.event for sample in past])
    weight = np.concatenate([sample.followed.weight for sample in past])
    need = _require_enough(event, weight)
    _require_no_leak(matrix, event, weight)
    additive = _boosting(matrix, event, weight, wanted.seed, additive=True)
    features, intercept = tabulated(additive, matrix)
    content = {
        "kind": KIND,
        "name": wanted.name,
        "title": wanted.title,
        "outcome": wanted.outcome,
        "horizon": f"{HORIZON_MONTHS} months",
        "intercept": intercept,
        "features": features,
    }
    card = scorecard(content)
    require_same(card, additive, matrix)
    others = {
        "additive (this model)": card_risk(card, held_out.matrix()),
        "plain logistic regression": _logistic(matrix, event, weight).predict_proba(held_out.matrix())[:, 1],
        "full boosting, with interactions": _boosting(
            matrix, event, weight, wanted.seed, additive=False
        ).predict_proba(held_out.matrix())[:, 1],
    }
    origin = {"people": len(event), "events": int(event.sum()), "people_needed": need.by, "seed": wanted.seed}
    about = {"training": _window(past, held_out) | origin, "performance": _performance(others, held_out)}
    return sealed(content | about)


def _window(past: list[Sample], held_out: Sample) -> dict[str, Any]:
    """From when it is, for which features, and by which code."""
    return {
        "indexes": [sample.index.isoformat() for sample in past],
        "held_out": held_out.index.isoformat(),
        "features_version": own_table("internal", "features").version,
        "version": __version__,
        "code": code_hash(),
    }


def _require_years_apart(ordered: list[Sample]) -> None:
    """The outcomes that it learns from must be over before the next features are taken."""
    if len(ordered) < 2:
        raise ModelError("training needs two index dates or more: the last is held out", fix="add --index")
    for earlier, later in pairwise(ordered):
        if months_after(earlier.index, HORIZON_MONTHS) > later.index:
            raise ModelError(
                f"the year after {earlier.index} is not over at {later.index}: its outcomes would leak",
                fix=f"take index dates at least {HORIZON_MONTHS} months apart",
            )


def _require_enough(event: np.ndarray, weight: Floats) -> sample_size.PeopleNeeded:
    share = float(np.average(event, weights=weight))
    if not 0 < share < 1:
        raise ModelError("there is nothing to learn: nobody, or everybody, had the outcome")
    need = sample_size.to_train(len(chosen_features()), share)
    if len(event) < need.people:
        raise ModelError(
            f"{len(event):,} people-years are too few to train on, {need.people:,} are needed ({need.strictest})",
            fix="add earlier index dates; until then recalibrate the published model, which needs far fewer",
        )
    return need


def _require_no_leak(matrix: Floats, event: np.ndarray, weight: Floats) -> None:
    """ModelError if one feature alone tells the outcome: it was written down because of it."""
    for position, one in enumerate(chosen_features()):
        known = ~np.isnan(matrix[:, position])
        trial = Trial(
            predicted=matrix[known, position],
            event=event[known],
            weight=weight[known],
            chosen=np.zeros(known.sum()),
        )
        found = measures.c_statistic(trial).value
        if max(found, 1 - found) > TOO_GOOD:
            raise ModelError(
                f"{one.feature} alone tells the outcome (c-statistic {found:.2f}): it must come from after the index",
                fix="look at how the extract dates it; do not train before this is understood",
            )


def _boosting(matrix: Floats, event: np.ndarray, weight: Floats, seed: int, *, additive: bool) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    options: dict[str, Any] = dict(_STUMPS if additive else _FULL)
    if additive:
        options["interaction_cst"] = "no_interactions"
    model = HistGradientBoostingClassifier(
        **options,
        l2_regularization=1.0,
        monotonic_cst=[one.direction for one in chosen_features()],
        early_stopping=False,
        random_state=seed,
    )
    return model.fit(matrix, event, sample_weight=weight)


def _logistic(matrix: Floats, event: np.ndarray, weight: Floats) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(max_iter=2000),
    )
    return model.fit(matrix, event, logisticregression__sample_weight=weight)


def tabulated(model: Any, matrix: Floats) -> tuple[list[dict[str, Any]], float]:
    """The additive model as bins and log-odds a feature, and the intercept, at which everything is missing.

    Each term is read off the fitted model itself: one feature is moved from bin to bin, the others stay
    missing. Bins that say the same are joined.
    """
    nothing = np.full((1, matrix.shape[1]), np.nan)
    intercept = float(model.decision_function(nothing)[0])
    features = []
    for position, one in enumerate(chosen_features()):
        # the edges that the trees split at; scikit-learn has no public way to them
        edges = np.asarray(model._bin_mapper.bin_thresholds_[position], dtype=float)
        moved = np.repeat(nothing, len(edges) + 1, axis=0)
        moved[:, position] = [*edges, edges[-1] + 1] if len(edges) else [0.0]
        terms = model.decision_function(moved) - intercept
        differ = np.flatnonzero(np.abs(np.diff(terms)) > 1e-12)
        known = matrix[~np.isnan(matrix[:, position]), position]
        features.append(
            {
                "feature": one.feature,
                "label": one.label,
                "group": one.group,
                "words": one.words,
                "edges": [float(edge) for edge in edges[differ]],
                "log_odds": [float(term) for term in terms[[*differ, len(terms) - 1]]],
                "missing": 0.0,
                "reference": float(np.quantile(known, 0.5, method="inverted_cdf")) if len(known) else 0.0,
            }
        )
    return features, intercept


def card_risk(card: Scorecard, matrix: Floats) -> Floats:
    """The card's risk from numbers instead of features."""
    risk: Floats = 1 / (1 + np.exp(-_log_odds(card, matrix)))
    return risk


def _log_odds(card: Scorecard, matrix: Floats) -> Floats:
    terms = [one.terms_of(matrix[:, position]) for position, one in enumerate(card.features)]
    return np.asarray(card.intercept + np.add.reduce(terms))


def require_same(card: Scorecard, model: Any, matrix: Floats) -> None:
    """RuntimeError unless the table says what the fitted model says of everybody it was trained on."""
    apart = float(np.abs(_log_odds(card, matrix) - model.decision_function(matrix)).max())
    if apart > TABLE_TOLERANCE:
        raise RuntimeError(f"the scorecard is {apart:.2g} log-odds away from the model it was made of")


def _performance(risks: dict[str, Floats], held_out: Sample) -> dict[str, dict[str, Any]]:
    """Each model on the held-out year, and once more on the people whom the published one can score."""
    everybody, scored = np.ones(len(held_out.published), dtype=bool), ~np.isnan(held_out.published)
    rows = {name: (risk, everybody) for name, risk in risks.items()}
    rows["published model, people it can score"] = (held_out.published, scored)
    rows["additive, the same people"] = (risks["additive (this model)"], scored)
    found = {}
    for name, (risk, who) in rows.items():
        trial = Trial(
            predicted=risk,
            event=held_out.followed.event,
            weight=held_out.followed.weight,
            chosen=np.zeros(len(risk)),
        ).of(who)
        found[name] = {"people": int(who.sum())} | {
            # what cannot be worked out is a gap
            metric: [None if np.isnan(end) else round(float(end), 6) for end in measure(trial)]
            for metric, measure in {
                "c_statistic": measures.c_statistic,
                "oe_ratio": measures.oe_ratio,
                "calibration_slope": measures.calibration_slope,
                "brier": measures.brier,
            }.items()
        }
    return found
