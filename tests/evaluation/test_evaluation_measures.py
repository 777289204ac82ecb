"""Figures equal independent implementations, and find what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import CensoredData, ecdf
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, confusion_matrix, roc_auc_score

from copd_strat.evaluation import measures
from copd_strat.evaluation.censoring import follow_up_weights
from copd_strat.evaluation.measures import Measured, Trial
from copd_strat.evaluation.places import shared_places
from copd_strat.evaluation.withheld import withhold_small


def simulated(n: int = 5000, *, seed: int = 1, shift: float = 0.0, slope: float = 1.0) -> Trial:
    """Predictions whose true log-odds are ``shift`` plus ``slope`` times their own."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.5, 1.0, n)
    return Trial(
        predicted=expit(odds),
        event=rng.random(n) < expit(shift + slope * odds),
        weight=np.ones(n),
        chosen=np.zeros(n),
    )


def weighted(trial: Trial, seed: int = 2) -> Trial:
    weight = np.random.default_rng(seed).choice([0.0, 1.0, 1.5], len(trial.event), p=[0.1, 0.7, 0.2])
    return Trial(predicted=trial.predicted, event=trial.event, weight=weight, chosen=trial.chosen)


@pytest.mark.parametrize("trial", [simulated(), weighted(simulated())], ids=["plain", "weighted"])
def test_discrimination_and_brier_equal_scikit_learn(trial: Trial) -> None:
    auc = roc_auc_score(trial.event, trial.predicted, sample_weight=trial.weight)
    score = brier_score_loss(trial.event, trial.predicted, sample_weight=trial.weight)
    assert measures.c_statistic(trial).value == pytest.approx(auc, abs=1e-9)
    assert measures.brier(trial).value == pytest.approx(score, abs=1e-9)


def test_ties_count_half_as_in_scikit_learn() -> None:
    plain = simulated(800)
    tied = Trial(
        predicted=plain.predicted.round(1), event=plain.event, weight=plain.weight, chosen=plain.chosen
    )
    auc = roc_auc_score(tied.event, tied.predicted)
    assert measures.c_statistic(tied).value == pytest.approx(auc, abs=1e-9)


@pytest.mark.parametrize("trial", [simulated(), weighted(simulated())], ids=["plain", "weighted"])
def test_slope_equals_scikit_learn(trial: Trial) -> None:
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
    model.fit(logit(trial.predicted)[:, None], trial.event, sample_weight=trial.weight)
    assert measures.calibration_slope(trial).value == pytest.approx(model.coef_[0, 0], abs=1e-9)


def test_net_benefit_equals_its_definition() -> None:
    trial, thresholds = simulated(), np.array([0.05, 0.1, 0.25, 0.5])
    found, everybody = measures.net_benefit(trial, thresholds)
    for threshold, benefit, treat_all in zip(thresholds, found, everybody, strict=True):
        _, false, _, true = confusion_matrix(trial.event, trial.predicted >= threshold).ravel()
        n, odds = len(trial.event), threshold / (1 - threshold)
        assert benefit == pytest.approx(true / n - false / n * odds, abs=1e-9)
        share = trial.event.mean()
        assert treat_all == pytest.approx(share - (1 - share) * odds, abs=1e-9)


def test_weighted_events_equal_a_survival_package() -> None:
    """Without deaths the weighted share of events is one less Kaplan-Meier's, as SciPy works it out."""
    rng = np.random.default_rng(4)
    event_at, lost_at = rng.integers(1, 500, 3000), rng.integers(1, 700, 3000)
    days = np.minimum(np.minimum(event_at, lost_at), 365).astype(float)
    event = (event_at <= lost_at) & (event_at <= 365)
    known = event | (days == 365)
    weight = follow_up_weights(days, known)
    assert weight.sum() == pytest.approx(len(days), abs=1e-6)
    data = CensoredData(uncensored=days[event], right=days[~event])
    survived = ecdf(data).sf.evaluate(365)
    assert np.average(event, weights=weight) == pytest.approx(1 - survived, abs=1e-9)


def aalen_johansen(days: np.ndarray, event: np.ndarray, died: np.ndarray) -> float:
    """The competing-risk estimate, written from its definition, one day at a time."""
    free, risk = 1.0, 0.0
    for day in np.unique(days[event | died]):
        at_risk = (days >= day).sum()
        risk += free * (event & (days == day)).sum() / at_risk
        free *= 1 - ((event | died) & (days == day)).sum() / at_risk
    return risk


def test_death_is_a_competing_event() -> None:
    rng = np.random.default_rng(5)
    times = np.column_stack([rng.integers(1, high, 2000) for high in (600, 900, 800)])
    first, days = times.argmin(axis=1), np.minimum(times.min(axis=1), 365).astype(float)
    ended = np.where((times.min(axis=1) > 365) | ((first == 2) & (days == 365)), 3, first)
    event, died = ended == 0, ended == 1
    weight = follow_up_weights(days, ended != 2)
    assert np.average(event, weights=weight) == pytest.approx(aalen_johansen(days, event, died), abs=1e-9)
    # taking the dead for lost would say that they might still have had an event
    assert np.average(
        event, weights=follow_up_weights(days, (ended == 0) | (ended == 3))
    ) > 1.02 * np.average(event, weights=weight)


def test_leaving_people_out_bends_the_figures() -> None:
    """Those who stay long enough to have an event seen are not everybody: the weights mend it."""
    rng = np.random.default_rng(6)
    event_at, lost_at = rng.exponential(400, 40_000), rng.exponential(300, 40_000)
    days = np.minimum(np.minimum(event_at, lost_at), 365)
    event = (event_at <= lost_at) & (event_at <= 365)
    known = event | (days == 365)
    truth = 1 - np.exp(-365 / 400)
    mended = measures.share_of(event.astype(float), follow_up_weights(days, known))
    assert mended.lower < truth < mended.upper
    assert abs(event[known].mean() - truth) > 3 * (mended.upper - mended.lower)


def holds(measured: Measured, truth: float) -> bool:
    return measured.lower < truth < measured.upper


def test_planted_calibration_is_found_in_19_of_20_simulations() -> None:
    """Slope 0.7 and a shift of -0.4: nominal 95 % intervals hold the truth in 88 % or more of 200."""
    big = simulated(400_000, seed=99, shift=-0.4, slope=0.7)
    truth_c = measures.c_statistic(big).value
    truth_oe = float(expit(-0.4 + 0.7 * logit(big.predicted)).mean() / big.predicted.mean())
    held = {"slope": 0, "oe": 0, "c": 0}
    for seed in range(200):
        trial = simulated(1500, seed=seed, shift=-0.4, slope=0.7)
        held["slope"] += holds(measures.calibration_slope(trial), 0.7)
        held["oe"] += holds(measures.oe_ratio(trial), truth_oe)
        held["c"] += holds(measures.c_statistic(trial), truth_c)
    # a binomial of 200 at 0.95 is below 176 once in 30,000 times; and far above is as wrong
    assert all(count >= 176 for count in held.values()), held
    assert not all(count == 200 for count in held.values()), held


def test_an_interval_that_is_too_narrow_would_be_caught() -> None:
    """The proof above can fail: intervals of half the width miss the truth far more often."""
    held = 0
    for seed in range(200):
        found = measures.calibration_slope(simulated(1500, seed=seed, shift=-0.4, slope=0.7))
        middle = found.value
        held += middle - (middle - found.lower) / 2 < 0.7 < middle + (found.upper - middle) / 2
    assert held < 176


def test_what_cannot_be_worked_out_is_unknown() -> None:
    nobody = simulated(50).of(np.zeros(50, dtype=bool))
    without = Trial(
        predicted=np.full(5, 0.2), event=np.zeros(5, dtype=bool), weight=np.ones(5), chosen=np.zeros(5)
    )
    for measure in (
        *measures.OF_AN_ORDER.values(),
        *measures.OF_A_RISK.values(),
        *measures.OF_PLACES.values(),
    ):
        assert np.isnan(measure(nobody).value)
    for measure in (measures.c_statistic, measures.oe_ratio, measures.calibration_slope):
        assert np.isnan(measure(without).value)


def test_places_go_to_the_highest_and_ties_share() -> None:
    predicted = np.array([0.9, 0.5, 0.5, 0.5, 0.1, np.nan, 0.2])
    practice = pd.Series(["a"] * 6 + ["b"])
    places = np.array([2.0] * 6 + [2.0])
    part = shared_places(predicted, practice, places)
    assert part == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3, 0, 0, 1])


def metric_rows(groups: dict[str, tuple[int, int]]) -> pd.DataFrame:
    rows = [
        {"model": "m", "outcome": "o", "metric": "brier", "group_type": "sex", "group_value": name}
        | {"value": 0.1, "lower": 0.05, "upper": 0.2, "n": n, "events": events}
        for name, (n, events) in groups.items()
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("groups", "shown"),
    [
        ({"female": (200, 40), "male": (150, 30)}, {"female", "male"}),
        ({"female": (200, 40), "male": (29, 10)}, set()),
        ({"female": (200, 40), "male": (150, 7)}, set()),
        ({"female": (200, 40), "male": (150, 143)}, set()),
        ({"female": (200, 40), "male": (150, 30), "unknown": (3, 1)}, {"female"}),
        ({"female": (200, 40), "x": (9, 1), "unknown": (3, 1)}, {"female"}),
    ],
)
def test_small_groups_are_withheld_and_cannot_be_worked_out(
    groups: dict[str, tuple[int, int]], shown: set[str]
) -> None:
    told = withhold_small(metric_rows(groups)).dropna(subset=["value", "n", "events"])
    assert set(told["group_value"]) == shown
