"""PRECISE-X: risk of a first severe exacerbation within 1 to 5 years, for people who have had none.

Source: Sadatsafavi 2026, Thorax 81:541-547, doi 10.1136/thorax-2025-223770; 219,015 people newly diagnosed in
CPRD.

The authors' imputation matrix names four columns differently from their patients' data, so their package
imputes as if sex, age, MRC and FEV1 were 0. Here the names agree; complete patients are unaffected. FEV1 must
be in litres: the authors' conversion from % predicted does not state its unit, so it is not offered.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from copd_strat.risk import predictors
from copd_strat.risk.model_card import GPL_ORIGIN, Model, Options, Predictor
from copd_strat.risk.parameters import Floats, load, regression
from copd_strat.risk.status import named

MRC_GRADES = (2, 3, 4, 5)
OUTPUTS = (*(f"risk_year{year}" for year in range(1, 6)), "lin")
NOT_FIRST = "not_applicable: a severe exacerbation is on record, or not observable"


def completed(predictors: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Predictors without gaps and inside their ranges, and the names of those imputed in each row.

    The regressions read unrounded, unclamped values; ranges and classes are imposed only afterwards.
    """
    filled = predictors.copy()
    steps = load("precisex")["imputation"]
    for step in steps:
        name = step["predictor"]
        gaps = filled[name].isna()
        if gaps.any():
            filled.loc[gaps, name] = regression(step["coefficients"], filled[gaps])
    flags = {step["predictor"]: predictors[step["predictor"]].isna().to_numpy() for step in steps}
    return _within_ranges(filled), named(flags, predictors.index)


def _within_ranges(predictors: pd.DataFrame) -> pd.DataFrame:
    """Measurements clamped to their range, classes snapped to the nearest allowed one."""
    clamped = predictors.copy()
    for predictor in PREDICTORS:
        if predictor.low is not None and predictor.high is not None:
            values = predictors[predictor.name].clip(predictor.low, predictor.high)
            clamped[predictor.name] = values if predictor.name in MEASUREMENTS else values.round()
    return clamped


def linear_predictor(predictors: pd.DataFrame) -> Floats:
    """Sum of coefficient times term, shape (n,); a term "a:b" is the product of a and b."""
    grades = {f"mrc{grade}": (predictors["mrc"] == grade).astype(float) for grade in MRC_GRADES}
    columns = predictors.assign(**grades)
    terms = load("precisex")["terms"].items()
    total: Floats = np.add.reduce([coefficient * _term(columns, term) for term, coefficient in terms])
    return total


def _term(columns: pd.DataFrame, term: str) -> Floats:
    return columns[term.split(":")].prod(axis=1).to_numpy(dtype=float)


def _score(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    filled, imputed = completed(predictors)
    linear = linear_predictor(filled)
    hazards: list[float] = load("precisex")["baseline_hazard"]
    risks = [-np.expm1(-hazard * np.exp(linear)) for hazard in hazards]
    table = pd.DataFrame(dict(zip(OUTPUTS, [*risks, linear], strict=True)), index=predictors.index)
    first = predictors["severe_ever"].fillna(0) == 0
    status = pd.Series(NOT_FIRST, index=table.index, dtype="str").where(~first, "")
    return table.where(first).assign(imputed=imputed.where(first, ""), status=status)


def _yes_no(
    name: str,
    feature: str | None = None,
    convert: Callable[[pd.DataFrame], pd.Series] | None = None,
) -> Predictor:
    label = (feature or name).replace("_", " ")
    return Predictor(
        name=name, label=label, low=0, high=1, required=False, feature=feature or name, convert=convert
    )


MEASUREMENTS = ("age", "fev1", "fvc", "bmi", "bec")
PREDICTORS = (
    Predictor(name="female", label="sex", low=0, high=1, feature="sex", convert=predictors.female),
    Predictor(name="age", label="age", low=30, high=90, feature="age"),
    Predictor(name="mrc", label="MRC", low=1, high=5, feature="mrc"),
    Predictor(name="fev1", label="FEV1 in litres", low=1, high=6, feature="fev1_litres"),
    Predictor(name="fvc", label="FVC in litres", low=1, high=10, required=False, feature="fvc_litres"),
    Predictor(
        name="smokingstatus",
        label="smoking",
        low=1,
        high=3,
        required=False,
        feature="smoking_status",
        convert=predictors.smoking_scale,
    ),
    Predictor(name="bmi", label="BMI", low=10, high=50, required=False, feature="bmi"),
    Predictor(
        name="imd",
        label="deprivation",
        low=1,
        high=5,
        required=False,
        feature="imd_quintile",
        convert=predictors.deprivation,
    ),
    Predictor(
        name="bec",
        label="eosinophils",
        low=0,
        high=1,
        required=False,
        feature="eosinophils",
        convert=predictors.eosinophils_per_nanolitre,
    ),
    _yes_no("hist_ed", "ed_attendances_12m", predictors.any_ed_attendance),
    _yes_no("hist_hosp", "emergency_admissions_12m", predictors.any_emergency_admission),
    _yes_no("asthma"),
    _yes_no("anxiety"),
    _yes_no("hypertension"),
    _yes_no("heartfailure", "heart_failure"),
    _yes_no("ischemic", "ischaemic_heart_disease"),
    _yes_no("stroke"),
    _yes_no("cerebro", "cerebrovascular_disease"),
    _yes_no("gerd", "gord"),
    _yes_no("sleepapnea", "sleep_apnoea"),
    _yes_no("ckd"),
    _yes_no("bronchiectasis"),
    _yes_no("osteoporosis"),
    _yes_no("pneumonia"),
    _yes_no("eczema"),
    _yes_no("activerhinitis", "allergic_rhinitis"),
    _yes_no("ics"),
    _yes_no("laba"),
    _yes_no("lama"),
    _yes_no("sama"),
    _yes_no("saba"),
    _yes_no("mucolytics", "mucolytic"),
    _yes_no("severe_ever", "severe_ever", predictors.not_known_first),
)
PRECISEX = Model(
    name="precisex",
    title="PRECISE-X",
    outcome="first severe exacerbation (hospital)",
    horizon="1, 2, 3, 4 and 5 years",
    care_setting="UK primary care",
    predictors=PREDICTORS,
    outputs=OUTPUTS,
    score=_score,
    missing=(
        "sex, age, MRC and FEV1 in litres are needed; the other predictors are imputed and named. "
        "People with a"
        "severe exacerbation on record (severe_ever) are not scored"
    ),
    source="Sadatsafavi 2026, Thorax 81:541-547, doi 10.1136/thorax-2025-223770",
    licence=GPL_ORIGIN,
    performance=(
        "CPRD (n = 219,015): c-statistic 0.767 (0.757-0.776) at 1 year, 0.815 (0.804-0.826) at 5 years"
    ),
    notes=(
        "imd: 5 = most deprived [unconfirmed]; hist_ed and hist_hosp: any cause in 12 months [unconfirmed]."
    ),
)
