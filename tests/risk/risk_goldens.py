"""The golden tables of this folder, and a random population, for the risk room's tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

GOLDEN = Path(__file__).parent / "golden"
INPUTS = ("male", "age", "smoker", "oxygen", "statin", "LAMA", "LABA", "ICS", "FEV1", "BMI")
SCORES = ("SGRQ", "CAT", "mMRC")
COUNTS = ("LastYrExacCount", "LastYrSevExacCount")
ENDS = {"age": (40, 90), "FEV1": (10, 120), "BMI": (10, 60), "SGRQ": (0, 100)}


def accept() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "accept.csv", dtype={"ID": str})


def accept_inputs() -> pd.DataFrame:
    return accept()[["ID", *INPUTS, *SCORES, *COUNTS]]


def complete() -> np.ndarray:
    """Rows of ``accept`` whose inputs are complete (79 of 100)."""
    return ~accept()["group"].str.startswith("missing").to_numpy()


def random_patients(n: int, seed: int) -> pd.DataFrame:
    """Predictors spread evenly over their ranges, a fifth of the values at a range's end; counts 0 to 30."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({name: rng.integers(0, 2, n).astype(float) for name in INPUTS})
    for name, (low, high) in ENDS.items():
        spread = rng.uniform(low, high, n)
        table[name] = np.where(rng.random(n) < 0.2, rng.choice([low, high], n), spread)
    severe = rng.choice([0, 0, 0, 1, 2, 5, 15, 30], n)
    table["LastYrSevExacCount"] = severe.astype(float)
    table["LastYrExacCount"] = np.minimum(30, severe + rng.choice([0, 0, 1, 2, 3, 8, 14, 30], n)).astype(
        float
    )
    return table.assign(ID=np.arange(n).astype(str), CAT=np.nan, mMRC=np.nan)
