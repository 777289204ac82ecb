"""Published figures from protected cells: numbers, rates and limits, all from rounded counts."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from copd_strat.summary.count_table import CELL_KEY
from copd_strat.summary.cube import LEVELS, PARENT, breakdown_key, indicators
from copd_strat.summary.periods import Due, month_end
from copd_strat.summary.rates import poisson_limits, wilson
from copd_strat.summary.small_numbers import SDC_METHOD, SmallNumberRule

DECIMALS = 4


def indicator_rows(cells: pd.DataFrame, unobserved: frozenset[str], rule: SmallNumberRule) -> pd.DataFrame:
    """One row a cell, with the columns of fact_indicator that no period, run or organisation key changes.

    ``cells``: CELL_KEY, ``published`` and ``denominator`` (both as published, empty where hidden). A figure
    of an indicator in ``unobserved`` is insufficient data.
    """
    declared = indicators()
    names = cells["indicator_id"]
    rows = cells[CELL_KEY].assign(
        numerator=cells["published"].astype("float64").to_numpy(),
        denominator=cells["denominator"].astype("float64").to_numpy(),
        counted_alone=names.map(declared["denominator_id"]).eq("").to_numpy(),
        people=names.map(declared["kind"]).eq("proportion").to_numpy(),
        multiplier=names.map(declared["multiplier"]).to_numpy(dtype=float),
        interval=names.map(declared["interval_method"]).to_numpy(),
    )
    missing = names.isin(unobserved).to_numpy()
    rows.loc[missing, ["numerator", "denominator"]] = np.nan
    rows["value_status"] = _status(rows, missing)
    # among nobody there is no number, not 0; the denominator of 0 says why
    unsaid = rows["value_status"].isin(["suppressed_small", "not_applicable"])
    rows["numerator"] = rows["numerator"].where(~unsaid)
    rows = _with_values(rows)
    whole_group = rows["people"] & rows["numerator"].isin([0]) | (rows["numerator"] == rows["denominator"])
    rows["group_disclosure"] = (rows["value_status"] == "shown") & rows["people"] & whole_group
    rows["sdc_method"] = SDC_METHOD[rule]
    kind = rows["breakdown_type"]
    rows["level"] = rows["org_level"] + (" by " + kind).where(kind != "all", " total")
    rows["breakdown_key"] = breakdown_key(kind, rows["breakdown_value"])
    return rows.drop(columns=["counted_alone", "people", "multiplier", "interval"])


def _status(rows: pd.DataFrame, missing: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pd.Series:
    """Status of ``value``: it is hidden if either of its numbers is."""
    hidden = rows["numerator"].isna() | (rows["denominator"].isna() & ~rows["counted_alone"])
    nobody = rows["denominator"] == 0
    chosen = np.select(
        [missing, hidden, nobody], ["insufficient_data", "suppressed_small", "not_applicable"], "shown"
    )
    return pd.Series(chosen, index=rows.index, dtype="object")


def _with_values(rows: pd.DataFrame) -> pd.DataFrame:
    """``value``, ``ci_lower`` and ``ci_upper`` where both numbers are shown."""
    shown = (rows["value_status"] == "shown").to_numpy()
    x = np.where(shown, rows["numerator"], 0.0)
    n = np.where(shown & ~rows["counted_alone"], rows["denominator"], 1.0)
    scale = rows["multiplier"].to_numpy()
    low, high = poisson_limits(x)
    low, high = low / n, high / n
    wilson_low, wilson_high = wilson(np.minimum(x, n), n)
    is_wilson = (rows["interval"] == "wilson").to_numpy()
    has_limits = shown & (rows["interval"] != "none").to_numpy()
    limits = np.where(is_wilson, wilson_low, low), np.where(is_wilson, wilson_high, high)
    return rows.assign(
        value=np.where(shown, (scale * x / n).round(DECIMALS), np.nan),
        ci_lower=np.where(has_limits, (scale * limits[0]).round(DECIMALS), np.nan),
        ci_upper=np.where(has_limits, (scale * limits[1]).round(DECIMALS), np.nan),
    )


def stamped(
    rows: pd.DataFrame, keys: pd.DataFrame, due: Due, *, provisional: bool, run_id: str
) -> pd.DataFrame:
    """``rows`` of one period as rows of fact_indicator; ``keys``: org_level, org_code, org_key."""
    joined = rows.merge(keys[["org_level", "org_code", "org_key"]], on=["org_level", "org_code"], how="left")
    return joined.assign(
        period_key=due.period.key,
        period_start=due.period.start,
        period_end=due.period.end,
        period_type=due.period.kind,
        is_provisional=provisional,
        revision=due.revision,
        is_latest=True,  # as long as no later revision is published: star.py
        run_id=run_id,
    )


def organisation_versions(membership: pd.DataFrame) -> pd.DataFrame:
    """dim_org from month-end membership (one row a month and practice): a version a change, per organisation.

    Keys name the first month of a version, so they never change as months are added.
    """
    frames = [_organisations(membership, level) for level in LEVELS]
    rows = pd.concat(frames, ignore_index=True).sort_values(
        ["org_level", "org_code", "month"], ignore_index=True
    )
    facts = ["org_name", "parent_name", "org_path", "pcn_code", "sub_icb_code", "icb_code"]
    text = rows[facts].fillna("")
    before = rows[["org_level", "org_code"]].join(text)
    changed = (before != before.shift()).any(axis=1)
    rows["version"] = changed.cumsum()
    grouped = rows.groupby("version", as_index=False)
    versions = grouped.first().assign(last=grouped["month"].last()["month"])
    latest = membership["month"].max()
    current = versions["last"] == latest
    ends = versions["last"].map(month_end)
    months = versions["month"].map(lambda month: f"{month:%Y-%m}")
    return versions.assign(
        org_key=versions["org_level"] + ":" + versions["org_code"] + ":" + months,
        valid_from=versions["month"],
        valid_to=ends.where(~current, None),
        is_current=current,
    )


def _organisations(membership: pd.DataFrame, level: str) -> pd.DataFrame:
    """One row a month and organisation of ``level``, with the organisations above it."""
    rows = membership.drop_duplicates(["month", level])
    above = LEVELS[LEVELS.index(level) :]
    codes = {f"{name}_code": rows[name] if name in above else None for name in LEVELS[1:]}
    # a source names practices only: networks and areas are called as it writes them
    name = (rows["practice_name"] if level == "practice" else rows[level]).fillna(rows[level])
    path = name
    for other in above[1:]:
        path = rows[other] + " / " + path
    return pd.DataFrame(
        {
            "month": rows["month"],
            "org_level": level,
            "org_code": rows[level],
            "org_name": name,
            "parent_name": rows[PARENT[level]] if level in PARENT else None,
            "org_path": path,
            **codes,
        }
    )


def keys_in(versions: pd.DataFrame, month: date) -> pd.DataFrame:
    """org_level, org_code and org_key of the versions valid in ``month``."""
    valid = (versions["month"] <= month) & (versions["last"] >= month)
    return versions.loc[valid, ["org_level", "org_code", "org_key"]]
