"""The number of different values lies in a band."""

from __future__ import annotations

from typing import Any

from copd_strat.checks.check import Common, FigureCheck
from copd_strat.checks.expectations import expectations
from copd_strat.contracts.contract import Contract, Rule


class DistinctBetween(FigureCheck):
    meaning = "the number of different values lies in a band"
    counts = "Different values of {column} outside their band."

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        gxe = expectations()
        return gxe.ExpectColumnUniqueValueCountToBeBetween(column=rule.column, **self.band(rule, common))


CHECK = DistinctBetween()
