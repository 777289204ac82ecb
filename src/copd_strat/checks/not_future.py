"""The date is not after the run date."""

from __future__ import annotations

from datetime import date

from copd_strat.checks.check import Cell, Check, Common, Parts, Row
from copd_strat.checks.expectations import between, real
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine.sql import literal

# Dates after this one are read as "no end", not as the future.
LAST_REAL_DAY = date(2499, 12, 31)
# After any run date, and before the dates that are read as placeholders.
_FUTURE = date(2199, 1, 1)


class NotFuture(Check):
    meaning = "the date is not after the run date"
    counts = "Rows whose {column} lies after the run date."
    reads_dates = True
    moves = True

    def condition(self, cell: Cell) -> str:
        return f"{cell.value} > {literal(cell.as_of)} AND {cell.value} <= {literal(LAST_REAL_DAY)}"

    def sample_parts(self, rule: Rule, contract: Contract, as_of: date, common: Common) -> Parts:
        column = real(str(rule.column))
        late = between(column, None, as_of, common)
        return [(1, late), (-1, between(column, None, LAST_REAL_DAY, common))]

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return _FUTURE.strftime(contract.date_formats[0])


CHECK = NotFuture()
