"""What the columns of a file hold: each column's distinct values with their rows, taken once and asked often.

Gaps, dates, codes, the identifier gate and most rules look at one value at a time. So they look at each distinct
value once, with the number of its rows, and not at every row again. A patient has hundreds of rows and a code
millions, so these tables are small, whatever the file's size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from copd_strat.contracts.contract import Column, Contract
from copd_strat.engine import Engine
from copd_strat.engine.sql import identifier
from copd_strat.extracts.source_files import SourceFile


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
    for place, column in enumerate(contract.columns):
        if column.name in file.columns and _has_few_values(column, file.columns[column.name]):
            name, table = identifier(column.name), f"values_{place}"
            engine.create_table(table, f"SELECT {name}, count(*) AS n FROM ({rows}) GROUP BY {name}")
            selects[column.name] = f"SELECT {name}, n FROM {table}"
    return ColumnValues(selects=selects)


def _has_few_values(column: Column, physical: str) -> bool:
    """Text may be anything and is looked at whole; a number that is no id and comes typed is a measure."""
    is_id = column.family in ("id", "code", "reference")
    return physical == "VARCHAR" or is_id or column.type in ("string", "date")
