"""The value is not below a bound, which is itself allowed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from copd_strat.checks.check import Cell, Check, Common, Parts, Row
from copd_strat.checks.expectations import between, real
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine.sql import literal


class Minimum(Check):
    meaning = "the value is not below a bound; the bound itself is allowed"
    counts = "Rows whose {column} is below {minimum}."
    arguments = ("minimum",)
    of_one_value = True
    reads_dates = True

    def condition(self, cell: Cell) -> str:
        return f"{cell.value} < {literal(cell.rule.arguments['minimum'])}"

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        return between(str(rule.column), rule.arguments["minimum"], None, common)

    def sample_parts(self, rule: Rule, contract: Contract, as_of: date, common: Common) -> Parts:
        low, column = rule.arguments["minimum"], str(rule.column)
        return [(1, between(real(column) if isinstance(low, date) else column, low, None, common))]

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        low = rule.arguments["minimum"]
        if isinstance(low, date):
            return (low - timedelta(days=45)).strftime(contract.date_formats[0])
        return str(low - 1)


CHECK = Minimum()
