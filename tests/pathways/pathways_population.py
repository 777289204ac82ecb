"""Patients for the tests: a plain one, changed fact by fact, and random populations with gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from copd_strat.pathways import make_references
from copd_strat.pathways.fact_columns import patient_columns

KEY = b"a key for tests only, 0123456789 abcdef"
INDEX = date(2026, 3, 31)
AS_OF = date(2026, 4, 2)

_ARROW = {"number": pa.float64(), "flag": pa.bool_(), "text": pa.string(), "date": pa.date32()}

# An ordinary patient: everything on record, nothing alarming.
ORDINARY: Mapping[str, Any] = {
    **{name: False for name, kind in patient_columns().items() if kind == "flag"},
    "practice_id": "A81001",
    "index_date": INDEX,
    "gp_complete_to": INDEX,
    "hospital_complete_to": date(2026, 3, 15),
    "age": 70.0,
    "sex": "female",
    "imd_quintile": 3,
    "ethnicity": "white",
    "severe_observable": True,
    "ed_observable": True,
    "severe_exacerbations_12m": 0,
    "moderate_exacerbations_12m": 0,
    "ed_only_exacerbations_12m": 0,
    "exacerbations_12m": 0,
    "antibiotic_courses_12m": 0,
    "ocs_courses_12m": 0,
    "mrc": 2,
    "mrc_date": date(2026, 1, 10),
    "cat": 8,
    "fev1_pct_predicted": 62.0,
    "fev1_pct_date": date(2025, 6, 1),
    "smoking_status": "ex",
    "last_copd_review_date": date(2025, 11, 5),
    "copd_review_15m": True,
    "flu_vaccine_this_season": True,
    "pneumococcal_vaccine_ever": True,
    "inhaler_technique_date": date(2025, 11, 5),
    "lama": True,
    "laba": True,
    "risk_severe_12m": 0.06,
    "risk_any_12m": 0.3,
    "risk_model": "accept3_cprd",
    "risk_status": "scored",
    "gold_abe": "B",
}


def population(*patients: Mapping[str, Any]) -> pd.DataFrame:
    """One row a patient: ORDINARY with the given facts, in the engine's types, with references."""
    rows = [{"patient_id": f"P{n:05d}", **ORDINARY, **patient} for n, patient in enumerate(patients)]
    return typed(pd.DataFrame(rows, columns=list(patient_columns())))


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """``frame`` with Arrow types and references."""
    arrays = {}
    for name, kind in patient_columns().items():
        values = [None if _gap(value) else value for value in frame.get(name, [None] * len(frame))]
        arrays[name] = pd.array(values, dtype=pd.ArrowDtype(_ARROW[kind]))
    result = pd.DataFrame(arrays)
    result["patient_ref"] = make_references(result, KEY)
    return result


def _gap(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value


def random_population(
    seed: int, size: int, practices: Sequence[str] = ("A81001", "A81002", "B82003")
) -> pd.DataFrame:
    """Patients with random facts and random gaps."""
    rng = np.random.default_rng(seed)
    severe, moderate, ed = rng.poisson(0.3, size), rng.poisson(0.8, size), rng.poisson(0.1, size)
    observable = rng.random(size) > 0.1
    frame = pd.DataFrame({name: [value] * size for name, value in ORDINARY.items()})
    frame["patient_id"] = [f"P{n:05d}" for n in range(size)]
    frame["practice_id"] = rng.choice(list(practices), size)
    frame["severe_observable"] = observable
    frame["severe_exacerbations_12m"] = pd.Series(severe, dtype=object).where(observable, None)
    frame["moderate_exacerbations_12m"] = moderate
    frame["ed_only_exacerbations_12m"] = ed
    frame["exacerbations_12m"] = pd.Series(severe + moderate + ed, dtype=object).where(observable, None)
    frame["fev1_pct_predicted"] = rng.normal(60, 18, size).round(1)
    frame["mrc"] = rng.integers(1, 6, size)
    frame["gold_abe"] = rng.choice(["A", "B", "E"], size)
    frame["risk_severe_12m"] = rng.beta(1.5, 14, size).round(3)
    for flag in ("palliative", "care_home", "housebound", "interpreter_needed", "home_oxygen", "gp_nominated",
                 "no_device", "dementia", "on_clinic_caseload"):  # fmt: skip
        frame[flag] = rng.random(size) < 0.05
    for column in ("fev1_pct_predicted", "mrc", "risk_severe_12m", "gold_abe", "home_oxygen", "palliative",
                   "copd_review_15m", "no_device", "cor_pulmonale", "last_copd_review_date"):  # fmt: skip
        frame[column] = frame[column].astype(object).where(rng.random(size) > 0.15, None)
    return typed(frame)
