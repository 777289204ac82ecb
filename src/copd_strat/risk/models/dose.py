"""DOSE: dyspnoea, obstruction, smoking, exacerbations; 0 to 8 points, 4 or more is high.

Source: Jones 2009, Am J Respir Crit Care Med 180:1189, doi 10.1164/rccm.200902-0271OC.
"""

from __future__ import annotations

import pandas as pd

from copd_strat.risk import predictors
from copd_strat.risk.model_card import EITHER_SETTING, POINT_SCORE, REQUIRED_ONLY, Model, Options, Predictor
from copd_strat.risk.models.gold import ALL, FEV1, MMRC
from copd_strat.risk.models.points import breathlessness, points, total


def _score(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    return total(
        "dose",
        predictors.index,
        breathlessness(predictors["mmrc"]),
        points(predictors["fev1pp"], (30, 50), (2, 1, 0)),
        points(predictors["smoker"], (1,), (0, 1)),
        points(predictors["exac"], (2, 4), (0, 1, 2)),
    )


DOSE = Model(
    name="dose",
    title="DOSE index",
    outcome="health status, exacerbations and death",
    horizon="12 months (exacerbations), 5 years (death)",
    care_setting=EITHER_SETTING,
    predictors=(
        MMRC,
        FEV1,
        Predictor(
            name="smoker",
            label="smoking",
            low=0,
            high=1,
            feature="smoking_status",
            convert=predictors.smokes_now,
        ),
        ALL,
    ),
    outputs=("dose",),
    score=_score,
    missing=REQUIRED_ONLY,
    source="Jones 2009, Am J Respir Crit Care Med 180:1189, doi 10.1164/rccm.200902-0271OC",
    licence=POINT_SCORE,
    performance=(
        "Sundh 2012: 5-year mortality 42.4 % from 4 points, 11.0 % below; AUC 0.64 for death or "
        "readmission after"
        "an admission [unconfirmed]"
    ),
)
