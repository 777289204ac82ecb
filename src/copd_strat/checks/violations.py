"""Every rule of a contract as one SQL condition that is true where a row breaks it."""

from __future__ import annotations

from datetime import date

from copd_strat.checks import check_kind
from copd_strat.checks.check import Cell, Check
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
    return f"coalesce({_condition(kind, cell, contract) or 'FALSE'}, FALSE)"


def query(rule: Rule, contract: Contract) -> str | None:
    """A query, in the standard's form, that counts the rows of a typed table that break ``rule``.

    None for rules that look at text, at other tables or at the run date, or that the standard says otherwise.
    """
    kind = check_kind(rule.check)
    if rule.column is None or kind.of_text or kind.moves or kind.needs_patient:
        return None
    name = identifier(rule.column)
    physical = SQL_TYPES[contract.column(rule.column).type]
    cell = Cell(raw=name, value=name, physical=physical, rule=rule, as_of=date.min, typed="")
    condition = _condition(kind, cell, contract)
    return condition and f"SELECT count(*) FROM ${{object}} WHERE {condition}"


def _condition(kind: Check, cell: Cell, contract: Contract) -> str | None:
    """The kind's condition; those that read dates skip the ones that stand for unknown."""
    condition = kind.condition(cell)
    column = contract.column(str(cell.rule.column))
    unknown = placeholders(contract) if column.type == "date" else ()
    if condition is not None and kind.reads_dates and unknown:
        condition = f"{condition} AND {cell.value} NOT IN {literal(unknown)}"
    return condition
