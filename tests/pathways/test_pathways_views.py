"""Looking at one patient, and at two policies before anybody switches."""

from __future__ import annotations

import re
from datetime import timedelta

import pandas as pd
import pytest
from pathways_population import AS_OF, population, random_population

from copd_strat.errors import RequestError
from copd_strat.pathways import assign, explain, load_policy, whatif

RISK, RULES = load_policy("risk_and_rules"), load_policy("rules_only")


def test_one_patient_is_explained_with_rules_facts_risk_gaps_and_past() -> None:
    register = population({"severe_exacerbations_12m": 1, "risk_severe_12m": 0.22, "cat": None}, {})
    first = assign(register, RISK, as_of=AS_OF)
    second = assign(register, RISK, as_of=AS_OF + timedelta(days=1), previous=first.history)
    reasons = pd.DataFrame(
        [
            ("P00000", 1, "treatment and oxygen", "ICS", "on an inhaled steroid", 0.4),
            ("P00000", 2, "breathlessness", "MRC", "MRC 4, recorded 1 Mar 2026", 0.3),
            ("P00001", 1, "x", "x", "not hers", 1.0),
        ],
        columns=["patient_id", "position", "group", "predictor", "text", "contribution"],
    )
    reference = register["patient_ref"][0]
    past = pd.concat([first.history, second.history])
    text = explain(reference.lower(), second.patients, RISK, reasons, past)
    for wanted in (
        f"{reference}, practice A81001",
        "clinic, rank 1 in the practice, with one of this month's places; route in person;",
        "; since the last run: unchanged\n",
        "severe_exacerbation: One or more severe exacerbations (emergency admissions) in 12 months",
        "+0.30  MRC 4, recorded 1 Mar 2026",
        "fev1_pct_predicted: 62\n",
        "2 Apr 2026: clinic, with a place (risk_and_rules 1.0)",
        "3 Apr 2026: clinic, with a place (risk_and_rules 1.0)",
    ):
        assert wanted in text
    assert "not hers" not in text
    facts = text.split("Facts on record\n")[1].split("\n\n")[0]
    assert not re.search(r"\d\.\d{3}|\d{4}-\d\d-\d\d|True|False|: $", facts, flags=re.MULTILINE)
    assert "age: 70 years" in facts
    markers = text.split("  treatments, as markers: no reason to stop them\n")[1].split("\n\n")[0]
    assert markers == "  +0.40  on an inhaled steroid", "last, and apart from the reasons"
    does_not = text.split("Rules that do not hold\n")[1].split("\n\n")[0]
    assert "mrc_5: MRC breathlessness 5" in does_not
    assert "severe_exacerbation:" not in does_not
    gaps = text.split("Not on record, or not observable\n")[1].split("\n")[0]
    assert "cat," in gaps
    assert "P00000" not in text, "the pseudonym stays inside"


@pytest.mark.parametrize(
    ("reference", "problem"), [("CP-0000", "not a reference"), ("CP-0000-0000-0", "not in this run")]
)
def test_a_reference_that_leads_nowhere_is_said_so(reference: str, problem: str) -> None:
    placed = assign(population({}), RISK, as_of=AS_OF).patients
    with pytest.raises(RequestError, match=problem):
        explain(reference, placed, RISK)


def test_what_if_adds_up_for_both_policies() -> None:
    register = random_population(5, 300)
    found = whatif(register, RISK, RULES, as_of=AS_OF, capacity=3)
    moves = found.moves.set_index("under_a")
    placed = {
        p.label: assign(register, p, as_of=AS_OF).patients["disposition"].value_counts()
        for p in (RISK, RULES)
    }
    assert moves.to_numpy().sum() == 300
    assert moves.sum(axis=1).to_dict() == {**dict.fromkeys(moves.index, 0), **placed[RISK.label].to_dict()}
    assert moves.sum(axis=0).to_dict() == {**dict.fromkeys(moves.index, 0), **placed[RULES.label].to_dict()}
    workload = found.workload
    assert (workload["place_clinic"] <= 3).all()
    assert (workload["place_clinic"] + workload["place_reserve"] <= workload["clinic"]).all()
    assert workload.groupby("policy")["clinic"].sum().to_dict() == {
        label: counts["clinic"] for label, counts in placed.items()
    }
    for _, part in found.balance.groupby(["policy", "dimension"]):
        assert part["register"].sum() == 300


def test_what_if_shows_the_share_of_severe_exacerbations_in_the_clinic_tier() -> None:
    register = population(
        {"severe_exacerbations_12m": 3, "palliative": True},
        {"severe_exacerbations_12m": 1},
        {"severe_exacerbations_12m": None},
    )
    severe = whatif(register, RISK, load_policy("gold_abe"), as_of=AS_OF).severe.set_index("policy")
    assert severe.loc[RISK.label, ["severe_exacerbations", "in_clinic_tier", "with_place"]].tolist() == [
        4,
        1,
        1,
    ]
    assert severe.loc[RISK.label, "share_in_clinic_tier"] == 0.25
    assert severe.loc["gold_abe 1.0", "in_clinic_tier"] == 0
    assert (severe["patients_not_observable"] == 1).all()


def test_what_if_counts_unknown_groups_apart() -> None:
    register = population({"ethnicity": None, "age": 49.9}, {"age": 85.0})
    balance = whatif(register, RISK, RULES, as_of=AS_OF).balance
    groups = balance.groupby("dimension")["group"].agg(set).to_dict()
    assert groups["ethnicity"] == {"white", "not known"}
    assert groups["age_band"] == {"35-49", "85+"}
