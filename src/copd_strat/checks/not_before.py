"""The date is not before that of another column."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from copd_strat.checks.check import Cell, Check, Common, Parts, Row
from copd_strat.checks.expectations import at_least, real
from copd_strat.contracts.contract import Contract, Rule


class NotBefore(Check):
    meaning = "the date is not before that of another column"
    counts = "Rows whose {column} lies before {other}."
    # Days up to the 12th can be read as months: a spreadsheet of another country exchanges these and no others.
    fix = (
        "correct {column} or {other} at the source; where many rows break it, either the two columns were "
        "exchanged, or a spreadsheet exchanged day and month wherever the day is 12 or less: export dates as "
        "yyyy-mm-dd, without a spreadsheet"
    )
    dimension = "consistency"
    arguments = ("column",)
    of_one_value = True
    reads_dates = True

    def condition(self, cell: Cell) -> str:
        return f"{cell.value} < {cell.other}"

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        return at_least(str(rule.column), rule.arguments["column"], common)

    def sample_parts(self, rule: Rule, contract: Contract, as_of: date, common: Common) -> Parts:
        return [(1, at_least(real(str(rule.column)), rule.arguments["column"], common))]

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str | None:
        other = row.get(rule.arguments["column"])
        if not other:
            return None
        return (_day(other, contract.date_formats) - timedelta(days=1)).strftime(contract.date_formats[0])


def _day(text: str, formats: tuple[str, ...]) -> date:
    """The day that a sound file's text means, in one of the formats or as Parquet prints it."""
    for pattern in formats:
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    return date.fromisoformat(text[:10])


CHECK = NotBefore()
