"""The typed value of a column as SQL: what its text means, or NULL where it cannot be read."""

from __future__ import annotations

from copd_strat.contracts.contract import SQL_TYPES, Column
from copd_strat.engine.sql import identifier, literal


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
