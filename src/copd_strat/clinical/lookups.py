"""The clinical tables of this room: CSV files under data/ as tables of the engine."""

from __future__ import annotations

from importlib import resources
from io import StringIO

import pandas as pd

from copd_strat.engine import Engine

# Columns that name a concept of the code lists or a measure: categories, like the events they are joined to.
CATEGORIES = ("concept", "measure", "becomes")
# Codes that look like numbers.
TEXT = {
    "discharge_destination": "str",
    "admission_source": "str",
    "admission_method": "str",
}


def make_lookups(engine: Engine) -> None:
    """Make one table a file of data/, named after it and with its columns; needs ``concept_category``."""
    for file in sorted(resources.files("copd_strat.clinical").joinpath("data").iterdir(), key=str):
        name, _, ending = file.name.rpartition(".")
        if ending == "csv":
            rows = read_lookup(file.read_text("utf-8"))
            engine.register_frame("lookup_rows", rows)
            casts = ", ".join(
                f"CAST({column} AS concept_category) AS {column}" for column in CATEGORIES if column in rows
            )
            engine.create_table(name, f"SELECT * {f'REPLACE ({casts})' if casts else ''} FROM lookup_rows")
    engine.drop("lookup_rows")


def read_lookup(text: str) -> pd.DataFrame:
    """The rows of a CSV text: empty fields are gaps, whole numbers stay whole beside them."""
    frame = pd.read_csv(StringIO(text), dtype=TEXT, keep_default_na=False, na_values=[""])
    return frame.convert_dtypes()
