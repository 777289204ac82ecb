"""What the columns of a file hold: each column's distinct values with their rows, taken once and asked often.

Gaps, dates, codes, the identifier gate and most rules look at one value at a time. So they look at each distinct
value once, with the number of its rows, and not at every row again. A patient has hundreds of rows and a code
millions, so these tables are small, whatever the file's size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from copd_strat.contracts.contract import Column, Contract
from copd_strat.engine import Engine
from copd_strat.engine.sql import identifier
from copd_strat.extracts.source_files import SourceFile, place_of


@dataclass(frozen=True, kw_only=True)
class ColumnValues:
    """SQL by column of its distinct values, under the column's name, and ``n``, the rows that hold each.

    They stand in the engine until the next file's are taken.
    """

    selects: Mapping[str, str]

    def __contains__(self, column: str) -> bool:
        return column in self.selects

    def of(self, column: str) -> str:
        return self.selects[column]

    def read_as(self, readings: Mapping[str, str]) -> ColumnValues:
        """The values where some columns are read by an SQL expression over ``r``."""
        changed = {
            column: f"SELECT {reading} AS {identifier(column)}, r.n FROM ({self.selects[column]}) r"
            for column, reading in readings.items()
            if column in self.selects
        }
        return ColumnValues(selects={**self.selects, **changed})


def take_values(engine: Engine, file: SourceFile, contract: Contract, rows: str) -> ColumnValues:
    """Take the values of the file's columns out of ``rows``; measures that come typed have too many."""
    selects = {}
    for place, column in _columns_of_few_values(file, contract):
        name = identifier(column)
        selects[column] = _table(
            engine, place, column, f"SELECT {name}, count(*) AS n FROM ({rows}) GROUP BY {name}"
        )
    return ColumnValues(selects=selects)


def keep_values(engine: Engine, values: ColumnValues, path: Path) -> None:
    """Write the values to one file: a row a value, which stands in its own column of the file."""
    pieces = [
        f"SELECT {place} AS _of, n, {identifier(column)} FROM ({select})"
        for place, (column, select) in enumerate(values.selects.items())
    ]
    nothing = "SELECT CAST(NULL AS INTEGER) AS _of, CAST(NULL AS BIGINT) AS n WHERE FALSE"
    engine.write_parquet(" UNION ALL BY NAME ".join([nothing, *pieces]), path)


def kept_values(engine: Engine, file: SourceFile, contract: Contract, path: Path) -> ColumnValues:
    """The values of the file's columns as ``keep_values`` wrote them to ``path``."""
    selects = {}
    for number, (place, column) in enumerate(_columns_of_few_values(file, contract)):
        kept = f"SELECT {identifier(column)}, n FROM read_parquet({place_of(path)}) WHERE _of = {number}"
        selects[column] = _table(engine, place, column, kept)
    return ColumnValues(selects=selects)


def _columns_of_few_values(file: SourceFile, contract: Contract) -> list[tuple[int, str]]:
    """Those of the contract's columns, each with its place there, whose values are taken from the file."""
    return [
        (place, column.name)
        for place, column in enumerate(contract.columns)
        if column.name in file.columns and _has_few_values(column, file.columns[column.name])
    ]


def _table(engine: Engine, place: int, column: str, select: str) -> str:
    engine.create_table(f"values_{place}", select)
    return f"SELECT {identifier(column)}, n FROM values_{place}"


def _has_few_values(column: Column, physical: str) -> bool:
    """Text may be anything and is looked at whole; a number that is no id and comes typed is a measure."""
    is_id = column.family in ("id", "code", "reference")
    return physical == "VARCHAR" or is_id or column.type in ("string", "date")
