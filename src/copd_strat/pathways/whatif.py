"""Two policies on the same patients, before anybody switches: ``copd-strat whatif``.

The tables hold patient counts: whoever writes them out puts them through disclosure control.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from copd_strat.pathways.assign import assign
from copd_strat.pathways.fact_columns import numbers
from copd_strat.pathways.policy import DISPOSITIONS, Capacity, Policy

_AGE_EDGES = (-np.inf, 50, 65, 75, 85, np.inf)
_AGE_BANDS = ("35-49", "50-64", "65-74", "75-84", "85+")
_DIMENSIONS = ("imd_quintile", "sex", "age_band", "ethnicity")


@dataclass(frozen=True)
class WhatIf:
    """``moves``: patients by disposition under A and B. ``workload``: by organisation and policy. ``severe``:
    last year's severe exacerbations inside the clinic tier. ``balance``: clinic tier by group of patients.
    """

    moves: pd.DataFrame
    workload: pd.DataFrame
    severe: pd.DataFrame
    balance: pd.DataFrame


def whatif(
    patients: pd.DataFrame, policy_a: Policy, policy_b: Policy, *, as_of: date, capacity: int | None = None
) -> WhatIf:
    """Both policies from a clean slate: no stay-on, no decisions, all places free.

    ``patients`` as for ``assign``; ``capacity`` replaces the places a month of both. The policies look back
    on the same severe exacerbations that ``severe`` counts: a high share shows agreement with the past, not
    foresight.
    """
    placed = {
        side: assign(patients, _with_capacity(policy, capacity), as_of=as_of).patients
        for side, policy in (("a", policy_a), ("b", policy_b))
    }
    labels = {"a": policy_a.label, "b": policy_b.label}
    return WhatIf(
        moves=_moves(placed["a"], placed["b"]),
        workload=pd.concat(
            [_workload(frame, labels[side]) for side, frame in placed.items()], ignore_index=True
        ),
        severe=pd.concat([_severe(frame, labels[side]) for side, frame in placed.items()], ignore_index=True),
        balance=pd.concat(
            [_balance(frame, labels[side]) for side, frame in placed.items()], ignore_index=True
        ),
    )


def _with_capacity(policy: Policy, places: int | None) -> Policy:
    if places is None:
        return policy
    return policy.model_copy(update={"capacity": Capacity(places=places, per=policy.capacity.per)})


def _moves(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Disposition under A (rows) and B (columns); both frames are in the same order."""
    table = pd.crosstab(a["disposition"].to_numpy(), b["disposition"].to_numpy())
    kinds = list(DISPOSITIONS)
    table = table.reindex(index=kinds, columns=kinds, fill_value=0)
    return table.rename_axis(index="under_a", columns=None).reset_index()


def _workload(placed: pd.DataFrame, label: str) -> pd.DataFrame:
    counts = pd.crosstab(placed["practice_id"].astype(object), placed["disposition"].astype(object))
    counts = counts.reindex(columns=list(DISPOSITIONS), fill_value=0)
    for place in ("clinic", "reserve"):
        held = (placed["place"] == place).groupby(placed["practice_id"].astype(object)).sum()
        counts[f"place_{place}"] = held.astype("int64")
    return counts.rename_axis(columns=None).reset_index().assign(policy=label)


def _severe(placed: pd.DataFrame, label: str) -> pd.DataFrame:
    severe = numbers(placed["severe_exacerbations_12m"])
    clinic = (placed["disposition"] == "clinic").to_numpy()
    with_place = (placed["place"] == "clinic").to_numpy()
    everybody, inside = int(np.nansum(severe)), int(np.nansum(severe[clinic]))
    row = {
        "policy": label,
        "severe_exacerbations": everybody,
        "in_clinic_tier": inside,
        "with_place": int(np.nansum(severe[with_place])),
        "share_in_clinic_tier": inside / everybody if everybody else np.nan,
        "patients_not_observable": int(np.isnan(severe).sum()),
    }
    return pd.DataFrame([row])


def _balance(placed: pd.DataFrame, label: str) -> pd.DataFrame:
    """By deprivation, sex, age band and ethnicity: register, clinic tier and places; a gap is a group too."""
    bands = pd.cut(numbers(placed["age"]), _AGE_EDGES, right=False, labels=_AGE_BANDS)
    frame = placed.assign(
        age_band=bands.astype(object),
        register=1,
        clinic=(placed["disposition"] == "clinic").astype("int64"),
        places=(placed["place"] == "clinic").astype("int64"),
    )
    table = pd.concat([_by(frame, dimension) for dimension in _DIMENSIONS], ignore_index=True)
    table["clinic_share"] = table["clinic"] / table["register"]
    table.insert(0, "policy", label)
    return table


def _by(frame: pd.DataFrame, dimension: str) -> pd.DataFrame:
    group = frame[dimension].astype(object).where(frame[dimension].notna(), "not known").astype(str)
    counts = frame.groupby(group.rename("group"))[["register", "clinic", "places"]].sum().reset_index()
    counts.insert(0, "dimension", dimension)
    return counts
