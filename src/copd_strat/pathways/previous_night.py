"""What the last run left: who was where, since when, and which places of this month are given.

The history is one row a patient on the register; the next run reads it as ``previous``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from copd_strat.contracts.own_tables import column_names, own_table
from copd_strat.pathways.fact_columns import Days, Flags, Objects, day, days, known, objects


@dataclass(frozen=True)
class PreviousState:
    """The previous state of each patient of today's frame. ``was`` is None for somebody not seen before."""

    was: Objects
    same_practice: Flags
    since: Days
    below_since: Days
    place: Objects
    place_given_on: Days

    @property
    def known_here(self) -> Flags:
        """Seen in the last run, in the same practice."""
        return np.asarray(known(self.was) & self.same_practice)


def _history_columns() -> list[str]:
    return list(column_names(own_table("internal", "history_dispositions")))


def previous_state(frame: pd.DataFrame, previous: pd.DataFrame | None) -> PreviousState:
    """Align ``previous`` (a history frame, or None on the first run) with ``frame``."""
    if previous is None:
        previous = pd.DataFrame(columns=_history_columns())
    aligned = (
        previous.astype({"patient_id": object})
        .set_index("patient_id")
        .reindex(frame["patient_id"].astype(object))
    )
    practice = objects(aligned["practice_id"])
    return PreviousState(
        was=objects(aligned["disposition"]),
        same_practice=np.asarray(practice == frame["practice_id"].to_numpy(dtype=object), dtype=bool),
        since=days(aligned["since"]),
        below_since=days(aligned["below_since"]),
        place=objects(aligned["place"]),
        place_given_on=days(aligned["place_given_on"]),
    )


def history_of(
    frame: pd.DataFrame, before: PreviousState, below_since: Days, given_on: Days, as_of: date, policy: str
) -> pd.DataFrame:
    """Tonight's history, from ``frame`` with its dispositions."""
    same = before.known_here & np.asarray(
        before.was == frame["disposition"].to_numpy(dtype=object), dtype=bool
    )
    history = frame[["patient_id", "practice_id", "patient_ref", "disposition", "place"]].astype(object)
    history["since"] = np.where(same, before.since, day(as_of)).astype("datetime64[s]")
    history["below_since"] = below_since.astype("datetime64[s]")
    history["place_given_on"] = given_on.astype("datetime64[s]")
    history["as_of"] = np.full(len(frame), day(as_of), dtype="datetime64[s]")
    history["policy"] = policy
    texts = dict.fromkeys(
        ("patient_id", "practice_id", "patient_ref", "disposition", "place", "policy"), "str"
    )
    return history[_history_columns()].astype(texts)
