"""GOLD spirometric grade and GOLD ABE group.

Sources: GOLD report, spirometric grades. ABE 2023 to 2025 from published summaries, not checked against the
GOLD document [unconfirmed]. 2026: one exacerbation in the last year suffices for E (chair of the GOLD science
committee, consultantlive.com; practicenurse.co.uk, 11 Dec 2025); whether the symptom cut-offs changed was not
found.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from copd_strat.errors import ModelError
from copd_strat.risk import predictors
from copd_strat.risk.model_card import (
    EITHER_SETTING,
    NOT_FOUND,
    POINT_SCORE,
    REQUIRED_ONLY,
    Model,
    Options,
    Predictor,
)

OBSTRUCTED_BELOW = 0.7  # post-bronchodilator FEV1/FVC; GOLD report
GRADE_BOUNDS = (80, 50, 30)  # FEV1 % predicted at or above which the grade is 1, 2, 3; GOLD report
MMRC_MORE_BREATHLESS = 2
CAT_MORE_SYMPTOMS = 10
EDITIONS = ("2023", "2026")


def grade(fev1_pct: pd.Series, fev1_fvc: pd.Series) -> pd.Series:
    """GOLD grade 1 to 4 (Int64); missing without FEV1 %, or where a known ratio shows no obstruction."""
    grades = pd.Series(1, index=fev1_pct.index, dtype="Int64")
    for bound in GRADE_BOUNDS:
        grades = grades + (fev1_pct < bound).astype(int)
    return grades.where(fev1_pct.notna() & ~(fev1_fvc >= OBSTRUCTED_BELOW))


def abe(mmrc: pd.Series, cat: pd.Series, exac: pd.Series, sev_exac: pd.Series, edition: str) -> pd.Series:
    """GOLD group "A", "B" or "E" (missing where undecided), from last year's exacerbations and symptoms.

    E needs no symptom score; A and B need mMRC or CAT, and either can make a B. ``exac`` counts all
    exacerbations, moderate and severe. ``edition`` 2023 (also 2024, 2025): E from 2 moderate or 1 severe;
    2026: from 1 of either.
    """
    if edition not in EDITIONS:
        raise ModelError(f"GOLD ABE has no edition '{edition}'", fix=f"use one of {', '.join(EDITIONS)}")
    moderate_for_e = 2 if edition == "2023" else 1
    exacerbator = (sev_exac >= 1) | (exac - sev_exac >= moderate_for_e)
    symptomatic = (mmrc >= MMRC_MORE_BREATHLESS) | (cat >= CAT_MORE_SYMPTOMS)
    group = pd.Series(np.where(exacerbator, "E", np.where(symptomatic, "B", "A")), index=mmrc.index)
    decided = exacerbator | mmrc.notna() | cat.notna()
    return group.astype("str").where(decided & exac.notna() & sev_exac.notna())


def _score_grade(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    result = grade(predictors["fev1pp"], predictors["fev1_fvc"])
    status = pd.Series("not_applicable: fev1_fvc 0.7 or more", index=result.index, dtype="str")
    return pd.DataFrame({"gold_grade": result, "status": status.where(result.isna(), "")})


def _score_abe(predictors: pd.DataFrame, options: Options) -> pd.DataFrame:
    mmrc, cat, exac, sev_exac = (predictors[name] for name in ("mmrc", "cat", "exac", "sev_exac"))
    result = abe(mmrc, cat, exac, sev_exac, options.edition)
    status = pd.Series("missing_required: mmrc or cat", index=result.index, dtype="str")
    return pd.DataFrame({"gold_abe": result, "status": status.where(result.isna(), "")})


MMRC = Predictor(name="mmrc", label="MRC", low=0, high=4, feature="mrc", convert=predictors.mmrc)
FEV1 = Predictor(name="fev1pp", label="FEV1 % predicted", low=10, high=120, feature="fev1_pct_predicted")
SEVERE = Predictor(
    name="sev_exac", label="severe exacerbations", count=True, feature="severe_exacerbations_12m"
)
ALL = Predictor(name="exac", label="exacerbation count", count=True, feature="exacerbations_12m")

GOLD_GRADE = Model(
    name="gold_grade",
    title="GOLD spirometric grade",
    outcome="airflow obstruction, grade 1 to 4",
    horizon="none (a description of today)",
    care_setting=EITHER_SETTING,
    predictors=(
        FEV1,
        Predictor(name="fev1_fvc", label="FEV1/FVC", low=0, high=1, required=False, feature="fev1_fvc_ratio"),
    ),
    outputs=("gold_grade",),
    score=_score_grade,
    missing=(
        "not graded without FEV1 %; a missing ratio is taken as obstructed, a ratio of 0.7 or more "
        "is not graded"
    ),
    source="GOLD report: 1 from 80 %, 2 from 50 %, 3 from 30 %, 4 below, if FEV1/FVC is below 0.7",
    licence=POINT_SCORE,
    performance="none: it grades, it does not predict",
)
GOLD_ABE = Model(
    name="gold_abe",
    title="GOLD ABE group",
    outcome="group A, B or E for the choice of first treatment",
    horizon="none (a description of the last 12 months)",
    care_setting=EITHER_SETTING,
    predictors=(
        Predictor(
            name="mmrc", label="MRC", low=0, high=4, required=False, feature="mrc", convert=predictors.mmrc
        ),
        Predictor(name="cat", label="CAT", low=0, high=40, required=False, feature="cat"),
        ALL,
        SEVERE,
    ),
    at_most=(("sev_exac", "exac"),),
    outputs=("gold_abe",),
    score=_score_abe,
    missing=f"E needs no symptom score, A and B need mMRC or CAT; {REQUIRED_ONLY}",
    source="GOLD 2023 [unconfirmed: from summaries]; GOLD 2026 for the threshold of 1 exacerbation",
    licence=POINT_SCORE,
    performance=NOT_FOUND,
    notes="Editions: 2023 (also 2024 and 2025) and 2026.",
)
