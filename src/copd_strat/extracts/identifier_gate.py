"""The identifier gate: nobody's identity gets in. It judges names and values, and repeats no value.

Sources: NHS Data Dictionary (check digit of the NHS number); docs/decisions.md §20. About one random
ten-digit number in eleven passes the check by chance, so id and code columns are judged by the share that
passes.
"""

from __future__ import annotations

import re
from dataclasses import replace

from copd_strat.contracts.contract import Column, Contract
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import IdentifiableDataError
from copd_strat.extracts.column_values import ColumnValues
from copd_strat.extracts.source_files import SourceFile, scan

_FORBIDDEN = re.compile(
    r"nhs_?(no|num|nbr|number)|nhsnum|fore_?name|given_?name|^given$|sur_?name|family_?name|full_?name|^name$"
    r"|(patient|first|last|middle)_?name|^title$|address|post_?code|^pcode$|^zip$|(^|_)dob($|_)|date_?(of_?)?birth"
    r"|birth_?date|telephone|phone|mobile|e_?mail|uprn|hospital_?number|local_?patient|carer",
)
# A column is refused when more than this share of at least this many distinct ten-digit values pass.
_MIN_TEN_DIGIT, _MAX_SHARE = 50, 0.20
_SAMPLE_ROWS = 10_000

# ``digits`` is the value without blanks and hyphens, ``ten`` whether that is ten digits.
_WEIGHTED = " + ".join(
    f"{11 - place} * CAST(substr(digits, {place}, 1) AS INTEGER)" for place in range(1, 10)
)
_ALL_SAME = literal(tuple(str(digit) * 10 for digit in range(10)))
# 11 - remainder must equal the tenth digit, 11 counting as 0; a 10 is never valid.
_PASSES = (
    f"CASE WHEN ten AND digits NOT IN {_ALL_SAME} "
    f"THEN (11 - ({_WEIGHTED}) % 11) % 11 = CAST(substr(digits, 10, 1) AS INTEGER) ELSE FALSE END"
)
_POSTCODE = "regexp_matches(upper(v), '\\b[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}\\b')"
_EMAIL = "regexp_matches(v, '[^@ ]+@[^@ ]+[.][A-Za-z]{2,}')"
# A number in a sentence keeps its neighbours apart; one that is the whole value may be written in any groups.
_PHONE = (
    "(regexp_matches(regexp_replace(v, '[ ()-]', '', 'g'), '^([+]44|0)[0-9]{9,10}$') OR "
    "regexp_matches(v, '(^|[^0-9+])([+]44 ?|0)[0-9]([ -]?[0-9]){8,9}([^0-9]|$)'))"
)
_BORN = "regexp_matches(lower(v), '\\b(dob|d[.]o[.]b|born|date of birth)\\b.{0,6}[0-9]')"
_DAY = (
    "coalesce(TRY_CAST(v AS DATE), CAST(try_strptime(v, ['%d/%m/%Y', '%d-%b-%Y', '%Y%m%d', '%d %b %Y', "
    "'%d %b %Y %H:%M', '%d %b %Y %H:%M:%S']) AS DATE))"
)
_BIRTH = f"{_DAY} BETWEEN DATE '1900-01-01' AND DATE '2015-12-31'"
# Records of care hardly reach back so far, births of people with COPD mostly do (project choice).
_EARLY = f"{_DAY} BETWEEN DATE '1900-01-02' AND DATE '1969-12-31'"

# The ten-digit numbers that stand inside longer values: tried at every place whose neighbours are no digits.
_HOLDS_TEN = "regexp_matches(v, '[^0-9]') AND regexp_matches(v, '[0-9](?:[ -]?[0-9]){9}')"
_INSIDE = f"""
    SELECT DISTINCT regexp_extract(
        substr(v, place), '^([0-9]{{3}}[ -]?[0-9]{{3}}[ -]?[0-9]{{4}})(?:[^0-9]|$)', 1) AS v
    FROM (SELECT v, unnest(range(1, length(v) - 8)) AS place FROM ($distinct) WHERE {_HOLDS_TEN}) places
    WHERE NOT regexp_matches(left(v, CAST(place AS INTEGER) - 1), '([0-9]|[0-9][.])$')"""

_COUNTS = f"""
    count(*), count(*) FILTER (WHERE ten), count(*) FILTER (WHERE {_PASSES}),
    count(*) FILTER (WHERE {_POSTCODE}), count(*) FILTER (WHERE {_EMAIL}), count(*) FILTER (WHERE {_PHONE}),
    count(*) FILTER (WHERE {_BIRTH}), count(*) FILTER (WHERE {_EARLY}), count(*) FILTER (WHERE {_BORN}),
    count(*) FILTER (WHERE {_HOLDS_TEN})"""


def check_names(file: SourceFile, contract: Contract) -> None:
    """IdentifiableDataError if a column is named like an identifier and the contract does not allow it."""
    allowed = {column.name.lower() for column in contract.columns}
    bad = [name for name in file.columns if name.lower() not in allowed and looks_identifying(name)]
    if bad:
        raise IdentifiableDataError(
            f"{file.name}: column {', '.join(sorted(bad))} is named like an identifier",
            fix="have the sender remove it before the extract leaves the source system",
        )


def looks_identifying(name: str) -> bool:
    """Whether a column name, case and separators aside, is one of the forbidden ones."""
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()).strip("_")
    return bool(_FORBIDDEN.search(plain) or _FORBIDDEN.search(plain.replace("_", "")))


def check_values(engine: Engine, file: SourceFile, contract: Contract, values: ColumnValues) -> None:
    """Judge the distinct values of every text column that will be read."""
    for column in contract.columns:
        physical = file.columns.get(column.name)
        as_text = physical == "VARCHAR" and column.family != "date"
        if as_text or (physical is not None and column.family in ("id", "code", "reference")):
            counts = _counts(engine, values.of(column.name), column.name)
            _judge(file.name, column.name, counts, by_share=_by_share(column))
            if column.family not in ("id", "code", "number"):
                _refuse_births(file.name, column.name, counts)


def check_unread(engine: Engine, file: SourceFile, unread: tuple[str, ...]) -> None:
    """Look at the first rows of columns that will not be read: refuse them if they look identifying."""
    if not unread:
        return
    # All at once: a file of a thousand columns would be read a thousand times. Two names may differ in case alone.
    called = {name: f"unread {place}" for place, name in enumerate(unread)}
    headers = {called.get(name, name): header for name, header in file.headers.items()}
    names = tuple(called.values())
    rows = scan(replace(file, headers=headers), names, trimmed=names if file.is_text else ())
    engine.create_table("unread_columns", f"{rows} LIMIT {_SAMPLE_ROWS}")
    for name in unread:
        counts = _counts(engine, f"SELECT {identifier(called[name])} FROM unread_columns", called[name])
        _judge(file.name, name, counts, by_share=True)
        _refuse_births(file.name, name, counts)


def _refuse_births(file: str, column: str, counts: tuple[int, ...]) -> None:
    """Dates from 1900 to 2015, not a few of them early, are births, whatever the column is called."""
    distinct, dates, early = counts[0], counts[6], counts[7]
    if distinct >= _MIN_TEN_DIGIT and dates >= 0.8 * distinct and early >= 0.1 * distinct:
        _refuse(file, column, "dates that look like dates of birth")


def _by_share(column: Column) -> bool:
    return column.family in ("id", "code", "number", "reference")


def _counts(engine: Engine, rows: str, column: str) -> tuple[int, ...]:
    distinct = f"SELECT DISTINCT CAST({identifier(column)} AS VARCHAR) AS v FROM ({rows})"
    *whole, holding_ten = engine.rows(
        f"SELECT {_COUNTS} FROM ({_with_digits(distinct)}) WHERE v IS NOT NULL"
    )[0]
    if not holding_ten:
        return tuple(whole)
    inside = _INSIDE.replace("$distinct", distinct)
    # What is a whole value too has been counted.
    new = f"SELECT v FROM ({inside}) i ANTI JOIN ({distinct}) w USING (v) WHERE v <> ''"
    ten, passing = engine.rows(
        f"SELECT count(*), count(*) FILTER (WHERE {_PASSES}) FROM ({_with_digits(new)})"
    )[0]
    return whole[0], whole[1] + ten, whole[2] + passing, *whole[3:]


def _with_digits(values: str) -> str:
    digits = f"SELECT v, regexp_replace(v, '[ -]', '', 'g') AS digits FROM ({values})"
    return f"SELECT *, regexp_matches(digits, '^[0-9]{{10}}$') AS ten FROM ({digits})"


def _judge(file: str, column: str, counts: tuple[int, ...], *, by_share: bool) -> None:
    distinct, ten, passing, postcodes, emails, phones, _, _, born = counts
    if emails:
        _refuse(file, column, "e-mail addresses")
    if ten >= _MIN_TEN_DIGIT and passing > _MAX_SHARE * ten:
        _refuse(file, column, "NHS numbers (the share that passes the check digit is far beyond chance)")
    many = max(_MIN_TEN_DIGIT, _MAX_SHARE * distinct) if by_share else 1
    if passing and not by_share:
        _refuse(file, column, "NHS numbers")
    if born and not by_share:
        _refuse(file, column, "dates of birth")
    if postcodes >= many:
        _refuse(file, column, "full postcodes")
    if phones >= many:
        _refuse(file, column, "telephone numbers")


def _refuse(file: str, column: str, what: str) -> None:
    raise IdentifiableDataError(
        f"{file}: column {column} holds {what}",
        fix="have the sender remove it before the extract leaves the source system",
    )
