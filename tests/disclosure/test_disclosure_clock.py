"""Many releases of an almost constant number, and the other ways out: rates, charts, files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from disclosure_worlds import World, world

from copd_strat.contracts.own_tables import conform
from copd_strat.summary import controls, period_figures
from copd_strat.summary.count_table import CELL_KEY
from copd_strat.summary.cube import DISPOSITIONS
from copd_strat.summary.fact_rows import indicator_rows
from copd_strat.summary.parquet_files import write
from copd_strat.summary.schemas import published

RELEASES = 24


def totals(made: World, name: str) -> pd.DataFrame:
    cells = made.cells()
    own = cells[(cells["indicator_id"] == name) & (cells["breakdown_type"] == "all")]
    return own.assign(month=own["period"].map(lambda period: period.start))


def averaged(made: World, name: str, network: str) -> list[tuple[float, float]]:
    """(estimate, truth) of practices hidden in every release: the network's mean print less its others'."""
    own = totals(made, name)
    inside = set(made.counted.membership.query("pcn == @network")["practice"])
    printed = own.assign(printed=own["published"].astype("float64"))
    means = printed.groupby(["org_level", "org_code"])["printed"].mean()
    always = own.groupby("org_code")["hidden"].all()
    hidden = [code for code in inside if always[code]]
    if len(hidden) != 1 or np.isnan(means["pcn", network]):
        return []
    others = sum(means["practice", code] for code in inside - set(hidden))
    truth = own.loc[own["org_code"] == hidden[0], "n"].mean()
    return [(means["pcn", network] - others, truth)]


def near_guesses(seeds: range) -> int:
    """How many hidden registers of a small practice are told to within one person."""
    found = []
    for seed in seeds:
        made = world(seed, 400, months=RELEASES, moves=False, churn=0.01, names=["copd_register"])
        made.publish_all()
        found += averaged(made, "copd_register", "N0")
    return sum(abs(estimate - truth) <= 1 for estimate, truth in found)


@pytest.mark.slow
def test_two_years_of_releases_do_not_add_up_to_a_hidden_stock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert near_guesses(range(2)) == 0
    exact = controls.guarded

    def rounded_only(*given: object, **more: object) -> controls.Guarded:
        made = exact(*given, **more)  # type: ignore[arg-type]
        made.exact = [np.zeros_like(cells) for cells in made.exact]
        return made

    monkeypatch.setattr(period_figures, "guarded", rounded_only)
    assert near_guesses(range(2)) >= 1


def guesses_beside(made: World, name: str) -> list[bool]:
    """Hidden totals beside a month that shows 0 (guess 1) or 10 (guess 7): was the guess right?"""
    own = totals(made, name).sort_values("month")
    right = []
    for _, series in own.groupby(["org_level", "org_code"]):
        for one, other in zip(series.itertuples(), series.iloc[1:].itertuples(), strict=False):
            for seen, unseen in ((one, other), (other, one)):
                if unseen.hidden and not seen.hidden and seen.published in (0, 10):
                    right.append(unseen.n == (1 if seen.published == 0 else 7))
    return right


PLACED = ["people_placed", *(f"disposition_{name}" for name in DISPOSITIONS)]


def beside(seed: int) -> list[bool]:
    names = ["copd_register", *PLACED]
    made = world(seed, 500, months=RELEASES, moves=False, churn=0.02, names=names).publish_all()
    return [right for name in names for right in guesses_beside(made, name)]


@pytest.mark.slow
def test_a_shown_month_never_stands_beside_a_stock_that_is_1_to_7(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any(beside(11))
    monkeypatch.setattr(controls, "SMALLEST_STOCK", 8)
    assert any(beside(11))


def test_rates_and_limits_follow_from_what_is_shown() -> None:
    made = world(12, 900, months=3).publish_all()
    for due, figures in made.figures.items():
        rows = indicator_rows(figures.cells, frozenset(), "hes")
        shown = rows["value_status"] == "shown"
        assert (rows.loc[shown, "numerator"] % 5 == 0).all(), due
        hidden = rows["value_status"] == "suppressed_small"
        assert rows.loc[hidden, ["numerator", "value", "ci_lower", "ci_upper"]].isna().all(axis=None)
        # the same rows from what was printed alone: the true counts cannot have had a part in them
        blind = figures.cells[[*CELL_KEY, "published", "denominator"]]
        pd.testing.assert_frame_equal(rows, indicator_rows(blind, frozenset(), "hes"))


def test_files_hold_no_number_that_is_not_shown(tmp_path: Path) -> None:
    """Statistics and footers of Parquet, and the CSV twin: a hidden count stands nowhere in them."""
    made = world(13, 900, months=1).publish_all()
    figures = next(iter(made.figures.values()))
    rows = indicator_rows(figures.cells, frozenset(), "hes").assign(
        period_key="month-2025-04",
        period_start=made.months[0],
        period_end=made.months[0],
        period_type="month",
        org_key=figures.cells["org_level"] + figures.cells["org_code"],
        is_provisional=False,
        revision=0,
        is_latest=True,
        run_id="r",
    )
    contract = published("fact_indicator")
    write(contract, conform(contract, rows), tmp_path)
    metadata = pq.read_metadata(tmp_path / "fact_indicator.parquet")
    column = metadata.schema.names.index("numerator")
    for group in range(metadata.num_row_groups):
        statistics = metadata.row_group(group).column(column).statistics
        assert {statistics.min % 5, statistics.max % 5} == {0}
    assert b"pandas" not in (metadata.metadata or {})
    twin = pd.read_csv(tmp_path / "fact_indicator.csv")
    assert not twin["numerator"].dropna().between(1, 7).any()
