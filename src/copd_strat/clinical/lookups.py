"""The clinical tables of this room: CSV files under data/ as tables of the engine."""

from __future__ import annotations

from functools import cache
from importlib import resources
from io import BytesIO
from typing import TYPE_CHECKING

from copd_strat.engine import SqlEngine

if TYPE_CHECKING:
    import pyarrow as pa

# Columns that name a concept of the code lists or a measure: categories, like the events they are joined to.
CATEGORIES = ("concept", "measure", "becomes")
# Codes and words that look like numbers.
TEXT = ("discharge_destination", "admission_source", "admission_method", "spelling")


def make_lookups(engine: SqlEngine) -> None:
    """Make one table a file of data/, named after it and with its columns; needs ``concept_category``."""
    for name, table in lookups().items():
        named = [column for column in table.column_names if column in CATEGORIES]
        engine.register_frame(name, table, dict.fromkeys(named, "concept_category"))


@cache
def lookups() -> dict[str, pa.Table]:
    """Every CSV file of data/ by its name: an empty field is a gap, types are those of the values."""
    import pyarrow as pa
    from pyarrow import csv

    options = csv.ConvertOptions(
        column_types={name: pa.string() for name in TEXT}, null_values=[""], strings_can_be_null=True
    )
    folder = resources.files("copd_strat.clinical").joinpath("data")
    return {
        file.name.removesuffix(".csv"): csv.read_csv(BytesIO(file.read_bytes()), convert_options=options)
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".csv")
    }
