"""Reasons add up, are true Shapley values, and read as English."""

from __future__ import annotations

from functools import partial
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import risk_goldens as goldens
import risk_reasons_page
from risk_direct_grid import DirectAccept, packaged

from copd_strat.errors import ModelError
from copd_strat.risk import phrases, shapley
from copd_strat.risk.model_card import Options
from copd_strat.risk.models import accept3, accept3_cprd
from copd_strat.risk.models.accept import SEVERE, TOTAL
from copd_strat.risk.models.accept3_cprd import ACCEPT3_CPRD, completed
from copd_strat.risk.score import predictors_from
from copd_strat.risk.scorecard import scorecard

SCALES = {
    "accept3_cprd": accept3_cprd.log_rate,
    "accept3": partial(accept3.log_rate, options=Options(country="GBR")),
}


def scorable() -> pd.DataFrame:
    """Predictors of the 96 golden patients that have what the model needs, gaps filled."""
    left_out = goldens.accept()["group"].isin(["missing_symptom", "missing_mandatory"])
    return completed(predictors_from(goldens.accept_inputs(), ACCEPT3_CPRD)[~left_out])[0]


@pytest.mark.parametrize("outcome", ["severe", "any"])
@pytest.mark.parametrize("model", list(SCALES))
def test_reasons_add_up_on_every_golden_patient(model: str, outcome: shapley.Outcome) -> None:
    patients, scale = scorable(), partial(SCALES[model], outcome=outcome)
    assert len(patients) == 96
    explained = shapley.contributions(patients, scale, outcome).sum(axis=1).to_numpy()
    difference = shapley.explained_log_rate(patients, scale, outcome) - shapley.explained_log_rate(
        shapley.reference(), scale, outcome
    )
    np.testing.assert_allclose(explained, difference, rtol=0, atol=1e-9)


def test_reasons_follow_the_outcome_that_ranks() -> None:
    """Three exacerbations without an admission say nothing of severe ones, and much of any."""
    patient = shapley.reference().assign(**{TOTAL: 3.0})
    severe, of_any = (
        shapley.contributions(patient, partial(accept3_cprd.log_rate, outcome=outcome), outcome)[SEVERE].iloc[
            0
        ]
        for outcome in ("severe", "any")
    )
    assert severe == 0
    assert of_any > 0.3


@pytest.mark.parametrize(("outcome", "column"), [("severe", "severe_exac_rate"), ("any", "exac_rate")])
def test_the_explained_rate_is_the_published_one(outcome: shapley.Outcome, column: str) -> None:
    golden = goldens.accept().loc[scorable().index]
    scale = partial(accept3_cprd.log_rate, outcome=outcome)
    rate = np.exp(shapley.explained_log_rate(scorable(), scale, outcome))
    published = golden[f"accept3_cprd__predicted_{column}"]
    np.testing.assert_allclose(rate, published, rtol=0, atol=5.0001e-5)


def test_group_values_are_means_over_all_orders() -> None:
    """By brute force: 720 orders of the six groups, on the direct grid, for one patient."""
    direct, cprd = DirectAccept(), packaged("accept3_cprd")["severe"]
    patient = scorable().iloc[10].to_dict() | {"oxygen": 1.0, SEVERE: 2.0, "LastYrExacCount": 4.0}
    reference = shapley.reference().iloc[0].to_dict()
    groups = {shapley.HISTORY: (SEVERE,)} | shapley.LINEAR_GROUPS

    def log_rate(changed: frozenset[str]) -> float:
        mixed = reference | {name: patient[name] for group in changed for name in groups[group]}
        mixed["LastYrExacCount"] = mixed[SEVERE]
        return np.log(cprd["baseline"]) + cprd["slope"] * np.log(direct.accept2(mixed)[1])

    known = {frozenset(s): None for order in permutations(groups) for s in [order[:k] for k in range(7)]}
    values = {changed: log_rate(changed) for changed in known}
    means = dict.fromkeys(groups, 0.0)
    orders = list(permutations(groups))
    for order in orders:
        for k, group in enumerate(order):
            step = values[frozenset(order[: k + 1])] - values[frozenset(order[:k])]
            means[group] += step / len(orders)
    got = shapley.contributions(pd.DataFrame([patient]), accept3_cprd.log_rate).iloc[0]
    for group, names in groups.items():
        assert got[list(names)].sum() == pytest.approx(means[group], abs=1e-9)


def test_the_reference_patient_has_no_reasons_to_give() -> None:
    contributions = shapley.contributions(shapley.reference(), accept3_cprd.log_rate)
    assert (contributions.to_numpy() == 0).all()


def test_a_group_is_split_by_its_linear_terms() -> None:
    patients = scorable().head(60)
    got = shapley.contributions(patients, accept3_cprd.log_rate)
    raw = packaged("accept")["engines"]["full"]
    reference = shapley.reference().iloc[0]

    slopes = shapley._sensitivities(accept3_cprd.log_rate)

    def term(name: str, unit: float) -> pd.Series:
        coefficient = slopes[0] * raw["log_rate"][name] + slopes[1] * raw["severity_logit"][name]
        return coefficient / unit * (patients[name] - reference[name])

    statin, bmi = term("statin", 1), term("BMI", 10)
    same_way = (statin > 0) & (bmi > 0)
    assert same_way.sum() >= 5
    np.testing.assert_allclose((got["statin"] / got["BMI"])[same_way], (statin / bmi)[same_way], rtol=1e-9)


def test_linear_terms_are_first_order_effects_at_the_reference_patient() -> None:
    nearly = shapley.reference().assign(statin=1e-3, BMI=26.99)
    got = shapley.contributions(nearly, accept3_cprd.log_rate).iloc[0]
    to_alpha, to_eta = shapley._sensitivities(accept3_cprd.log_rate)
    raw = packaged("accept")["engines"]["full"]
    first_order = to_alpha * raw["log_rate"]["statin"] + to_eta * raw["severity_logit"]["statin"]
    assert got["statin"] == pytest.approx(1e-3 * first_order, rel=1e-3)


def test_opposite_terms_are_not_blown_up() -> None:
    value, terms = np.array([0.05, -0.02]), np.array([[0.5, -0.49], [0.3, -0.3]])
    split = shapley._split(value, terms)
    np.testing.assert_allclose(split.sum(axis=1), value, atol=1e-15)
    assert (np.abs(split - terms) < 0.05).all()


def test_a_rate_of_zero_has_no_reasons() -> None:
    patients = scorable()
    high = patients[patients[SEVERE] >= 5].head(1)

    def zero_for_many(rate: np.ndarray) -> np.ndarray:
        return np.where(rate > 0.5, -np.inf, np.log(rate))

    both = pd.concat([high, shapley.reference()[high.columns]])
    contributions = shapley.contributions(both, zero_for_many)
    assert contributions.iloc[0].isna().all()
    assert (contributions.iloc[1] == 0).all()


@pytest.mark.parametrize(
    ("total", "severe", "text"),
    [
        (0, 0, "no exacerbation in the last 12 months"),
        (1, 0, "1 exacerbation in the last 12 months, not in hospital"),
        (1, 1, "1 exacerbation in the last 12 months, in hospital"),
        (2, 0, "2 exacerbations in the last 12 months, none in hospital"),
        (2, 1, "2 exacerbations in the last 12 months, one of them in hospital"),
        (2, 2, "2 exacerbations in the last 12 months, both in hospital"),
        (5, 3, "5 exacerbations in the last 12 months, 3 of them in hospital"),
        (4, 4, "4 exacerbations in the last 12 months, all in hospital"),
    ],
)
def test_exacerbations_in_words(total: int, severe: int, text: str) -> None:
    assert phrases.exacerbations(total, severe) == text


def test_dates_in_words() -> None:
    dates = pd.Series(pd.to_datetime(["2026-09-03", None, "2024-12-31"]))
    assert phrases.written_dates(dates) == ["3 Sep 2026", "", "31 Dec 2024"]


def test_the_page_of_examples_is_what_the_program_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "reasons.md"
    assert page.read_text(encoding="utf-8") == risk_reasons_page.page(), (
        "run 'python tests/risk/risk_reasons_page.py' to write docs/reasons.md anew"
    )


CARD = {
    "name": "site_model",
    "title": "Site model",
    "outcome": "severe exacerbation",
    "horizon": "12 months",
    "intercept": -2.5,
    "features": [
        {
            "feature": "fev1_pct_predicted",
            "label": "FEV1 % predicted",
            "group": "lung function",
            "words": {},
            "edges": [30, 50],
            "log_odds": [0.8, 0.3, 0.0],
            "missing": 0.2,
            "reference": 60,
        },
        {
            "feature": "severe_ever",
            "label": "a severe exacerbation ever",
            "group": "exacerbation history",
            "words": {},
            "edges": [0.5],
            "log_odds": [0.0, 0.9],
            "missing": 0.4,
            "reference": 0,
        },
    ],
}


def test_a_scorecard_s_reasons_are_its_terms() -> None:
    table = pd.DataFrame(
        {"fev1_pct_predicted": [30.0, 30.1, 80.0, np.nan], "severe_ever": [True, False, None, True]}
    )
    card = scorecard(CARD)
    contributions = card.contributions(table)
    expected = [[0.8, 0.9], [0.3, 0.0], [0.0, 0.4], [0.2, 0.9]]
    np.testing.assert_allclose(contributions.to_numpy(), expected)
    probability = card.probability(table)
    log_odds = np.log(probability / (1 - probability))
    reference = pd.DataFrame({"fev1_pct_predicted": [60.0], "severe_ever": [False]})
    at_reference = card.probability(reference)[0]
    difference = log_odds - np.log(at_reference / (1 - at_reference))
    np.testing.assert_allclose(contributions.sum(axis=1), difference, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"log_odds": [1.0]}, "one log-odds more than edges"),
        ({"edges": [50, 30]}, "must ascend"),
        ({"missing": float("nan")}, "must be finite"),
        ({"edges": None}, "incomplete or malformed"),
    ],
)
def test_a_broken_scorecard_is_refused(change: dict[str, object], problem: str) -> None:
    broken = CARD | {"features": [CARD["features"][0] | change]}
    with pytest.raises(ModelError, match=problem):
        scorecard(broken)


def test_a_scorecard_names_the_column_it_lacks() -> None:
    with pytest.raises(ModelError, match="severe_ever"):
        scorecard(CARD).probability(pd.DataFrame({"fev1_pct_predicted": [50]}))
