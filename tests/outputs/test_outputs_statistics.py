"""Standardised rates and indices of inequality against cases worked by hand, and only from what is protected."""

from __future__ import annotations

from datetime import date
from math import exp, sqrt

import numpy as np
import pandas as pd
import pytest

from copd_strat.summary import standardisation
from copd_strat.summary.cube import declared_values
from copd_strat.summary.inequality import inequality
from copd_strat.summary.periods import Period
from copd_strat.summary.standardisation import (
    STANDARD_POPULATION,
    STANDARDISED,
    as_protected,
    direct_rate,
    standardised_rate,
)
from copd_strat.summary.statistic_rows import from_published, standardised

BANDS = len(STANDARD_POPULATION)


def test_a_directly_standardised_rate_is_the_one_worked_by_hand() -> None:
    """Two strata, weights 3 and 1: (3 x 20/200 + 1 x 30/100) / 4 = 0.15; Byar's limits of 50 events."""
    found = direct_rate(np.array([20.0, 30.0]), np.array([200.0, 100.0]), np.array([3.0, 1.0]))
    assert found.value == pytest.approx(0.15)
    variance = (20 * (3 / 200) ** 2 + 30 * (1 / 100) ** 2) / 16
    low = 50 * (1 - 1 / 450 - 1.959964 / (3 * sqrt(50))) ** 3
    high = 51 * (1 - 1 / 459 + 1.959964 / (3 * sqrt(51))) ** 3
    assert found.lower == pytest.approx(0.15 + sqrt(variance / 50) * (low - 50), abs=1e-6)
    assert found.upper == pytest.approx(0.15 + sqrt(variance / 50) * (high - 50), abs=1e-6)


def test_the_standard_population_is_that_of_2013_from_35_on() -> None:
    """Five-year bands 35-39 … 90+: 7,000 x 4, 6,500, 6,000, 5,500, 5,000, 4,000, 2,500, 1,500, 1,000."""
    assert list(STANDARD_POPULATION) == [band for band in declared_values("age_band") if band != "unknown"]
    five_year = [7000] * 4 + [6500, 6000, 5500, 5000, 4000, 2500, 1500, 1000]
    assert list(STANDARD_POPULATION.values()) == [
        sum(five_year[:3]),
        sum(five_year[3:5]),
        sum(five_year[5:7]),
        sum(five_year[7:9]),
        sum(five_year[9:]),
    ]


def test_the_same_rates_in_every_stratum_standardise_to_that_rate() -> None:
    people = np.array([[100, 200], [300, 100], [50, 150], [400, 400], [200, 100]])
    found = standardised_rate(people // 5, people)
    assert found is not None
    assert found.value == pytest.approx(0.2)


def test_older_people_in_one_place_do_not_make_its_rate_higher() -> None:
    rates = np.array([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.4, 0.4], [0.5, 0.5]])
    young = np.array([[1000, 1000], [800, 800], [600, 600], [400, 400], [200, 200]])
    old = young[::-1]
    first, second = (standardised_rate((rates * p).astype(int), p) for p in (young, old))
    assert first is not None
    assert second is not None
    assert first.value == pytest.approx(second.value)
    assert (rates * old).sum() / old.sum() > 1.3 * (rates * young).sum() / young.sum()


def test_no_rate_of_few_events_or_of_a_band_with_nobody() -> None:
    people = np.full((BANDS, 2), 100)
    assert standardised_rate(np.full((BANDS, 2), 2) * 0, people) is None
    events = np.tile([8, 0], (BANDS, 1))
    events[2:] = 0
    assert standardised_rate(events, people) is None, "16 events"
    events = np.tile([8, 7], (BANDS, 1))
    assert standardised_rate(events, people) is not None
    events[0] = [7, 7]
    assert standardised_rate(events, people) is None, "a hidden count would move the whole rate"
    events[0] = 0
    assert standardised_rate(events, people) is None, "nothing is shown in a band"
    events[0] = [8, 7]
    people[0] = 0
    assert standardised_rate(events, people) is None


def alike(counts: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Other true counts that a protected table would print alike."""
    moved = counts + generator.integers(-2, 3, counts.shape)
    small = generator.integers(1, 8, counts.shape)
    other = np.where((counts > 0) & (counts < 8), small, moved)
    return np.where(as_protected(other) == as_protected(counts), other, counts)


def tells_true_counts() -> bool:
    """Whether two tables that print alike have different standardised rates: then the rate tells them apart."""
    generator = np.random.default_rng(5)
    for _ in range(50):
        events = generator.poisson(generator.choice([3, 9, 40], (BANDS, 2)))
        people = generator.integers(40, 400, (BANDS, 2))
        other = alike(events, generator), alike(people, generator)
        if standardised_rate(events, people) != standardised_rate(*other):
            return True
    return False


def test_a_standardised_rate_tells_nothing_that_protected_counts_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not tells_true_counts()
    monkeypatch.setattr(standardisation, "as_protected", lambda counts: counts)
    assert tells_true_counts(), "without the rule the attack must succeed"


def test_slope_and_relative_index_of_an_exact_gradient() -> None:
    """ln(rate) = 2 - 0.5 rank: the ratio of the ends is e^-0.5, their difference e^1.5 - e^2."""
    people = np.array([100.0, 300.0, 200.0, 250.0, 150.0])
    share = people / people.sum()
    rank = np.cumsum(share) - share / 2
    values = np.exp(2 - 0.5 * rank)
    slope, ratio = inequality(values, values / 1.2, values * 1.2, people)
    assert ratio.value == pytest.approx(exp(-0.5))
    assert slope.value == pytest.approx(exp(1.5) - exp(2))
    assert ratio.lower < ratio.value < ratio.upper
    assert slope.lower < slope.value < slope.upper


def test_the_limits_of_five_equal_groups_are_those_worked_by_hand() -> None:
    """Equal shares: ranks 0.1 … 0.9, so the slope's variance is s² / Σ(rank - 0.5)² = s² / 0.4."""
    values = np.full(5, 10.0)
    error = np.log(1.2) / 1.959964
    _, ratio = inequality(values, values / 1.2, values * 1.2, np.full(5, 200.0))
    assert ratio.value == pytest.approx(1.0)
    assert ratio.upper == pytest.approx(exp(1.959964 * error / sqrt(0.4)), rel=1e-6)


def _published(values: list[tuple[str, str, float | None, float | None, str]]) -> pd.DataFrame:
    """Rows of one board and month: indicator, group, numerator, denominator, status."""
    frame = pd.DataFrame(
        [
            {
                "period_key": "month-2026-01",
                "period_start": date(2026, 1, 1),
                "period_end": date(2026, 1, 31),
                "period_type": "month",
                "org_key": "icb:I1:2026-01",
                "breakdown_type": "all" if group == "all" else "imd_quintile",
                "breakdown_value": group,
                "indicator_id": name,
                "numerator": x,
                "denominator": n,
                "value": None if x is None or n is None else 100 * x / n,
                "ci_lower": None if x is None or n is None else 90 * x / n,
                "ci_upper": None if x is None or n is None else 110 * x / n,
                "value_status": status,
                "run_id": "r",
            }
            for name, group, x, n, status in values
        ]
    )
    return frame.astype(
        dict.fromkeys(("numerator", "denominator", "value", "ci_lower", "ci_upper"), "float64")
    )


VERSIONS = pd.DataFrame({"org_key": ["icb:I1:2026-01"], "org_level": ["icb"], "org_code": ["I1"]})


def statistics(rows: list[tuple[str, str, float | None, float | None, str]]) -> dict[str, tuple[object, str]]:
    found = from_published(_published(rows), VERSIONS)
    return {
        row.statistic: (None if pd.isna(row.value) else row.value, str(row.value_status))
        for row in found.itertuples()
    }


def test_inequality_is_made_of_shown_quintiles_and_hidden_ones_leave_none() -> None:
    rows = [("moderate_exacerbations", str(q), 50.0 - 5 * q, 500.0, "shown") for q in range(1, 6)]
    shown = statistics([*rows, ("moderate_exacerbations", "unknown", None, None, "suppressed_small")])
    assert shown["slope_index"][1] == shown["relative_index"][1] == "shown"
    assert float(str(shown["relative_index"][0])) < 1
    rows[2] = ("moderate_exacerbations", "3", None, None, "suppressed_small")
    assert statistics(rows) == dict.fromkeys(["slope_index", "relative_index"], (None, "suppressed_small"))
    rows[2] = ("moderate_exacerbations", "3", 0.0, 500.0, "shown")
    assert statistics(rows)["slope_index"] == (None, "not_applicable")


def test_shares_of_places_and_decisions_come_from_published_numbers() -> None:
    rows = [
        ("clinic_places", "all", 45.0, 90.0, "shown"),
        ("list_places", "all", 60.0, None, "shown"),
        ("decisions_overriding", "all", None, None, "insufficient_data"),
        ("decisions_returned", "all", None, None, "insufficient_data"),
    ]
    assert statistics(rows) == {
        "capacity_used": (75.0, "shown"),
        "override_share": (None, "insufficient_data"),
    }


def test_a_place_with_a_hidden_month_or_a_practice_that_moved_has_no_standardised_rate() -> None:
    year = Period("year", date(2025, 4, 1))
    membership = pd.DataFrame(
        [
            {"month": month, "practice": p, "pcn": pcn, "sub_icb": "S", "icb": "I"}
            for at, month in enumerate(year.months)
            for p, pcn in (("P1", "N1"), ("P2", "N2"), ("P3", "N3"), ("P4", "N3" if at > 3 else "N2"))
        ]
    )
    strata = pd.DataFrame(
        [
            {"month": month, "practice_id": p, "age_band": band, "sex": sex, "indicator_id": name, "n": n}
            for month in year.months
            for p in ("P1", "P2", "P3")
            for band in STANDARD_POPULATION
            for sex in ("female", "male")
            for name, n in {"copd_register": 200, **dict.fromkeys(STANDARDISED, 2)}.items()
        ]
    )
    moved = strata[strata["practice_id"] == "P3"].assign(practice_id="P4")
    levels = [("pcn", "N1"), ("pcn", "N2"), ("pcn", "N3"), ("icb", "I")]
    keys = pd.DataFrame(
        [{"org_level": level, "org_code": c, "org_key": f"{level}:{c}"} for level, c in levels]
    )
    hidden = {
        "indicator_id": ["severe_exacerbations"],
        "org_level": ["pcn"],
        "org_code": ["N1"],
        "breakdown_type": ["all"],
        "value_status": ["suppressed_small"],
    }
    found = standardised(pd.concat([strata, moved]), membership, year, pd.DataFrame(hidden), keys)
    status = found.set_index(["org_key", "indicator_id"])["value_status"]
    assert status["pcn:N1", "moderate_exacerbations"] == "shown"
    assert status["pcn:N1", "severe_exacerbations"] == "suppressed_small"
    assert status["pcn:N2", "moderate_exacerbations"] == "suppressed_small", "P4 moved away"
    assert status["pcn:N3", "moderate_exacerbations"] == "suppressed_small", "P4 came"
    assert status["icb:I", "moderate_exacerbations"] == "shown", "and stayed on the board"
    value = found.set_index(["org_key", "indicator_id"])["value"]["pcn:N1", "moderate_exacerbations"]
    assert value == pytest.approx(100 * 25 / 200), (
        "24 events a stratum in a year, printed 25, among 200 at its end"
    )
