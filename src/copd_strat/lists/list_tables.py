"""Each list as a table for all practices: inert texts, true numbers and dates, columns in their order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from copd_strat.lists.cells import texts
from copd_strat.lists.list_columns import SYNTHETIC, ListColumn
from copd_strat.pathways.changes import TIER
from copd_strat.pathways.fact_columns import days, numbers
from copd_strat.pathways.sentences import natural_frequency
from copd_strat.plan import RunStamp

ROUTES = {
    "in_person": "in person",
    "home_visit": "home visit",
    "care_home_team": "care-home team",
    "interpreter": "with an interpreter",
    "printed_plan": "printed plan",
    "app": "app",
}
_OLDEST_SHOWN = 90


def tier_table(
    patients: pd.DataFrame, name: str, stamp: RunStamp, columns: Sequence[ListColumn]
) -> pd.DataFrame:
    """The rows of one tier, by practice and rank; the cells for answers are empty."""
    rows = patients[patients["disposition"] == name].sort_values(["practice_id", "rank"])
    made = {
        "rank": rows["rank"].astype("int64"),
        "risk_12m": natural_frequency(numbers(rows["risk_severe_12m"])),
        "last_exacerbation": _dates(rows, "last_exacerbation_date"),
        "last_copd_review": _dates(rows, "last_copd_review_date"),
        "mrc": pd.Series(numbers(rows["mrc"]), index=rows.index, dtype="Int64"),
        "route": [ROUTES.get(route, route) for route in _texts(rows, "route")],
        "age": _ages(rows),
        "tier": TIER[name],
        "run_id": stamp.run_id,
        "data_label": SYNTHETIC,
    }
    copied = {"smoking": "smoking_status", "data_warning": "data_warnings"}
    for column in columns:
        if column.kind in ("choice", "answer", "answer_date"):
            made[column.name] = ""
        elif column.name not in made:
            made[column.name] = _texts(rows, copied.get(column.name, column.name))
    return pd.DataFrame(made, index=rows.index)[[column.name for column in columns]]


def change_table(changes: pd.DataFrame, stamp: RunStamp, columns: Sequence[ListColumn]) -> pd.DataFrame:
    """The rows of the changes list, by practice, kind and reference."""
    rows = changes.sort_values(["practice_id", "kind", "patient_ref"])
    table = pd.DataFrame({"run_id": stamp.run_id, "data_label": SYNTHETIC}, index=rows.index)
    for column in ("patient_ref", "kind", "change", "why", "practice_id"):
        table[column] = _texts(rows, column)
    for column in ("was", "now"):
        table[column] = rows[column].map(TIER).fillna("").to_numpy(dtype=object)
    return table[[column.name for column in columns]]


def query_table(queries: pd.DataFrame, stamp: RunStamp, columns: Sequence[ListColumn]) -> pd.DataFrame:
    """The rows of the queries list: ``queries`` has practice_id, patient_ref, query and please."""
    rows = queries.sort_values(["practice_id", "patient_ref", "query"])
    table = pd.DataFrame({"run_id": stamp.run_id, "data_label": SYNTHETIC}, index=rows.index)
    for column in ("practice_id", "patient_ref", "query", "please"):
        table[column] = _texts(rows, column)
    return table[[column.name for column in columns]]


def _texts(rows: pd.DataFrame, column: str) -> Sequence[str]:
    return texts(rows[column]) if column in rows else [""] * len(rows)


def _dates(rows: pd.DataFrame, column: str) -> list[object]:
    """Dates, and None where there is none."""
    return list(days(rows[column]).tolist())


def _ages(rows: pd.DataFrame) -> list[str]:
    """Whole years; the oldest share one word, since few people are so old (docs/decisions.md §56)."""
    ages = numbers(rows["age"]) if "age" in rows else np.full(len(rows), np.nan)
    return ["" if np.isnan(a) else f"{_OLDEST_SHOWN}+" if a >= _OLDEST_SHOWN else str(int(a)) for a in ages]
