"""Every rule of a contract as one SQL condition that is true where a row breaks it."""

from __future__ import annotations

from datetime import date

from copd_strat.checks import check_kind
from copd_strat.checks.check import Cell
from copd_strat.checks.not_placeholder import placeholders
from copd_strat.contracts.contract import SQL_TYPES, Contract, Rule
from copd_strat.engine.sql import identifier, literal


def violation(rule: Rule, contract: Contract, as_of: date, physical: str) -> str:
    """SQL that is true where a row breaks ``rule`` and false, never NULL, where it does not.

    ``physical`` is the engine's type of the column as it came.
    """
    if rule.column is None:
        return "FALSE"  # judged on the whole table: extracts/row_checks.py
    kind = check_kind(rule.check)
    if rule.check == "readable" and physical == SQL_TYPES[contract.column(rule.column).type]:
        return "FALSE"
    name = identifier(rule.column)
    cell = Cell(raw=f"r.{name}", value=f"t.{name}", physical=physical, rule=rule, as_of=as_of)
    condition = kind.condition(cell)
    unknown = placeholders(contract) if contract.column(rule.column).type == "date" else ()
    if kind.reads_dates and unknown:
        condition = f"{condition} AND {cell.value} NOT IN {literal(unknown)}"
    return f"coalesce({condition}, FALSE)"
