"""The simulated tables asked in SQL: a layout's file is a SELECT over them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import duckdb
import pyarrow as pa

from copd_strat.extracts import synthetic_files

# A whole number for an invented id, the same in every file of a layout that wants numbers.
PERSON = "CAST('0x' || substr(md5(patient_id), 1, 13) AS BIGINT)"

# The last registration of each person.
PRESENT = """
    SELECT * EXCLUDE (place) FROM (
        SELECT *, row_number() OVER (PARTITION BY patient_id ORDER BY registration_start DESC) AS place
        FROM patients) WHERE place = 1"""


@contextmanager
def asked(tables: dict[str, pa.Table]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which the simulated tables stand under their names."""
    connection = duckdb.connect(config={"threads": 1})
    try:
        for name, table in tables.items():
            connection.register(name, table)
        yield connection
    finally:
        connection.close()


def stacked_diagnoses(tables: dict[str, pa.Table], name: str, fields: str) -> str:
    """A SELECT of one row a diagnosis of a wide hospital table: ``fields``, its place and its code."""
    diagnoses = (column for column in tables[name].column_names if re.fullmatch("diagnosis_[0-9]+", column))
    return " UNION ALL ".join(
        f"SELECT patient_id, {fields}, {place} AS place, {column} AS code FROM {name} "
        f"WHERE {column} IS NOT NULL"
        for place, column in enumerate(diagnoses, start=1)
    )


def write_select(
    connection: duckdb.DuckDBPyConnection, select: str, path: Path, *, delimiter: str = ","
) -> Path:
    """The rows of ``select``, which must order them, as Parquet or delimited text by the path's ending."""
    table = connection.execute(select).to_arrow_table()
    if path.suffix == ".parquet":
        return synthetic_files.write_parquet(table, path)
    return synthetic_files.write_text(table, path, delimiter=delimiter)


def shape(tables: dict[str, pa.Table], layout: str, name: str) -> pa.Table:
    """The result of ``layouts/<layout>/writer_sql/<name>.sql`` over ``tables``; order never varies."""
    place = files("copd_strat").joinpath("extracts", "layouts", layout, "writer_sql", f"{name}.sql")
    with asked(tables) as connection:
        return connection.execute(place.read_text(encoding="utf-8")).to_arrow_table()
