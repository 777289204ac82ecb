"""The door: a file's columns and values are judged before any row of it is parsed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from copd_strat.contracts.contract import Column, Contract
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import ContractError, InputError
from copd_strat.extracts import identifier_gate
from copd_strat.extracts.source_files import SourceFile, reading, scan

# Identifiers this long do not survive a spreadsheet or a float, which leaves them ending in zeros. No SNOMED
# CT or dm+d identifier of that length ends in 000 (its third digit from the right is 1), and by chance one
# patient id in a thousand does.
_LONG_ID, _MIN_LONG_IDS, _MAX_ENDING_SHARE = 16, 10, 0.5


@dataclass(frozen=True, kw_only=True)
class Source:
    """An admitted file: ``rows`` selects its contract columns and ``_line``.

    ``broken`` selects ``_line, record`` of the lines that could not be split into fields.
    """

    file: SourceFile
    rows: str
    broken: str


def admit(engine: Engine, file: SourceFile, contract: Contract, work: Path) -> Source:
    """Pass a file through the identifier gate; text is staged as Parquet below ``work``, to be read once.

    Raises IdentifiableDataError, InputError for a missing column, ContractError for damage to a whole column.
    """
    identifier_gate.check_names(file, contract)
    _require_columns(file, contract)
    named = {column.name for column in contract.columns}
    with reading(file.name):
        identifier_gate.check_unread(engine, file, tuple(name for name in file.columns if name not in named))
        _forget_rejects(engine)
        source = _stage(engine, file, tuple(name for name in file.columns if name in named), work)
        _refuse_line_breaks(engine, file, contract, source.rows)
        identifier_gate.check_values(engine, file, contract, source.rows)
        for column in contract.columns:
            if column.name in file.columns:
                _refuse_damage(engine, file, contract, column, source.rows)
    return source


def _stage(engine: Engine, file: SourceFile, columns: tuple[str, ...], work: Path) -> Source:
    if not file.is_text:
        rows = scan(file, columns, trimmed=_padded(engine, file, columns))
        return Source(file=file, rows=rows, broken="SELECT 0 AS _line, '' AS record WHERE FALSE")
    rows = scan(file, columns, trimmed=columns)
    name = file.name.replace("/", "_")
    staged, broken = work / "staged" / f"{name}.parquet", work / "broken" / f"{name}.parquet"
    engine.write_parquet(rows, staged)
    _refuse_open_quote(engine, file)
    rejects = (
        "SELECT CAST(line AS BIGINT) AS _line, any_value(csv_line) AS record FROM reject_errors GROUP BY line"
    )
    nothing = "SELECT CAST(0 AS BIGINT) AS _line, '' AS record WHERE FALSE"
    engine.write_parquet(rejects if engine.has_table("reject_errors") else nothing, broken)
    _forget_rejects(engine)
    staged_rows = f"SELECT * FROM read_parquet({literal(str(staged))})"
    return Source(file=file, rows=staged_rows, broken=f"SELECT * FROM read_parquet({literal(str(broken))})")


def _padded(engine: Engine, file: SourceFile, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Text columns of a Parquet file with a value that is empty or has blanks around it.

    Every later step reads Parquet in place, so only columns that need it are trimmed.
    """
    texts = [name for name in columns if file.columns[name] == "VARCHAR"]
    if not texts:
        return ()
    padded = ", ".join(
        f"bool_or({identifier(c)} = '' OR {identifier(c)} <> trim({identifier(c)}))" for c in texts
    )
    found = engine.rows(f"SELECT {padded} FROM ({scan(file, tuple(texts), trimmed=())})")[0]
    return tuple(name for name, needs_it in zip(texts, found, strict=True) if needs_it)


def _forget_rejects(engine: Engine) -> None:
    for table in ("reject_errors", "reject_scans"):
        engine.execute(f"DROP TABLE IF EXISTS {table}")


def _refuse_open_quote(engine: Engine, file: SourceFile) -> None:
    """A quote that never closes swallows the rows behind it: nobody can say how many."""
    if not engine.has_table("reject_errors"):
        return
    line = engine.scalar(
        "SELECT min(line) FROM reject_errors "
        "WHERE error_type = 'UNQUOTED VALUE' AND contains(csv_line, chr(10))"
    )
    if line is not None:
        raise InputError(
            f"{file.name}: a quote opens in line {line} and is not closed; what follows cannot be read",
            fix="close the quote, or export without quotes",
        )


def _refuse_line_breaks(engine: Engine, file: SourceFile, contract: Contract, rows: str) -> None:
    """A line break inside an id, a code or a date is a quote that closed too late: rows are lost in it."""
    columns = [
        column.name for column in contract.columns if column.name in file.columns and column.family != "text"
    ]
    if not columns or file.delimiter != ",":
        return
    counts = ", ".join(f"count(*) FILTER (WHERE contains({identifier(c)}, chr(10)))" for c in columns)
    found = dict(zip(columns, engine.rows(f"SELECT {counts} FROM ({rows})")[0], strict=True))
    torn = [column for column, count in found.items() if count]
    if torn:
        raise InputError(
            f"{file.name}: column {', '.join(torn)} holds line breaks; a quote may close too late",
            fix="export without line breaks inside fields",
        )


def _require_columns(file: SourceFile, contract: Contract) -> None:
    missing = [
        column.name for column in contract.columns if column.present and column.name not in file.columns
    ]
    if missing:
        raise InputError(
            f"{file.name}: column {', '.join(missing)} is missing",
            fix="export the table with all columns its contract requires (docs/contracts.md)",
        )


def _refuse_damage(engine: Engine, file: SourceFile, contract: Contract, column: Column, rows: str) -> None:
    physical = file.columns[column.name]
    if column.family in ("id", "code", "reference"):
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
            fix=f"write {column.name} as text at every step of the export",
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
            fix=f"export {column.name} as text, never through a spreadsheet",
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
            fix=f"write every date of {column.name} in one format, best yyyy-mm-dd",
        )
