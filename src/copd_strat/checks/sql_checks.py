"""Row checks as SQL: every rule of a contract is one condition that is true where a row breaks it.

Inside a check, ``r.<column>`` is the text (or typed Parquet value) as it came, ``t.<column>`` the typed
value, ``p`` the accepted registration facts of the row's patient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from copd_strat.contracts.contract import Column, Contract, Rule
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


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a check of one column is told: ``raw`` and typed ``value`` in SQL, the raw type, the rule."""

    raw: str
    value: str
    physical: str
    rule: Rule
    as_of: date

    @property
    def blank(self) -> str:
        if self.physical != "VARCHAR":
            return f"{self.raw} IS NULL"
        return f"({self.raw} IS NULL OR trim({self.raw}) = '')"

    @property
    def other(self) -> str:
        """The typed column that the rule compares with."""
        return f"t.{identifier(self.rule.arguments['column'])}"


def violation(rule: Rule, contract: Contract, as_of: date, physical: str) -> str:
    """SQL that is true where a row breaks ``rule`` and false, never NULL, where it does not.

    ``physical`` is the engine's type of the column as it came.
    """
    if rule.column is None:
        return "FALSE"  # judged on the whole table: see accept.py
    if rule.check == "readable" and physical == SQL_TYPES[contract.column(rule.column).type]:
        return "FALSE"
    name = identifier(rule.column)
    cell = Cell(raw=f"r.{name}", value=f"t.{name}", physical=physical, rule=rule, as_of=as_of)
    condition = _CHECKS[rule.check](cell)
    if rule.check in _ORDERS_DATES and (unknown := placeholders(contract)):
        condition = f"{condition} AND {cell.value} NOT IN {literal(unknown)}"
    return f"coalesce({condition}, FALSE)"


def placeholders(contract: Contract) -> tuple[date, ...]:
    """Dates that stand for unknown in this table: no other rule reads them as dates."""
    return tuple(sorted({day for rule in contract.rules_of("not_sentinel") for day in _days(rule)}))


def _days(rule: Rule) -> tuple[date, ...]:
    days = rule.arguments["dates"]
    return tuple(day if isinstance(day, date) else date.fromisoformat(day) for day in days)


def _values(cell: Cell) -> str:
    return literal(tuple(cell.rule.arguments["values"]))


def _range(cell: Cell) -> str:
    bounds = cell.rule.arguments
    below = f"{cell.value} < {bounds['min']}" if "min" in bounds else "FALSE"
    above = f"{cell.value} > {bounds['max']}" if "max" in bounds else "FALSE"
    return f"({below} OR {above})"


def _future(cell: Cell) -> str:
    return f"{cell.value} > {literal(cell.as_of)} AND {cell.value} < {literal(date(2500, 1, 1))}"


_CHECKS: dict[str, Callable[[Cell], str]] = {
    "present": lambda cell: cell.blank,
    "readable": lambda cell: f"NOT {cell.blank} AND {cell.value} IS NULL",
    "one_of": lambda cell: f"{cell.value} NOT IN {_values(cell)}",
    "none_of": lambda cell: f"{cell.value} IN {_values(cell)}",
    "range": _range,
    "pattern": lambda cell: f"NOT regexp_matches({cell.value}, {literal(cell.rule.arguments['pattern'])})",
    "intact_id": lambda cell: f"regexp_matches(CAST({cell.raw} AS VARCHAR), {literal(DAMAGED_ID)})",
    "not_sentinel": lambda cell: f"{cell.value} IN {literal(_days(cell.rule))}",
    "not_future": _future,
    "not_before": lambda cell: f"{cell.value} < {cell.other}",
    "not_before_birth_year": lambda cell: f"year({cell.value}) < {cell.other}",
    "known_patient": lambda cell: f"{cell.value} IS NOT NULL AND p.patient_id IS NULL",
    "not_before_birth": lambda cell: f"year({cell.value}) < p.birth_year",
}

_ORDERS_DATES = frozenset({"not_future", "not_before", "not_before_birth_year", "not_before_birth"})
NEEDS_PATIENT = frozenset({"known_patient", "not_before_birth"})
WHOLE_TABLE = frozenset({"complete_row", "unique_key"})
CHECKS = frozenset(_CHECKS) | WHOLE_TABLE
