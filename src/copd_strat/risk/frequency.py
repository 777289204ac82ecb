"""A risk as people read it: "23 in 100"."""

from __future__ import annotations

import pandas as pd


def in_100(risk: float) -> str:
    """A probability as a natural frequency; empty where it is missing.

    0 in 100 and 100 in 100 would read as certainty, so a risk that rounds to 0 is "less than 1 in 100"
    (docs/decisions.md §13) and one that rounds to 100 is "more than 99 in 100".
    """
    if pd.isna(risk):
        return ""
    whole = int(100 * risk + 0.5)
    if whole == 0:
        return "less than 1 in 100"
    return "more than 99 in 100" if whole == 100 else f"{whole} in 100"
