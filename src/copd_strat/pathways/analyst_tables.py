"""Tables of a night for the site's analysts, and the dispositions that the next night starts from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from copd_strat.contracts.own_tables import (
    arrow_schema,
    own_table,
    select_list,
    with_text_columns,
    write_selected,
)
from copd_strat.contracts.part_files import PartFiles
from copd_strat.engine import Engine

DISPOSITIONS_FILE = Path("history") / "dispositions.parquet"
REFERENCES_FILE = Path("history") / "references.parquet"
PATIENTS_ORDER = ("practice_id", "patient_ref")


def write_tables(
    engine: Engine, root: Path, patients: PartFiles, reasons: PartFiles, history: PartFiles, issued: PartFiles
) -> None:
    """Write ``analyst/{patients,reasons,exacerbations}.parquet`` and ``history/{dispositions,references}``."""
    analyst = root / "analyst"
    patients.write(engine, analyst / "patients.parquet", patients_schema(patients.columns()), PATIENTS_ORDER)
    _by_key(engine, reasons, "reasons", analyst / "reasons.parquet")
    _by_key(engine, history, "history_dispositions", root / DISPOSITIONS_FILE)
    _by_key(engine, issued, "history_references", root / REFERENCES_FILE)
    exacerbations = own_table("internal", "exacerbations")
    order = ", ".join(exacerbations.key)
    select = f"SELECT {select_list(exacerbations)} FROM exacerbations ORDER BY {order}"
    write_selected(engine, select, analyst / "exacerbations.parquet")


def _by_key(engine: Engine, parts: PartFiles, table: str, path: Path) -> None:
    contract = own_table("internal", table)
    parts.write(engine, path, arrow_schema(contract), contract.key)


def patients_schema(columns: Iterable[str]) -> pa.Schema:
    """Features, scores and dispositions side by side; what a policy adds to its lists stands last."""
    tables = (own_table("internal", name) for name in ("features", "scores", "dispositions"))
    return with_text_columns(arrow_schema(*tables), columns)
