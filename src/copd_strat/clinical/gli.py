"""FEV1 as a percentage of the value predicted by GLI Global 2022, the race-neutral equations.

Source: Bowerman 2023, AJRCCM, doi 10.1164/rccm.202205-0963OC; endorsed for the UK by the ARTP (August 2025).

    ln M = intercept + ln_height * ln(height in cm) + ln_age * ln(age) + spline(age)

The published spline is a look-up table in quarters of a year. As the reference software does, the entry at or
below the exact age is taken, without interpolation; against an exact-age spline the difference reaches 0.33
percentage points. The packaged polynomial stands for that table between 25 and 95 years, so other ages have
no value here. z-scores and lower limits of normal are not offered: their spread spline is not packaged.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

QUARTERS_A_YEAR = 4
SEXES = ("female", "male")


@cache
def parameters() -> dict[str, Any]:
    """The packaged equation: its source, the ages it holds for, and one set of coefficients a sex."""
    text = resources.files("copd_strat.clinical").joinpath("data/gli_global2022.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def median_table() -> pd.DataFrame:
    """The equation tabulated for SQL: one row a sex and quarter of a year of age.

    Columns: sex, quarter_age (``floor(4 * age) / 4``), intercept, ln_height, ln_age, spline. The predicted
    FEV1 in litres is ``exp(intercept + ln_height * ln(height_cm) + ln_age * ln(age) + spline)`` with the
    exact age in ``ln(age)``.
    """
    youngest, oldest = parameters()["valid_age"]
    ages = np.arange(youngest * QUARTERS_A_YEAR, oldest * QUARTERS_A_YEAR + 1) / QUARTERS_A_YEAR
    return pd.concat([_rows_of(sex, ages) for sex in SEXES], ignore_index=True)


def _rows_of(sex: str, ages: Floats) -> pd.DataFrame:
    equation = parameters()["fev1"][sex]
    spline = np.polynomial.polynomial.polyval((ages - 60) / 35, equation["spline_ascending"])
    constants = {name: equation[name] for name in ("intercept", "ln_height", "ln_age")}
    return pd.DataFrame({"sex": sex, "quarter_age": ages, **constants, "spline": spline})


def fev1_predicted(height_cm: npt.ArrayLike, age: npt.ArrayLike, sex: npt.ArrayLike) -> Floats:
    """Predicted FEV1 in litres, shape (n,).

    Args:
        height_cm: standing height in centimetres, shape (n,).
        age: decimal years, shape (n,).
        sex: "female" or "male", shape (n,).

    NaN where an argument is missing, the height is not positive, the age is outside 25 to 95 or the sex is
    neither.
    """
    height, years = np.asarray(height_cm, dtype=float), np.asarray(age, dtype=float)
    wanted = pd.DataFrame({"sex": np.asarray(sex, dtype=object), "quarter_age": _quarter(years)})
    row = wanted.merge(median_table(), how="left", on=["sex", "quarter_age"])
    youngest, oldest = parameters()["valid_age"]
    valid = (height > 0) & (years >= youngest) & (years <= oldest)
    ln_height = np.log(np.where(valid, height, np.nan))
    ln_age = np.log(np.where(valid, years, np.nan))
    ln_median = row["intercept"] + row["ln_height"] * ln_height + row["ln_age"] * ln_age + row["spline"]
    median: Floats = np.exp(ln_median.to_numpy(dtype=float))
    return median


def fev1_percent_predicted(
    fev1_litres: npt.ArrayLike, height_cm: npt.ArrayLike, age: npt.ArrayLike, sex: npt.ArrayLike
) -> Floats:
    """Observed FEV1 (litres) as % of predicted, shape (n,); arguments and NaN as in ``fev1_predicted``."""
    return 100 * np.asarray(fev1_litres, dtype=float) / fev1_predicted(height_cm, age, sex)


def _quarter(age: Floats) -> Floats:
    quarter: Floats = np.floor(QUARTERS_A_YEAR * age) / QUARTERS_A_YEAR
    return quarter
