"""Rows of fact_spc: which chart a series has, from when it is judged, gaps, annotated changes, targets."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from report_world import organisations

from copd_strat.config import Rebase, SummarySettings, Target, charted_indicators
from copd_strat.contracts.own_tables import conform
from copd_strat.errors import ConfigError
from copd_strat.model_faults import validated
from copd_strat.summary.control_charts import spc_rows
from copd_strat.summary.cube import indicators
from copd_strat.summary.periods import MONTHS, Period, PeriodType, add_months
from copd_strat.summary.schemas import published

FIRST = date(2022, 4, 1)
BOARD = "icb:Vale & Salt ICB:2025-01"
NETWORK = "pcn:U11:2025-01"
SEASON = 1 + 0.4 * np.cos(2 * np.pi * (np.arange(12) - 9) / 12)


def series(
    indicator: str, values: list[float], org: str = BOARD, kind: PeriodType = "month", first: date = FIRST
) -> pd.DataFrame:
    """Rows of fact_indicator: one a period; a value that is NaN is hidden."""
    periods = [Period(kind, add_months(first, n * MONTHS[kind])) for n in range(len(values))]
    rows = pd.DataFrame({"value": values, "period_key": [one.key for one in periods]})
    return rows.assign(
        period_start=[one.start for one in periods],
        period_end=[one.end for one in periods],
        period_type=kind,
        org_key=org,
        indicator_id=indicator,
        breakdown_type="all",
        value_status=np.where(rows["value"].isna(), "suppressed_small", "shown"),
    )


def seasonal(years: int = 4, seed: int = 5) -> list[float]:
    counts = np.random.default_rng(seed).poisson(np.tile(300 * SEASON, years))
    return [float(n) for n in counts]


def chart_of(rows: pd.DataFrame, **settings: object) -> pd.DataFrame:
    found = spc_rows(rows, organisations(), SummarySettings(**settings))
    conform(published("fact_spc"), found)
    return found.reset_index(drop=True)


def test_a_season_is_judged_from_its_third_year_and_its_limits_follow_it() -> None:
    found = chart_of(series("moderate_exacerbations", seasonal()))
    assert set(found["chart"]) == {"season"}
    assert (found["not_assessed_because"] == ["too_little_history"] * 24 + ["none"] * 24).all()
    assert (found["variation"][:24] == "not_assessed").all()
    month = found["period_start"].map(lambda day: day.month)
    january, july = found[month == 1], found[month == 7]
    assert january["lower_limit"].min() > july["upper_limit"].max()


def test_a_stock_is_a_line() -> None:
    found = chart_of(series("copd_register", [6000.0 + 5 * n for n in range(48)]))
    assert set(found["chart"]) == {"line"}
    assert set(found["not_assessed_because"]) == {"stock"}
    assert found[["mean", "lower_limit", "upper_limit"]].isna().all(axis=None)


@pytest.mark.parametrize("absent", [False, True], ids=["hidden", "without a row"])
def test_a_month_that_is_not_shown_ends_nothing(absent: bool) -> None:
    values = seasonal()
    values[30] = values[40] = np.nan
    rows = series("moderate_exacerbations", values)
    found = chart_of(rows.drop([30, 40]) if absent else rows)
    assert (found["variation"] != "not_assessed").sum() == 22
    # the months that follow are judged against the same months, not against their neighbours
    at = found.set_index("period_start")["mean"]
    assert at[date(2025, 1, 1)] > 1.5 * at[date(2025, 7, 1)]


def test_the_same_month_needs_two_earlier_years_that_show_it() -> None:
    values = seasonal()
    values[3] = np.nan
    found = chart_of(series("moderate_exacerbations", values))
    silent = found[24:][found["not_assessed_because"][24:] == "too_little_history"]
    assert list(silent["period_start"]) == [date(2024, 7, 1)]


def test_quarters_are_judged_against_the_same_quarters() -> None:
    values = [float(n) for n in np.random.default_rng(6).poisson(np.tile([90, 60, 120, 180], 4))]
    found = chart_of(series("bed_days", values, NETWORK, "quarter"))
    assert list(found["not_assessed_because"] == "none") == [False] * 8 + [True] * 8
    assert found["trial_limits"][8:].all()
    assert list(np.argsort(found["mean"][-4:])) == [1, 0, 2, 3]


def test_without_a_season_the_chart_is_xmr_as_it_stands_and_a_gap_is_a_gap() -> None:
    values = [1.0, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    found = chart_of(series("clinic_seen", values, kind="quarter"))
    assert set(found["chart"]) == {"xmr"}
    assert (round(found["mean"][0], 2), round(found["upper_limit"][0], 1)) == (1.94, 4.6)
    assert list(found.index[found["special_cause"] == "outside_limits"]) == [4]
    gap = chart_of(series("clinic_seen", [*values[:9], np.nan, *values[10:]], kind="quarter"))
    assert list(gap.index[gap["variation"] == "not_assessed"]) == [9]


@pytest.mark.parametrize("before", [0.0, np.nan])
def test_a_service_that_begins_is_no_signal_and_its_first_year_is_not_judged(before: float) -> None:
    """What opened a report: a clinic that starts is far outside the limits of the time before it."""
    values = [before] * 6 + [1.0, 3, 4, 5] + [5.0, 6] * 5
    found = chart_of(series("clinic_seen", values, kind="quarter"))
    shown = found[found["value"].notna()]
    assert set(found["variation"]) == {"not_assessed", "common"}
    assert set(shown["not_assessed_because"][: len(shown) - 10]) == {"first_year"}
    assert (found["not_assessed_because"][10:] == "none").all()
    there = chart_of(series("clinic_seen", values[6:], kind="quarter"))
    assert (there["not_assessed_because"] == "none").all(), (
        "a service older than the data is judged throughout"
    )


def test_too_few_moving_ranges_make_no_limits() -> None:
    found = chart_of(series("clinic_seen", [4.0, 5, 4, 5, 4, 5], kind="quarter"))
    assert set(found["not_assessed_because"]) == {"too_little_history"}


CHANGE = {"indicator": "moderate_exacerbations", "since": date(2024, 10, 1), "because": "new pathway"}


def test_only_an_annotation_begins_a_chart_anew() -> None:
    values = [n * (1.4 if at >= 30 else 1) for at, n in enumerate(seasonal())]
    rows = series("moderate_exacerbations", values)
    plain, annotated = chart_of(rows), chart_of(rows, rebase=(Rebase(**CHANGE),))
    assert set(plain["phase"]) == {0}
    assert (plain["variation"][30:] == "concern").all()
    assert list(annotated["phase"]) == [0] * 30 + [1] * 18
    assert list(annotated["change"].dropna()) == ["new pathway"]
    assert annotated["change"][30] == "new pathway"
    assert (annotated["variation"][31:] == "concern").sum() < 4


def test_a_change_at_one_organisation_leaves_the_others_as_they_are() -> None:
    rows = pd.concat([series("moderate_exacerbations", seasonal(), org) for org in (BOARD, NETWORK)])
    found = chart_of(rows, rebase=(Rebase(**CHANGE, organisation="U11"),))
    assert found.groupby("org_key")["phase"].max().to_dict() == {BOARD: 0, NETWORK: 1}


@pytest.mark.parametrize(
    ("indicator", "value", "said"),
    [
        ("moderate_exacerbations", 1000.0, "meets"),
        ("moderate_exacerbations", 50.0, "misses"),
        ("moderate_exacerbations", 300.0, "may_meet_or_miss"),
        ("copd_reviews", 50.0, "meets"),
        ("copd_reviews", 1000.0, "misses"),
    ],
)
def test_assurance_is_of_the_whole_season(indicator: str, value: float, said: str) -> None:
    found = chart_of(series(indicator, seasonal()), targets=(Target(indicator=indicator, value=value),))
    assert set(found["assurance"]) == {said}
    assert set(found["target"]) == {value}


def test_there_is_no_assurance_without_limits_or_for_other_periods() -> None:
    target = Target(indicator="moderate_exacerbations", value=1000.0)
    assert set(chart_of(series("moderate_exacerbations", seasonal(1)), targets=(target,))["assurance"]) == {
        "none"
    }
    yearly = Target(indicator="moderate_exacerbations", value=1000.0, period="year")
    found = chart_of(series("moderate_exacerbations", seasonal()), targets=(yearly,))
    assert found["target"].isna().all()


def test_a_stock_takes_no_target_and_a_misspelt_indicator_is_named() -> None:
    assert "copd_register" not in charted_indicators()
    data = {"targets": [{"indicator": "copd_review", "value": 8.0}]}
    with pytest.raises(ConfigError, match="copd_reviews"):
        validated(SummarySettings, data, file=Path("site.yaml"), what="configuration", page="configuration")


def test_every_chart_is_declared() -> None:
    declared = indicators()
    assert set(declared["chart"]) == {"season", "xmr", "line", "none"}
    assert (declared.loc[declared["chart"] == "line", "stock"]).all()
    assert not declared.loc[declared["chart"].isin(["season", "xmr"]), "stock"].any()
