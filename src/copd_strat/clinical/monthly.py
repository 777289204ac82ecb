"""Closed months: who was on the register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from copd_strat.engine import SqlEngine


def build_monthly(engine: SqlEngine, months: Sequence[date]) -> None:
    """Make ``monthly_register`` for ``months``, each given by its first day.

    Needs the tables of ``clinical.build``. Columns: month, patient_id, practice_id, sex, age_band,
    imd_quintile, ethnicity_group, as at the month's end; people who have died or left since are in it.
    """
    engine.register_frame("month_list", pa.table({"month": pa.array(months, pa.date32())}))
    engine.materialise("clinical", "monthly_register")
