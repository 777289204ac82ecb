"""Tables of a night for the site's analysts, and the dispositions that the next night starts from."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from copd_strat.contracts.own_tables import (
    arrow_schema,
    conform,
    conform_to,
    own_table,
    select_list,
    with_text_columns,
    write_parquet,
    write_selected,
)
from copd_strat.engine import Engine
from copd_strat.pathways.assign import Assignment

_HISTORY = Path("history") / "dispositions.parquet"
_REFERENCES = Path("history") / "references.parquet"


def read_dispositions(run: Path | None) -> pd.DataFrame | None:
    """Dispositions that the run in the folder ``run`` left, or None on the first night."""
    return None if run is None else pd.read_parquet(run / _HISTORY)


def read_references(run: Path | None) -> pd.DataFrame | None:
    """Whom earlier lists' references stood for, or None on the first night."""
    if run is None:
        return None
    found = pd.read_parquet(run / _REFERENCES)
    # Parquet gives dates as Python's, which cannot be compared with tonight's.
    return found.assign(first_on=pd.to_datetime(found["first_on"]), last_on=pd.to_datetime(found["last_on"]))


def write_tables(
    engine: Engine, root: Path, assigned: Assignment, reasons: pd.DataFrame, issued: pd.DataFrame
) -> None:
    """Write ``analyst/{patients,reasons,exacerbations}.parquet`` and ``history/{dispositions,references}``."""
    analyst = root / "analyst"
    write_parquet(_patients(assigned.patients), analyst / "patients.parquet")
    write_parquet(conform(own_table("internal", "reasons"), reasons), analyst / "reasons.parquet")
    history = own_table("internal", "history_dispositions")
    write_parquet(conform(history, assigned.history), root / _HISTORY)
    write_parquet(conform(own_table("internal", "history_references"), issued), root / _REFERENCES)
    exacerbations = own_table("internal", "exacerbations")
    order = ", ".join(exacerbations.key)
    select = f"SELECT {select_list(exacerbations)} FROM exacerbations ORDER BY {order}"
    write_selected(engine, select, analyst / "exacerbations.parquet")


def _patients(patients: pd.DataFrame) -> pa.Table:
    """Features, scores and dispositions side by side; what a policy adds to its lists stands last."""
    tables = (own_table("internal", name) for name in ("features", "scores", "dispositions"))
    schema = with_text_columns(arrow_schema(*tables), patients.columns)
    return conform_to(schema, patients)
