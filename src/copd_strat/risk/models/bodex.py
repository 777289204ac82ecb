"""BODEx: body mass index, obstruction, dyspnoea, exacerbations; 0 to 9 points.

Source: Soler-Cataluna 2009, Respir Med 103:692-9. Its classes of severe exacerbations are taken from CODEX,
which says that it uses BODEx's (Almagro 2014).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from copd_strat.risk.model_card import (
    EITHER_SETTING,
    NOT_FOUND,
    POINT_SCORE,
    REQUIRED_ONLY,
    Model,
    Options,
    Predictor,
)
from copd_strat.risk.models import points
from copd_strat.risk.models.gold import FEV1, MMRC, SEVERE

BMI_WITHOUT_POINT_ABOVE = 21  # BODE: Celli 2004, N Engl J Med 350:1005


def _score(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    return points.total(
        "bodex",
        predictors.index,
        np.where(predictors["bmi"] > BMI_WITHOUT_POINT_ABOVE, 0.0, 1.0),
        points.obstruction_bode(predictors["fev1pp"]),
        points.breathlessness(predictors["mmrc"]),
        points.severe_exacerbations(predictors["sev_exac"]),
    )


BODEX = Model(
    name="bodex",
    title="BODEx index",
    outcome="death",
    horizon="about 5 years",
    care_setting=EITHER_SETTING,
    predictors=(
        FEV1,
        MMRC,
        Predictor(name="bmi", label="BMI", low=10, high=60, feature="bmi"),
        SEVERE,
    ),
    outputs=("bodex",),
    score=_score,
    missing=REQUIRED_ONLY,
    source="Soler-Cataluna 2009, Respir Med 103:692-9; exacerbation classes as cited by Almagro 2014",
    licence=POINT_SCORE,
    performance=f"quartiles {NOT_FOUND}",
    notes="At 5 or more points its authors advise the walk test of BODE.",
)
