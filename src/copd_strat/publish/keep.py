"""What a night keeps: restricted tables for the analysts, and the memory tomorrow starts from."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from copd_strat.engine import Engine
from copd_strat.pathways import Assignment
from copd_strat.plan import Plan

_HISTORY = Path("history") / "dispositions.parquet"
_EXACERBATIONS = """
    SELECT patient_id, start_date, end_date, severity, evidence,
           * EXCLUDE (patient_id, start_date, end_date, severity, evidence)
    FROM exacerbations ORDER BY patient_id, start_date, end_date, severity"""


def last_dispositions(planned: Plan) -> pd.DataFrame | None:
    """Dispositions of the run before, or None on the first night."""
    return None if planned.previous is None else pd.read_parquet(planned.previous.path / _HISTORY)


def keep(engine: Engine, root: Path, assigned: Assignment, reasons: pd.DataFrame) -> None:
    """Write ``analyst/{patients,reasons,exacerbations}.parquet`` and ``history/dispositions.parquet``."""
    for folder in ("analyst", "history"):
        (root / folder).mkdir(exist_ok=True)
    assigned.patients.to_parquet(root / "analyst" / "patients.parquet", index=False)
    reasons.to_parquet(root / "analyst" / "reasons.parquet", index=False)
    assigned.history.to_parquet(root / _HISTORY, index=False)
    engine.write_parquet(_EXACERBATIONS, root / "analyst" / "exacerbations.parquet")
