"""Groups of people for whom a model may be wrong although it is right on the whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import norm

from copd_strat.clinical.lookups import lookups
from copd_strat.evaluation.measures import Z
from copd_strat.risk.parameters import Flags, Floats

OVERALL = ("overall", "everybody")
# Fewer people, or fewer with or without an event, and nothing of the group is shown (docs/decisions.md §48:
# no breakdown of a total below 30; counts of 1 to 7 are hidden).
FEWEST_PEOPLE, FEWEST_EVENTS = 30, 8
# Where what a model needs most is missing, and by what name it is told.
_NEEDED = {"MRC or CAT": ("mrc", "cat"), "FEV1": ("fev1_pct_predicted",), "BMI": ("bmi",)}


def subgroups(features: pd.DataFrame) -> Iterator[tuple[str, str, Flags]]:
    """(group_type, group_value, who), one row a patient as in ``features``; everybody first."""
    yield (*OVERALL, np.ones(len(features), dtype=bool))
    for group_type, values in _columns(features).items():
        for value in sorted(values.unique()):
            yield group_type, value, (values == value).to_numpy(dtype=bool)


def stand_out(metrics: pd.DataFrame) -> pd.DataFrame:
    """Groups whose O/E is further from everybody's than chance explains: rows of one model's and outcome's metrics.

    5 % for all groups together (Bonferroni), since some twenty are looked at. That everybody includes the group
    makes it a little stricter yet.
    """
    ratios = metrics[(metrics["metric"] == "oe_ratio") & metrics["value"].notna()]
    everybody = ratios["group_type"] == OVERALL[0]
    groups = ratios[~everybody]
    if groups.empty or not everybody.any():
        return groups
    value, upper = (groups[name].to_numpy(dtype=float) for name in ("value", "upper"))
    away = np.abs(np.log(value / float(ratios.loc[everybody, "value"].iloc[0])))
    error = np.log(upper / value) / Z
    far: Flags = away > error * float(norm.ppf(1 - 0.025 / len(groups)))
    return groups.loc[far]


def _columns(features: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        "sex": _text(features["sex"]),
        "age_band": age_bands(features["age"].to_numpy(dtype=float)),
        "deprivation_quintile": _text(features["imd_quintile"]),
        "ethnicity_group": ethnicity_groups(features["ethnicity"]),
        "missing": _missing(features),
        "practice": _text(features["practice_id"]),
    }


def _text(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "not known").astype(str).reset_index(drop=True)


def age_bands(ages: Floats) -> pd.Series:
    """The bands of the commissioners' tables (clinical/data/age_bands.csv)."""
    bands = lookups()["age_bands"].to_pylist()
    edges = np.array([float(band["at_least"]) for band in bands])
    names = np.array([band["age_band"] for band in bands])
    return pd.Series(names[np.searchsorted(edges, ages, side="right") - 1])


def ethnicity_groups(column: pd.Series) -> pd.Series:
    """The groups of the commissioners' tables (clinical/data/ethnicity_groups.csv)."""
    group_of = {row["ethnicity"]: row["ethnicity_group"] for row in lookups()["ethnicity_groups"].to_pylist()}
    return _text(column).str.lower().map(group_of).fillna("not_stated")


def _missing(features: pd.DataFrame) -> pd.Series:
    """Which of the predictors that matter most are missing: 'none', or their names."""
    parts = pd.Series("", index=range(len(features)))
    for name, columns in _NEEDED.items():
        gap = features[list(columns)].isna().all(axis=1).to_numpy()
        parts = parts.where(~gap, (parts + ", " + name).str.removeprefix(", "))
    return parts.where(parts != "", "none")
