"""Reasons for the rank: one row a patient and predictor, largest contribution first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from copd_strat.risk import phrases, shapley
from copd_strat.risk.models.accept3_cprd import completed
from copd_strat.risk.parameters import Floats

COLUMNS = ("patient_id", "position", "group", "predictor", "text", "value", "value_date", "contribution")


def explain(
    ids: pd.Series,
    predictors: pd.DataFrame,
    dates: Mapping[str, pd.Series],
    log_rate: Callable[[Floats], Floats],
    outcome: shapley.Outcome,
) -> pd.DataFrame:
    """The reasons of scored patients, long, columns as in ``COLUMNS``.

    ids, predictors: one row a patient, same index; predictors as given to the model, with gaps. dates: by
    predictor, the day of its value. log_rate: ln of the ranking model's rate of ``outcome`` from the
    ACCEPT 2.0 rate. ``contribution`` is on the scale of ln(rate); a patient's contributions add up to the
    difference from the reference patient of ``data/reference_patient.json``. Patients whose rate is 0 have no
    reasons.
    """
    filled, _ = completed(predictors)
    values = shapley.contributions(filled, log_rate, outcome)
    explained = values.notna().all(axis=1)
    ids, predictors, values = ids[explained], predictors.loc[explained], values.loc[explained]
    filled = _with_recorded_score(filled.loc[explained], predictors)
    parts = [_rows_of(name, ids, predictors, filled, dates, values[name]) for name in shapley.GROUP_OF]
    return _ranked(parts, len(ids))


def _with_recorded_score(filled: pd.DataFrame, predictors: pd.DataFrame) -> pd.DataFrame:
    """``filled`` with the symptom score that was used, and its value as recorded (MRC rather than mMRC)."""
    used = [predictors["SGRQ"].notna(), predictors["CAT"].notna()]
    score = np.select(used, ["SGRQ", "CAT"], default="MRC")
    value = np.select(used, [predictors["SGRQ"], predictors["CAT"]], default=predictors["mMRC"] + 1)
    return filled.assign(recorded_score=score, recorded_value=value)


def _rows_of(
    name: str,
    ids: pd.Series,
    predictors: pd.DataFrame,
    filled: pd.DataFrame,
    dates: Mapping[str, pd.Series],
    contribution: pd.Series,
) -> pd.DataFrame:
    imputed = predictors[name].isna().to_numpy()
    nothing = pd.Series(pd.NaT, index=ids.index, dtype="datetime64[us]")
    day = dates.get(name, nothing)[ids.index].mask(imputed & (name != "SGRQ"))
    symptom = name == "SGRQ"
    return pd.DataFrame(
        {
            "patient_id": ids,
            "group": shapley.GROUP_OF[name],
            "predictor": filled["recorded_score"] if symptom else name,
            "text": phrases.texts(name, filled, imputed, day),
            "value": filled["recorded_value"] if symptom else filled[name],
            "value_date": day,
            "contribution": contribution,
        }
    )


def _ranked(parts: list[pd.DataFrame], patients: int) -> pd.DataFrame:
    """The parts (one a predictor) interleaved: patients in order, largest contribution first."""
    rows = pd.concat(parts, ignore_index=True)
    patient = np.tile(np.arange(patients), len(parts))
    order = np.lexsort((-rows["contribution"].abs().to_numpy(), patient))
    rows = rows.iloc[order].reset_index(drop=True)
    rows["position"] = np.tile(np.arange(1, len(parts) + 1, dtype=np.int32), patients)
    return rows[list(COLUMNS)]
