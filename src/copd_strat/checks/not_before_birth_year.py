"""The date is not before the row's year of birth."""

from __future__ import annotations

from datetime import date

from copd_strat.checks.check import Cell, Check, Row
from copd_strat.contracts.contract import Contract, Rule


class NotBeforeBirthYear(Check):
    meaning = "the date is not before the row's year of birth"
    counts = "Rows whose {column} lies before the year of birth."
    fix = "correct {column} or the year of birth at the source"
    dimension = "consistency"
    arguments = ("column",)
    reads_dates = True

    def condition(self, cell: Cell) -> str:
        return f"year({cell.value}) < {cell.other}"

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str | None:
        year = row.get(rule.arguments["column"])
        return date(int(year) - 1, 6, 1).strftime(contract.date_formats[0]) if year else None


CHECK = NotBeforeBirthYear()
