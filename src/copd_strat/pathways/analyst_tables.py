"""Tables of a night for the site's analysts, and the dispositions that the next night starts from."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from copd_strat.engine import Engine
from copd_strat.pathways.assign import Assignment

_HISTORY = Path("history") / "dispositions.parquet"
_EXACERBATIONS = """
    SELECT patient_id, start_date, end_date, severity, evidence,
           * EXCLUDE (patient_id, start_date, end_date, severity, evidence)
    FROM exacerbations ORDER BY patient_id, start_date, end_date, severity"""


def read_dispositions(run: Path | None) -> pd.DataFrame | None:
    """Dispositions that the run in the folder ``run`` left, or None on the first night."""
    return None if run is None else pd.read_parquet(run / _HISTORY)


def write_tables(engine: Engine, root: Path, assigned: Assignment, reasons: pd.DataFrame) -> None:
    """Write ``analyst/{patients,reasons,exacerbations}.parquet`` and ``history/dispositions.parquet``."""
    for folder in ("analyst", "history"):
        (root / folder).mkdir(exist_ok=True)
    assigned.patients.to_parquet(root / "analyst" / "patients.parquet", index=False)
    reasons.to_parquet(root / "analyst" / "reasons.parquet", index=False)
    assigned.history.to_parquet(root / _HISTORY, index=False)
    engine.write_parquet(_EXACERBATIONS, root / "analyst" / "exacerbations.parquet")
