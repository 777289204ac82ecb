"""Tables of a night for the site's analysts, and the dispositions that the next night starts from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa

from copd_strat.contracts.own_tables import (
    arrow_schema,
    conform,
    conform_to,
    own_table,
    read_parquet,
    select_list,
    with_text_columns,
    write_parquet,
    write_selected,
)
from copd_strat.engine import Engine
from copd_strat.pathways.assign import Assignment

_HISTORY = Path("history") / "dispositions.parquet"
_REFERENCES = Path("history") / "references.parquet"
# The contracts of the patients' table, side by side.
_PATIENTS = ("features", "scores", "dispositions")


def read_dispositions(run: Path | None) -> pd.DataFrame | None:
    """Dispositions that the run in the folder ``run`` left, or None on the first night."""
    return None if run is None else _read(run / _HISTORY, "history_dispositions")


def read_references(run: Path | None) -> pd.DataFrame | None:
    """Whom earlier lists' references stood for, or None on the first night."""
    if run is None:
        return None
    found = _read(run / _REFERENCES, "history_references")
    # Parquet gives dates as Python's, which cannot be compared with tonight's.
    return found.assign(first_on=pd.to_datetime(found["first_on"]), last_on=pd.to_datetime(found["last_on"]))


def read_patients(path: Path, columns: Iterable[str] | None = None) -> pd.DataFrame:
    """The patients' table of a run, or some of its ``columns``; what a policy added to it is there as well."""
    return _read(path, *_PATIENTS, columns=columns)


def read_reasons(path: Path) -> pd.DataFrame:
    """The reasons of a run, in the words of the table's contract."""
    return _read(path, "reasons")


def _read(path: Path, *tables: str, columns: Iterable[str] | None = None) -> pd.DataFrame:
    """InputError where a program of another version wrote the table otherwise."""
    contracts = (own_table("internal", name) for name in tables)
    frame: pd.DataFrame = read_parquet(path, *contracts, columns=columns).to_pandas()
    return frame


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
    tables = (own_table("internal", name) for name in _PATIENTS)
    schema = with_text_columns(arrow_schema(*tables), patients.columns)
    return conform_to(schema, patients)
