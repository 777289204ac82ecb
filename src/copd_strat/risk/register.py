"""The register's risk for the nightly run: scores and reasons from one row of features a patient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from copd_strat.config import RiskSettings
from copd_strat.risk.model_card import Model, Options
from copd_strat.risk.models import accept3, accept3_cprd, gold
from copd_strat.risk.models.accept import SEVERE, TOTAL
from copd_strat.risk.models.accept3 import ACCEPT3
from copd_strat.risk.models.accept3_cprd import ACCEPT3_CPRD
from copd_strat.risk.models.accept_models import POINT_OUTPUTS, SYMPTOM_SCORES
from copd_strat.risk.models.gold import GOLD_ABE, GOLD_GRADE
from copd_strat.risk.own_model import OwnModel, reasons_of, risk_and_rate
from copd_strat.risk.parameters import Floats
from copd_strat.risk.reasons import explain
from copd_strat.risk.recalibration import Recalibration, load_recalibration
from copd_strat.risk.score import ids_of, predictors_from, score_predictors
from copd_strat.risk.shapley import Outcome
from copd_strat.risk.status import SCORED

HOSPITAL_CLINIC = Options(country="GBR")
RISK_COLUMNS = dict(
    zip(POINT_OUTPUTS, ("risk_any_12m", "rate_any_12m", "risk_severe_12m", "rate_severe_12m"), strict=True)
)
PLAIN_NAMES = {
    SEVERE: "severe exacerbations (not observable)",
    TOTAL: "exacerbation count",
    "FEV1": "FEV1 % predicted",
    "male": "sex",
    " or ".join(SYMPTOM_SCORES): "MRC or CAT",
}
DATE_FEATURES = {
    SEVERE: "last_exacerbation_date",
    "FEV1": "fev1_pct_date",
    "LAMA": "last_inhaler_date",
    "LABA": "last_inhaler_date",
    "ICS": "last_inhaler_date",
    "oxygen": "home_oxygen_date",
    "statin": "statin_date",
    "BMI": "bmi_date",
    "smoker": "smoking_date",
}


@dataclass(frozen=True)
class RiskResult:
    """scores: one row a patient, in the features' order; reasons: one row a scored patient and predictor;
    model: the one that ranks patients, as lists name it; made_of: what the manifest keeps of it."""

    scores: pd.DataFrame
    reasons: pd.DataFrame
    model: str
    made_of: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class RankingModel:
    """The model that ranks patients in a care setting."""

    model: Model
    options: Options
    log_rate: Callable[[Floats, Outcome], Floats]


def ranking(settings: RiskSettings) -> RankingModel:
    """The two UK recalibrations of ACCEPT differ a lot, above all for severe risk; the setting decides."""
    if settings.care_setting == "primary_care":
        return RankingModel(ACCEPT3_CPRD, Options(), accept3_cprd.log_rate)
    return RankingModel(ACCEPT3, HOSPITAL_CLINIC, partial(accept3.log_rate, options=HOSPITAL_CLINIC))


def score_register(
    features: pd.DataFrame,
    settings: RiskSettings,
    *,
    explained: Outcome = "severe",
    own: OwnModel | None = None,
) -> RiskResult:
    """Risk of exacerbations in the next 12 months, GOLD group and grade, and the reasons for the risk.

    features: one row a patient, columns as in their contract. explained: the outcome that ranks patients, whose
    rate the reasons are reasons for. Where severe exacerbations are not observable their count is unknown, never
    0, so the patient is not scored and has no GOLD group. ``own`` is the site's own model, where it ranks instead
    of the published one; it takes gaps as they are.
    """
    published = _score_published(features, settings, explained)
    return published if own is None else _by_own_model(published, features, own)


def _by_own_model(published: RiskResult, features: pd.DataFrame, own: OwnModel) -> RiskResult:
    """The own model's risk of its outcome, status and reasons in place of the published ones."""
    own.require_window(pd.Timestamp(features["index_date"].iloc[0]).date())
    short = own.card.outcome.removesuffix("_exacerbation")
    risk, rate = risk_and_rate(own.card, features)
    scores = published.scores.assign(
        **{f"risk_{short}_12m": risk.to_numpy(), f"rate_{short}_12m": rate.to_numpy()},
        risk_model=own.label,
        risk_status=SCORED,
        imputed="",
    )
    made_of: dict[str, object] = {**published.made_of, "own_model": own.seal, "published": published.model}
    return RiskResult(scores, reasons_of(own.card, features), own.label, made_of)


def _score_published(features: pd.DataFrame, settings: RiskSettings, explained: Outcome) -> RiskResult:
    ids = ids_of(features)
    ranks = ranking(settings)
    observable = features["severe_observable"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    predictors = predictors_from(features, ranks.model)
    predictors[SEVERE] = predictors[SEVERE].where(observable)
    outcome = score_predictors(ranks.model, predictors, ranks.options, missing_names=PLAIN_NAMES)
    scores = outcome[list(POINT_OUTPUTS)].rename(columns=RISK_COLUMNS)
    level = recalibration_of(settings)
    label = ranks.model.name
    if level is not None:
        scores, label = _recalibrated(scores, level), level.label
    scores = scores.assign(
        patient_id=ids,
        risk_model=label,
        risk_status=outcome["status"],
        imputed=outcome["imputed"],
        gold_abe=_gold_abe(features, observable, settings.gold_edition),
        gold_grade=_gold_grade(features),
    )
    scored = scores["risk_severe_12m"].notna()
    dates = {name: series[scored] for name, series in _dates(features, predictors).items()}
    log_rate = partial(_log_rate, ranks, level, explained)
    reasons = explain(ids[scored], predictors[scored], dates, log_rate, explained)
    columns = ["patient_id", *RISK_COLUMNS.values(), *_TEXT_COLUMNS]
    made_of: dict[str, object] = {"recalibration": level.record() if level else None}
    return RiskResult(scores[columns], reasons, label, made_of)


def recalibration_of(settings: RiskSettings) -> Recalibration | None:
    """The site's recalibration of the ranking model, if the configuration names one."""
    if settings.recalibration is None:
        return None
    return load_recalibration(
        settings.recalibration, model=ranking(settings).model.name, care_setting=settings.care_setting
    )


def _recalibrated(scores: pd.DataFrame, level: Recalibration) -> pd.DataFrame:
    """Risks and rates at the site's level; nobody's place in the order changes."""
    changed = scores.copy()
    for outcome, line in (("any", level.any_exacerbation), ("severe", level.severe_exacerbation)):
        risk = scores[f"risk_{outcome}_12m"].to_numpy(dtype=float)
        changed[f"risk_{outcome}_12m"] = line.risk(risk)
        changed[f"rate_{outcome}_12m"] = line.rate(risk)
    return changed


def _log_rate(ranks: RankingModel, level: Recalibration | None, outcome: Outcome, rate: Floats) -> Floats:
    """ln(rate) at the site's level, for reasons on the scale of what is shown."""
    published = ranks.log_rate(rate, outcome)
    if level is None:
        return published
    line = level.severe_exacerbation if outcome == "severe" else level.any_exacerbation
    return line.log_rate(published)


_TEXT_COLUMNS = ("risk_model", "risk_status", "imputed", "gold_abe", "gold_grade")


def _gold_abe(features: pd.DataFrame, observable: np.ndarray, edition: str) -> pd.Series:
    inputs = predictors_from(features, GOLD_ABE)
    severe = inputs["sev_exac"].where(observable)
    return gold.abe(inputs["mmrc"], inputs["cat"], inputs["exac"], severe, edition)


def _gold_grade(features: pd.DataFrame) -> pd.Series:
    inputs = predictors_from(features, GOLD_GRADE)
    return gold.grade(inputs["fev1pp"], inputs["fev1_fvc"])


def _dates(features: pd.DataFrame, predictors: pd.DataFrame) -> dict[str, pd.Series]:
    """The day of each predictor's value; the symptom score's is MRC's, or CAT's where CAT was used."""
    days = {name: pd.to_datetime(features[column]) for name, column in DATE_FEATURES.items()}
    mrc, cat = pd.to_datetime(features["mrc_date"]), pd.to_datetime(features["cat_date"])
    return days | {"SGRQ": mrc.where(predictors["CAT"].isna(), cat)}
