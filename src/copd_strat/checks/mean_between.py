"""The mean of the column lies in a band."""

from __future__ import annotations

from typing import Any

from copd_strat.checks.check import Common, FigureCheck
from copd_strat.checks.expectations import expectations
from copd_strat.contracts.contract import Contract, Rule


class MeanBetween(FigureCheck):
    meaning = "the mean of the column lies in a band"
    counts = "Mean of {column} outside its band."

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        return expectations().ExpectColumnMeanToBeBetween(column=rule.column, **self.band(rule, common))


CHECK = MeanBetween()
