"""The value is not above that of another column."""

from __future__ import annotations

from typing import Any

from copd_strat.checks.check import Cell, Check, Common, Row
from copd_strat.checks.expectations import at_least
from copd_strat.contracts.contract import Contract, Rule


class NotAbove(Check):
    meaning = "the value is not above that of another column"
    counts = "Rows whose {column} is above {other}."
    fix = "correct {column} or {other} at the source"
    dimension = "consistency"
    arguments = ("column",)
    of_one_value = True
    told_by_value = True

    def condition(self, cell: Cell) -> str:
        return f"{cell.value} > {cell.other}"

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        return at_least(rule.arguments["column"], str(rule.column), common)

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str | None:
        other = row.get(rule.arguments["column"])
        return str(float(other) + 1) if other else None


CHECK = NotAbove()
