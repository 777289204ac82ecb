"""Each shipped policy against its table of patients, written for a clinician to read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pathways_population import AS_OF, population

from copd_strat.pathways import SHIPPED, assign, load_policy

SPECS = Path(__file__).parent / "specs"
COLUMN = {
    "severe": "severe_exacerbations_12m",
    "moderate": "moderate_exacerbations_12m",
    "ed": "ed_only_exacerbations_12m",
    "oxygen": "home_oxygen",
    "fev1": "fev1_pct_predicted",
    "nominated": "gp_nominated",
    "risk": "risk_severe_12m",
    "reviewed": "copd_review_15m",
    "observable": "severe_observable",
    "silent": "no_recent_data",
    "gold": "gold_abe",
    "care home": "care_home",
    "no device": "no_device",
    "cor pulmonale": "cor_pulmonale",
}


def rows(policy: str) -> Iterator[tuple[str, dict[str, Any], str, str]]:
    for line in (SPECS / f"{policy}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "who ")):
            continue
        who, facts, disposition, because = (cell.strip() for cell in line.split("|"))
        yield who, dict(map(fact, facts.split(", "))) if facts else {}, disposition, because


def fact(text: str) -> tuple[str, Any]:
    name, value = text.rsplit(" ", 1)
    meaning = {"?": None, "yes": True, "no": False}
    return COLUMN.get(name, name), meaning[value] if value in meaning else _plain(value)


def _plain(value: str) -> Any:
    return value if value.isalpha() else float(value)


def with_total(facts: dict[str, Any]) -> dict[str, Any]:
    """All exacerbations: unknown if a part is."""
    parts = [facts.get(COLUMN[part], 0) for part in ("severe", "moderate", "ed")]
    return {**facts, "exacerbations_12m": None if None in parts else sum(parts)}


CASES = [(policy, who, wanted, because) for policy in SHIPPED for who, _, wanted, because in rows(policy)]


@cache
def placed(policy: str) -> pd.DataFrame:
    """All patients of a policy's table in one run, by name."""
    patients = [{**with_total(facts), "patient_id": who} for who, facts, _, _ in rows(policy)]
    return assign(population(*patients), load_policy(policy), as_of=AS_OF).patients.set_index("patient_id")


@pytest.mark.parametrize(("policy", "who", "disposition", "because"), CASES)
def test_a_patient_goes_where_the_table_says(policy: str, who: str, disposition: str, because: str) -> None:
    patient = placed(policy).loc[who]
    assert (patient["disposition"], patient["reason_codes"]) == (disposition, because.replace(" ", ";"))


@pytest.mark.parametrize("policy", SHIPPED)
def test_a_table_has_at_least_fifteen_patients(policy: str) -> None:
    assert len(list(rows(policy))) >= 15


def test_review_says_what_is_missing_and_what_would_settle_it() -> None:
    gaps = {"risk_severe_12m": None, "fev1_pct_predicted": None, "mrc": None}
    patient = assign(population(gaps), load_policy("risk_and_rules"), as_of=AS_OF).patients.iloc[0]
    assert patient["why_1"] == "No usable FEV1 on record"
    assert patient["why_2"] == "No MRC breathlessness score on record in 24 months"
    assert "spirometry" in patient["suggested_action"]
    assert "code the MRC score" in patient["suggested_action"]


def test_a_lower_tier_placing_without_score_warns_of_what_is_missing() -> None:
    gaps = {"risk_severe_12m": None, "fev1_pct_predicted": None, "risk_status": "missing_required: FEV1"}
    patient = assign(population(gaps), load_policy("risk_and_rules"), as_of=AS_OF).patients.iloc[0]
    assert patient["disposition"] == "self_management"
    assert "No usable FEV1 on record" in patient["data_warnings"]
    assert "not on record: FEV1" in patient["data_warnings"]


ROUTES = [
    ({"severe_exacerbations_12m": 1}, "in_person"),
    ({"severe_exacerbations_12m": 1, "housebound": True}, "home_visit"),
    ({"severe_exacerbations_12m": 1, "housebound": True, "care_home": True}, "care_home_team"),
    ({"severe_exacerbations_12m": 1, "interpreter_needed": True}, "interpreter"),
    ({"severe_exacerbations_12m": 1, "no_device": True}, "in_person"),
    ({}, "app"),
    ({"no_device": True}, "printed_plan"),
    ({"declined_app": True}, "printed_plan"),
    ({"care_home": True}, "care_home_team"),
    ({"interpreter_needed": True}, "interpreter"),
    ({"dementia": True}, "printed_plan"),
    ({"dementia": True, "has_carer": None}, "printed_plan"),
    ({"dementia": True, "has_carer": True}, "app"),
    ({"palliative": True}, None),
]


def test_the_first_route_that_fits_is_taken() -> None:
    register = population(*[{**facts, "patient_id": f"{n:02d}"} for n, (facts, _) in enumerate(ROUTES)])
    patients = assign(register, load_policy("risk_and_rules"), as_of=AS_OF).patients.sort_values("patient_id")
    taken = [route if isinstance(route, str) else None for route in patients["route"]]
    assert taken == [route for _, route in ROUTES]


def test_unknown_means_to_use_an_app_are_asked_about_not_assumed() -> None:
    unknown = {"no_device": None, "declined_app": None, "app_registered": None}
    patient = assign(population(unknown), load_policy("risk_and_rules"), as_of=AS_OF).patients.iloc[0]
    assert "device_unknown" in patient["reason_codes"]
    assert "ask about phone and internet first" in patient["suggested_action"]
