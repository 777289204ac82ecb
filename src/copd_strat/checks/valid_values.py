"""The value is one of a fixed set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from copd_strat.checks.check import Cell, Common, MetricCheck, Row
from copd_strat.checks.expectations import expectations
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine.sql import literal


class ValidValues(MetricCheck):
    metric = "invalidValues"
    meaning = "the value is one of a fixed set"
    counts = "Rows whose {column} is none of the accepted values."
    fix = "send {column} in the codes of the source as they are; what is none of them is counted by value"
    arguments = ("validValues",)
    told_by_value = True

    def lint(self, rule: Rule, contract: Contract) -> Iterator[str]:
        yield from super().lint(rule, contract)
        if not rule.arguments.get("validValues"):
            yield "'validValues' is empty"

    def condition(self, cell: Cell) -> str:
        return f"{cell.value} NOT IN {literal(tuple(cell.rule.arguments['validValues']))}"

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        values = list(rule.arguments["validValues"])
        return expectations().ExpectColumnValuesToBeInSet(column=rule.column, value_set=values, **common)

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return "none of these"


CHECK = ValidValues()
