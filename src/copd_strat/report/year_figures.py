"""A year's figure of a place: the last twelve months of a published indicator, from released counts alone.

A board plans by the year, and one month of one group is mostly chance. Nothing new is disclosed: whoever has the
published tables can add these up. A year with a month that is not shown has no figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from copd_strat.report.published_rows import Indicator, Published, records
from copd_strat.report.shown_values import NO_FIGURE, PLAIN_STATUS, month, number
from copd_strat.summary.cube import COHORTS, indicators
from copd_strat.summary.periods import MONTHS
from copd_strat.summary.rates import poisson_limits, wilson

_YEAR = 12


@dataclass(frozen=True)
class YearFigure:
    """``value`` with 95 % limits (None where the indicator has none) in the unit of the indicator, of ``events`` among
    ``people``; or, where there is no value, the ``status`` of the first period that is not shown."""

    span: str
    status: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    events: float = 0.0
    people: float = 0.0


def year_figure(
    published: Published, code: str, item: Indicator, kind: str = "all", group: str = "all"
) -> YearFigure | None:
    """Events of board ``code`` in the twelve months to the indicator's last period, by a breakdown's group if given.

    None for a stock, for dispositions, and where less than a year is published.
    """
    declared = indicators().loc[item.id]
    if declared["stock"] or declared["cohort"] != "register" or not declared["denominator_id"]:
        return None
    own = published.of_boards.get((code, item.id, kind, group))
    rows = None if own is None else _last_year(own)
    if rows is None:
        return None
    span = f"{month(rows['period_start'].iloc[0])} to {month(rows['period_end'].iloc[-1])}"
    unseen = [row.value_status for row in records(rows) if row.value_status != "shown"]
    return YearFigure(span, unseen[0]) if unseen else _added(span, rows, declared)


def _last_year(own: pd.DataFrame) -> pd.DataFrame | None:
    own = own.sort_values("period_start")
    last = own.iloc[-1]
    since = pd.Timestamp(last["period_end"]) + pd.DateOffset(days=1) - pd.DateOffset(months=_YEAR)
    year = own[(own["period_start"] >= since) & (own["period_type"] == last["period_type"])]
    return year if len(year) * MONTHS[last["period_type"]] == _YEAR else None


def _added(span: str, rows: pd.DataFrame, declared: Any) -> YearFigure:
    """Events over people (a mean, since the register stands still while events add up), or over the events of which
    they are a part."""
    events, among = float(rows["numerator"].sum()), rows["denominator"].astype("float64")
    people = float(among.mean() if declared["denominator_id"] == COHORTS["register"] else among.sum())
    if not people:
        return YearFigure(span, "not_applicable")
    scale = float(declared["multiplier"])
    lower, upper = None, None
    if declared["interval_method"] == "wilson":
        lower, upper = (scale * float(one) for one in wilson(min(events, people), people))
    elif declared["interval_method"] == "byar":
        lower, upper = (scale * float(one) / people for one in poisson_limits(events))
    return YearFigure(span, "shown", scale * events / people, lower, upper, events, people)


def year_words(found: YearFigure, unit: str) -> str:
    """The figure with its interval, in the indicator's unit; in words where there is none."""
    if found.value is None:
        return PLAIN_STATUS[found.status]
    said = number(found.value, unit)
    if found.lower is None or found.upper is None:
        return said
    return f"{said} ({number(found.lower, unit)} to {number(found.upper, unit)})"


def year_cell(found: YearFigure | None, unit: str) -> str:
    """A cell of a table; empty where the indicator has no year."""
    if found is None:
        return ""
    return NO_FIGURE[found.status] if found.value is None else year_words(found, unit)
