"""One index date as the product tries it: groups, policies, rankings and documents from people made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from copd_strat.evaluation import backtest, backtest_page
from copd_strat.evaluation.backtest import _metrics, _OneTrial
from copd_strat.evaluation.candidates import SEVERE, Candidate
from copd_strat.evaluation.measures import Trial
from copd_strat.evaluation.subgroups import subgroups
from copd_strat.evaluation.withheld import withhold_small


def register(n: int, rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sex": rng.choice(["female", "male"], n),
            "age": rng.uniform(40, 95, n),
            "imd_quintile": rng.choice([1, 2, 3, 4, 5, None], n),
            "ethnicity": rng.choice(["A", "H", "M", None], n),
            "practice_id": rng.choice(["A81001", "A81002", "A81003"], n),
            "mrc": rng.choice([None, 2, 4], n),
            "cat": None,
            "fev1_pct_predicted": rng.choice([None, 50.0], n),
            "bmi": 25.0,
        }
    )


def trials(features: pd.DataFrame, *, planted: str | None, seed: int) -> pd.DataFrame:
    """Metrics of a model that is right, but for the people of the fifth ``planted``, whose odds are doubled."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.5, 0.8, len(features))
    wrong = (
        (features["imd_quintile"].astype(str) == planted).to_numpy()
        if planted
        else np.zeros(len(odds), dtype=bool)
    )
    trial = Trial(
        predicted=expit(odds),
        event=rng.random(len(odds)) < expit(odds + np.log(2.0) * wrong),
        weight=np.ones(len(odds)),
        chosen=np.zeros(len(odds)),
    )
    model = Candidate(name="m", title="M", is_risk=True, predicted={SEVERE: trial.predicted})
    one = _OneTrial(candidate=model, outcome=SEVERE, trial=trial)
    return withhold_small(_metrics([one], list(subgroups(features))))


def off(metrics: pd.DataFrame) -> set[tuple[str, str]]:
    """Groups whose O/E leaves out 1 even at an interval of 99.9 %: there are some twenty groups."""
    rows = metrics[(metrics["metric"] == "oe_ratio") & metrics["value"].notna()]
    spread = np.log(rows["upper"] / rows["value"]) / 1.96
    beyond = np.abs(np.log(rows["value"])) > 3.3 * spread
    return set(zip(rows[beyond]["group_type"], rows[beyond]["group_value"], strict=True))


def test_a_planted_subgroup_is_found() -> None:
    features = register(6000, np.random.default_rng(1))
    assert ("deprivation_quintile", "1") in off(trials(features, planted="1", seed=3))
    for seed in range(3, 7):
        assert off(trials(features, planted=None, seed=seed)) == set()


def test_everybody_is_in_one_group_of_each_kind() -> None:
    features = register(500, np.random.default_rng(3))
    counts = pd.DataFrame(
        [(kind, who.sum()) for kind, _, who in subgroups(features)], columns=["kind", "people"]
    )
    assert (counts.groupby("kind")["people"].sum() == 500).all()
    names = {value for kind, value, _ in subgroups(features) if kind == "missing"}
    assert names == {"none", "MRC or CAT", "FEV1", "MRC or CAT, FEV1"}


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0"), (1, "fewer than 8"), (7, "fewer than 8"), (8, "10"), (1234, "1,235"), (pd.NA, "–")],
)
def test_counts_that_may_leave_are_rounded(count: int, shown: str) -> None:
    assert backtest_page.rounded(count) == shown


def test_thresholds_are_whole_hundredths() -> None:
    assert logit(backtest.THRESHOLDS).shape == (60,)
    assert backtest.THRESHOLDS[0] == 0.01
    assert backtest.THRESHOLDS[-1] == 0.6
