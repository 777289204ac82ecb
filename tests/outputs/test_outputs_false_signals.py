"""Seasons are not signals: series without change signal no more often than the four rules do by chance, and a step is
found. Simulated with fixed seeds; bounds are those of the binomial distribution at one in a thousand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from copd_strat.summary.season import against_season
from copd_strat.summary.small_numbers import is_small, rounded
from copd_strat.summary.spc import NOMINAL_OF_24, NOMINAL_POINTS, Floats, Ints, Limits, rules_met, xmr_limits

SERIES, YEARS = 200, 4
MONTHS = np.arange(12 * YEARS)
CYCLE: Ints = MONTHS % 12
ONE_PHASE = np.zeros(len(MONTHS), dtype=np.int64)
MOST = int(stats.binom.ppf(0.999, SERIES, NOMINAL_OF_24))
WINTER = np.isin(CYCLE, [6, 7, 8, 9, 10, 11])  # October to March, counted from April

FLAT = np.ones(12)
SMOOTH = 1 + 0.4 * np.cos(2 * np.pi * (np.arange(12) - 9) / 12)
# a season of any shape: a peak of one month, a dip in another
JAGGED = np.array([1, 1, 0.9, 0.8, 0.5, 1, 1, 1.1, 1.9, 1.3, 0.9, 1.6])


def published(counts: np.ndarray) -> Floats:
    """Counts as they are published: rounded, NaN where they are hidden."""
    return np.where(is_small(counts, "hes"), np.nan, rounded(counts))


def simulated(season: Floats, mean: float, seed: int, change: Floats | float = 1.0) -> Floats:
    """SERIES rows of published monthly counts."""
    level = mean * season[CYCLE] * change
    return published(np.random.default_rng(seed).poisson(level, size=(SERIES, len(MONTHS))))


def flagged(values: Floats, phase: Ints = ONE_PHASE) -> np.ndarray:
    """Which points of each series signal against their season."""
    return against_season(values, CYCLE, phase).rules > 0


def test_the_nominal_rate_is_that_of_the_four_rules_on_independent_points() -> None:
    rng = np.random.default_rng(20)
    found = rules_met(rng.normal(size=(10_000, 24)), Limits(0.0, -3.0, 3.0))[0] > 0
    assert found.mean() == pytest.approx(NOMINAL_POINTS, abs=0.003)
    assert found.any(axis=1).mean() == pytest.approx(NOMINAL_OF_24, abs=0.01)


@pytest.mark.parametrize("mean", [30, 400])
@pytest.mark.parametrize("season", [FLAT, SMOOTH, JAGGED], ids=["flat", "smooth", "jagged"])
def test_series_without_change_signal_at_the_nominal_rate(season: Floats, mean: float) -> None:
    found = flagged(simulated(season, mean, seed=int(mean)))
    assert found.any(axis=1).sum() <= MOST
    assert found[:, 24:].mean() <= NOMINAL_POINTS * MOST / (SERIES * NOMINAL_OF_24)
    assert not found[:, :24].any()


def test_the_same_series_against_their_own_mean_signal_in_every_winter() -> None:
    rows = simulated(SMOOTH, 400, seed=400)
    plain = [(rules_met(row, xmr_limits(row))[0] > 0).any() for row in rows]
    assert sum(plain) > 0.99 * SERIES > MOST


def test_signals_by_chance_fall_in_summer_as_often_as_in_winter() -> None:
    found = flagged(simulated(SMOOTH, 60, seed=6))
    with_any = found.any(axis=1)
    more_in_winter = found[:, WINTER].sum(axis=1) > found[:, ~WINTER].sum(axis=1)
    assert more_in_winter.sum() <= stats.binom.ppf(0.999, with_any.sum(), 0.5)


@pytest.mark.parametrize("factor", [1.2, 0.8])
@pytest.mark.parametrize("season", [FLAT, SMOOTH, JAGGED], ids=["flat", "smooth", "jagged"])
def test_a_step_of_a_fifth_is_found_within_eight_months(season: Floats, factor: float) -> None:
    before = len(MONTHS) - 8
    rows = simulated(season, 200, seed=8, change=np.where(before <= MONTHS, factor, 1.0))
    assert flagged(rows)[:, before:].any(axis=1).mean() >= 0.8


def test_a_step_is_found_beside_hidden_months() -> None:
    before = len(MONTHS) - 8
    rows = simulated(SMOOTH, 200, seed=9, change=np.where(before <= MONTHS, 1.2, 1.0))
    rows[np.random.default_rng(9).random(rows.shape) < 0.1] = np.nan
    assert flagged(rows)[:, before:].any(axis=1).mean() >= 0.8


def test_hidden_months_are_no_signal_either() -> None:
    rows = simulated(SMOOTH, 60, seed=10)
    rows[np.random.default_rng(10).random(rows.shape) < 0.1] = np.nan
    assert flagged(rows).any(axis=1).sum() <= MOST


def test_an_annotated_change_takes_the_season_along_to_the_new_level() -> None:
    step = np.where(MONTHS >= 30, 1.3, 1.0)
    rows = simulated(SMOOTH, 200, seed=11, change=step)
    annotated = (MONTHS >= 30).astype(np.int64)
    assert flagged(rows, annotated).any(axis=1).sum() <= MOST
    assert flagged(rows).any(axis=1).sum() > 0.95 * SERIES


def test_a_later_month_never_changes_what_was_expected_before() -> None:
    row = simulated(JAGGED, 100, seed=12)[0]
    later = row.copy()
    later[40:] *= 3
    one, other = (against_season(values, CYCLE, ONE_PHASE) for values in (row, later))
    assert one.mean[24:41] == pytest.approx(other.mean[24:41])


def test_a_season_that_repeats_exactly_never_signals() -> None:
    assert not flagged(200.0 * JAGGED[CYCLE]).any()
    assert not flagged(6000.0 * FLAT[CYCLE]).any()


def test_less_than_two_full_years_cannot_be_judged() -> None:
    row = simulated(SMOOTH, 200, seed=13)[0]
    assert np.isnan(against_season(row[:24], CYCLE[:24], ONE_PHASE[:24]).mean).all()
    chart = against_season(row[:25], CYCLE[:25], ONE_PHASE[:25])
    assert list(np.nonzero(~np.isnan(chart.mean))[0]) == [24]
