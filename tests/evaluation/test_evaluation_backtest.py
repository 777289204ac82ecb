"""One index date as the product tries it: groups, policies, rankings and documents from people made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from copd_strat.config import RiskSettings
from copd_strat.evaluation import backtest, backtest_page
from copd_strat.evaluation.backtest import _metrics, _OneTrial
from copd_strat.evaluation.backtest_words import in_short
from copd_strat.evaluation.candidates import (
    ANY,
    LAST_YEAR_COUNT,
    OUTCOMES,
    SEVERE,
    SUM_OF_RANKS,
    Candidate,
    risks_in_use,
)
from copd_strat.evaluation.measures import Trial
from copd_strat.evaluation.subgroups import stand_out, subgroups
from copd_strat.evaluation.withheld import (
    withhold_few_found,
    withhold_rankings,
    withhold_small,
    withhold_tenths,
)


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
    """Groups that the product names."""
    found = stand_out(metrics)
    return set(zip(found["group_type"], found["group_value"], strict=True))


def test_a_planted_subgroup_is_found() -> None:
    """And nobody where nothing is planted: 5 % for all groups together, so that 3 of 8 come once in 170 times."""
    features = register(6000, np.random.default_rng(1))
    assert off(trials(features, planted="1", seed=3)) == {("deprivation_quintile", "1")}
    assert sum(bool(off(trials(features, planted=None, seed=seed))) for seed in range(3, 11)) <= 2


def record() -> dict[str, Any]:
    return {
        "in_use": dict.fromkeys(OUTCOMES, "m"),
        "models": {"m": "M"},
        "learned_from": [],
        "index": "2025-10-31",
    }


def tables(metrics: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """One model's figures as those of both outcomes, and its order beside the baselines'."""
    ways = [f"M, {outcome.replace('_', ' ')}" for outcome in OUTCOMES] + [SUM_OF_RANKS, LAST_YEAR_COUNT]
    order = {"c_statistic": 0.9, "c_lower": 0.8, "c_upper": 0.95}
    rankings = pd.DataFrame(
        [{"ranked_by": way, "outcome": outcome, **order} for way in ways for outcome in OUTCOMES]
    )
    both = pd.concat([metrics.assign(outcome=outcome) for outcome in OUTCOMES])
    return {"metrics": both, "rankings": rankings}


def test_the_page_says_in_words_what_is_wrong_and_what_is_next() -> None:
    features = register(6000, np.random.default_rng(1))
    wrong = trials(features, planted="1", seed=3)
    said = " ".join(in_short(tables(wrong), record(), ("deprivation_quintile",)))
    assert "it says too little" in said
    assert "Further off than chance explains among 6 groups: deprivation quintile 1" in said
    assert "copd-strat recalibrate --index 2025-10-31" in said
    assert "more than published models reach" in said
    right = trials(features, planted=None, seed=3)
    said = " ".join(in_short(tables(right), record() | {"learned_from": ["m"]}, ("sex", "age_band")))
    assert "chance may explain that" in said
    assert "None of the" in said
    assert "recalibrate" not in said
    assert "M was fitted on this year or a later one" in said


def test_few_events_are_told_in_words() -> None:
    features = register(29, np.random.default_rng(1))
    said = in_short(tables(trials(features, planted=None, seed=3)), record(), ("sex",))
    assert len([one for one in said if "too few people or events" in one]) == 2


def at_capacity(found: dict[str, tuple[int, int, int]]) -> pd.DataFrame:
    """Groups by (events, found, places)."""
    rows = []
    for name, (events, hit, places) in found.items():
        group = ("overall", "everybody") if name == "everybody" else ("sex", name)
        for metric, value in (("sensitivity_at_capacity", hit / events), ("ppv_at_capacity", hit / places)):
            rows.append(
                {"model": "m", "outcome": SEVERE, "metric": metric}
                | {"group_type": group[0], "group_value": group[1], "n": 500, "events": events}
                | {"value": value, "lower": value, "upper": value}
            )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("groups", "shown"),
    [
        ({"everybody": (100, 40, 80), "f": (50, 20, 40), "m": (50, 20, 40)}, {"everybody", "f", "m"}),
        ({"everybody": (100, 7, 80)}, set()),  # few were found
        ({"everybody": (100, 93, 180)}, set()),  # few were missed
        ({"everybody": (100, 40, 44)}, set()),  # few places went to people without an event
        ({"everybody": (100, 40, 80), "f": (50, 7, 40), "m": (50, 33, 60), "x": (50, 33, 60)}, {"everybody"}),
    ],
)
def test_few_who_were_found_or_missed_are_not_told_to_others(
    groups: dict[str, tuple[int, int, int]], shown: set[str]
) -> None:
    told = withhold_few_found(at_capacity(groups)).dropna(subset="value")
    assert set(told["group_value"]) == shown
    assert (told.groupby("group_value").size() == 2).all()


def test_small_tenths_and_rankings_are_not_told_to_others() -> None:
    tenths = pd.DataFrame(
        {"group": ["tenth 01", "tenth 02", "tenth 03"], "n": [300, 299, 300], "observed": [0.01, 0.1, 0.2]}
    )
    told = withhold_tenths(tenths)
    assert told["observed"].notna().tolist() == [False, False, True]
    assert told["group"].tolist() == tenths["group"].tolist()
    ways = pd.DataFrame({"n": [300, 300, 29], "events": [60, 60, 10], "found_at_capacity": [0.5, 0.1, 0.5]})
    columns = ("c_statistic", "c_lower", "c_upper", "found_lower", "found_upper")
    shown = withhold_rankings(ways.assign(**dict.fromkeys(columns, 0.7)))
    assert shown["found_at_capacity"].notna().tolist() == [True, False, False]
    assert shown["c_statistic"].notna().tolist() == [True, True, False]


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


def test_pages_follow_the_risk_that_lists_show() -> None:
    """The site's own model where the policy names it and it speaks of the outcome, else the site's level."""
    predicted = {ANY: np.array([0.1]), SEVERE: np.array([0.1])}

    def named(*names: str) -> list[Candidate]:
        own = {SEVERE: predicted[SEVERE]}
        return [
            Candidate(name=name, title=name, is_risk=True, predicted=own if name == "own" else predicted)
            for name in names
        ]

    settings = RiskSettings(care_setting="primary_care")
    for tried, own, wanted in (
        (named("accept3_cprd"), None, ("accept3_cprd", "accept3_cprd")),
        (named("accept3_cprd", "own"), None, ("accept3_cprd", "accept3_cprd")),
        (
            named("accept3_cprd", "accept3_cprd_recalibrated", "own"),
            "own",
            ("accept3_cprd_recalibrated", "own"),
        ),
    ):
        used = risks_in_use(tried, settings, own)
        assert (used[ANY].name, used[SEVERE].name) == wanted
