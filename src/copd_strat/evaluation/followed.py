"""What the twelve months after an index brought, and how long each person could be followed."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from copd_strat.engine import Engine, packaged_sql, render
from copd_strat.errors import RequestError
from copd_strat.evaluation.candidates import ANY, OUTCOMES, SEVERE
from copd_strat.evaluation.censoring import follow_up_weights
from copd_strat.risk.parameters import Flags, Floats

HORIZON_MONTHS = 12
_DAY_OF = {ANY: "any_on", SEVERE: "severe_on"}


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True, kw_only=True)
class Followed:
    """One outcome after the index, one entry a person in the features' order.

    ``days`` until the event, death, leaving or the horizon; ``ended_by``: event, death, left, horizon;
    ``weight`` as in ``censoring``, 0 for those who left.
    """

    event: Flags
    days: Floats
    ended_by: pd.Series
    weight: Floats

    @property
    def ends(self) -> dict[str, int]:
        """People by what ended their follow-up."""
        return {str(end): int(n) for end, n in self.ended_by.value_counts().sort_index().items()}


@dataclass(frozen=True, kw_only=True)
class NextYear:
    """Both outcomes, and the number of exacerbations by which the years before and after compare."""

    of: dict[str, Followed]
    any_events: Floats
    severe_events: Floats


def require_observed_year(index: date, complete_to: date) -> None:
    """RequestError unless the extract, complete to ``complete_to``, covers the whole year after ``index``."""
    horizon = months_after(index, HORIZON_MONTHS)
    if horizon > complete_to:
        latest = months_after(complete_to, -HORIZON_MONTHS)
        raise RequestError(
            f"--index {index}: the extracts are complete to {complete_to} at the latest, so its next "
            f"{HORIZON_MONTHS} months cannot be seen yet",
            fix=f"give an index of {latest} or earlier",
        )


def keep_observed(engine: Engine) -> None:
    """Keep what the whole extract shows before its relations are cut: exacerbations, and ends of records."""
    engine.materialise("evaluation", "observed_exacerbations")
    engine.materialise("evaluation", "observed_ends")


def next_year(engine: Engine, features: pd.DataFrame, index: date, horizon: date | None = None) -> NextYear:
    """The outcomes of the people in ``features`` up to ``horizon``, by default the end of the year.

    Needs ``keep_observed``.
    """
    horizon = horizon or months_after(index, HORIZON_MONTHS)
    engine.register_frame("then_register", features[["patient_id"]])
    found = engine.frame(
        render(packaged_sql("evaluation", "follow_up"), {"index": index, "horizon": horizon})
    )
    rows = found.set_index("patient_id").loc[features["patient_id"]]
    return NextYear(
        of={outcome: _followed(rows, _DAY_OF[outcome], index, horizon) for outcome in OUTCOMES},
        any_events=rows["any_events"].to_numpy(dtype=float),
        severe_events=rows["severe_events"].to_numpy(dtype=float),
    )


def _followed(rows: pd.DataFrame, event_column: str, index: date, horizon: date) -> Followed:
    """Whichever comes first. On one day an event goes before a death, and a death before leaving."""
    never = float((horizon - index).days)
    columns = {"event": event_column, "death": "died_on", "left": "left_on"}
    days = np.column_stack([_days(rows[column], index, never + 1) for column in columns.values()])
    first = np.argmin(days, axis=1)
    shortest = np.minimum(days[np.arange(len(days)), first], never)
    ended_by = np.where(days.min(axis=1) > never, "horizon", np.array(list(columns))[first])
    return Followed(
        event=ended_by == "event",
        days=shortest,
        ended_by=pd.Series(ended_by),
        weight=follow_up_weights(shortest, ended_by != "left"),
    )


def _days(column: pd.Series, index: date, otherwise: float) -> Floats:
    days = (pd.to_datetime(column) - pd.Timestamp(index)).dt.days
    return np.maximum(days.astype("Float64").fillna(otherwise).to_numpy(dtype=float), 0.0)
