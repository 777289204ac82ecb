"""Predictors in the words of a clinic letter, with value and date."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from copd_strat.risk.models.accept import SEVERE, TOTAL
from copd_strat.risk.parameters import Flags

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Inhalers and statins are read over 6 months, oxygen over 12 (docs/decisions.md §11).
YES_NO = {
    "LAMA": ("on a long-acting muscarinic antagonist (LAMA)", "no LAMA in the last 6 months"),
    "LABA": ("on a long-acting beta agonist (LABA)", "no LABA in the last 6 months"),
    "ICS": ("on an inhaled steroid", "no inhaled steroid in the last 6 months"),
    "oxygen": ("on home oxygen", "no home oxygen in the last 12 months"),
    "statin": ("on a statin (a sign of heart or vessel disease)", "no statin in the last 6 months"),
    "smoker": ("smokes", "does not smoke now"),
    "male": ("man", "woman"),
}
ESTIMATED = {
    "LAMA": ("LAMA use not known, estimated as yes", "LAMA use not known, estimated as no"),
    "LABA": ("LABA use not known, estimated as yes", "LABA use not known, estimated as no"),
    "ICS": ("inhaled steroid not known, estimated as yes", "inhaled steroid not known, estimated as no"),
    "oxygen": ("home oxygen not known, estimated as yes", "home oxygen not known, estimated as no"),
    "statin": ("statin use not known, estimated as yes", "statin use not known, estimated as no"),
    "smoker": ("smoking not known, estimated as smoking", "smoking not known, estimated as not smoking now"),
}
# Markers of severe disease in the equations, not causes: never a reason on a list (docs/decisions.md §45).
# The second line is what a site's own scorecard calls them.
TREATMENTS = frozenset(
    {"LAMA", "LABA", "ICS", "oxygen", "statin"}
    | {"lama", "laba", "ics", "saba", "sama", "inhaler_class", "home_oxygen", "theophylline", "mucolytic"}
)
DATE_WORDS = {
    SEVERE: "latest",
    "FEV1": "measured",
    "BMI": "measured",
    "LAMA": "latest inhaler",
    "LABA": "latest inhaler",
    "ICS": "latest inhaler",
    "statin": "latest issue",
}


def texts(name: str, predictors: pd.DataFrame, imputed: Flags, dates: pd.Series) -> list[str]:
    """One phrase a row for the predictor ``name``.

    predictors: as the equation read them, besides MRC, CAT or SGRQ as recorded. imputed: rows in which
    ``name`` was filled in. dates: of the value, NaT where there is none.
    """
    words = _words(name, predictors, imputed)
    verb = DATE_WORDS.get(name, "recorded")
    return [
        f"{text}, {verb} {day}" if day else text
        for text, day in zip(words, written_dates(dates), strict=True)
    ]


def written_dates(dates: pd.Series) -> list[str]:
    """Dates as in "3 Sep 2026"; empty where missing."""
    # A register has a few thousand days, each in many rows.
    codes, days = pd.factorize(pd.to_datetime(dates))
    written = [f"{day.day} {MONTHS[day.month - 1]} {day.year}" for day in map(pd.Timestamp, days)]
    return list(np.array([*written, ""], dtype=object)[codes])


def _words(name: str, predictors: pd.DataFrame, imputed: Flags) -> list[str]:
    if name == SEVERE:
        counts = zip(predictors[TOTAL].astype(int), predictors[SEVERE].astype(int), strict=True)
        return [exacerbations(total, severe) for total, severe in counts]
    if name == "SGRQ":
        return breathlessness(predictors)
    values = predictors[name].to_numpy(dtype=float)
    if name in YES_NO:
        yes, no = YES_NO[name]
        guessed_yes, guessed_no = ESTIMATED.get(name, YES_NO[name])
        known = np.where(values == 1, yes, no)
        return list(np.where(imputed, np.where(values == 1, guessed_yes, guessed_no), known))
    return [_measurement(name, value, guess) for value, guess in zip(values, imputed, strict=True)]


@lru_cache(maxsize=4096)
def _measurement(name: str, value: float, imputed: bool) -> str:
    if name == "FEV1":
        return f"FEV1 {value:.0f} % of predicted"
    if name == "age":
        return f"aged {int(value)}"
    return f"BMI not known, estimated as {value:.1f}" if imputed else f"BMI {value:.1f}"


@lru_cache(maxsize=4096)
def exacerbations(total: int, severe: int) -> str:
    """Last year's exacerbations and how many of them meant hospital."""
    if total == 0:
        return "no exacerbation in the last 12 months"
    if total == 1:
        return "1 exacerbation in the last 12 months, " + ("in hospital" if severe else "not in hospital")
    if severe == total:
        where = "both in hospital" if total == 2 else "all in hospital"
    elif severe == 0:
        where = "none in hospital"
    else:
        where = "one of them in hospital" if severe == 1 else f"{severe} of them in hospital"
    return f"{total} exacerbations in the last 12 months, {where}"


def breathlessness(predictors: pd.DataFrame) -> list[str]:
    """The symptom score that was used, as recorded: MRC (1 to 5), CAT or SGRQ."""
    scores = zip(predictors["recorded_score"], predictors["recorded_value"], strict=True)
    return [_symptom(score, value) for score, value in scores]


@lru_cache(maxsize=4096)
def _symptom(score: str, value: float) -> str:
    if score == "MRC":
        return f"breathlessness MRC {value:g}"
    return f"COPD Assessment Test (CAT) {value:g}" if score == "CAT" else f"SGRQ {value:.0f} of 100"
