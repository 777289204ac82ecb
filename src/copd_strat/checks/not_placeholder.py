"""The date is not one that stands for "unknown"."""

from __future__ import annotations

from datetime import date

from copd_strat.checks.check import Cell, Check, Common, Parts, Row
from copd_strat.checks.expectations import days, not_in_set
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine.sql import literal

# HES: 15/10/1582, 01/01/1800 and 01/01/1801 for missing or invalid dates (HES data dictionary). Spreadsheets
# and databases: their first days, and their last ones for "no end".
PLACEHOLDERS = tuple(
    date.fromisoformat(day)
    for day in (
        "1582-10-15",
        "1800-01-01",
        "1801-01-01",
        "1899-12-30",
        "1900-01-01",
        "2999-12-31",
        "9999-12-31",
    )
)


class NotPlaceholder(Check):
    meaning = 'the date is not one that stands for "unknown": ' + ", ".join(map(str, PLACEHOLDERS))
    counts = "Rows whose {column} is a date that stands for unknown."
    fix = "leave {column} empty where it is not known"

    def condition(self, cell: Cell) -> str:
        return f"{cell.value} IN {literal(PLACEHOLDERS)}"

    def sample_parts(self, rule: Rule, contract: Contract, as_of: date, common: Common) -> Parts:
        return [(1, not_in_set(str(rule.column), [days(day) for day in PLACEHOLDERS], common))]

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return PLACEHOLDERS[-1].strftime(contract.date_formats[0])


def placeholders(contract: Contract) -> tuple[date, ...]:
    """Dates that no other rule of the table reads as dates, where one of its rules knows placeholders."""
    return PLACEHOLDERS if any(contract.rules_of(CHECK.name)) else ()


CHECK = NotPlaceholder()
