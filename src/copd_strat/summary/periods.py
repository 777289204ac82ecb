"""The periods that figures are published for: months, and the fixed windows of rare events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

import pandas as pd

PeriodType = Literal["month", "quarter", "year"]
MONTHS: dict[PeriodType, int] = {"month": 1, "quarter": 3, "year": 12}
#: Late records have come in once so many more months have closed (docs/decisions.md §23).
REVISED_AFTER_MONTHS = 3
_MARCH, _APRIL = 3, 4


def month_end(month: date) -> date:
    """Last day of the month that begins on ``month``."""
    return (pd.Timestamp(month) + pd.offsets.MonthEnd(0)).date()


def add_months(month: date, count: int) -> date:
    """First day of the month ``count`` months later."""
    ordinal = month.year * 12 + month.month - 1 + count
    return date(ordinal // 12, ordinal % 12 + 1, 1)


def financial_year(day: date) -> str:
    """The NHS financial year, April to March, as 2025/26."""
    first = day.year if day.month >= _APRIL else day.year - 1
    return f"{first}/{(first + 1) % 100:02d}"


@dataclass(frozen=True, order=True)
class Period:
    """A calendar month, a quarter of the financial year, or a financial year, by its first day."""

    kind: PeriodType
    start: date

    @cached_property
    def months(self) -> tuple[date, ...]:
        """First days of its months, oldest first."""
        return tuple(add_months(self.start, n) for n in range(MONTHS[self.kind]))

    @property
    def last_month(self) -> date:
        return self.months[-1]

    @property
    def end(self) -> date:
        """Its last day."""
        return month_end(self.last_month)

    @property
    def key(self) -> str:
        """Its name in keys and files: month-2026-03, quarter-2026-01, year-2025-04."""
        return f"{self.kind}-{self.start:%Y-%m}"

    @classmethod
    def of_key(cls, key: str) -> Period:
        kind, start = key.split("-", 1)
        return next(cls(name, date.fromisoformat(f"{start}-01")) for name in MONTHS if name == kind)

    @property
    def label(self) -> str:
        """Its name for people."""
        if self.kind == "month":
            return f"{self.start:%B %Y}"
        if self.kind == "quarter":
            return f"{self.start:%B} to {self.last_month:%B %Y}"
        return f"Financial year {financial_year(self.start)}"

    @property
    def has_stock_breakdown(self) -> bool:
        """Whether it is the month at whose end stocks are broken down: 31 March."""
        return self.kind == "month" and self.start.month == _MARCH


@dataclass(frozen=True)
class Due:
    """A period to publish; revision 0 is its first publication."""

    period: Period
    revision: int


def windows(months: Iterable[date]) -> list[Period]:
    """The quarters and financial years that lie wholly in ``months``, short ones first, each kind in order.

    Windows begin where the NHS year does, so that two of them never overlap.
    """
    there = sorted(months)
    found = [
        Period(kind, month)
        for kind, count in MONTHS.items()
        for month in there
        if kind != "month" and (month.month - _APRIL) % count == 0
    ]
    return [period for period in found if set(period.months) <= set(there)]


def first_open_month(complete_to: date) -> date:
    """The first month that is not closed: its last day is after ``complete_to``."""
    month = complete_to.replace(day=1)
    return add_months(month, 1) if month_end(month) == complete_to else month


def is_settled(month: date, open_month: date) -> bool:
    """Three more months have closed since: late records have come in."""
    return add_months(month, REVISED_AFTER_MONTHS) < open_month


def due_periods(
    published: Iterable[Due], provisional: Iterable[date], complete_to: date, months: int
) -> tuple[Due, ...]:
    """What to publish now: newly closed months, months due their revision, and windows that have settled.

    The first run (nothing published) goes back ``months`` months; later runs only add newer ones. A month is
    revised once, when three more have closed; a window is published once, when its last month is that old.
    Months come first, oldest first; then windows, short ones first.
    """
    done = {due.period for due in published}
    open_month = first_open_month(complete_to)
    closed = [add_months(open_month, -back) for back in range(months, 0, -1)]
    known = {period.start for period in done if period.kind == "month"}
    new = [month for month in closed if month > max(known, default=date.min)]
    fresh = [Due(Period("month", month), 0) for month in new]
    ripe = [Due(Period("month", month), 1) for month in provisional if is_settled(month, open_month)]
    whole = windows(known | set(new))
    settled = [p for p in whole if p not in done and is_settled(p.last_month, open_month)]
    ordered = sorted(fresh + ripe, key=lambda due: due.period.start)
    return (*ordered, *(Due(period, 0) for period in settled))
