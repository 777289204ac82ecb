"""Electronic frailty index: its category.

Source: Clegg 2016, Age Ageing, doi 10.1093/ageing/afw039: 36 deficits, for people aged 65 or over. The index
itself is computed and coded in the GP system.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from copd_strat.risk.model_card import NOT_FOUND, POINT_SCORE, REQUIRED_ONLY, Model, Options, Predictor

CATEGORIES = ("fit", "mild", "moderate", "severe")
UPPER_BOUNDS = (0.12, 0.24, 0.36)  # inclusive: 4, 8 and 12 of 36 deficits


def category(efi: pd.Series) -> pd.Series:
    """ "fit", "mild", "moderate" or "severe" from the index (0 to 1)."""
    classes = np.searchsorted(np.asarray(UPPER_BOUNDS), efi.to_numpy(dtype=float), side="left")
    return pd.Series(np.asarray(CATEGORIES, dtype=object)[classes], index=efi.index, dtype="str")


def _score(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    return pd.DataFrame({"efi_category": category(predictors["efi"])})


EFI = Model(
    name="efi",
    title="Electronic frailty index, category",
    outcome="frailty: fit, mild, moderate or severe",
    horizon="none (a description of today)",
    care_setting="primary care",
    predictors=(
        Predictor(name="efi", label="electronic frailty index", low=0, high=1),
        Predictor(name="age", label="age", low=65, required=False, feature="age"),
    ),
    outputs=("efi_category",),
    score=_score,
    missing=REQUIRED_ONLY,
    source="Clegg 2016, Age Ageing, doi 10.1093/ageing/afw039",
    licence=POINT_SCORE,
    performance=NOT_FOUND,
)
