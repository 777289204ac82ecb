"""There is a value."""

from __future__ import annotations

from datetime import date
from typing import Any

from copd_strat.checks.check import Cell, Common, MetricCheck, Parts, Row
from copd_strat.checks.expectations import expectations
from copd_strat.contracts.contract import Contract, Rule


class Required(MetricCheck):
    metric = "nullValues"
    meaning = "there is a value"
    counts = "Rows without a value in {column}."
    fix = "fill {column} at the source"
    dimension = "completeness"

    def condition(self, cell: Cell) -> str:
        return cell.blank

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        return expectations().ExpectColumnValuesToNotBeNull(column=rule.column, **common)

    def sample_parts(self, rule: Rule, contract: Contract, as_of: date, common: Common) -> Parts:
        gaps: Parts = [(1, self.expectation(rule, contract, common))]
        if contract.column(str(rule.column)).type == "string":
            gaps.append(
                (1, expectations().ExpectColumnValuesToMatchRegex(column=rule.column, regex=r"\S", **common))
            )
        return gaps

    def counted_with(self) -> tuple[str, ...]:
        # A typed gap is blank or unreadable: both count.
        return ("readable",)

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return ""


CHECK = Required()
