"""The value is none of a fixed set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from copd_strat.checks.check import Cell, Check, Common, Row
from copd_strat.checks.expectations import not_in_set
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine.sql import literal


class NoneOf(Check):
    meaning = "the value is none of a fixed set"
    counts = "Rows whose {column} is one of the values {values}."
    dimension = "conformity"
    arguments = ("values",)
    told_by_value = True

    def lint(self, rule: Rule, contract: Contract) -> Iterator[str]:
        yield from super().lint(rule, contract)
        if not rule.arguments.get("values"):
            yield "'values' is empty"

    def condition(self, cell: Cell) -> str:
        return f"{cell.value} IN {literal(tuple(cell.rule.arguments['values']))}"

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        return not_in_set(str(rule.column), list(rule.arguments["values"]), common)

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return str(rule.arguments["values"][0])


CHECK = NoneOf()
