"""Tables of a night for the site's analysts, and the dispositions that the next night starts from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa

from copd_strat.contracts.own_tables import (
    arrow_schema,
    own_table,
    read_parquet,
    select_list,
    with_text_columns,
    write_selected,
)
from copd_strat.contracts.part_files import PartFiles
from copd_strat.engine import Engine

_HISTORY = Path("history") / "dispositions.parquet"
_REFERENCES = Path("history") / "references.parquet"
# The contracts of the patients' table, side by side.
_PATIENTS = ("features", "scores", "dispositions")
PATIENTS_ORDER = ("practice_id", "patient_ref")


def last_dispositions(run: Path) -> pa.Table:
    """Dispositions that the run in the folder ``run`` left."""
    return read_parquet(run / _HISTORY, own_table("internal", "history_dispositions"))


def last_references(run: Path) -> pa.Table:
    """Whom the references of that run's and earlier lists stood for."""
    return read_parquet(run / _REFERENCES, own_table("internal", "history_references"))


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
    engine: Engine, root: Path, patients: PartFiles, reasons: PartFiles, history: PartFiles, issued: PartFiles
) -> None:
    """Write ``analyst/{patients,reasons,exacerbations}.parquet`` and ``history/{dispositions,references}``."""
    analyst = root / "analyst"
    patients.write(engine, analyst / "patients.parquet", patients_schema(patients.columns()), PATIENTS_ORDER)
    _by_key(engine, reasons, "reasons", analyst / "reasons.parquet")
    _by_key(engine, history, "history_dispositions", root / _HISTORY)
    _by_key(engine, issued, "history_references", root / _REFERENCES)
    exacerbations = own_table("internal", "exacerbations")
    order = ", ".join(exacerbations.key)
    select = f"SELECT {select_list(exacerbations)} FROM exacerbations ORDER BY {order}"
    write_selected(engine, select, analyst / "exacerbations.parquet")


def _by_key(engine: Engine, parts: PartFiles, table: str, path: Path) -> None:
    contract = own_table("internal", table)
    parts.write(engine, path, arrow_schema(contract), contract.key)


def patients_schema(columns: Iterable[str]) -> pa.Schema:
    """Features, scores and dispositions side by side; what a policy adds to its lists stands last."""
    tables = (own_table("internal", name) for name in _PATIENTS)
    return with_text_columns(arrow_schema(*tables), columns)
