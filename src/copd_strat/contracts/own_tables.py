"""The program's own tables: what their contracts say of them, and their columns as Arrow and SQL types.

Whatever the program writes as Parquet has its columns, order and types from a contract in
``data_contracts/internal`` or ``data_contracts/published``. The program always reads the contracts that it
comes with: a site's copies speak of what the site sends.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from copd_strat.contracts.contract import Column, Contract
from copd_strat.contracts.contract_files import SUFFIX, own_contract, packaged
from copd_strat.engine import Engine
from copd_strat.engine.sql import identifier
from copd_strat.errors import of_another_version

# Type in a contract → (Arrow, its short name, SQL). Power BI, Tableau's engine, DuckDB and spreadsheets read
# all of them without surprise. Integers have 32 bits unless a contract says BIGINT.
_TYPES: dict[str, tuple[pa.DataType, str, str]] = {
    "string": (pa.string(), "string", "VARCHAR"),
    "integer": (pa.int32(), "int32", "INTEGER"),
    "BIGINT": (pa.int64(), "int64", "BIGINT"),
    "number": (pa.float64(), "double", "DOUBLE"),
    "boolean": (pa.bool_(), "bool", "BOOLEAN"),
    "date": (pa.date32(), "date32", "DATE"),
}


# Read by every tool, and damage is detectable: a flipped bit in a page fails the page's checksum.
_FORMAT: dict[str, Any] = {"compression": "snappy", "write_page_checksum": True, "use_dictionary": True}


@cache
def own_table(layout: str, table: str) -> Contract:
    """The contract of a table that the program makes; ``layout`` is internal or published."""
    return own_contract(packaged() / layout / f"{table}{SUFFIX}", layout)


def own_tables(layout: str) -> tuple[Contract, ...]:
    """All contracts of a layout that the program makes, by name."""
    names = sorted(path.name.removesuffix(SUFFIX) for path in (packaged() / layout).glob(f"*{SUFFIX}"))
    return tuple(own_table(layout, name) for name in names)


def column_names(contract: Contract) -> tuple[str, ...]:
    return tuple(column.name for column in contract.columns)


def arrow_type(column: Column) -> pa.DataType:
    return _types(column)[0]


def type_name(column: Column) -> str:
    """Arrow's short name of the column's type, as dictionaries show it."""
    return _types(column)[1]


def sql_type(column: Column) -> str:
    return _types(column)[2]


def _types(column: Column) -> tuple[pa.DataType, str, str]:
    return _TYPES[column.physical or column.type]


def arrow_schema(*contracts: Contract) -> pa.Schema:
    """The columns of one table, or of several side by side; a column that stands twice is taken once."""
    columns = {column.name: column for contract in contracts for column in contract.columns}
    fields = [
        pa.field(
            column.name,
            arrow_type(column),
            nullable=not column.required,
            metadata={"description": column.description},
        )
        for column in columns.values()
    ]
    names = ", ".join(contract.table for contract in contracts)
    return pa.schema(fields, metadata={"schema_version": contracts[0].version, "table": names})


def conform(contract: Contract, frame: pd.DataFrame) -> pa.Table:
    """``frame`` in the contract's columns and types, in the order of its key."""
    table = conform_to(arrow_schema(contract), frame)
    return table.sort_by([(name, "ascending") for name in contract.key]) if contract.key else table


def conform_to(schema: pa.Schema, frame: pd.DataFrame) -> pa.Table:
    """``frame`` in the schema's columns and types.

    ValueError for a misfit: a fault of the program, never of the data.
    """
    arrays = [_array(frame[field.name], field) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def with_text_columns(schema: pa.Schema, names: Iterable[str]) -> pa.Schema:
    """``schema`` with those of ``names`` that it lacks behind it, as text."""
    for name in names:
        if name not in schema.names:
            schema = schema.append(pa.field(name, pa.string()))
    return schema


def _array(values: pd.Series, field: pa.Field[Any]) -> Any:
    found = pa.array(values, from_pandas=True)
    if found.null_count and not field.nullable:
        raise ValueError(f"column {field.name} has gaps, though its contract says that it has none")
    return found.cast(field.type)


def write_parquet(content: pa.Table, path: Path) -> None:
    """``content`` as one row group, in the format of everything that is published."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(content, path, row_group_size=max(content.num_rows, 1), **_FORMAT)


def read_parquet(path: Path, *contracts: Contract, columns: Iterable[str] | None = None) -> pa.Table:
    """What an earlier run wrote by ``contracts``, or some of its ``columns``.

    InputError where it is not there, or has not the columns and types of these contracts.
    """
    wanted = arrow_schema(*contracts)
    names = wanted.names if columns is None else list(columns)
    try:
        found = pq.read_schema(path)
    except FileNotFoundError:
        raise of_another_version(f"{path}: is not in the run") from None
    for name in names:
        if name not in found.names or found.field(name).type != wanted.field(name).type:
            raise of_another_version(f"{path}: has no column {name} of this program's type")
    return pq.read_table(path, columns=None if columns is None else names)


def write_selected(engine: Engine, select: str, path: Path, schema: pa.Schema | None = None) -> None:
    """As ``write_parquet``, from the engine and a batch at a time: for tables of any size.

    ``schema``: names, types and descriptions of the columns, by default as the engine has them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with engine.batches(select) as batches:
        wanted = schema or batches.schema
        with pq.ParquetWriter(path, wanted, **_FORMAT) as writer:
            for batch in batches:
                writer.write_batch(batch.cast(wanted))


def select_list(contract: Contract, more: Iterable[str] = ()) -> str:
    """The contract's columns for a SELECT of the engine, each cast to its type; ``more`` follow as text."""
    types = {column.name: sql_type(column) for column in contract.columns} | dict.fromkeys(more, "VARCHAR")
    return ", ".join(
        f"CAST({identifier(name)} AS {wanted}) AS {identifier(name)}" for name, wanted in types.items()
    )
