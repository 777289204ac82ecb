"""Practices in batches, so that no step holds everybody: those that share places stand together."""

from __future__ import annotations

import pandas as pd

from copd_strat.engine import Engine, packaged_sql
from copd_strat.pathways.capacity import capacity_groups
from copd_strat.pathways.policy import Capacity

# About a few kilobytes a person while a batch is worked on; smaller batches pay their fixed costs too often.
PEOPLE = 20_000


def practice_batches(engine: Engine, capacity: Capacity, people: int = PEOPLE) -> dict[str, int]:
    """Practice → number of its batch, from 0; needs ``register`` and ``organisations``.

    A batch has about ``people`` people, or more where practices that share places have more: ranks and places are
    the same as if everybody were placed at once.
    """
    practices = engine.frame("SELECT practice_id, count(*) AS people FROM register GROUP BY practice_id")
    networks = engine.frame(packaged_sql("pathways", "networks"))
    practices = practices.merge(networks, on="practice_id", how="left", validate="one_to_one")
    practices["group"] = capacity_groups(practices, capacity)
    practices = practices.sort_values(["group", "practice_id"], ignore_index=True)
    size = practices.groupby("group")["people"].transform("sum").astype("int64")
    first = ~practices["group"].duplicated()
    start = (size.where(first, 0).cumsum() - size).astype("int64")
    numbers, _ = pd.factorize(start // people, sort=True)
    return dict(zip(practices["practice_id"].astype(str), numbers.tolist(), strict=True))
