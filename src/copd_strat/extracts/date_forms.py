"""Dates as sources write them: moments become local days; what is no date says why.

A moment with a zone is the day it falls on in the configured zone. Years have four digits, and lie after a
floor: nobody alive was born before 1850, and no record is older than 1900 (docs/decisions.md, dates). A value
that breaks this is kept with the reason behind it, which no date format can read: the contract's rules set it
aside and the quarantine shows why. A table's own placeholders for "unknown" stay dates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from copd_strat.checks.not_placeholder import placeholders
from copd_strat.contracts.contract import Column, Contract
from copd_strat.contracts.kinds import FIRST_BIRTH_YEAR, FIRST_EVENT
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import ContractError
from copd_strat.extracts.column_values import ColumnValues
from copd_strat.extracts.source_files import SourceFile
from copd_strat.extracts.typed_values import typed

_BIRTH = re.compile("birth|dob", re.IGNORECASE)
_BIRTH_FLOOR = date(FIRST_BIRTH_YEAR, 1, 1)
_LAST_DAY = date(9999, 12, 31)  # what Python can hold

_TWO_DIGITS = r"^[0-9]{1,2}[-/. ][0-9A-Za-z]{1,9}[-/. ][0-9]{2}([T ].*)?$"
_SIX_DIGITS = "^[0-9]{6}$"
_MOMENT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
)
# Days as a spreadsheet counts them, from 1900 on: five digits are the years 1927 to 2173.
_DAY_NUMBER = r"^[1-9][0-9]{4}([.][0-9]+)?$"
# A column is refused when more values than these are written wrongly; fewer are set aside one by one.
_FEW, _SMALL_SHARE = 5, 0.01


@dataclass(frozen=True, kw_only=True)
class DateForms:
    """How a file's date columns are to be read: SQL by column, their engine types then, and what to tell."""

    readings: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def date_forms(
    engine: Engine, file: SourceFile, contract: Contract, values: ColumnValues, zone: str
) -> DateForms:
    """Look at all dates of a file, whose ``values`` have blanks and gaps taken away.

    ContractError if a column has two-digit years or a spreadsheet's day numbers, mixes formats, or holds
    midnights of another zone.
    """
    forms = DateForms()
    for column in contract.columns:
        kind = file.columns.get(column.name)
        if column.type != "date" or kind is None:
            continue
        if kind == "VARCHAR":
            found = _text_dates(engine, file, contract, column, values.of(column.name), zone)
        elif kind == "DATE" or kind.startswith("TIMESTAMP"):
            found = _typed_dates(engine, file, contract, column, values.of(column.name), zone)
        else:
            _refuse_day_numbers(engine, file, column, values.of(column.name))
            continue
        forms = DateForms(
            readings=forms.readings | found.readings,
            kinds=forms.kinds | found.kinds,
            notes=(*forms.notes, *found.notes),
        )
    return forms


def _floor(column: Column) -> date:
    return _BIRTH_FLOOR if _BIRTH.search(column.name) else FIRST_EVENT


def _beyond(day: str, column: Column, contract: Contract) -> str:
    """SQL: whether a date lies before the floor or after what can be held, and stands for nothing else."""
    known = placeholders(contract)
    other = f" AND {day} NOT IN {literal(known)}" if known else ""
    return f"coalesce(({day} < {literal(_floor(column))} OR {day} > {literal(_LAST_DAY)}){other}, FALSE)"


def _reason(column: Column) -> str:
    return literal(f" (not between {_floor(column).year} and {_LAST_DAY.year})")


def _is_many(count: int, filled: int) -> bool:
    return count == filled > 0 or (count >= _FEW and count > _SMALL_SHARE * filled)


def _text_dates(
    engine: Engine, file: SourceFile, contract: Contract, column: Column, values: str, zone: str
) -> DateForms:
    _refuse_day_numbers(engine, file, column, values)
    name, formats = identifier(column.name), contract.date_formats
    value = f"r.{name}"
    forms = _day_forms(value, formats)
    day = typed(column, "VARCHAR", formats)
    short = f"regexp_matches({value}, {literal(_short_years(formats))})"
    moment = f"regexp_matches({value}, {literal(_MOMENT)})"
    tests = {
        "short": short,
        "moments": moment,
        "beyond": f"NOT {short} AND {_beyond(day, column, contract)}",
        **{form: f"NOT {short} AND {read} IS NOT NULL" for form, read in forms.items()},
    }
    filled, number = _count(engine, values, name, tests)
    if _is_many(number["short"], filled):
        raise ContractError(
            f"{file.name}: dates of {column.name} have two-digit years: export with four",
            fix=f"write the years of {column.name} with four digits, best yyyy-mm-dd",
        )
    main = max(forms, key=lambda form: number[form])
    others = sum(number[form] for form in forms if form != main)
    _refuse_mixed(file, column, others, filled)
    local = _local_day(value, zone)
    odd = f"{forms[main]} IS NULL AND {day} IS NOT NULL AND NOT {moment}"
    cases = [
        (number["short"], short, f"{value} || ' (two-digit year)'"),
        (number["beyond"], _beyond(day, column, contract), f"{value} || {_reason(column)}"),
        (number["moments"], moment, f"coalesce(strftime({local}, {literal(main)}), {value})"),
        (others, odd, f"{value} || ' (not written as the other dates)'"),
    ]
    wanted = [f"WHEN {test} THEN {reading}" for count, test, reading in cases if count]
    if not wanted:
        return DateForms()
    return DateForms(
        readings={column.name: f"CASE {' '.join(wanted)} ELSE {value} END"},
        notes=_notes(column, number["moments"], number["beyond"], number["short"], zone),
    )


def _day_forms(value: str, formats: tuple[str, ...]) -> dict[str, str]:
    """How days are written, one entry for formats that differ in the time behind the day: SQL that reads it.

    Its name is the first of these formats. A time says nothing of which number is the month.
    """
    alike: dict[str, list[str]] = {}
    for pattern in formats:
        alike.setdefault(pattern.split("%H")[0].rstrip(" T"), []).append(pattern)
    return {
        patterns[0]: "coalesce("
        + ", ".join(f"try_strptime({value}, {literal(pattern)})" for pattern in patterns)
        + ")"
        for patterns in alike.values()
    }


def _count(engine: Engine, values: str, name: str, tests: dict[str, str]) -> tuple[int, dict[str, int]]:
    """Rows with a value, and rows that meet each test."""
    counts = ", ".join(f"coalesce(sum(n) FILTER (WHERE {test}), 0)::BIGINT" for test in tests.values())
    filled, *found = engine.rows(
        f"SELECT coalesce(sum(n), 0)::BIGINT, {counts} FROM ({values}) r WHERE {name} IS NOT NULL"
    )[0]
    return filled, dict(zip(tests, found, strict=True))


def _local_day(value: str, zone: str) -> str:
    """SQL of the day in ``zone`` of a moment in text, which the engine reads only with its seconds."""
    whole = f"regexp_replace({value}, '([T ][0-9]{{2}}:[0-9]{{2}})(Z|[+-])', '\\1:00\\2')"
    return f"CAST(timezone({literal(zone)}, TRY_CAST({whole} AS TIMESTAMPTZ)) AS DATE)"


def _short_years(formats: tuple[str, ...]) -> str:
    return f"{_TWO_DIGITS}|{_SIX_DIGITS}" if "%Y%m%d" in formats else _TWO_DIGITS


def _refuse_mixed(file: SourceFile, column: Column, others: int, filled: int) -> None:
    """Two date formats in one column mean two sources, one of which may be misread."""
    if _is_many(others, filled):
        raise ContractError(
            f"{file.name}: column {column.name} mixes date formats",
            fix=f"write every date of {column.name} in one format, best yyyy-mm-dd",
        )


def _refuse_day_numbers(engine: Engine, file: SourceFile, column: Column, values: str) -> None:
    """A date column that a spreadsheet turned into numbers has lost what says that they are dates."""
    name = identifier(column.name)
    filled, numbers = engine.rows(
        f"SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(n) FILTER (WHERE "
        f"regexp_matches(CAST({name} AS VARCHAR), {literal(_DAY_NUMBER)})), 0)::BIGINT "
        f"FROM ({values}) r WHERE {name} IS NOT NULL"
    )[0]
    if _is_many(numbers, filled):
        raise ContractError(
            f"{file.name}: {numbers:,} of {filled:,} dates of column {column.name} are numbers of five digits, "
            "day numbers as Excel counts them",
            fix=f"format {column.name} as yyyy-mm-dd before saving, best export it without a spreadsheet",
        )


def _typed_dates(
    engine: Engine, file: SourceFile, contract: Contract, column: Column, values: str, zone: str
) -> DateForms:
    kind, value = file.columns[column.name], f"r.{identifier(column.name)}"
    zoned = kind == "TIMESTAMP WITH TIME ZONE"
    day = f"CAST(timezone({literal(zone)}, {value}) AS DATE)" if zoned else f"CAST({value} AS DATE)"
    beyond = _beyond(day, column, contract)
    if kind == "DATE" or zoned:
        off = late = "FALSE"
    else:
        time = f"CAST(CAST({value} AS TIMESTAMP) AS TIME)"
        off, late = f"{time} <> TIME '00:00:00'", f"{time} = TIME '23:00:00'"
    filled, number = _count(
        engine, values, identifier(column.name), {"strange": beyond, "off": off, "late": late}
    )
    strange, off_midnight, an_hour_early = number["strange"], number["off"], number["late"]
    if off_midnight and off_midnight == an_hour_early and _is_many(off_midnight, filled):
        raise ContractError(
            f"{file.name}: the times of {column.name} are 00:00 and 23:00, midnights an hour off",
            fix=f"export {column.name} as dates, or as moments with their zone",
        )
    notes = _notes(column, filled if zoned else 0, strange, 0, zone)
    if not strange:
        unchanged = kind == "DATE"
        return (
            DateForms()
            if unchanged
            else DateForms(readings={column.name: day}, kinds={column.name: "DATE"}, notes=notes)
        )
    pattern = literal(contract.date_formats[0])
    told = f"CAST({day} AS VARCHAR) || {_reason(column)}"
    reading = f"CASE WHEN {beyond} THEN {told} ELSE strftime({day}, {pattern}) END"
    return DateForms(readings={column.name: reading}, kinds={column.name: "VARCHAR"}, notes=notes)


def _notes(column: Column, moments: int, beyond: int, short: int, zone: str) -> tuple[str, ...]:
    told = []
    if moments:
        told.append(f"{column.name}: {moments:,} moments were read as local days of {zone}")
    if beyond:
        told.append(
            f"{column.name}: {beyond:,} dates before {_floor(column).year} or too far off are not read"
        )
    if short:
        told.append(f"{column.name}: {short:,} dates with two-digit years are not read")
    return tuple(told)
