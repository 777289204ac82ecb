"""The authors' own numbers, row by row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import risk_goldens as goldens
from risk_direct_grid import DirectAccept

from copd_strat.clinical import gli
from copd_strat.risk.models import accept, posterior
from copd_strat.risk.models.accept3_cprd import ACCEPT3_CPRD, completed
from copd_strat.risk.models.accept_models import INTERVAL_OUTPUTS, POINT_OUTPUTS
from copd_strat.risk.score import predictors_from, score_table

RELATIVE = 1e-9


def _close(got: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(got, expected, rtol=RELATIVE, atol=0)


@pytest.mark.parametrize("model", ["accept1", "accept2", "accept2_noSGRQ"])
def test_accept_1_and_2_with_intervals(model: str) -> None:
    expected = goldens.accept()[[f"{model}__{name}" for name in INTERVAL_OUTPUTS]].to_numpy()
    got = score_table(goldens.accept_inputs(), model)[list(INTERVAL_OUTPUTS)].to_numpy(dtype=float)
    rows = goldens.complete()
    assert rows.sum() == 79
    _close(got[rows], expected[rows])
    assert (np.isnan(got) == np.isnan(expected)).all(), "the same rows are left unscored"


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("GBR_specialty", {"country": "GBR"}),
        ("GBR_specialty", {"country": "GBR-specialty"}),
        ("CAN", {"country": "CAN"}),
        ("USA", {"country": "usa"}),
        ("DEU", {"country": "DEU"}),
        ("obsrisk0.35", {"observed_risk": 0.35}),
    ],
)
def test_accept_3_to_the_last_of_four_decimals(column: str, told: dict[str, object]) -> None:
    expected = goldens.accept()[[f"accept3_{column}__{name}" for name in POINT_OUTPUTS]].to_numpy()
    got = score_table(goldens.accept_inputs(), "accept3", **told)[list(POINT_OUTPUTS)].to_numpy(dtype=float)
    rows = goldens.complete()
    risks = [0, 2]
    assert (got[rows][:, risks] == expected[rows][:, risks]).all()
    _close(got[rows], expected[rows])


def test_accept_3_cprd_exactly_on_all_96_rows() -> None:
    golden = goldens.accept()
    expected = golden[[f"accept3_cprd__{name}" for name in POINT_OUTPUTS]].to_numpy()
    got = score_table(goldens.accept_inputs(), "accept3_cprd")[list(POINT_OUTPUTS)].to_numpy(dtype=float)
    scored = ~np.isnan(expected).any(axis=1)
    assert scored.sum() == 96
    assert (got[scored] == expected[scored]).all()
    assert np.isnan(got[~scored]).all()


def test_accept_3_cprd_fills_gaps_as_its_authors_do() -> None:
    golden = goldens.accept()
    scored = golden["accept3_cprd__predicted_exac_rate"].notna()
    predictors = predictors_from(goldens.accept_inputs(), ACCEPT3_CPRD)[scored]
    filled, imputed = completed(predictors)
    for name in ("SGRQ", "mMRC", "LABA", "oxygen", "ICS", "LAMA", "statin", "BMI", "smoker"):
        _close(filled[name].to_numpy(), golden.loc[scored, f"accept3_cprd__used_{name}"].to_numpy())
    gaps = predictors[["LABA", "oxygen", "ICS", "LAMA", "statin", "BMI", "smoker"]].isna()
    named = imputed.map(lambda names: set(names.split(", ")) - {""})
    assert [set(gaps.columns[row]) for row in gaps.to_numpy()] == named.tolist()


def test_the_package_s_sample_patients() -> None:
    first_two = goldens.accept_inputs().head(2)
    got = score_table(first_two, "accept1")[["predicted_exac_rate", "predicted_severe_exac_rate"]].to_numpy()
    np.testing.assert_allclose(got, [[1.6458696, 0.6981539], [0.7869855, 0.0964161]], atol=5e-8)


def test_azithromycin_is_a_shift_of_both_linear_predictors() -> None:
    """The package shifts the severity part by the effect on the rate (and never recalibrates the result)."""
    golden = goldens.accept()[goldens.complete()]
    predictors = predictors_from(goldens.accept_inputs(), ACCEPT3_CPRD)[goldens.complete()]
    predictors = predictors.assign(SGRQ=accept.sgrq(predictors))
    engine = accept.engine("full")
    ln_alpha = engine.ln_alpha(predictors) + np.log(1 / 1.30)
    eta = engine.eta(predictors) + np.log(1 / 1.30)
    severe = predictors[accept.SEVERE].to_numpy()
    other = predictors[accept.TOTAL].to_numpy() - severe
    severe_rate = posterior.rate(engine.effects, ln_alpha, eta, severe, "severe")
    rate = severe_rate + posterior.rate(engine.effects, ln_alpha, eta, other, "non_severe")
    _close(rate, golden["accept1__azithromycin_predicted_exac_rate"].to_numpy())
    _close(severe_rate, golden["accept1__azithromycin_predicted_severe_exac_rate"].to_numpy())


def test_the_direct_grid_of_the_tests_agrees_with_the_package_too() -> None:
    direct = DirectAccept()
    golden = goldens.accept()[goldens.complete()]
    predictors = predictors_from(goldens.accept_inputs(), ACCEPT3_CPRD)[goldens.complete()]
    rows = predictors.assign(SGRQ=accept.sgrq(predictors)).to_dict("records")
    got = np.array([direct.accept1(row) for row in rows])
    _close(got, golden[["accept1__predicted_exac_rate", "accept1__predicted_severe_exac_rate"]].to_numpy())


def test_precisex_with_names_aligned() -> None:
    golden = pd.read_csv(goldens.GOLDEN / "precisex.csv", dtype={"ID": str})
    outputs = ["risk_year1", "risk_year2", "risk_year3", "risk_year4", "risk_year5", "lin"]
    expected = golden[[f"expected__{name}" for name in outputs]].to_numpy()
    scores = score_table(golden, "precisex")
    _close(scores[outputs].to_numpy(dtype=float), expected)
    gaps = golden[golden.columns[1:33]].isna().any(axis=1)
    assert ((scores["imputed"] != "") == gaps).all()


@pytest.mark.parametrize(("model", "column"), [("dose", "dose"), ("ado", "ado_original"), ("codex", "codex")])
def test_point_scores(model: str, column: str) -> None:
    golden = pd.read_csv(goldens.GOLDEN / "simple_scores.csv", dtype={"ID": str})
    scores = score_table(golden.drop(columns=column), model)
    assert scores[column].tolist() == golden[column].tolist()
    assert scores["ID"].tolist() == golden["ID"].tolist()


def test_gli_global() -> None:
    golden = pd.read_csv(goldens.GOLDEN / "gli.csv", dtype={"ID": str})
    scores = score_table(golden, "gli_global")
    difference = scores["gli2022_fev1_pctpred"] - golden["gli2022_fev1_pctpred"]
    assert difference.abs().max() < 0.01


def test_gli_table_for_sql_gives_the_same_numbers() -> None:
    golden = pd.read_csv(goldens.GOLDEN / "gli.csv")
    golden["sex"] = golden["sex"].map({1: "male", 2: "female"})
    golden["quarter_age"] = np.floor(4 * golden["age"]) / 4
    joined = golden.merge(gli.median_table(), on=["sex", "quarter_age"], validate="many_to_one")
    median = np.exp(
        joined["intercept"]
        + joined["ln_height"] * np.log(100 * joined["height_m"])
        + joined["ln_age"] * np.log(joined["age"])
        + joined["spline"]
    )
    direct = gli.fev1_percent_predicted(
        joined["fev1_l"], 100 * joined["height_m"], joined["age"], joined["sex"]
    )
    assert len(joined) == len(golden)
    _close((100 * joined["fev1_l"] / median).to_numpy(), direct)


@pytest.mark.parametrize(
    ("age", "height", "sex", "known"),
    [
        (25.0, 170, "male", True),
        (95.0, 150, "female", True),
        (24.99, 170, "male", False),
        (95.01, 170, "male", False),
        (60.0, 0, "male", False),
        (60.0, np.nan, "female", False),
        (60.0, 170, "indeterminate", False),
        (60.0, 170, None, False),
    ],
)
def test_gli_has_no_value_outside_what_it_was_made_for(
    age: float, height: float, sex: str | None, known: bool
) -> None:
    assert np.isfinite(gli.fev1_percent_predicted([2.0], [height], [age], [sex]))[0] == known
