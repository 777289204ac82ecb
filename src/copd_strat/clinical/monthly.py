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
    A view of one table a month, so that no statement holds more than one of them.
    """
    tables = {f"register_{month:%Y_%m}": _members(month) for month in months}
    for name, select in tables.items():
        engine.create_table(name, select)
    every = " UNION ALL ".join(f"SELECT * FROM {name}" for name in tables)
    engine.create_view(
        "monthly_register", every or f"SELECT * FROM ({_members(date(1900, 1, 1))}) AS nobody WHERE FALSE"
    )


def _members(month: date) -> str:
    """SQL of one month's rows."""
    end = month.replace(day=monthrange(month.year, month.month)[1])
    return render(packaged_sql("clinical", "monthly_register"), {"month": month, "month_end": end})
