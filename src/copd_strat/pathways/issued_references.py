"""Which reference stood for whom on the lists of earlier runs, so that an answer finds its patient after the
reference key has changed.

One row a practice, patient and reference; carried from run to run in the site's restricted history.
"""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

_KEYS = ("practice_id", "patient_id", "patient_ref")
# an answer has no effect after half a year (the shipped policies), so nobody's reference is kept for longer
_KEPT = timedelta(days=183)


def issued_references(before: pd.DataFrame | None, patients: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The references of ``before`` (the last run's table, or None) and of tonight's ``patients``.

    Columns as in the contract of ``history_references``: practice, patient and reference as text, the first
    and the last run date that printed it.
    """
    day = pd.Timestamp(as_of)
    keys = list(_KEYS)
    tonight = patients[keys].astype(object).assign(first_on=day, last_on=day)
    earlier = tonight.head(0) if before is None else _read(before)
    every = pd.concat([earlier, tonight], ignore_index=True)
    every = every.groupby(keys, as_index=False).agg(first_on=("first_on", "min"), last_on=("last_on", "max"))
    kept = every[every["last_on"] > day - _KEPT].astype(dict.fromkeys(keys, "str"))
    return kept.sort_values(keys, ignore_index=True)


def with_current_references(
    answers: pd.DataFrame, before: pd.DataFrame | None, patients: pd.DataFrame
) -> pd.DataFrame:
    """``answers`` (columns as in DECISION_COLUMNS) under the references of tonight's ``patients``.

    An answer is about whoever stood behind its reference when its list was printed: its run id begins with
    the run date. What is found nowhere stays as it is.
    """
    if before is None or before.empty or answers.empty:
        return answers
    asked = answers[["practice_id", "patient_ref", "run_id"]].astype(object).reset_index(names="line")
    asked["printed_on"] = pd.to_datetime(asked["run_id"].str[:8], format="%Y%m%d", errors="coerce")
    found = asked.merge(_read(before), on=["practice_id", "patient_ref"])
    # one reference for two people under two keys is next to impossible; the run date tells them apart
    found["in_time"] = found["printed_on"].between(found["first_on"], found["last_on"])
    found = found.sort_values("in_time", ascending=False).drop_duplicates("line")
    now = patients[["practice_id", "patient_id", "patient_ref"]].astype(object)
    current = found[["line", "practice_id", "patient_id"]].merge(now, on=["practice_id", "patient_id"])
    renamed = answers["patient_ref"].astype(object).copy()
    renamed.loc[current["line"].to_numpy()] = current["patient_ref"].to_numpy()
    return answers.assign(patient_ref=renamed)


def _read(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it comes from its file, where days are days, with days that can be compared."""
    dates = {name: pd.to_datetime(table[name]) for name in ("first_on", "last_on")}
    return table.astype(dict.fromkeys(_KEYS, object)).assign(**dates)
