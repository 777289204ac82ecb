"""Observed over expected of each month's predictions, as their twelve months pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from copd_strat.config import MonitoringSettings
from copd_strat.engine import Engine
from copd_strat.errors import RunGuardError
from copd_strat.evaluation.candidates import ANY, SEVERE
from copd_strat.evaluation.followed import HORIZON_MONTHS, keep_observed, months_after, next_year
from copd_strat.evaluation.measures import Z
from copd_strat.quality import Finding, Section

_RISK = {ANY: "risk_any_12m", SEVERE: "risk_severe_12m"}
# Before that too few events have come, and those that came may not be entered yet.
FEWEST_DAYS = 60
# Below these, chance alone makes any ratio.
FEWEST_EVENTS, FEWEST_PEOPLE = 20, 30
_SHOWN_MONTHS = 13


@dataclass(frozen=True, kw_only=True)
class Matured:
    """One month's predictions of one outcome so far: events seen and events that the risks led to expect."""

    month: date
    outcome: str
    model: str
    days: int
    people: int
    observed: int
    expected: float

    @property
    def ratio(self) -> float:
        return self.observed / self.expected if self.expected else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, by the logarithm of a count."""
        half = Z / np.sqrt(max(self.observed, 1))
        return float(self.ratio * np.exp(-half)), float(self.ratio * np.exp(half))

    def to_json(self) -> dict[str, Any]:
        lower, upper = self.interval
        return {
            "month": self.month.isoformat(),
            "outcome": self.outcome,
            "model": self.model,
            "days": self.days,
            "oe_ratio": round(self.ratio, 4),
            "lower": round(lower, 4),
            "upper": round(upper, 4),
            "enough": self.observed >= FEWEST_EVENTS and self.people >= FEWEST_PEOPLE,
        }


def matured(engine: Engine, snapshots: pd.DataFrame, complete_to: date) -> list[Matured]:
    """All months whose first ``FEWEST_DAYS`` days are over; needs the tables of ``clinical.build``.

    A risk of a year is spread evenly over it: followed for d days, somebody with risk p is expected to have
    had an event with chance 1 - (1 - p)^(d/365).
    """
    if snapshots.empty:
        return []
    keep_observed(engine)
    months = sorted(snapshots["month"].unique())[-_SHOWN_MONTHS:]
    return [
        found
        for month in months
        for found in _of_month(engine, snapshots[snapshots["month"] == month], complete_to)
    ]


def _of_month(engine: Engine, snapshot: pd.DataFrame, complete_to: date) -> Iterator[Matured]:
    index = pd.Timestamp(snapshot["index_date"].iloc[0]).date()
    horizon = min(months_after(index, HORIZON_MONTHS), complete_to)
    days = (horizon - index).days
    if days < FEWEST_DAYS:
        return
    people = snapshot.reset_index(drop=True)
    after = next_year(engine, people, index, horizon)
    for outcome, column in _RISK.items():
        risk = people[column].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        scored, followed = ~np.isnan(risk), after.of[outcome]
        # followed to the event or to the end: an even risk over the time each person was at it
        expected = -np.expm1(
            np.log1p(-np.minimum(risk[scored], 1 - 1e-9))
            * _exposed(followed.days, followed.event, days)[scored]
            / 365
        )
        yield Matured(
            month=pd.Timestamp(people["month"].iloc[0]).date(),
            outcome=outcome,
            model=str(people["model"].iloc[0]),
            days=days,
            people=int(scored.sum()),
            observed=int(followed.event[scored].sum()),
            expected=float(expected.sum()),
        )


def _exposed(days: np.ndarray, event: np.ndarray, until: int) -> np.ndarray:
    """Days that somebody could have been seen: to the end also for those who had their event."""
    return np.where(event, until, days)


def calibration_findings(found: list[Matured], settings: MonitoringSettings) -> Iterator[Finding]:
    """The most mature month of each outcome, where its whole interval lies beyond a threshold."""
    for outcome in _RISK:
        own = [one for one in found if one.outcome == outcome and one.observed >= FEWEST_EVENTS]
        if not own:
            continue
        oldest = max(own, key=lambda one: (one.days, one.month))
        lower, upper = oldest.interval
        beyond = max(lower, 1 / upper)
        if beyond <= settings.oe_warn:
            continue
        yield Finding(
            cause="the risk does not fit what came",
            subject=outcome.replace("_", " "),
            weight="stop" if beyond > settings.oe_stop else "warn",
            sentence=f"{outcome.replace('_', ' ')}: of the risks of {oldest.month:%B %Y} over {oldest.days} days, "
            f"observed over expected is {oldest.ratio:.2f} ({lower:.2f} to {upper:.2f})",
            fix="run 'copd-strat backtest', then 'copd-strat recalibrate' if it says the same",
            figures={"oe_ratio": oldest.ratio, "lower": lower, "upper": upper},
            exit_code=RunGuardError.exit_code,
        )


def calibration_section(found: list[Matured]) -> Section:
    return Section(
        title="Monitoring: observed over expected by month",
        introduction="Each month's first run: its risks against what has come since, as the twelve months pass.",
        columns=("month", "outcome", "days so far", "people", "observed", "expected", "O/E", "lower", "upper"),
        rows=tuple(
            (
                one.month.isoformat(), one.outcome.replace("_", " "), one.days, one.people, one.observed,
                round(one.expected, 1), round(one.ratio, 2), *(round(end, 2) for end in one.interval),
            )
            for one in found
        ),
    )  # fmt: skip
