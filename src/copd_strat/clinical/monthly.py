"""Closed months: who was on the register."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from copd_strat.engine import SqlEngine, packaged_sql, render


def build_monthly(engine: SqlEngine, months: Sequence[date]) -> None:
    """Make ``monthly_register`` for ``months``, each given by its first day.

    Needs the tables of ``clinical.build``. Columns: month, patient_id, practice_id, sex, age_band,
    imd_quintile, ethnicity_group, as at the month's end; people who have died or left since are in it.
    One part a month; one of nobody, for a night that closes no month.
    """
    nobody = f"SELECT * FROM ({_members(date(1900, 1, 1))}) AS nobody WHERE FALSE"
    engine.create_in_parts("monthly_register", [nobody, *map(_members, months)])


def _members(month: date) -> str:
    """SQL of one month's rows."""
    end = month.replace(day=monthrange(month.year, month.month)[1])
    return render(packaged_sql("clinical", "monthly_register"), {"month": month, "month_end": end})
