"""Everything that could rank or place people, on the same features: models, point scores, simple baselines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from copd_strat.config import RiskSettings
from copd_strat.errors import ModelError
from copd_strat.risk import predictors, registry
from copd_strat.risk.model_card import Model, Options
from copd_strat.risk.models.accept import SEVERE as SEVERE_COUNT
from copd_strat.risk.parameters import Floats
from copd_strat.risk.register import ranking, recalibration_of
from copd_strat.risk.score import predictors_from, score_predictors
from copd_strat.risk.scorecard import Scorecard

ANY, SEVERE = "any_exacerbation", "severe_exacerbation"
OUTCOMES = (ANY, SEVERE)

# Titles by which pages and sentences know what is ranked by.
SUM_OF_RANKS = "Sum of the ranks by severe and by any risk"
LAST_YEAR_COUNT = "Exacerbations of the last 12 months"

# Model → the output that is a risk of each outcome in 12 months. ACCEPT's rates become 1 - exp(-rate), and so
# does PRECISE-X's cumulative hazard.
_ACCEPT = {ANY: "predicted_exac_probability", SEVERE: "predicted_severe_exac_probability"}
RISKS: dict[str, dict[str, str]] = {
    "accept3_cprd": _ACCEPT,
    "accept3": _ACCEPT,
    "accept2": _ACCEPT,
    "accept2_noSGRQ": _ACCEPT,
    "accept1": _ACCEPT,
    "precisex": {SEVERE: "risk_year1"},
}
# Point scores order people and are no probability. efi and gli_global do not speak of exacerbations.
SCORES = ("gold_abe", "gold_grade", "dose", "ado", "ado_updated", "bodex", "codex")
_ABE = {"A": 0.0, "B": 1.0, "E": 2.0}


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A prediction a person for each outcome that it speaks of, NaN where it has none.

    ``is_risk``: whether it is a probability. ``title`` is for the page.
    """

    name: str
    title: str
    is_risk: bool
    predicted: dict[str, Floats]


def candidates(
    features: pd.DataFrame, settings: RiskSettings, cards: Sequence[Scorecard] = ()
) -> list[Candidate]:
    """All of them for ``features``, one row a patient, in its order."""
    published = list(_published(features, settings))
    return [
        *published,
        *_at_own_level(published, settings),
        *(_own(features, card) for card in cards),
        *_point_scores(features),
        *_baselines(features),
    ]


def ranking_name(settings: RiskSettings) -> str:
    """The published model that ranks patients in this care setting."""
    return ranking(settings).model.name


def risks_in_use(tried: Sequence[Candidate], settings: RiskSettings, own: str | None) -> dict[str, Candidate]:
    """By outcome the risk that lists show: the ``own`` model's that the policy names, else the published one's,
    at the site's level where there is one."""
    published = ranking_name(settings)
    order = [one for name in (own, at_own_level(published), published) for one in tried if one.name == name]
    return {outcome: next(one for one in order if outcome in one.predicted) for outcome in OUTCOMES}


def at_own_level(name: str) -> str:
    """What a published model is called at the site's level."""
    return f"{name}_recalibrated"


def _published(features: pd.DataFrame, settings: RiskSettings) -> Iterator[Candidate]:
    chosen = ranking(settings)
    for name, outputs in RISKS.items():
        model = registry.model(name)
        options = chosen.options if model is chosen.model else Options(country="GBR")
        scores = _scored(features, model, options)
        if scores is not None:
            risks = {outcome: _floats(scores[column]) for outcome, column in outputs.items()}
            yield Candidate(name=name, title=model.title, is_risk=True, predicted=risks)


def _at_own_level(published: list[Candidate], settings: RiskSettings) -> Iterator[Candidate]:
    """The ranking model at the site's level, where the configuration names a recalibration."""
    level = recalibration_of(settings)
    if level is not None:
        plain = next(one for one in published if one.name == level.model)
        lines = {ANY: level.any_exacerbation, SEVERE: level.severe_exacerbation}
        yield Candidate(
            name=at_own_level(level.model),
            title=f"{plain.title}, recalibrated",
            is_risk=True,
            predicted={outcome: lines[outcome].risk(value) for outcome, value in plain.predicted.items()},
        )


def _scored(features: pd.DataFrame, model: Model, options: Options) -> pd.DataFrame | None:
    """The model's outputs; None where the extract lacks a column that it needs altogether."""
    try:
        given = predictors_from(features, model)
    except ModelError:
        return None
    if SEVERE_COUNT in given:  # not observable is unknown, never 0
        given[SEVERE_COUNT] = given[SEVERE_COUNT].where(_observable(features))
    return score_predictors(model, given, options)


def _observable(features: pd.DataFrame) -> pd.Series:
    return pd.Series(
        features["severe_observable"].astype("boolean").fillna(False).to_numpy(dtype=bool),
        index=features.index,
    )


def _own(features: pd.DataFrame, card: Scorecard) -> Candidate:
    return Candidate(
        name=card.name, title=card.title, is_risk=True, predicted={card.outcome: card.probability(features)}
    )


def _point_scores(features: pd.DataFrame) -> Iterator[Candidate]:
    for name in SCORES:
        model = registry.model(name)
        scores = _scored(features, model, Options())
        if scores is not None:
            points = scores[model.outputs[0]]
            value = _floats(points.map(_ABE) if name == "gold_abe" else points)
            yield Candidate(
                name=name, title=model.title, is_risk=False, predicted=dict.fromkeys(OUTCOMES, value)
            )


def _baselines(features: pd.DataFrame) -> Iterator[Candidate]:
    """What needs no model: the years before."""
    for name, title, column in (
        ("last_year_count", LAST_YEAR_COUNT, "exacerbations_12m"),
        ("last_year_severe", "Severe exacerbations of the last 12 months", "severe_exacerbations_12m"),
        ("severe_ever", "A severe exacerbation ever", "severe_ever"),
    ):
        value = _floats(features[column])
        yield Candidate(name=name, title=title, is_risk=False, predicted=dict.fromkeys(OUTCOMES, value))


def sum_of_ranks(in_use: Mapping[str, Candidate]) -> Candidate:
    """The mean of a person's ranks by severe and by any risk: for sites that want both."""
    risks = [one.predicted[outcome] for outcome, one in in_use.items()]
    value: Floats = np.mean([pd.Series(risk).rank(pct=True).to_numpy(dtype=float) for risk in risks], axis=0)
    return Candidate(
        name="sum_of_ranks", title=SUM_OF_RANKS, is_risk=False, predicted=dict.fromkeys(OUTCOMES, value)
    )


def _floats(column: pd.Series) -> Floats:
    return predictors.numbers(column).to_numpy(dtype=float)
