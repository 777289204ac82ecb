"""The text has the expected form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from copd_strat.checks.check import Cell, Check, Common, Row
from copd_strat.checks.expectations import expectations
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine.sql import literal


class Pattern(Check):
    meaning = "the text has the expected form (a regular expression found in it)"
    counts = "Rows whose {column} does not have its form."
    dimension = "conformity"
    arguments = ("pattern",)
    of_one_value = True
    told_by_value = True

    def lint(self, rule: Rule, contract: Contract) -> Iterator[str]:
        yield from super().lint(rule, contract)
        try:
            re.compile(str(rule.arguments.get("pattern", "")))
        except re.error:
            yield "'pattern' is not a regular expression"

    def condition(self, cell: Cell) -> str:
        return f"NOT regexp_matches({cell.value}, {literal(cell.rule.arguments['pattern'])})"

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        regex = rule.arguments["pattern"]
        return expectations().ExpectColumnValuesToMatchRegex(column=rule.column, regex=regex, **common)

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return "#"


CHECK = Pattern()
