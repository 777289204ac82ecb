"""The date is not before the patient's year of birth, which another table holds."""

from __future__ import annotations

from datetime import date

from copd_strat.checks.check import Cell, Check, Row
from copd_strat.contracts.contract import Contract, Rule

# Before anybody in the extracts was born, after the first date that is readable as an event's.
_LONG_AGO = date(1900, 2, 3)


class NotBeforeBirth(Check):
    meaning = "the date is not before the patient's year of birth"
    counts = "Rows whose {column} lies before the patient's year of birth."
    dimension = "consistency"
    needs_patient = True
    told_by_least = True
    reads_dates = True

    def condition(self, cell: Cell) -> str:
        return f"year({cell.value}) < p.birth_year"

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return _LONG_AGO.strftime(contract.date_formats[0])


CHECK = NotBeforeBirth()
