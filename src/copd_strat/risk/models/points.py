"""Points from classes: how the simple scores turn a measurement into a small number.

The published classes have gaps for fractions (an FEV1 of 64.5 % lies between "36 to 64" and "65 or more").
Here a class reaches from its lower bound up to the next one, so 64.5 counts as 36 to 64.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from copd_strat.risk.parameters import Floats


def points(values: pd.Series, bounds: tuple[float, ...], scores: tuple[int, ...]) -> Floats:
    """``scores[k]`` from ``bounds[k - 1]`` (ascending, inclusive) up to ``bounds[k]``; shape (n,)."""
    classes = np.searchsorted(np.asarray(bounds), values.to_numpy(dtype=float), side="right")
    return np.asarray(scores, dtype=float)[classes]


def total(name: str, index: pd.Index, *parts: Floats) -> pd.DataFrame:
    """The sum of the parts as the one whole-number output column ``name``."""
    return pd.DataFrame({name: pd.Series(np.add.reduce(parts), index=index).astype("Int64")})


def breathlessness(mmrc: pd.Series) -> Floats:
    """0 for mMRC 0 and 1, then 1 a grade: the same in DOSE, ADO, BODEx and CODEX."""
    return points(mmrc, (2, 3, 4), (0, 1, 2, 3))


def obstruction_bode(fev1pp: pd.Series) -> Floats:
    """FEV1 % predicted in BODE's classes: 65 or more 0, 50 to 64 1, 36 to 49 2, 35 or less 3."""
    return points(fev1pp, (36, 50, 65), (3, 2, 1, 0))


def severe_exacerbations(count: pd.Series) -> Floats:
    """Severe exacerbations in the last year: none 0, 1 or 2 1, 3 or more 2 (CODEX, which cites BODEx)."""
    return points(count, (1, 3), (0, 1, 2))
