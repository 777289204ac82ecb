"""From the features table's own coding to the coding of the models' authors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from copd_strat.errors import ModelError

UNKNOWN = float("nan")
NOT_TOLD = {"ambiguous": UNKNOWN, "unknown": UNKNOWN}


def male(features: pd.DataFrame) -> pd.Series:
    """1 male, 0 female; indeterminate and unknown are missing, since the equations know two sexes."""
    words = {"male": 1.0, "female": 0.0, "indeterminate": UNKNOWN, "unknown": UNKNOWN}
    return _coded(features, "sex", words)


def female(features: pd.DataFrame) -> pd.Series:
    """1 female, 0 male."""
    return 1 - male(features)


def smokes_now(features: pd.DataFrame) -> pd.Series:
    """1 current smoker, 0 never or former smoker."""
    return _coded(features, "smoking_status", {"never": 0.0, "ex": 0.0, "current": 1.0} | NOT_TOLD)


def smoking_scale(features: pd.DataFrame) -> pd.Series:
    """1 never, 2 former, 3 current smoker."""
    return _coded(features, "smoking_status", {"never": 1.0, "ex": 2.0, "current": 3.0} | NOT_TOLD)


def _coded(features: pd.DataFrame, name: str, words: dict[str, float]) -> pd.Series:
    column = features[name]
    strange = int((column.notna() & ~column.isin(list(words))).sum())
    if strange:
        raise ModelError(
            f"column '{name}' holds an unknown word in {strange} row(s)", fix=f"use {', '.join(words)}"
        )
    return column.map(words).astype(float)


def not_known_first(features: pd.DataFrame) -> pd.Series:
    """1 where a severe exacerbation is on record or the record cannot tell: neither is a known "none"."""
    return numbers(features["severe_ever"]).fillna(1.0)


def mmrc(features: pd.DataFrame) -> pd.Series:
    """mMRC 0 to 4 from MRC 1 to 5: mMRC = MRC - 1 [unconfirmed, but the wordings of the grades agree]."""
    return numbers(features["mrc"]) - 1


def cat_without_mrc(features: pd.DataFrame) -> pd.Series:
    """CAT only where MRC is missing: ACCEPT's symptom score comes from MRC first (docs/decisions.md §12)."""
    cat = numbers(features["cat"])
    return cat.mask(features["mrc"].notna()) if "mrc" in features else cat


def deprivation(features: pd.DataFrame) -> pd.Series:
    """PRECISE-X's imd, taken to be 5 = most deprived [unconfirmed]; the quintile has 1 = most deprived."""
    return 6 - numbers(features["imd_quintile"])


def eosinophils_per_nanolitre(features: pd.DataFrame) -> pd.Series:
    """Eosinophils in 10^9/L, as PRECISE-X counts them; the feature counts cells per microlitre."""
    return numbers(features["eosinophils"]) / 1000


def any_ed_attendance(features: pd.DataFrame) -> pd.Series:
    """Any ED attendance in 12 months; that PRECISE-X means all causes is [unconfirmed]."""
    return _any(features["ed_attendances_12m"])


def any_emergency_admission(features: pd.DataFrame) -> pd.Series:
    """Any emergency admission in 12 months; that PRECISE-X means all causes is [unconfirmed]."""
    return _any(features["emergency_admissions_12m"])


def _any(counts: pd.Series) -> pd.Series:
    counts = numbers(counts)
    return (counts > 0).astype(float).where(counts.notna())


def numbers(column: pd.Series) -> pd.Series:
    """Numbers or booleans as floats: true 1, false 0; missing, infinite or text becomes NaN."""
    if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
        words = {"true": 1.0, "false": 0.0}
        column = column.map(lambda value: words.get(str(value).strip().lower(), value))
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return pd.Series(np.where(np.isinf(values), np.nan, values), index=column.index)
