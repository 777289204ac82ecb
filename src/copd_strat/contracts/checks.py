"""Row checks as SQL: every rule of a contract is one condition that is true where a row breaks it.

Inside a check, ``r.<column>`` is the text (or typed Parquet value) as it came, ``t.<column>`` the typed value,
``p`` the accepted registration facts of the row's patient.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from copd_strat.contracts.model import Column, Contract, Rule
from copd_strat.engine.sql import identifier, literal

# Scientific notation, or a whole number with a decimal part: what a spreadsheet leaves of a long id.
DAMAGED_ID = r"^[0-9]+(\.[0-9]+)?[eE]\+?[0-9]+$|^[0-9]{4,}\.0+$"

SQL_TYPES = {
    "string": "VARCHAR",
    "date": "DATE",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
}


def typed(column: Column, physical: str, date_formats: tuple[str, ...]) -> str:
    """SQL of the column's typed value: NULL where the text cannot be read as the contract's type."""
    name = f"r.{identifier(column.name)}"
    wanted = SQL_TYPES[column.type]
    if physical == wanted:
        return name
    if column.type == "string":
        return f"nullif(trim(CAST({name} AS VARCHAR)), '')"
    if column.type == "date" and physical == "VARCHAR":
        return _parsed_date(f"trim({name})", date_formats)
    if column.type == "integer" and physical == "VARCHAR":
        whole = f"regexp_matches(trim({name}), '^[-+]?[0-9]+$')"
        return f"CASE WHEN {whole} THEN TRY_CAST(trim({name}) AS BIGINT) END"
    if column.type == "number" and physical == "VARCHAR":
        return f"TRY_CAST(trim({name}) AS DOUBLE)"
    if column.type == "boolean" and physical == "VARCHAR":
        return f"CASE lower(trim({name})) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
    return f"TRY_CAST({name} AS {wanted})"


def _parsed_date(text: str, formats: tuple[str, ...]) -> str:
    """A date, with a midnight time behind it allowed; anything else behind it is not a date."""
    bare = f"regexp_replace({text}, '[T ]00:00(:00(\\.0+)?)?Z?$', '')"
    tries = ", ".join(f"CAST(try_strptime({bare}, {literal(pattern)}) AS DATE)" for pattern in formats)
    return f"coalesce({tries})" if len(formats) > 1 else tries


def is_blank(name: str) -> str:
    return f"({name} IS NULL OR trim(CAST({name} AS VARCHAR)) = '')"


def violation(rule: Rule, contract: Contract, as_of: date) -> str:
    """SQL that is true where a row breaks ``rule`` and false, never NULL, where it does not."""
    if rule.column is None:
        return "FALSE"  # judged on the whole table: see accept.py
    raw, value = f"r.{identifier(rule.column)}", f"t.{identifier(rule.column)}"
    condition = _CHECKS[rule.check](raw, value, rule, as_of)
    if rule.check in _ORDERS_DATES and (unknown := _placeholders(contract)):
        condition = f"{condition} AND {value} NOT IN {literal(unknown)}"
    return f"coalesce({condition}, FALSE)"


def _placeholders(contract: Contract) -> tuple[date, ...]:
    """Dates that stand for unknown in this table: no other rule reads them as dates."""
    return tuple(sorted({day for rule in contract.rules_of("not_sentinel") for day in _days(rule)}))


def _days(rule: Rule) -> tuple[date, ...]:
    days = rule.arguments["dates"]
    return tuple(day if isinstance(day, date) else date.fromisoformat(day) for day in days)


def _one_of(raw: str, value: str, rule: Rule, as_of: date) -> str:
    return f"{value} NOT IN {literal(tuple(rule.arguments['values']))}"


def _range(raw: str, value: str, rule: Rule, as_of: date) -> str:
    bounds = rule.arguments
    below = f"{value} < {bounds['min']}" if "min" in bounds else "FALSE"
    above = f"{value} > {bounds['max']}" if "max" in bounds else "FALSE"
    return f"({below} OR {above})"


def _sentinel(raw: str, value: str, rule: Rule, as_of: date) -> str:
    return f"{value} IN {literal(_days(rule))}"


_CHECKS: dict[str, Callable[[str, str, Rule, date], str]] = {
    "present": lambda raw, value, rule, as_of: is_blank(raw),
    "readable": lambda raw, value, rule, as_of: f"NOT {is_blank(raw)} AND {value} IS NULL",
    "one_of": _one_of,
    "none_of": lambda raw, value, rule, as_of: f"{value} IN {literal(tuple(rule.arguments['values']))}",
    "range": _range,
    "pattern": lambda raw, value, rule, as_of: (
        f"NOT regexp_matches({value}, {literal(rule.arguments['pattern'])})"
    ),
    "intact_id": lambda raw, value, rule, as_of: (
        f"regexp_matches(CAST({raw} AS VARCHAR), {literal(DAMAGED_ID)})"
    ),
    "not_sentinel": _sentinel,
    "not_future": lambda raw, value, rule, as_of: (
        f"{value} > {literal(as_of)} AND {value} < {literal(date(2500, 1, 1))}"
    ),
    "not_before": lambda raw, value, rule, as_of: f"{value} < t.{identifier(rule.arguments['column'])}",
    "not_before_birth_year": lambda raw, value, rule, as_of: (
        f"year({value}) < t.{identifier(rule.arguments['column'])}"
    ),
    "known_patient": lambda raw, value, rule, as_of: f"{value} IS NOT NULL AND p.patient_id IS NULL",
    "not_before_birth": lambda raw, value, rule, as_of: f"year({value}) < p.birth_year",
}

_ORDERS_DATES = frozenset({"not_future", "not_before", "not_before_birth_year", "not_before_birth"})
NEEDS_PATIENT = frozenset({"known_patient", "not_before_birth"})
WHOLE_TABLE = frozenset({"complete_row", "unique_key"})
CHECKS = frozenset(_CHECKS) | WHOLE_TABLE
