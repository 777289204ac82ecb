"""Rows of fact_spc: each published series with what its chart says of it, from published values alone.

A service that begins within the published periods grows at first, which is no signal: its first year is not judged,
and limits rest on what follows.

Which chart is the indicator's (``chart`` in data/indicators.csv; docs/decisions.md §49): ``season`` against its own
season (season.py), ``xmr`` where neither season nor drift is expected (spc.py), ``line`` for a stock, whose values
hang together from month to month, so that no limits would hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from copd_strat.config import Rebase, SummarySettings, Target
from copd_strat.contracts.own_tables import column_names
from copd_strat.summary import schemas
from copd_strat.summary.cube import indicators
from copd_strat.summary.fact_rows import DECIMALS
from copd_strat.summary.periods import MONTHS
from copd_strat.summary.season import against_season
from copd_strat.summary.spc import (
    CAUSES,
    FEWEST_RANGES,
    TRIAL_BELOW,
    Floats,
    Ints,
    Signal,
    moving_ranges,
    signals,
    variation,
    xmr_limits,
)

SPC_LEVELS = ("pcn", "sub_icb", "icb")
YEAR = 12
_APRIL = 4
_SERIES = ["indicator_id", "org_level", "org_code"]


def spc_rows(latest: pd.DataFrame, versions: pd.DataFrame, settings: SummarySettings) -> pd.DataFrame:
    """A row a point of each indicator's totals, by month or by window, at networks and above.

    ``latest``: rows of fact_indicator, one revision a period; ``versions``: dim_org. A series follows an
    organisation's code across the versions of its name and membership.
    """
    charts = indicators()["chart"]
    wanted = charts.index[charts != "none"]
    totals = latest[(latest["breakdown_type"] == "all") & latest["indicator_id"].isin(wanted)]
    places = versions.loc[versions["org_level"].isin(SPC_LEVELS), ["org_key", "org_level", "org_code"]]
    series = totals.merge(places, on="org_key").sort_values([*_SERIES, "period_start"])
    charted = [_charted(rows, settings) for _, rows in series.groupby(_SERIES, sort=False)]
    names = list(column_names(schemas.published("fact_spc")))
    return pd.concat(charted) if charted else series.reindex(columns=names)


@dataclass(frozen=True)
class Calendar:
    """Places of a series' rows among all the periods between its first and its last, and of those in the year."""

    at: Ints
    cycle: Ints
    year: int

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Calendar:
        months = MONTHS[rows["period_type"].iloc[0]]
        first = rows["period_start"].iloc[0]
        starts = rows["period_start"].map(
            lambda day: (day.year - first.year) * YEAR + day.month - first.month
        )
        at = (starts.to_numpy(dtype=np.int64)) // months
        offset = (first.month - _APRIL) % YEAR // months
        year = YEAR // months
        return cls(at, (np.arange(at[-1] + 1) + offset) % year, year)

    def spread(self, values: pd.Series, empty: float) -> Floats:
        """``values`` of the rows on the calendar; periods without a row are ``empty``."""
        found = np.full(len(self.cycle), empty)
        found[self.at] = values.to_numpy(dtype=np.float64)
        return found


@dataclass
class ChartReading:
    """What a chart says of each point on the calendar; NaN and no signal where it says nothing."""

    mean: Floats
    lower: Floats
    upper: Floats
    signals: list[Signal]
    trial: npt.NDArray[np.bool_]

    @classmethod
    def silent(cls, points: int) -> ChartReading:
        """A chart that judges nothing yet."""
        mean, lower, upper = (np.full(points, np.nan) for _ in range(3))
        return cls(mean, lower, upper, [Signal("none", 0)] * points, np.zeros(points, dtype=np.bool_))


def _xmr(values: Floats, phase: Ints) -> ChartReading:
    """Limits and rules that begin anew with each phase."""
    chart = ChartReading.silent(len(values))
    for one in np.unique(phase):
        (here,) = np.nonzero(phase == one)
        part = values[here]
        if len(moving_ranges(part)) < FEWEST_RANGES:
            continue
        limits = xmr_limits(part)
        shown = ~np.isnan(part)
        for levels, level in (
            (chart.mean, limits.mean),
            (chart.lower, limits.lower),
            (chart.upper, limits.upper),
        ):
            levels[here] = np.where(shown, level, np.nan)
        chart.signals[here[0] : here[-1] + 1] = signals(part, limits)
        chart.trial[here] = shown.sum() < TRIAL_BELOW
    return chart


def _season(values: Floats, cycle: Ints, phase: Ints) -> ChartReading:
    found = against_season(values, cycle, phase)
    said = [Signal(CAUSES[rule], int(side)) for rule, side in zip(found.rules, found.sides, strict=True)]
    trial = np.full(len(values), found.points < TRIAL_BELOW)
    return ChartReading(found.mean, found.lower, found.upper, said, trial)


def _charted(rows: pd.DataFrame, settings: SummarySettings) -> pd.DataFrame:
    """One series with its chart, its annotated changes and its target."""
    declared = indicators().loc[rows["indicator_id"].iloc[0]]
    calendar = Calendar.of(rows)
    changes = [one for one in settings.rebase if _is_for(one, rows)]
    values = calendar.spread(rows["value"], np.nan)
    begun = rows["period_start"].map(lambda day: sum(one.since <= day for one in changes))
    phase = np.maximum.accumulate(calendar.spread(begun, 0)).astype(np.int64)
    young = np.zeros(len(values), dtype=np.bool_)
    if declared["chart"] == "season":
        chart = _season(values, calendar.cycle, phase)
    elif declared["chart"] == "xmr":
        young = first_year(values, calendar.year)
        chart = _xmr(np.where(young, np.nan, values), phase)
    else:
        chart = ChartReading.silent(len(values))
    target = next((one.value for one in settings.targets if _is_target_of(one, rows)), None)
    return _columns(rows, declared, chart, calendar, young).assign(
        phase=phase[calendar.at],
        change=pd.Series(_reasons(phase[calendar.at], changes), index=rows.index, dtype="object"),
        target=target,
        assurance=assurance(chart, target, declared["polarity"], _as_it_is(phase, calendar)),
    )


def _columns(
    rows: pd.DataFrame,
    declared: pd.Series,
    chart: ChartReading,
    calendar: Calendar,
    young: npt.NDArray[np.bool_],
) -> pd.DataFrame:
    found = [chart.signals[place] for place in calendar.at]
    judged = ~np.isnan(chart.mean[calendar.at])
    said = [variation(signal, declared["polarity"]) for signal in found]
    missing = rows["value"].isna().to_numpy()
    why = np.select(
        [judged, missing, declared["chart"] == "line", young[calendar.at]],
        ["none", "not_shown", "stock", "first_year"],
        "too_little_history",
    )
    levels = {"mean": chart.mean, "lower_limit": chart.lower, "upper_limit": chart.upper}
    return rows.assign(
        chart=declared["chart"],
        **{name: level[calendar.at].round(DECIMALS) for name, level in levels.items()},
        special_cause=[signal.cause for signal in found],
        variation=np.where(judged, said, "not_assessed"),
        not_assessed_because=why,
        trial_limits=chart.trial[calendar.at] & judged,
    )


def first_year(values: Floats, year: int) -> npt.NDArray[np.bool_]:
    """The periods before a service's first shown event, and the year from there on; none if it was there from the
    first period on."""
    (there,) = np.nonzero(values > 0)
    begun = int(there[0]) if len(there) else len(values)
    return np.arange(len(values)) < (begun + year if begun else 0)


def _is_for(change: Rebase, rows: pd.DataFrame) -> bool:
    place = change.organisation in (None, rows["org_code"].iloc[0])
    return place and change.indicator == rows["indicator_id"].iloc[0]


def _is_target_of(target: Target, rows: pd.DataFrame) -> bool:
    return (target.indicator, target.period) == (rows["indicator_id"].iloc[0], rows["period_type"].iloc[0])


def _reasons(phase: Ints, changes: list[Rebase]) -> list[str | None]:
    """Why a phase begins, at its first point; of changes that fall into one period all are named."""
    ordered = [one.because for one in sorted(changes, key=lambda one: one.since)]
    before = [int(phase[0]), *phase[:-1]]
    return ["; ".join(ordered[old:new]) or None for old, new in zip(before, phase, strict=True)]


def _as_it_is(phase: Ints, calendar: Calendar) -> slice:
    """The last year of the last phase: the process as it is now."""
    since = max(int(np.argmax(phase == phase[-1])), len(phase) - calendar.year)
    return slice(since, None)


def assurance(chart: ChartReading, target: float | None, polarity: str, recent: slice) -> str:
    """Whether the process as it is now meets ``target``, by Making Data Count: the limits of the last point.

    Where limits follow a season, those of ``recent``, the last year, must all lie on one side. 'none' without a
    target, without limits, or where neither direction is better.
    """
    lower, upper = chart.lower[recent], chart.upper[recent]
    if target is None or polarity == "neutral" or np.isnan(lower).all():
        return "none"
    if np.nanmin(lower) > target:
        return "meets" if polarity == "higher" else "misses"
    if np.nanmax(upper) < target:
        return "misses" if polarity == "higher" else "meets"
    return "may_meet_or_miss"
