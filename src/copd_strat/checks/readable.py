"""A value that is there can be read as the column's type."""

from __future__ import annotations

from typing import Any

from copd_strat.checks.check import Cell, Check, Row
from copd_strat.contracts.contract import Column, Contract, Rule
from copd_strat.contracts.kinds import FIRST_EVENT

# strptime's letters as a person writes them.
_WRITTEN = {"%Y": "yyyy", "%m": "mm", "%d": "dd", "%b": "Mon"}


class Readable(Check):
    meaning = "a value that is there can be read as the column's type"
    counts = "Rows whose {column} is not {wanted}."
    fix = "export {column} as {wanted}"
    dimension = "conformity"
    of_text = True

    def words(self, column: Column | None, arguments: dict[str, Any], contract: Contract) -> tuple[str, str]:
        names = {"column": column.name if column else "", "wanted": _wanted(column, contract)}
        return self.counts.format(**names), self.fix.format(**names)

    def condition(self, cell: Cell) -> str:
        return f"NOT {cell.blank} AND {cell.value} IS NULL"

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return "not readable"


def _wanted(column: Column | None, contract: Contract) -> str:
    wanted = column.type if column else ""
    if wanted == "date":
        return (
            f"a date from {FIRST_EVENT.year} on, written {' or '.join(map(_written, contract.date_formats))}"
        )
    words = {
        "integer": "a whole number",
        "number": "a number with a decimal point",
        "boolean": "true or false",
    }
    return words.get(wanted, "text")


def _written(pattern: str) -> str:
    for letter, word in _WRITTEN.items():
        pattern = pattern.replace(letter, word)
    return pattern


CHECK = Readable()
