"""Rows of fact_statistic: what is worked out from figures that have passed disclosure control, and cannot be added.

Slope and relative index of inequality, the share of clinic places taken and the share of decisions against the
list are made of published rows alone. Standardised rates are made of counts by age and sex, each of which passes
the small-number rule first (standardisation.py), and only where all that they count is shown.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from copd_strat.contracts.own_tables import column_names
from copd_strat.summary import schemas
from copd_strat.summary.cube import COHORTS, LEVELS, indicators
from copd_strat.summary.inequality import inequality
from copd_strat.summary.periods import Period
from copd_strat.summary.rates import wilson
from copd_strat.summary.standardisation import (
    SEXES,
    STANDARD_POPULATION,
    STANDARDISED,
    StandardisedRate,
    standardised_rate,
)

PERIOD = ["period_key", "period_start", "period_end", "period_type"]
DECIMALS = 2
#: Statistic → (indicator, the one of which it is a share).
SHARES = {
    "capacity_used": ("clinic_places", "list_places"),
    "override_share": ("decisions_overriding", "decisions_returned"),
}
_HIDDEN = "suppressed_small"
_PER = 100  # rates are per 100 people, as in fact_indicator


def from_published(latest: pd.DataFrame, versions: pd.DataFrame) -> pd.DataFrame:
    """Statistics of the published rows of each period's latest revision."""
    places = versions.loc[versions["org_level"] == LEVELS[-1], ["org_key"]]
    boards = latest.merge(places, on="org_key")
    rows = [*_inequalities(boards), *_shares(latest)]
    return pd.DataFrame(rows, columns=list(column_names(schemas.published("fact_statistic"))))


def _inequalities(boards: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Of boards, over deprivation: elsewhere a group's share of people is too small for a slope."""
    groups = boards[(boards["breakdown_type"] == "imd_quintile") & (boards["breakdown_value"] != "unknown")]
    rated = indicators().index[indicators()["interval_method"] != "none"]
    ordered = groups[groups["indicator_id"].isin(rated)].sort_values("breakdown_value")
    for _, rows in ordered.groupby(["period_key", "org_key", "indicator_id"]):
        numbers = rows[["value", "ci_lower", "ci_upper", "denominator"]].astype("float64").to_numpy().T
        if (rows["value_status"] == "shown").all() and (numbers > 0).all():
            sii, rii = inequality(*numbers)
            yield _row(rows.iloc[0], "slope_index", sii.value, sii.lower, sii.upper)
            yield _row(rows.iloc[0], "relative_index", rii.value, rii.lower, rii.upper)
        else:
            status = _worst(rows["value_status"])
            yield _row(rows.iloc[0], "slope_index", status=status)
            yield _row(rows.iloc[0], "relative_index", status=status)


def _shares(latest: pd.DataFrame) -> Iterator[dict[str, object]]:
    """A published number as a percentage of another of the same place and period, with Wilson's limits."""
    totals = latest[latest["breakdown_type"] == "all"]
    for statistic, (part, whole) in SHARES.items():
        wholes = totals.loc[
            totals["indicator_id"] == whole, ["period_key", "org_key", "numerator", "value_status"]
        ]
        rows = totals[totals["indicator_id"] == part].merge(
            wholes, on=["period_key", "org_key"], suffixes=("", "_whole")
        )
        for _, row in rows.iterrows():
            status = _worst(row[["value_status", "value_status_whole"]])
            x, n = row["numerator"], row["numerator_whole"]
            if status == "shown" and n == 0:
                status = "not_applicable"
            if status != "shown":
                yield _row(row, statistic, status=status)
                continue
            low, high = wilson(min(x, n), n)
            yield _row(row, statistic, _PER * x / n, _PER * float(low), _PER * float(high))


def _worst(statuses: pd.Series) -> str:
    """Why a statistic of several figures is not shown: the first that applies."""
    found = set(statuses)
    order = ("insufficient_data", "suppressed_small", "not_applicable")
    every = all(status == "shown" for status in found)
    return "shown" if every else next(status for status in order if status in found)


def _row(
    of: pd.Series,
    statistic: str,
    value: float | None = None,
    lower: float | None = None,
    upper: float | None = None,
    status: str = "shown",
) -> dict[str, object]:
    if status == "shown" and value is None:
        status = "not_applicable"
    figures = {"value": value, "ci_lower": lower, "ci_upper": upper}
    rounded = {name: None if figure is None else round(figure, DECIMALS) for name, figure in figures.items()}
    same = {name: of[name] for name in (*PERIOD, "org_key", "indicator_id", "run_id")}
    return {**same, "statistic": statistic, **rounded, "value_status": status}


def standardised(
    strata: pd.DataFrame, membership: pd.DataFrame, year: Period, unshown: pd.DataFrame, keys: pd.DataFrame
) -> pd.DataFrame:
    """Standardised rates of a financial year at networks and above.

    ``strata``: month, practice_id, age_band, sex, indicator_id, n (true counts). ``unshown``:
    indicator_id, org_level, org_code, value_status of totals without a figure in the year's periods; ``keys``:
    org_level, org_code, org_key. A place of which a figure is hidden, or through which a practice moved in the
    year, has none.
    """
    places = membership.loc[membership["month"].isin(year.months), ["month", *LEVELS]]
    homes = places.groupby("practice")[list(LEVELS[1:])].nunique() > 1
    counted = (strata["indicator_id"] != COHORTS["register"]) | (strata["month"] == year.last_month)
    placed = (
        strata[counted].rename(columns={"practice_id": "practice"}).merge(places, on=["month", "practice"])
    )
    summed = placed.groupby([*LEVELS, "age_band", "sex", "indicator_id"])[["n"]].sum().reset_index()
    by_place = {(level, code): own for level in LEVELS[1:] for code, own in summed.groupby(level)}
    withheld = _withheld(unshown)
    rows = []
    for level, code, org_key in keys[["org_level", "org_code", "org_key"]].itertuples(index=False, name=None):
        own = by_place.get((level, code))
        if own is None:
            continue
        for name in STANDARDISED:
            hidden = {(name, level, code), (COHORTS["register"], level, code)} & withheld.keys()
            may_be_shown = not hidden and not homes[level].reindex(own["practice"]).any()
            rate = (
                standardised_rate(_table(own, name), _table(own, COHORTS["register"]))
                if may_be_shown
                else None
            )
            rows.append(_rate_row(year, org_key, name, rate, withheld.get((name, level, code), _HIDDEN)))
    return pd.DataFrame(rows)


def _withheld(unshown: pd.DataFrame) -> dict[tuple[str, str, str], str]:
    """(indicator, level, organisation) → why its total is not shown in some period."""
    found = unshown[["indicator_id", "org_level", "org_code", "value_status"]].itertuples(
        index=False, name=None
    )
    return {(name, level, code): status for name, level, code, status in found}


def _table(strata: pd.DataFrame, name: str) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Counts as bands by sexes; people of another or no known age or sex are in no stratum."""
    own = strata[strata["indicator_id"] == name]
    wide = own.pivot_table(index="age_band", columns="sex", values="n", aggfunc="sum", fill_value=0)
    wide = wide.reindex(index=list(STANDARD_POPULATION), columns=list(SEXES), fill_value=0)
    return wide.to_numpy(dtype=np.int64)


def _rate_row(
    year: Period, org_key: str, name: str, rate: StandardisedRate | None, status: str
) -> dict[str, object]:
    """A rate's row; ``status`` says why where there is none."""
    of = pd.Series(
        {
            "period_key": year.key,
            "period_start": year.start,
            "period_end": year.end,
            "period_type": year.kind,
            "org_key": org_key,
            "indicator_id": name,
            "run_id": "",  # the caller's
        }
    )
    if rate is None:
        return _row(of, "standardised_rate", status=status)
    return _row(of, "standardised_rate", _PER * rate.value, _PER * rate.lower, _PER * rate.upper)
