"""The id was not damaged by a spreadsheet."""

from __future__ import annotations

from typing import Any

from copd_strat.checks.check import Cell, Check, Common, Row
from copd_strat.checks.expectations import expectations
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine.sql import literal

# Scientific notation, or a whole number with a decimal part: what a spreadsheet leaves of a long id.
DAMAGED_ID = r"^[0-9]+(\.[0-9]+)?[eE]\+?[0-9]+$|^[0-9]{4,}\.0+$"


class IntactId(Check):
    meaning = "the id was not damaged by a spreadsheet (exponent, decimals)"
    counts = "Rows whose {column} was damaged by a spreadsheet (exponent or decimals)."
    fix = "export {column} as text, never through a spreadsheet"
    told_by_value = True

    def condition(self, cell: Cell) -> str:
        return f"regexp_matches(CAST({cell.raw} AS VARCHAR), {literal(DAMAGED_ID)})"

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        gxe = expectations()
        return gxe.ExpectColumnValuesToNotMatchRegex(column=rule.column, regex=DAMAGED_ID, **common)

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return "1.23457E+15"


CHECK = IntactId()
