"""The door: a file's columns and values are judged before any row of it is parsed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from copd_strat.contracts.contract import Column, Contract
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import ContractError, InputError
from copd_strat.extracts import identifier_gate
from copd_strat.extracts.column_values import ColumnValues, keep_values, kept_values, take_values
from copd_strat.extracts.date_forms import date_forms
from copd_strat.extracts.gap_words import find_words
from copd_strat.extracts.page_checksums import require_intact_pages
from copd_strat.extracts.part_store import StoredPart
from copd_strat.extracts.row_counter import TextCount, count_rows
from copd_strat.extracts.source_files import SourceFile, hides_row_numbers, place_of, reading, scan
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
_REJECTS = (
    "SELECT CAST(line AS BIGINT) AS _line, any_value(csv_line) AS record FROM reject_errors GROUP BY line"
)
# Types of Parquet columns that no column of a contract can be read from.
_NESTED = re.compile(r"\[|STRUCT|MAP|UNION|INTERVAL|^BIT|^TIME($|TZ| WITH)|VARIANT|GEOMETRY")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file let in: ``rows`` selects its contract columns and ``_line``, ``values`` holds what stands in them.

    ``broken`` selects ``_line, record`` of the lines that could not be split into fields. ``rows_in`` is
    counted by another reader. ``undeclared_gaps`` is column → word → rows.
    """

    file: SourceFile
    rows: str
    values: ColumnValues
    broken: str
    rows_in: int
    undeclared_gaps: dict[str, dict[str, int]] = field(default_factory=dict)


def stage_file(
    engine: Engine,
    file: SourceFile,
    contract: Contract,
    work: Path,
    *,
    gaps: tuple[str, ...],
    zone: str,
    part: StoredPart | None = None,
) -> Source:
    """Pass a file through the identifier gate; text is staged as Parquet below ``work``, to be read once.

    ``gaps`` are words that stand for a gap; ``zone`` is where moments become days. With ``part``, its entry of the
    store, the file is staged there, or taken from there if it was staged before: then its rows are counted, and not
    parsed. Raises IdentifiableDataError, InputError for a missing column or an unreadable file, ContractError for
    damage to a whole column.
    """
    identifier_gate.check_names(file, contract)
    _require_columns(file, contract)
    _refuse_unreadable_types(file, contract)
    named = {column.name for column in contract.columns}
    columns = tuple(name for name in file.columns if name in named)
    file, counted = _in_its_encoding(file, _count(file), contract.other_encoding)
    rows_in = counted.rows if counted else file.rows
    file = replace(file, notes=(*file.notes, *_notes(counted)))
    staged = _Staged(file=file, columns=columns, folder=part.folder if part else _folder(work, file))
    is_new = part is None or not part.ready
    if is_new:
        _parse(engine, staged, counted, work, rows_in)
    with reading(file.name):
        values = staged.take(engine, contract, part)
        source = _source(engine, staged, values, rows_in)
        _refuse_line_breaks(engine, file, contract, source.values)
        source = _with_gaps(engine, source, columns, contract, gaps)
        if is_new:  # what is in the store has passed
            identifier_gate.check_values(engine, file, contract, source.values)
        for column in contract.columns:
            if column.name in file.columns and column.family in ("id", "code", "reference"):
                _refuse_float_ids(engine, file, column, source.values)
                _refuse_ids_ending_in_zeros(engine, file, column, source.values)
        source = _with_dates(engine, source, columns, contract, zone)
    if part and is_new:
        part.seal()
    return source


@dataclass(frozen=True, kw_only=True)
class _Staged:
    """A file's ``columns`` that its contract knows, and the ``folder`` of what was read from them."""

    file: SourceFile
    columns: tuple[str, ...]
    folder: Path

    @property
    def copied(self) -> bool:
        """Whether the rows are read from a copy: text is, and Parquet that has no numbers of its own rows."""
        return self.file.is_text or hides_row_numbers(self.file)

    @property
    def copy(self) -> Path:
        return self.folder / "rows.parquet"

    @property
    def broken(self) -> Path:
        """Lines that could not be split into fields; not there if there are none."""
        return self.folder / "broken.parquet"

    @property
    def values(self) -> Path:
        """The distinct values of every column, for the store."""
        return self.folder / "values.parquet"

    @property
    def rows(self) -> str:
        """SQL of the rows as they were read, before any of them is given a meaning."""
        if self.copied:
            return f"SELECT * FROM read_parquet({place_of(self.copy)})"
        return scan(self.file, self.columns, trimmed=())

    def take(self, engine: Engine, contract: Contract, part: StoredPart | None) -> ColumnValues:
        """The columns' distinct values: from the store, or from the rows, and then into the store."""
        if part and part.ready:
            return kept_values(engine, self.file, contract, self.values)
        values = take_values(engine, self.file, contract, self.rows)
        if part:
            keep_values(engine, values, self.values)
        return values


def _folder(work: Path, file: SourceFile) -> Path:
    return work / "staged" / file.name.replace("/", "_")


def _count(file: SourceFile) -> TextCount | None:
    """A text file's rows, counted apart from the loader, every night anew; a Parquet file counts its own."""
    if not file.is_text:
        return None
    return count_rows(
        blocks(file.path, file.name, file.encoding),
        file.name,
        delimiter=file.delimiter or "",
        quoted=file.quoted,
        head_lines=file.title_lines + 1,
        fields=len(file.columns),
    )


def _in_its_encoding(
    file: SourceFile, counted: TextCount | None, other_encoding: str | None
) -> tuple[SourceFile, TextCount | None]:
    """Text that is not UTF-8 in the one other encoding that its contract allows, where it allows one."""
    if counted is None or counted.is_utf8 or not other_encoding:
        return file, counted
    told = f"the text is not UTF-8, and was read as {other_encoding.upper()}"
    file = replace(file, encoding=other_encoding, notes=(*file.notes, told))
    return file, replace(counted, is_utf8=True)  # its copy will be


def _notes(counted: TextCount | None) -> tuple[str, ...]:
    """What is odd about the bytes of a text file."""
    if counted is None:
        return ()
    notes = [f"{counted.zero_bytes:,} bytes are zero"] if counted.zero_bytes else []
    return (*notes, *(["its line ends are of several kinds"] if len(counted.line_ends) > 1 else []))


def _parse(engine: Engine, staged: _Staged, counted: TextCount | None, work: Path, rows_in: int) -> None:
    """Read the file: its unread columns through the gate, text into a copy, lines that cannot be split apart."""
    file = _loadable(staged, counted, work)
    unread = tuple(name for name in file.columns if name not in staged.columns)
    with reading(file.name):
        identifier_gate.check_unread(engine, file, unread)
        _forget_rejects(engine)
        if staged.copied:
            rows = scan(file, staged.columns, trimmed=staged.columns if file.is_text else ())
            engine.write_parquet(rows, staged.copy)
        if engine.has_table("reject_errors"):
            _refuse_unreadable_lines(engine, file, rows_in)
            engine.write_parquet(_REJECTS, staged.broken)
        _forget_rejects(engine)


def _loadable(staged: _Staged, counted: TextCount | None, work: Path) -> SourceFile:
    """The file as the loader can take it.

    Text that it cannot take as it is (UTF-16 or the contract's ``other_encoding``, several kinds of line ends,
    bytes that are zero) gets a plain copy below ``work``.
    """
    file = staged.file
    if counted is None:
        require_intact_pages(file.path, file.name, [file.headers[name] for name in staged.columns])
        return file
    file = replace(file, is_utf8=counted.is_utf8 and not counted.zero_bytes)
    if file.encoding == "utf-8" and counted.is_plain:
        return file
    plain = work / "plain" / file.name.replace("/", "_")
    write_plain(file.path, file.name, file.encoding, plain)
    return replace(file, plain=plain)


def _source(engine: Engine, staged: _Staged, values: ColumnValues, rows_in: int) -> Source:
    file = staged.file
    nothing = "SELECT CAST(0 AS BIGINT) AS _line, '' AS record WHERE FALSE"
    there = staged.broken.exists()
    source = Source(
        file=file,
        rows=staged.rows,
        values=values,
        broken=f"SELECT * FROM read_parquet({place_of(staged.broken)})" if there else nothing,
        rows_in=rows_in,
    )
    if file.is_text:
        return source
    return _read_as(source, staged.columns, _trims(engine, file, staged.columns, values))


def _trims(
    engine: Engine, file: SourceFile, columns: tuple[str, ...], values: ColumnValues
) -> dict[str, str]:
    """Readings of a Parquet file's text columns that hold an empty value or one with blanks around it.

    Every later step reads Parquet in place, so only columns that need it are trimmed.
    """
    readings = {}
    for column in columns:
        if file.columns[column] == "VARCHAR":
            name = identifier(column)
            padded = f"bool_or({name} = '' OR {name} <> trim({name}))"
            if engine.scalar(f"SELECT {padded} FROM ({values.of(column)})"):
                readings[column] = f"nullif(trim(r.{name}), '')"
    return readings


def _with_gaps(
    engine: Engine, source: Source, columns: tuple[str, ...], contract: Contract, gaps: tuple[str, ...]
) -> Source:
    """The source with words for gaps read as gaps, and so what is not a number in a column of numbers."""
    texts = [column for column in columns if source.file.columns[column] == "VARCHAR"]
    words = find_words(engine, source.values, texts, contract, gaps)
    readings = {
        column: f"CASE WHEN r.{identifier(column)} IN {literal(tuple(words[column]))} THEN NULL "
        f"ELSE r.{identifier(column)} END"
        for column in words
    }
    readings |= {
        column: f"CASE WHEN isnan(r.{identifier(column)}) THEN NULL ELSE r.{identifier(column)} END"
        for column in _not_numbers(engine, source, columns)
    }
    undeclared = {
        column: {word: rows for word, rows in found_words.items() if word not in gaps}
        for column, found_words in words.items()
    }
    return replace(
        _read_as(source, columns, readings),
        undeclared_gaps={column: found_words for column, found_words in undeclared.items() if found_words},
    )


def _not_numbers(engine: Engine, source: Source, columns: tuple[str, ...]) -> list[str]:
    """Columns of numbers with a value that is none."""
    numbers = [column for column in columns if source.file.columns[column] in ("DOUBLE", "FLOAT")]
    if not numbers:
        return []
    tests = ", ".join(f"bool_or(isnan({identifier(column)}))" for column in numbers)
    found = engine.rows(f"SELECT {tests} FROM ({source.rows})")[0]
    return [column for column, there in zip(numbers, found, strict=True) if there]


def _with_dates(
    engine: Engine, source: Source, columns: tuple[str, ...], contract: Contract, zone: str
) -> Source:
    forms = date_forms(engine, source.file, contract, source.values, zone)
    file = replace(
        source.file, columns=source.file.columns | forms.kinds, notes=(*source.file.notes, *forms.notes)
    )
    return replace(_read_as(source, columns, forms.readings), file=file)


def _read_as(source: Source, columns: tuple[str, ...], readings: dict[str, str]) -> Source:
    """The source with some columns read by an SQL expression over ``r``."""
    if not readings:
        return source
    chosen = ", ".join(
        f"{readings[c]} AS {identifier(c)}" if c in readings else f"r.{identifier(c)}" for c in columns
    )
    return replace(
        source,
        rows=f"SELECT {chosen}, r._line FROM ({source.rows}) r",
        values=source.values.read_as(readings),
    )


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


def _refuse_line_breaks(engine: Engine, file: SourceFile, contract: Contract, values: ColumnValues) -> None:
    """A line break inside an id, a code or a date is a quote that closed too late: rows are lost in it."""
    columns = [
        column.name for column in contract.columns if column.name in file.columns and column.family != "text"
    ]
    torn = [
        column
        for column in columns
        if file.quoted
        and engine.scalar(
            f"SELECT bool_or(contains({identifier(column)}, chr(10))) FROM ({values.of(column)})"
        )
    ]
    if torn:
        raise InputError(
            f"{file.name}: column {', '.join(torn)} holds line breaks; a quote may close too late",
            fix="export without line breaks inside fields",
        )


def _require_columns(file: SourceFile, contract: Contract) -> None:
    missing = [
        column.name for column in contract.columns if column.present and column.name not in file.columns
    ]
    if not missing:
        return
    required = sum(column.present for column in contract.columns)
    told = f"{file.name}: {_columns(missing, 'is missing', 'are missing')}"
    if len(missing) == required > 1:
        # the names that it has may be the first row's values: they are not told
        raise InputError(
            f"{told}, which is all that {contract.layout}.{contract.table} requires: a file without a header, or of"
            " another table or layout",
            fix="look at its first line, and at extracts[].layout in the configuration (docs/layouts.md)",
        )
    known = {column.name for column in contract.columns}
    new = sorted(name for name in file.columns if name not in known)[:_NAMES_SHOWN]
    renamed = f"; most likely renamed: no contract knows {_columns(new, 'of it', 'of it')}" if new else ""
    raise InputError(
        f"{told}{renamed}",
        fix="export the table with all columns its contract requires (docs/contracts.md); a new name is added to the"
        " column's 'aliases' in the site's own copy of the contract (docs/layouts.md)",
    )


# Of columns that no contract knows so many are named.
_NAMES_SHOWN = 10


def _columns(names: Sequence[str], one: str, more: str) -> str:
    return f"column{'s' * (len(names) > 1)} {', '.join(names)} {one if len(names) == 1 else more}"


def _refuse_float_ids(engine: Engine, file: SourceFile, column: Column, values: ColumnValues) -> None:
    if not file.columns[column.name].startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        return
    if engine.scalar(f"SELECT count({identifier(column.name)}) FROM ({values.of(column.name)})"):
        raise ContractError(
            f"{file.name}: column {column.name} holds decimal numbers, in which long ids lose digits",
            fix=f"write {column.name} as text at every step of the export",
        )


def _refuse_ids_ending_in_zeros(
    engine: Engine, file: SourceFile, column: Column, values: ColumnValues
) -> None:
    name = identifier(column.name)
    long, ending = engine.rows(
        f"SELECT count(*), count(*) FILTER (WHERE v LIKE '%000') FROM "
        f"(SELECT DISTINCT CAST({name} AS VARCHAR) AS v FROM ({values.of(column.name)})) "
        f"WHERE length(v) >= {_LONG_ID} AND regexp_matches(v, '^[0-9]+$')"
    )[0]
    if long >= _MIN_LONG_IDS and ending > _MAX_ENDING_SHARE * long:
        raise ContractError(
            f"{file.name}: {ending:,} of {long:,} long ids in column {column.name} end in 000; "
            "a spreadsheet has cut their last digits",
            fix=f"export {column.name} as text, never through a spreadsheet",
        )
