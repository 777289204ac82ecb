"""Who would get one of the month's places, if places in each practice went by one prediction alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from copd_strat.risk.parameters import Floats


def shared_places(predicted: Floats, groups: pd.Series, places: Floats) -> Floats:
    """Each person's part of a place, 0 to 1, shape (n,).

    groups: who shares places; places: each person's group's places a month. The highest predictions come
    first; people alike at the last place share what is left, so that no accident of order decides. Who has no
    prediction gets what nobody else wants.
    """
    value = np.where(np.isnan(predicted), -np.inf, predicted)
    frame = pd.DataFrame({"group": groups.to_numpy(), "value": value, "places": places})
    alike = frame.groupby(["group", "value"], sort=False)["places"].transform("size")
    ranked = frame.groupby("group", sort=False)["value"].rank(method="min", ascending=False)
    left = frame["places"] - (ranked - 1)
    part: Floats = np.clip((left / alike).to_numpy(dtype=float), 0.0, 1.0)
    return part
