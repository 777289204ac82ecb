"""Model parameters, packaged as JSON beside their sources."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@cache
def load(name: str) -> dict[str, Any]:
    """The packaged parameters ``data/<name>.json``; every file names its source."""
    text = resources.files("copd_strat.risk").joinpath(f"data/{name}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def regression(coefficients: dict[str, float], rows: pd.DataFrame) -> Floats:
    """Intercept plus the sum of coefficient times column, shape (n,)."""
    total = np.full(len(rows), coefficients["intercept"])
    for name, coefficient in coefficients.items():
        if name != "intercept":
            total += coefficient * rows[name].to_numpy(dtype=float)
    return total
