"""What is ever published: the declared indicators, breakdowns, organisation levels and periods.

Everything else is out of reach by construction: practices get totals only, PCNs and above one
breakdown at a time, and nothing is crossed with anything. For each indicator, ``data/indicators.csv`` says
for which period its totals are published at each level, and for which its breakdowns are: rare events for
windows long enough to be shown, stocks by breakdown at the end of March only.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from itertools import pairwise

import pandas as pd

LEVELS = ("practice", "pcn", "sub_icb", "icb")
#: Level → the level above it.
PARENT = dict(pairwise(LEVELS))
COHORTS = {"register": "copd_register", "placed": "people_placed"}
DISPOSITIONS = ("clinic", "self_management", "clinical_review", "not_listed")
AGE_BANDS = ((35, "35-49"), (50, "50-59"), (60, "60-69"), (70, "70-79"), (80, "80+"))

# The ethnic category of the NHS Data Dictionary, grouped as in the 2001 census (R, Chinese, is in "other").
ETHNIC_CATEGORIES = {
    **dict.fromkeys("ABC", "white"),
    **dict.fromkeys("DEFG", "mixed"),
    **dict.fromkeys("HJKL", "asian"),
    **dict.fromkeys("MNP", "black"),
    **dict.fromkeys("RS", "other"),
}


def _packaged(name: str) -> pd.DataFrame:
    with files("copd_strat.summary").joinpath("data", name).open(encoding="utf-8") as stream:
        frame = pd.read_csv(stream, dtype=str, keep_default_na=False)
    for column in frame.columns[frame.isin(["true", "false"]).all()]:
        frame[column] = frame[column] == "true"
    return frame


@cache
def indicators() -> pd.DataFrame:
    """One row an indicator, indexed by its id; ``data/indicators.csv`` is the declaration."""
    frame = _packaged("indicators.csv")
    frame["multiplier"] = frame["multiplier"].astype("int32")
    return frame.set_index("indicator_id", drop=False)


@cache
def breakdowns() -> pd.DataFrame:
    """One row a breakdown value, in the order of publication."""
    frame = _packaged("breakdowns.csv")
    frame["sort_order"] = frame["sort_order"].astype("int32")
    key = breakdown_key(frame["breakdown_type"], frame["breakdown_value"])
    return frame.assign(breakdown_key=key)


def breakdown_key(types: pd.Series, values: pd.Series) -> pd.Series:
    """One text for a breakdown and its value, as sex:female: readers join tables by one column."""
    return types + ":" + values


def breakdown_types() -> tuple[str, ...]:
    """The breakdowns other than the total."""
    return tuple(kind for kind in breakdowns()["breakdown_type"].unique() if kind != "all")


@cache
def declared_values(breakdown_type: str) -> tuple[str, ...]:
    frame = breakdowns()
    return tuple(frame.loc[frame["breakdown_type"] == breakdown_type, "breakdown_value"])


@cache
def unknown_value(breakdown_type: str) -> str:
    """The value that keeps people visible whose own is missing or not declared."""
    frame = breakdowns()
    return str(
        frame.loc[(frame["breakdown_type"] == breakdown_type) & frame["is_unknown"], "breakdown_value"].iloc[
            0
        ]
    )


def canonical(breakdown_type: str, values: pd.Series) -> pd.Series:
    """``values`` as declared breakdown values; missing and undeclared ones become the unknown one."""
    text = values.astype("string").str.strip()
    if breakdown_type == "ethnicity_group":
        grouped = text.map(lambda value: ETHNIC_CATEGORIES.get(value, value), na_action="ignore")
        text = grouped.astype("string")  # a column without any value would lose its type
    declared = text.isin(declared_values(breakdown_type))
    return text.where(declared, unknown_value(breakdown_type)).astype("object")


def age_band(ages: pd.Series) -> pd.Series:
    """Ages in years as declared bands; missing, or under 35, is unknown."""
    years = pd.to_numeric(ages, errors="coerce").astype("float64")
    edges = [low for low, _ in AGE_BANDS] + [float("inf")]
    bands = pd.cut(years, edges, right=False, labels=[band for _, band in AGE_BANDS])
    return canonical("age_band", bands.astype("string"))
