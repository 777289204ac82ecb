"""Dispositions, ranks and places: sums that always hold, whatever the population, policy and row order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pathways_population import AS_OF, population, random_population

from copd_strat.pathways import DISPOSITIONS, LISTED, SHIPPED, Policy, assign, load_policy
from copd_strat.pathways.capacity import places_of_each
from copd_strat.pathways.explaining import MEANWHILE, NEXT_IN_LINE
from copd_strat.pathways.policy import Capacity

RISK = load_policy("risk_and_rules")
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def with_places(policy: Policy, places: int) -> Policy:
    return policy.model_copy(update={"capacity": Capacity(places=places)})


@FEW
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(0, 60),
    policy=st.sampled_from(SHIPPED),
    places=st.sampled_from([0, 1, 12, 1000]),
)
def test_register_is_the_sum_of_dispositions_by_practice(
    seed: int, size: int, policy: str, places: int
) -> None:
    register = random_population(seed, size)
    placed = assign(register, with_places(load_policy(policy), places), as_of=AS_OF).patients
    assert sorted(placed["patient_id"]) == sorted(register["patient_id"])
    assert placed["disposition"].isin(DISPOSITIONS).all()
    by_practice = pd.crosstab(placed["practice_id"].astype(object), placed["disposition"].astype(object)).sum(
        axis=1
    )
    assert by_practice.to_dict() == register["practice_id"].astype(object).value_counts().to_dict()
    check_ranks_and_places(placed, places)
    check_words(placed, policy)


def check_ranks_and_places(placed: pd.DataFrame, places: int) -> None:
    listed = placed[placed["disposition"].isin(LISTED)]
    assert placed["rank"].notna().equals(placed["disposition"].isin(LISTED))
    for _, group in listed.groupby(["practice_id", "disposition"]):
        assert sorted(group["rank"]) == list(range(1, len(group) + 1))
    clinic = placed[placed["disposition"] == "clinic"]
    assert placed.loc[placed["disposition"] != "clinic", "place"].isna().all()
    for _, group in clinic.groupby("practice_id"):
        waiting = group[~group["on_clinic_caseload"].fillna(False).astype(bool)].sort_values("rank")
        given = (waiting["place"] == "clinic").to_numpy()
        assert given.sum() == min(places, len(waiting))
        assert given[: given.sum()].all(), "places go to the first in rank"


def check_words(placed: pd.DataFrame, policy: str) -> None:
    assert (placed["reason_codes"] != "").all()
    assert placed["why_1"].notna().all(), "everybody has a reason"
    listed = placed[placed["disposition"].isin(LISTED)]
    assert listed["route"].notna().all()
    assert (listed["suggested_action"] != "").all()
    reserve = placed[placed["place"] == "reserve"]
    says = reserve["suggested_action"]
    assert says.str.startswith(NEXT_IN_LINE).all(), "a reserve line invites nobody"
    missing = reserve[["mrc", "cat", "fev1_pct_predicted"]].isna()
    gaps = missing["mrc"] | missing["fev1_pct_predicted"]
    if policy == "gold_abe":  # GOLD's letters take CAT for MRC, and no FEV1
        gaps = missing["mrc"] & missing["cat"]
    assert says[gaps].str.contains(MEANWHILE).all(), "but it asks for what is missing"
    assert ((says == NEXT_IN_LINE) | says.str.contains(MEANWHILE)).all()
    assert not placed[placed["place"] != "reserve"]["suggested_action"].str.contains(NEXT_IN_LINE).any()
    assert placed.loc[placed["disposition"] == "not_listed", "route"].isna().all()


@FEW
@given(seed=st.integers(0, 10_000), policy=st.sampled_from(SHIPPED))
def test_row_order_changes_nothing(seed: int, policy: str) -> None:
    register = random_population(seed, 50)
    shuffled = register.sample(frac=1, random_state=seed)
    rules = with_places(load_policy(policy), 2)
    pd.testing.assert_frame_equal(
        assign(register, rules, as_of=AS_OF).patients, assign(shuffled, rules, as_of=AS_OF).patients
    )


def test_equal_patients_are_treated_equally() -> None:
    """People alike get the same words; rank, place and what follows from it differ, by reference."""
    alike = population(*[{"severe_exacerbations_12m": 1, "risk_severe_12m": 0.2}] * 15)
    placed = assign(alike, RISK, as_of=AS_OF).patients
    own = ["patient_id", "patient_ref", "rank", "place", "suggested_action"]
    assert len(placed.drop(columns=own).drop_duplicates()) == 1
    assert placed.sort_values("patient_ref")["rank"].tolist() == list(range(1, 16))


def test_everybody_unknown_is_reviewed_not_assumed_well() -> None:
    silent = {name: None for name in population({}).columns if name not in ("patient_id", "practice_id")}
    placed = assign(population(silent | {"patient_ref": None}), RISK, as_of=AS_OF).patients
    assert placed["disposition"].tolist() == ["clinical_review"]


def test_an_empty_register_gives_empty_tables() -> None:
    result = assign(random_population(1, 0), RISK, as_of=AS_OF)
    assert (len(result.patients), len(result.changes), len(result.history)) == (0, 0, 0)


def test_two_rows_of_one_patient_are_a_bug() -> None:
    twice = population({"patient_id": "P1"}, {"patient_id": "P1"})
    with pytest.raises(ValueError, match="one row a patient"):
        assign(twice, RISK, as_of=AS_OF)


def test_unscored_patients_rank_beside_their_like() -> None:
    """docs/decisions.md §18: by risk; unscored with a severe event after the scored ones that have one."""
    placed = assign(
        population(
            {"patient_id": "scored .40, admitted", "risk_severe_12m": 0.40, "severe_exacerbations_12m": 1},
            {"patient_id": "scored .20, admitted", "risk_severe_12m": 0.20, "severe_exacerbations_12m": 1},
            {"patient_id": "scored .30, MRC 5", "risk_severe_12m": 0.30, "mrc": 5},
            {"patient_id": "scored .16, MRC 5", "risk_severe_12m": 0.16, "mrc": 5},
            {"patient_id": "unscored, 1 severe", "risk_severe_12m": None, "severe_exacerbations_12m": 1},
            {"patient_id": "unscored, 2 severe", "risk_severe_12m": None, "severe_exacerbations_12m": 2},
            {"patient_id": "unscored, 2 moderate", "risk_severe_12m": None, "moderate_exacerbations_12m": 2},
            {"patient_id": "unscored, 3 moderate", "risk_severe_12m": None, "moderate_exacerbations_12m": 3},
        ),
        RISK,
        as_of=AS_OF,
    ).patients
    assert placed.sort_values("rank")["patient_id"].tolist() == [
        "scored .40, admitted",
        "scored .30, MRC 5",
        "scored .20, admitted",
        "unscored, 2 severe",
        "unscored, 1 severe",
        "scored .16, MRC 5",
        "unscored, 3 moderate",
        "unscored, 2 moderate",
    ]


def test_risk_reasons_fill_up_without_repeating_a_rule() -> None:
    patients = population({"patient_id": "P1", "severe_exacerbations_12m": 2, "last_severe_date": AS_OF})
    reasons = pd.DataFrame(
        [
            ("P1", 1, "exacerbation history", "history", "2 severe exacerbations", 1.2),
            ("P1", 2, "treatment and oxygen", "ICS", "on an inhaled steroid", 0.9),
            ("P1", 3, "heart and metabolic", "BMI", "BMI 17, measured 3 Feb 2026", 0.3),
            ("P1", 4, "age, sex, smoking", "age", "aged 62", -0.2),
            ("P1", 5, "breathlessness", "MRC", "MRC 4, recorded 1 Mar 2026", 0.11),
            ("P1", 6, "lung function", "FEV1", "FEV1 58 %", 0.01),
            ("P9", 1, "lung function", "FEV1", "another patient", 2.0),
        ],
        columns=["patient_id", "position", "group", "predictor", "text", "contribution"],
    )
    patient = assign(patients, RISK, as_of=AS_OF, reasons=reasons).patients.iloc[0]
    assert patient["why_1"].startswith("2 exacerbations with emergency admission")
    assert patient["why_2"] == "Raises the risk: BMI 17, measured 3 Feb 2026"
    assert patient["why_3"] == "Raises the risk: MRC 4, recorded 1 Mar 2026"


def test_capacity_can_be_shared_by_a_network() -> None:
    by_network = Capacity(places=2, per="pcn", exceptions={"U2": 1})
    shared = RISK.model_copy(update={"capacity": by_network})
    people = [
        ("A81001", "U1", 0.1),
        ("A81002", "U1", 0.3),
        ("A81002", "U1", 0.2),
        ("A81003", "U2", 0.1),
        ("A81003", "U2", 0.2),
        ("A81004", None, 0.1),
    ]
    rows = [{"practice_id": who, "pcn": pcn, "mrc": 5, "risk_severe_12m": risk} for who, pcn, risk in people]
    placed = assign(population(*rows), shared, as_of=AS_OF).patients
    given = placed[placed["place"] == "clinic"]
    assert sorted(zip(given["practice_id"], given["risk_severe_12m"], strict=True)) == [
        ("A81002", 0.2),
        ("A81002", 0.3),
        ("A81003", 0.2),
        ("A81004", 0.1),
    ]


@pytest.mark.parametrize(
    ("people", "places"),
    [(1, 4), (50, 4), (66, 4), (67, 5), (83, 5), (84, 6), (100, 6), (101, 7), (1000, 60)],
)
def test_places_grow_with_the_register_rounded_up_and_never_below_the_least(people: int, places: int) -> None:
    """docs/decisions.md §47: 60 per 1,000 people on the register, at least 4."""
    groups = pd.Series(["A81001"] * people + ["B82003"])
    assert places_of_each(groups, RISK.capacity).tolist() == [places] * people + [4]


def test_a_named_exception_stands_whatever_the_register() -> None:
    rate = Capacity(places_per_1000=60, at_least=4, exceptions={"A81001": 2})
    assert places_of_each(pd.Series(["A81001", "B82003"]), rate).tolist() == [2, 4]


def test_gaps_in_any_dtype_are_gaps() -> None:
    """Plain pandas frames (object and float columns) give what Arrow columns give."""
    register = random_population(11, 40)
    plain = pd.DataFrame(
        {name: register[name].astype(object).where(register[name].notna(), None) for name in register}
    )
    nans = plain.where(plain.notna(), np.nan)
    wanted = assign(register, RISK, as_of=AS_OF).patients[["patient_ref", "disposition", "why_1", "rank"]]
    for frame in (plain, nans):
        found = assign(frame, RISK, as_of=AS_OF).patients[["patient_ref", "disposition", "why_1", "rank"]]
        assert found.astype(object).to_numpy().tolist() == wanted.astype(object).to_numpy().tolist()
