"""GLI Global 2022 as a model of the registry; the equation itself is the clinical room's."""

from __future__ import annotations

import numpy as np
import pandas as pd

from copd_strat.clinical import gli
from copd_strat.risk.model_card import EITHER_SETTING, REQUIRED_ONLY, Model, Options, Predictor


def _sex_code(features: pd.DataFrame) -> pd.Series:
    """1 men, 2 women, from words or from the code itself."""
    words = {"male": 1.0, "female": 2.0}
    return pd.to_numeric(features["sex"].map(lambda value: words.get(value, value)), errors="coerce")


def _score(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    sex = np.where(predictors["sex"] == 1, "male", np.where(predictors["sex"] == 2, "female", "unknown"))
    predicted = gli.fev1_predicted(100 * predictors["height_m"], predictors["age"], sex)
    outputs = {
        "gli2022_fev1_pred": predicted,
        "gli2022_fev1_pctpred": 100 * predictors["fev1_l"] / predicted,
    }
    return pd.DataFrame(outputs, index=predictors.index)


_YOUNGEST, _OLDEST = gli.parameters()["valid_age"]
GLI_GLOBAL = Model(
    name="gli_global",
    title="GLI Global 2022, FEV1 % predicted",
    outcome="FEV1 as a percentage of the predicted value",
    horizon="none (a description of today)",
    care_setting=EITHER_SETTING,
    predictors=(
        Predictor(name="age", label="age", low=_YOUNGEST, high=_OLDEST, feature="age"),
        Predictor(
            name="height_m",
            label="height",
            low=1.2,
            high=2.2,
            feature="height_cm",
            convert=lambda t: t["height_cm"] / 100,
        ),
        Predictor(name="sex", label="sex", low=1, high=2, feature="sex", convert=_sex_code),
        Predictor(name="fev1_l", label="FEV1 in litres", low=0.1, high=8, feature="fev1_litres"),
    ),
    outputs=("gli2022_fev1_pred", "gli2022_fev1_pctpred"),
    score=_score,
    missing=f"{REQUIRED_ONLY}; ages outside 25 to 95 have no value",
    source="Bowerman 2023, AJRCCM, doi 10.1164/rccm.202205-0963OC; endorsed by the ARTP, August 2025",
    licence="the look-up tables belong to the ERS/GLI; their terms of re-use were not found [unconfirmed]",
    performance="none: it relates a measurement to healthy people",
    notes=(
        "Race-neutral. The spline is taken at the quarter year at or below the age, as in the "
        "reference software."
    ),
)
