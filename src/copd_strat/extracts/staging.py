"""The door: a file's columns and values are judged before any row of it is parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from copd_strat.contracts.contract import Column, Contract
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import ContractError, InputError
from copd_strat.extracts import identifier_gate
from copd_strat.extracts.date_forms import date_forms
from copd_strat.extracts.gap_words import find_words, looks_like_gap
from copd_strat.extracts.page_checksums import require_intact_pages
from copd_strat.extracts.row_counter import count_rows
from copd_strat.extracts.source_files import SourceFile, hides_row_numbers, reading, scan
from copd_strat.extracts.text_blocks import blocks, write_plain

# Identifiers this long do not survive a spreadsheet or a float, which leaves them ending in zeros. No SNOMED
# CT or dm+d identifier of that length ends in 000 (its third digit from the right is 1), and by chance one
# patient id in a thousand does.
_LONG_ID, _MIN_LONG_IDS, _MAX_ENDING_SHARE = 16, 10, 0.5

# Lines that the reader rejects for one of these reasons are refused by name beyond a few, which are
# quarantined one by one.
_FEW, _SMALL_SHARE = 5, 0.01
_UNREADABLE = {
    "INVALID ENCODING": (
        "hold bytes that are not UTF-8 (often Windows-1252) or are zero",
        "export it as UTF-8",
    ),
    "UNQUOTED VALUE": (
        "have a quote in the middle of a field",
        "double the quotes inside fields, or export without quotes",
    ),
}
# Types of Parquet columns that no column of a contract can be read from.
_NESTED = re.compile(r"\[|STRUCT|MAP|UNION|INTERVAL|^BIT|^TIME($|TZ| WITH)|VARIANT|GEOMETRY")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file let in: ``rows`` selects its contract columns and ``_line``.

    ``broken`` selects ``_line, record`` of the lines that could not be split into fields. ``rows_in`` is
    counted by another reader. ``undeclared_gaps`` is column → word → rows.
    """

    file: SourceFile
    rows: str
    broken: str
    rows_in: int
    undeclared_gaps: dict[str, dict[str, int]] = field(default_factory=dict)


def stage_file(
    engine: Engine, file: SourceFile, contract: Contract, work: Path, *, gaps: tuple[str, ...], zone: str
) -> Source:
    """Pass a file through the identifier gate; text is staged as Parquet below ``work``, to be read once.

    ``gaps`` are words that stand for a gap; ``zone`` is where moments become days. Raises
    IdentifiableDataError, InputError for a missing column or an unreadable file, ContractError for damage to
    a whole column.
    """
    identifier_gate.check_names(file, contract)
    _require_columns(file, contract)
    _refuse_unreadable_types(file, contract)
    named = {column.name for column in contract.columns}
    columns = tuple(name for name in file.columns if name in named)
    file, rows_in = _counted(file, columns, work)
    with reading(file.name):
        identifier_gate.check_unread(engine, file, tuple(name for name in file.columns if name not in named))
        _forget_rejects(engine)
        source = _stage(engine, file, columns, work, rows_in)
        _refuse_line_breaks(engine, file, contract, source.rows)
        source = _with_gaps(engine, source, columns, contract, gaps)
        identifier_gate.check_values(engine, file, contract, source.rows)
        for column in contract.columns:
            if column.name in file.columns and column.family in ("id", "code", "reference"):
                _refuse_float_ids(engine, file, column, source.rows)
                _refuse_ids_ending_in_zeros(engine, file, column, source.rows)
        return _with_dates(engine, source, columns, contract, zone)


def _counted(file: SourceFile, columns: tuple[str, ...], work: Path) -> tuple[SourceFile, int]:
    """The file's rows, counted apart from the loader, and the file as it can be loaded.

    Text that the loader cannot take as it is (UTF-16, several kinds of line ends, bytes that are zero) gets a
    plain copy below ``work``.
    """
    if not file.is_text:
        require_intact_pages(file.path, file.name, [file.headers[name] for name in columns])
        return file, file.rows
    counted = count_rows(
        blocks(file.path, file.name, file.encoding),
        file.name,
        delimiter=file.delimiter or "",
        quoted=file.quoted,
        head_lines=file.title_lines + 1,
    )
    file = replace(file, is_utf8=counted.is_utf8 and not counted.zero_bytes)
    if file.encoding == "utf-8" and counted.is_plain:
        return file, counted.rows
    plain = work / "plain" / file.name.replace("/", "_")
    write_plain(file.path, file.name, file.encoding, plain)
    notes = [f"{counted.zero_bytes:,} bytes are zero"] if counted.zero_bytes else []
    notes += ["its line ends are of several kinds"] if len(counted.line_ends) > 1 else []
    return replace(file, plain=plain, notes=(*file.notes, *notes)), counted.rows


def _stage(engine: Engine, file: SourceFile, columns: tuple[str, ...], work: Path, rows_in: int) -> Source:
    nothing = "SELECT CAST(0 AS BIGINT) AS _line, '' AS record WHERE FALSE"
    name = file.name.replace("/", "_")
    staged, broken = work / "staged" / f"{name}.parquet", work / "broken" / f"{name}.parquet"
    staged_rows = f"SELECT * FROM read_parquet({literal(str(staged))})"
    if not file.is_text:
        rows = scan(file, columns, trimmed=_padded(engine, file, columns))
        if hides_row_numbers(file):
            engine.write_parquet(rows, staged)
            rows = staged_rows
        return Source(file=file, rows=rows, broken=nothing, rows_in=rows_in)
    engine.write_parquet(scan(file, columns, trimmed=columns), staged)
    there = engine.has_table("reject_errors")
    if there:
        _refuse_unreadable_lines(engine, file, rows_in)
    rejects = (
        "SELECT CAST(line AS BIGINT) AS _line, any_value(csv_line) AS record FROM reject_errors GROUP BY line"
    )
    engine.write_parquet(rejects if there else nothing, broken)
    _forget_rejects(engine)
    broken_lines = f"SELECT * FROM read_parquet({literal(str(broken))})"
    return Source(file=file, rows=staged_rows, broken=broken_lines, rows_in=rows_in)


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


def _with_gaps(
    engine: Engine, source: Source, columns: tuple[str, ...], contract: Contract, gaps: tuple[str, ...]
) -> Source:
    """The source with words for gaps read as gaps, and so what is not a number in a column of numbers."""
    tests = {}
    for column in columns:
        kind = source.file.columns[column]
        if kind == "VARCHAR":
            tests[column] = looks_like_gap(identifier(column), gaps)
        elif kind in ("DOUBLE", "FLOAT"):
            tests[column] = f"isnan({identifier(column)})"
    if not tests:
        return source
    counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in tests.values())
    found = [
        column
        for column, count in zip(tests, engine.rows(f"SELECT {counts} FROM ({source.rows})")[0], strict=True)
        if count
    ]
    texts = [column for column in found if source.file.columns[column] == "VARCHAR"]
    words = find_words(engine, source.rows, texts, contract, gaps)
    readings = {
        column: f"CASE WHEN r.{identifier(column)} IN {literal(tuple(words[column]))} THEN NULL "
        f"ELSE r.{identifier(column)} END"
        for column in words
    }
    readings |= {
        column: f"CASE WHEN isnan(r.{identifier(column)}) THEN NULL ELSE r.{identifier(column)} END"
        for column in found
        if column not in texts
    }
    undeclared = {
        column: {word: rows for word, rows in found_words.items() if word not in gaps}
        for column, found_words in words.items()
    }
    return replace(
        source,
        rows=_read_as(source.rows, columns, readings),
        undeclared_gaps={column: found_words for column, found_words in undeclared.items() if found_words},
    )


def _with_dates(
    engine: Engine, source: Source, columns: tuple[str, ...], contract: Contract, zone: str
) -> Source:
    forms = date_forms(engine, source.file, contract, source.rows, zone)
    file = replace(
        source.file, columns=source.file.columns | forms.kinds, notes=(*source.file.notes, *forms.notes)
    )
    return replace(source, file=file, rows=_read_as(source.rows, columns, forms.readings))


def _read_as(rows: str, columns: tuple[str, ...], readings: dict[str, str]) -> str:
    """``rows`` with some columns read by an SQL expression over ``r``."""
    if not readings:
        return rows
    chosen = ", ".join(
        f"{readings[c]} AS {identifier(c)}" if c in readings else f"r.{identifier(c)}" for c in columns
    )
    return f"SELECT {chosen}, r._line FROM ({rows}) r"


def _forget_rejects(engine: Engine) -> None:
    for table in ("reject_errors", "reject_scans"):
        engine.execute(f"DROP TABLE IF EXISTS {table}")


def _refuse_unreadable_lines(engine: Engine, file: SourceFile, rows_in: int) -> None:
    """Damage that a whole export has is said by its name; a few such lines are quarantined."""
    for kind, lines, first in engine.rows(
        "SELECT CAST(error_type AS VARCHAR), count(DISTINCT line), min(line) FROM reject_errors GROUP BY 1"
    ):
        if kind in _UNREADABLE and lines >= _FEW and lines > _SMALL_SHARE * rows_in:
            what, fix = _UNREADABLE[kind]
            raise InputError(f"{file.name}: {lines:,} lines {what}; the first is line {first}", fix=fix)


def _refuse_unreadable_types(file: SourceFile, contract: Contract) -> None:
    for column in contract.columns:
        kind = file.columns.get(column.name, "")
        if _NESTED.search(kind):
            raise InputError(
                f"{file.name}: column {column.name} holds values of type {kind.split('(')[0]}, "
                f"which cannot be read as {column.type}",
                fix=f"export {column.name} as {'text' if column.type == 'string' else column.type}",
            )


def _refuse_line_breaks(engine: Engine, file: SourceFile, contract: Contract, rows: str) -> None:
    """A line break inside an id, a code or a date is a quote that closed too late: rows are lost in it."""
    columns = [
        column.name for column in contract.columns if column.name in file.columns and column.family != "text"
    ]
    if not columns or not file.quoted:
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
