"""The columns of each list, in their order, and how they are made from one row a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from copd_strat.lists.cells import texts
from copd_strat.pathways.changes import TIER
from copd_strat.pathways.fact_columns import days, numbers
from copd_strat.pathways.sentences import natural_frequency
from copd_strat.plan import RunStamp

SYNTHETIC = "SYNTHETIC - not real patients"
LISTS = ("clinic", "self_management", "clinical_review", "changes")
DECISION_CHOICES = ("accepted", "declined", "already known", "wrong")


@dataclass(frozen=True, kw_only=True)
class Column:
    """``width`` in characters; ``kind`` decides the cell format of the workbook."""

    name: str
    meaning: str
    width: int
    kind: Literal["text", "number", "date", "blank"] = "text"


TIER_COLUMNS = (
    Column(name="rank", meaning="order of need within this list, 1 first", width=6, kind="number"),
    Column(name="place", meaning="clinic: one of this month's places; reserve: next in line", width=8),
    Column(name="route", meaning="how to reach the patient", width=11),
    Column(
        name="patient_ref", meaning="reference; your practice's own key sheet leads to the person", width=17
    ),
    Column(name="tier", meaning="clinic, app or review", width=7),
    Column(name="why_1", meaning="first reason, with the date of the fact", width=30),
    Column(name="why_2", meaning="second reason", width=26),
    Column(name="why_3", meaning="third reason", width=26),
    Column(
        name="risk_12m",
        meaning="of 100 people like this, how many have a severe exacerbation in 12 months",
        width=10,
    ),
    Column(name="change", meaning="since the last run: new, up, down, unchanged", width=11),
    Column(name="last_exacerbation", meaning="date of the last exacerbation", width=16, kind="date"),
    Column(name="last_copd_review", meaning="date of the last COPD review", width=16, kind="date"),
    Column(name="mrc", meaning="MRC breathlessness, 1 to 5", width=6, kind="number"),
    Column(name="smoking", meaning="latest smoking status", width=9),
    Column(name="vaccinations_due", meaning="vaccinations not recorded", width=16),
    Column(name="inhaler_flag", meaning="what to look at in the inhalers", width=20),
    Column(name="suggested_action", meaning="what to do next; a suggestion", width=30),
    Column(name="data_warning", meaning="what is missing, old or estimated", width=28),
    Column(name="clinician_decision", meaning="for you to fill in", width=17, kind="blank"),
    Column(name="decision_reason", meaning="for you to fill in", width=18, kind="blank"),
    Column(name="decided_on", meaning="for you to fill in, as 2026-03-31", width=12, kind="blank"),
    Column(name="practice_id", meaning="practice code", width=11),
    Column(name="run_id", meaning="the run this list comes from", width=19),
)

CHANGE_COLUMNS = (
    Column(name="patient_ref", meaning="reference", width=18),
    Column(name="kind", meaning="new, up, down or left", width=8),
    Column(name="change", meaning="the change in words", width=24),
    Column(name="was", meaning="list of the last run", width=11),
    Column(name="now", meaning="list of this run", width=11),
    Column(name="why", meaning="first reason", width=60),
    Column(name="practice_id", meaning="practice code", width=12),
    Column(name="run_id", meaning="the run this list comes from", width=20),
)

_LABEL = Column(name="data_label", meaning="these data are invented", width=15)


def columns_of(name: str, stamp: RunStamp) -> tuple[Column, ...]:
    """The columns of list ``name``; synthetic data carry their label in the last one."""
    columns = CHANGE_COLUMNS if name == "changes" else TIER_COLUMNS
    return (*columns, _LABEL) if stamp.synthetic else columns


def tier_table(patients: pd.DataFrame, name: str, stamp: RunStamp) -> pd.DataFrame:
    """The rows of one tier for all practices, by practice and rank; inert texts, true numbers and dates."""
    rows = patients[patients["disposition"] == name].sort_values(["practice_id", "rank"])
    table = pd.DataFrame(
        {
            "rank": rows["rank"].astype("int64"),
            "risk_12m": natural_frequency(numbers(rows["risk_severe_12m"])),
            "last_exacerbation": _dates(rows, "last_exacerbation_date"),
            "last_copd_review": _dates(rows, "last_copd_review_date"),
            "mrc": pd.Series(numbers(rows["mrc"]), index=rows.index, dtype="Int64"),
            "tier": TIER[name],
            "run_id": stamp.run_id,
            "data_label": SYNTHETIC,
        },
        index=rows.index,
    )
    copied = {"smoking": "smoking_status", "data_warning": "data_warnings"}
    for column in columns_of(name, stamp):
        if column.kind == "blank":
            table[column.name] = ""
        elif column.name not in table:
            table[column.name] = _texts(rows, copied.get(column.name, column.name))
    return table[_names(name, stamp)]


def change_table(changes: pd.DataFrame, stamp: RunStamp) -> pd.DataFrame:
    """The rows of the changes list for all practices, by practice, kind and reference."""
    rows = changes.sort_values(["practice_id", "kind", "patient_ref"])
    table = pd.DataFrame({"run_id": stamp.run_id, "data_label": SYNTHETIC}, index=rows.index)
    for column in ("patient_ref", "kind", "change", "why", "practice_id"):
        table[column] = _texts(rows, column)
    for column in ("was", "now"):
        table[column] = rows[column].map(TIER).fillna("").to_numpy(dtype=object)
    return table[_names("changes", stamp)]


def _names(name: str, stamp: RunStamp) -> list[str]:
    return [column.name for column in columns_of(name, stamp)]


def _texts(rows: pd.DataFrame, column: str) -> Sequence[str]:
    return texts(rows[column]) if column in rows else [""] * len(rows)


def _dates(rows: pd.DataFrame, column: str) -> list[object]:
    """Dates, and None where there is none."""
    return list(days(rows[column]).tolist())
