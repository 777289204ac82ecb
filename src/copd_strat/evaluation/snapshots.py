"""One snapshot a month of what was predicted and who had a place: what later outcomes are held against."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from copd_strat.contracts.own_tables import column_names, conform, own_table, read_parquet, write_parquet
from copd_strat.pathways.capacity import capacity_groups, places_of_each
from copd_strat.pathways.policy import Policy

FILE = Path("history") / "predictions.parquet"
KEPT_MONTHS = 36
# What a snapshot takes of one row a patient, besides the organisation that shares places.
COLUMNS = ("patient_id", "practice_id", "risk_any_12m", "risk_severe_12m", "disposition", "rank", "place")
_CONTRACT = "history_predictions"


def read_snapshots(run: Path | None) -> pd.DataFrame:
    """The snapshots that the run in the folder ``run`` left; none on the first night."""
    contract = own_table("internal", _CONTRACT)
    if run is None:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in column_names(contract)})
    found = read_parquet(run / FILE, contract).to_pandas()
    days = {
        name: pd.to_datetime(found[name]) for name in ("month", "run_date", "index_date", "place_given_on")
    }
    return found.assign(**days)


def add_snapshot(
    before: pd.DataFrame,
    patients: pd.DataFrame,
    policy: Policy,
    *,
    as_of: date,
    index: date,
    model: str,
    given_on: pd.Series,
    asked: str | None,
) -> pd.DataFrame:
    """``before`` with tonight's snapshot, if tonight is the first run of its month; the oldest months go.

    given_on: the day on which each patient's place of this month was given, by patient id. asked: what the
    configuration asks of the clinic as these places are given.
    """
    month = pd.Timestamp(as_of).replace(day=1)
    if (pd.to_datetime(before["month"]) == month).any():
        return before
    groups = pd.Series(capacity_groups(patients, policy.capacity))
    tonight = pd.DataFrame(
        {
            "month": month,
            "patient_id": patients["patient_id"].astype(str),
            "practice_id": patients["practice_id"].astype(str),
            "run_date": pd.Timestamp(as_of),
            "index_date": pd.Timestamp(index),
            "model": model,
            "policy": policy.label,
            "risk_any_12m": patients["risk_any_12m"].astype("Float64"),
            "risk_severe_12m": patients["risk_severe_12m"].astype("Float64"),
            "disposition": patients["disposition"].astype(str),
            "rank": patients["rank"].astype("Int64"),
            "places": np.asarray(places_of_each(groups, policy.capacity), dtype=np.int64),
            "place": patients["place"].astype(object).where(patients["place"].notna(), None),
            "place_given_on": pd.to_datetime(patients["patient_id"].astype(str).map(given_on)),
            "asked": pd.Series(asked, index=patients.index, dtype=object),
        }
    )
    kept = before[pd.to_datetime(before["month"]) > month - pd.DateOffset(months=KEPT_MONTHS)]
    return pd.concat(
        [kept.astype(tonight.dtypes.to_dict()) if len(kept) else kept, tonight], ignore_index=True
    )[list(before.columns)]


def write_snapshots(snapshots: pd.DataFrame, run: Path) -> None:
    """``history/predictions.parquet`` below the run's folder."""
    write_parquet(conform(own_table("internal", _CONTRACT), snapshots), run / FILE)
