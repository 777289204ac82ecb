"""CODEX: comorbidity, obstruction, dyspnoea, severe exacerbations; 0 to 10 points.

Source: Almagro 2014, Chest 145:972-80.
"""

from __future__ import annotations

import pandas as pd

from copd_strat.risk.model_card import POINT_SCORE, REQUIRED_ONLY, Model, Options, Predictor
from copd_strat.risk.models import points
from copd_strat.risk.models.gold import FEV1, MMRC, SEVERE


def _score(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    return points.total(
        "codex",
        predictors.index,
        points.points(predictors["charlson_age_adj"], (5, 8), (0, 1, 2)),
        points.obstruction_bode(predictors["fev1pp"]),
        points.breathlessness(predictors["mmrc"]),
        points.severe_exacerbations(predictors["sev_exac"]),
    )


CODEX = Model(
    name="codex",
    title="CODEX index",
    outcome="death, or readmission",
    horizon="3 to 12 months",
    care_setting="hospital care: derived in people admitted with COPD",
    predictors=(
        Predictor(
            name="charlson_age_adj",
            label="age-adjusted Charlson index",
            low=0,
            feature="charlson_age_adjusted",
        ),
        FEV1,
        MMRC,
        SEVERE,
    ),
    outputs=("codex",),
    score=_score,
    missing=REQUIRED_ONLY,
    source="Almagro 2014, Chest 145:972-80",
    licence=POINT_SCORE,
    performance="AUC 0.67 for death or readmission after an admission [unconfirmed]",
)
