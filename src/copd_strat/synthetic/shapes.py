"""Canonical tables reshaped by a packaged SELECT into the tables of another layout."""

from __future__ import annotations

from importlib.resources import files

import duckdb
import pyarrow as pa


def shape(tables: dict[str, pa.Table], layout: str, name: str) -> pa.Table:
    """The result of ``sql/<layout>/<name>.sql`` over ``tables``, on one thread: order never varies."""
    select = (
        files("copd_strat").joinpath("synthetic", "sql", layout, f"{name}.sql").read_text(encoding="utf-8")
    )
    with duckdb.connect(config={"threads": 1}) as engine:
        for table, rows in tables.items():
            engine.register(table, rows)
        return engine.execute(select).to_arrow_table()
