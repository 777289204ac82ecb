"""Closed months: who was on the register, and what happened to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from copd_strat.engine import Engine


def build_monthly(engine: Engine, months: Sequence[date]) -> None:
    """Make ``monthly_register`` and ``monthly_events`` for ``months``, each given by its first day.

    Needs the tables of ``clinical.build``. ``monthly_register``: month, patient_id, practice_id, sex,
    age_band, imd_quintile, ethnicity_group, as at the month's end. ``monthly_events``: month, patient_id,
    indicator, n (n >= 1); people who have died or left since are in both.
    """
    engine.register_frame("month_list", pd.DataFrame({"month": pd.to_datetime(list(months))}))
    engine.materialise("clinical", "monthly_register")
    engine.materialise("clinical", "monthly_events")
