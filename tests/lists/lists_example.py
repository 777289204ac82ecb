"""A small synthetic night in two practices and an empty one, and its lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from copd_strat.lists import ListFile, write_lists
from copd_strat.pathways import Assignment, assign, load_policy, make_references, who_is_where
from copd_strat.plan import RunStamp

KEY = b"a key for tests only, 0123456789 abcdef"
AS_OF, INDEX = date(2026, 4, 2), date(2026, 3, 31)
STAMP = RunStamp(
    run_id="20260402-3f9a1c",
    as_of=AS_OF,
    index_date=INDEX,
    policy="risk_and_rules 1.0",
    model="accept3_cprd",
    synthetic=True,
    title="SYNTHETIC Example night",
)
ORGANISATIONS = pd.DataFrame(
    {"practice_id": ["A81001", "A81002", "A81003"], "practice_name": ["Nørth Štreet", "=Sum(1)", None]}
)
_ON_RECORD: dict[str, Any] = {
    "practice_id": "A81001",
    "index_date": INDEX,
    "severe_observable": True,
    "severe_exacerbations_12m": 0,
    "moderate_exacerbations_12m": 0,
    "exacerbations_12m": 0,
    "mrc": 2,
    "mrc_date": date(2026, 1, 10),
    "fev1_pct_predicted": 62.0,
    "fev1_pct_date": date(2025, 6, 1),
    "home_oxygen": False,
    "last_exacerbation_date": None,
    "last_copd_review_date": date(2025, 11, 5),
    "copd_review_15m": True,
    "smoking_status": "ex",
    "risk_severe_12m": 0.06,
    "risk_status": "scored",
    "no_device": False,
    "declined_app": False,
    "app_registered": True,
}


def patient(patient_id: str, **facts: Any) -> dict[str, Any]:
    return {"patient_id": patient_id, **_ON_RECORD, **facts}


PATIENTS = (
    patient(
        "9434765919",
        severe_exacerbations_12m=2,
        exacerbations_12m=2,
        last_severe_date=date(2026, 2, 11),
        last_exacerbation_date=date(2026, 2, 11),
        risk_severe_12m=0.31,
        smoking_status="current",
        mrc=4,
        flu_vaccine_this_season=False,
    ),
    patient("p2", moderate_exacerbations_12m=2, exacerbations_12m=2, risk_severe_12m=0.11, housebound=True),
    patient("p3"),
    patient("p4", risk_severe_12m=None, fev1_pct_predicted=None, mrc=None),
    patient("p5", palliative=True, severe_exacerbations_12m=1),
    patient("p6", practice_id="A81002", risk_severe_12m=0.19),
    patient("p7", practice_id="A81002", risk_severe_12m=0.004),
)


def night(*patients: dict[str, Any], previous: pd.DataFrame | None = None) -> Assignment:
    frame = pd.DataFrame(list(patients))
    frame["patient_ref"] = make_references(frame, KEY).astype(object)
    return assign(frame, load_policy("risk_and_rules"), as_of=AS_OF, previous=previous)


def files_of(run: Path) -> Callable[[str, str], list[Path] | None]:
    """The files of the example's only run, which is whole."""
    return lambda run_id, pattern: sorted(run.glob(pattern)) if run_id == STAMP.run_id else None


def write(root: Path, result: Assignment, **changed: Any) -> list[ListFile]:
    stamp = changed.pop("stamp", STAMP)
    practices = set(result.patients["practice_id"])
    return write_lists(
        root,
        [result.patients],
        result.changes,
        ORGANISATIONS,
        stamp,
        practices=practices,
        who=who_is_where(load_policy("risk_and_rules")),
        **changed,
    )
