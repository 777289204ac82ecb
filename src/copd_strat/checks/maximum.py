"""The value is not above a bound, which is itself allowed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from copd_strat.checks.check import Cell, Check, Common, Parts, Row
from copd_strat.checks.expectations import between, real
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine.sql import literal


class Maximum(Check):
    meaning = "the value is not above a bound; the bound itself is allowed"
    counts = "Rows whose {column} is above {maximum}."
    arguments = ("maximum",)
    of_one_value = True
    reads_dates = True

    def condition(self, cell: Cell) -> str:
        return f"{cell.value} > {literal(cell.rule.arguments['maximum'])}"

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        return between(str(rule.column), None, rule.arguments["maximum"], common)

    def sample_parts(self, rule: Rule, contract: Contract, as_of: date, common: Common) -> Parts:
        high, column = rule.arguments["maximum"], str(rule.column)
        return [(1, between(real(column) if isinstance(high, date) else column, None, high, common))]

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        high = rule.arguments["maximum"]
        if isinstance(high, date):
            return (high + timedelta(days=45)).strftime(contract.date_formats[0])
        return str(high + 1)


CHECK = Maximum()
