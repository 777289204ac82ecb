"""ADO: age, dyspnoea, obstruction; the original index (0 to 10) and the updated one (0 to 14).

Source: Puhan 2009 (original); Puhan 2012, BMJ Open 2:e002152 (updated; the points for age were derived from
the table's header and the maximum of 14 [unconfirmed]).
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from copd_strat.risk.model_card import EITHER_SETTING, POINT_SCORE, REQUIRED_ONLY, Model, Options, Predictor
from copd_strat.risk.models.gold import FEV1, MMRC
from copd_strat.risk.models.points import breathlessness, points, total


def _score_original(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    return total(
        "ado_original",
        predictors.index,
        points(predictors["age"], (50, 60, 70, 80, 90), (0, 1, 2, 3, 4, 5)),
        breathlessness(predictors["mmrc"]),
        points(predictors["fev1pp"], (36, 65), (2, 1, 0)),
    )


def _score_updated(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    return total(
        "ado_updated",
        predictors.index,
        points(predictors["age"], (50, 60, 70, 80), (0, 2, 4, 5, 7)),
        points(predictors["mmrc"], (1, 3, 4), (0, 1, 2, 3)),
        points(predictors["fev1pp"], (36, 51, 65, 81), (4, 3, 2, 1, 0)),
    )


ADO = Model(
    name="ado",
    title="ADO index, original",
    outcome="death",
    horizon="3 years",
    care_setting=EITHER_SETTING,
    predictors=(Predictor(name="age", label="age", low=40, feature="age"), MMRC, FEV1),
    outputs=("ado_original",),
    score=_score_original,
    missing=REQUIRED_ONLY,
    source="Puhan 2009, Lancet 374:704-11",
    licence=POINT_SCORE,
    performance="AUC 0.58 for death or readmission after an admission [unconfirmed]",
)
ADO_UPDATED = replace(
    ADO,
    name="ado_updated",
    title="ADO index, updated",
    outputs=("ado_updated",),
    score=_score_updated,
    source="Puhan 2012, BMJ Open 2:e002152 (points for age [unconfirmed])",
    performance=(
        "death in 3 years: AUC 0.81 in 10 cohorts (Puhan 2012), 0.74 in Birmingham primary care "
        "(Keene 2019);"
        "0.7 % at 0 points, 64.5 % at 14"
    ),
)
