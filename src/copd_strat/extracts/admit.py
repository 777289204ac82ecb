"""The door: a file's columns and values are judged before any row of it is parsed."""

from __future__ import annotations

from pathlib import Path

from copd_strat.contracts.model import Column, Contract
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import ContractError, InputError
from copd_strat.extracts import identifiers
from copd_strat.extracts.accept import Source
from copd_strat.extracts.files import SourceFile, scan

# Identifiers this long do not survive a spreadsheet or a float, which leaves them ending in zeros. No SNOMED
# CT or dm+d identifier of that length ends in 000 (its third digit from the right is 1), and by chance one
# patient id in a thousand does.
_LONG_ID, _MIN_LONG_IDS, _MAX_ENDING_SHARE = 16, 10, 0.5


def admit(engine: Engine, file: SourceFile, contract: Contract, work: Path) -> Source:
    """Pass a file through the identifier gate; text is staged as Parquet below ``work``, to be read once.

    Raises IdentifiableDataError, InputError for a missing column, ContractError for damage to a whole column.
    """
    identifiers.check_names(file, contract)
    _require_columns(file, contract)
    named = {column.name for column in contract.columns}
    identifiers.check_unread(engine, file, tuple(name for name in file.columns if name not in named))
    rows = scan(file, tuple(name for name in file.columns if name in named))
    if file.is_text:
        staged = work / "staged" / f"{file.name.replace('/', '_')}.parquet"
        engine.write_parquet(rows, staged)
        rows = f"SELECT * FROM read_parquet({literal(str(staged))})"
    identifiers.check_values(engine, file, contract, rows)
    for column in contract.columns:
        if column.name in file.columns:
            _refuse_damage(engine, file, contract, column, rows)
    return Source(file=file, rows=rows)


def _require_columns(file: SourceFile, contract: Contract) -> None:
    missing = [
        column.name for column in contract.columns if column.present and column.name not in file.columns
    ]
    if missing:
        raise InputError(
            f"{file.name}: column {', '.join(missing)} is missing",
            mend="export the table with all columns its contract requires (docs/contracts.md)",
        )


def _refuse_damage(engine: Engine, file: SourceFile, contract: Contract, column: Column, rows: str) -> None:
    physical = file.columns[column.name]
    if column.kind in ("id", "code", "reference"):
        _refuse_float_ids(engine, file, column, rows)
        _refuse_ids_ending_in_zeros(engine, file, column, rows)
    if column.type == "date" and physical == "VARCHAR" and len(contract.date_formats) > 1:
        _refuse_mixed_dates(engine, file, contract, column, rows)


def _refuse_float_ids(engine: Engine, file: SourceFile, column: Column, rows: str) -> None:
    if not file.columns[column.name].startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        return
    if engine.scalar(f"SELECT count({identifier(column.name)}) FROM ({rows})"):
        raise ContractError(
            f"{file.name}: column {column.name} holds decimal numbers, in which long ids lose digits",
            mend=f"write {column.name} as text at every step of the export",
        )


def _refuse_ids_ending_in_zeros(engine: Engine, file: SourceFile, column: Column, rows: str) -> None:
    name = identifier(column.name)
    long, ending = engine.rows(
        f"SELECT count(*), count(*) FILTER (WHERE v LIKE '%000') FROM "
        f"(SELECT DISTINCT CAST({name} AS VARCHAR) AS v FROM ({rows})) "
        f"WHERE length(v) >= {_LONG_ID} AND regexp_matches(v, '^[0-9]+$')"
    )[0]
    if long >= _MIN_LONG_IDS and ending > _MAX_ENDING_SHARE * long:
        raise ContractError(
            f"{file.name}: {ending:,} of {long:,} long ids in column {column.name} end in 000; "
            "a spreadsheet has cut their last digits",
            mend=f"export {column.name} as text, never through a spreadsheet",
        )


def _refuse_mixed_dates(
    engine: Engine, file: SourceFile, contract: Contract, column: Column, rows: str
) -> None:
    """Two date formats in one column mean two sources, one of which may be misread."""
    counts = ", ".join(f"count(try_strptime(v, {literal(pattern)}))" for pattern in contract.date_formats)
    distinct = f"SELECT DISTINCT trim({identifier(column.name)}) AS v FROM ({rows})"
    found = engine.rows(f"SELECT {counts} FROM ({distinct})")[0]
    if sum(bool(count) for count in found) > 1:
        raise ContractError(
            f"{file.name}: column {column.name} mixes date formats",
            mend=f"write every date of {column.name} in one format, best yyyy-mm-dd",
        )
