"""The cards of ACCEPT 1 and ACCEPT 2.0, and the predictors all ACCEPT models share."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from copd_strat.risk import predictors
from copd_strat.risk.model_card import GPL_ORIGIN, Model, Options, Predictor
from copd_strat.risk.models import accept, posterior
from copd_strat.risk.models.accept import SEVERE, TOTAL, EngineName, Rates, probability

MEDICINES_AND_MORE = ("LABA", "oxygen", "ICS", "LAMA", "statin", "BMI", "smoker")

PREDICTORS = (
    Predictor(name="male", label="sex", low=0, high=1, feature="sex", convert=predictors.male),
    Predictor(name="age", label="age", low=40, high=90, feature="age"),
    Predictor(
        name="smoker",
        label="smoking",
        low=0,
        high=1,
        feature="smoking_status",
        convert=predictors.smokes_now,
    ),
    Predictor(name="oxygen", label="home oxygen", low=0, high=1, feature="home_oxygen"),
    Predictor(name="statin", label="statin", low=0, high=1, feature="statin"),
    Predictor(name="LAMA", label="LAMA", low=0, high=1, feature="lama"),
    Predictor(name="LABA", label="LABA", low=0, high=1, feature="laba"),
    Predictor(name="ICS", label="inhaled steroid", low=0, high=1, feature="ics"),
    Predictor(name="FEV1", label="FEV1 % predicted", low=10, high=120, feature="fev1_pct_predicted"),
    Predictor(name="BMI", label="BMI", low=10, high=60, feature="bmi"),
    Predictor(name="SGRQ", label="SGRQ", low=0, high=100, required=False),
    Predictor(
        name="CAT",
        label="CAT",
        low=0,
        high=40,
        required=False,
        feature="cat",
        convert=predictors.cat_without_mrc,
    ),
    Predictor(
        name="mMRC", label="MRC", low=0, high=4, required=False, feature="mrc", convert=predictors.mmrc
    ),
    Predictor(name=TOTAL, label="exacerbation count", count=True, feature="exacerbations_12m"),
    Predictor(name=SEVERE, label="severe exacerbations", count=True, feature="severe_exacerbations_12m"),
)
SYMPTOM_SCORES = ("SGRQ", "CAT", "mMRC")
WITHOUT_SYMPTOM_SCORES = tuple(p for p in PREDICTORS if p.name not in SYMPTOM_SCORES)
SEVERE_WITHIN_TOTAL = ((SEVERE, TOTAL),)
SEVERE_ABOVE_ANY = "severe_above_any"

POINT_OUTPUTS = (
    "predicted_exac_probability",
    "predicted_exac_rate",
    "predicted_severe_exac_probability",
    "predicted_severe_exac_rate",
)
INTERVAL_OUTPUTS = tuple(f"{name}{end}" for name in POINT_OUTPUTS for end in ("", "_lower_PI", "_upper_PI"))


def with_optional(*names: str) -> tuple[Predictor, ...]:
    """ACCEPT's predictors, with ``names`` imputed where they are missing."""
    return tuple(replace(p, required=p.required and p.name not in names) for p in PREDICTORS)


def severe_above_any(severe: pd.Series, everything: pd.Series) -> pd.Series:
    """Status of a severe risk above the any-exacerbation risk: reported, never bent."""
    return pd.Series(SEVERE_ABOVE_ANY, index=severe.index, dtype="str").where(severe > everything, "")


def _with_intervals(name: EngineName, predictors: pd.DataFrame, *, recalibrate: bool) -> pd.DataFrame:
    if name == "full":
        predictors = predictors.assign(SGRQ=accept.sgrq(predictors))
    point = accept.rates(name, predictors, posterior.rate)
    lower, upper = accept.intervals(name, predictors)
    if recalibrate:
        engine = accept.engine(name)
        point, lower, upper = (engine.recalibrated(r) for r in (point, lower, upper))
    outputs: dict[str, object] = {}
    for end, rates in (("", point), ("_lower_PI", lower), ("_upper_PI", upper)):
        outputs |= _columns(rates, end)
    table = pd.DataFrame(outputs, index=predictors.index)[list(INTERVAL_OUTPUTS)]
    severe, everything = table["predicted_severe_exac_rate"], table["predicted_exac_rate"]
    return table.assign(status=severe_above_any(severe, everything))


def _columns(rates: Rates, end: str) -> dict[str, object]:
    return {
        f"predicted_exac_probability{end}": probability(rates.everything),
        f"predicted_exac_rate{end}": rates.everything,
        f"predicted_severe_exac_probability{end}": probability(rates.severe),
        f"predicted_severe_exac_rate{end}": rates.severe,
    }


def _accept1(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    return _with_intervals("full", predictors, recalibrate=False)


def _accept2(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    return _with_intervals("full", predictors, recalibrate=True)


def _accept2_no_sgrq(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    return _with_intervals("no_sgrq", predictors, recalibrate=True)


ACCEPT1 = Model(
    name="accept1",
    title="ACCEPT 1",
    outcome="exacerbations of any severity (moderate or severe), and severe ones",
    horizon="12 months",
    care_setting="hospital care (derived in trials); not recalibrated to any health service",
    predictors=PREDICTORS,
    one_of=SYMPTOM_SCORES,
    at_most=SEVERE_WITHIN_TOTAL,
    outputs=INTERVAL_OUTPUTS,
    score=_accept1,
    missing=(
        "every predictor and one symptom score (SGRQ, else CAT, else mMRC) are needed; nothing is imputed"
    ),
    source="Adibi 2020, Lancet Respir Med 8:1013-21, doi 10.1016/S2213-2600(19)30397-2",
    licence=GPL_ORIGIN,
    performance=(
        "ECLIPSE (n = 1,819): AUC 0.81 (0.79-0.83) for 2 or more exacerbations, 0.77 (0.74-0.80) "
        "for 1 or more"
        "severe; predicted 1.31 against 1.20 a year, severe 0.25 against 0.27"
    ),
)
ACCEPT2 = replace(
    ACCEPT1,
    name="accept2",
    title="ACCEPT 2.0",
    score=_accept2,
    source="Safari 2022, eClinicalMedicine 51:101574, doi 10.1016/j.eclinm.2022.101574",
    performance=(
        "TORCH placebo arm (n = 1,091): AUC 0.76 for 2 or more moderate or 1 or more severe "
        "(history alone 0.68);"
        "CPRD Aurum (n = 158,384): AUC 0.77 for 1 or more in a year, but observed/expected 0.81 (0.80-0.81)"
    ),
    notes=(
        "The lowest-risk patients get an any-exacerbation rate of exactly 0, while the severe rate "
        "never falls"
        "below about 0.024: such rows say severe_above_any."
    ),
)
ACCEPT2_NO_SGRQ = replace(
    ACCEPT2,
    name="accept2_noSGRQ",
    title="ACCEPT 2.0 without a symptom score",
    predictors=WITHOUT_SYMPTOM_SCORES,
    one_of=(),
    score=_accept2_no_sgrq,
    missing="every predictor is needed; nothing is imputed",
    performance="not found for this variant",
)
