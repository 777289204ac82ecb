"""Extract files: found by their table's name, opened by what is in them, refused with a reason."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from copd_strat.contracts.contract import Contract
from copd_strat.engine import literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import InputError

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}
ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet")
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file of a table, its columns in the file's order under the contract's names where it knows them.

    ``columns`` maps names to the engine's types, ``headers`` the same names to what the file calls them.
    """

    path: Path
    name: str
    delimiter: str | None
    columns: dict[str, str]
    headers: dict[str, str]
    title_lines: int = 0

    @property
    def is_text(self) -> bool:
        return self.delimiter is not None


def ending(path: Path) -> str | None:
    """The file's supported ending, or None."""
    return next((end for end in sorted(ENDINGS, key=len, reverse=True) if path.name.endswith(end)), None)


def find(folder: Path, contract: Contract) -> tuple[Path, ...]:
    """The table's files: ``<table>.<ext>``, ``<table>_*.<ext>`` or all below a folder ``<table>/``, at any depth.

    Where a contract gives a file pattern, a regular expression, it stands for ``<table>``; case is ignored.
    """
    stem = re.compile(f"({contract.file_pattern})(_.*)?", re.IGNORECASE)
    there = [path for path in folder.rglob("*") if path.is_file() and ending(path) is not None]
    return tuple(sorted(path for path in there if any(map(stem.fullmatch, _names_of(path, folder)))))


def _names_of(path: Path, folder: Path) -> tuple[str, ...]:
    """What may name a file's table: the folders that it lies in, and its own name without the ending."""
    parts = path.relative_to(folder).parts
    return (*parts[:-1], parts[-1][: -len(ending(path) or "")])


def open_file(path: Path, folder: Path, contract: Contract) -> SourceFile:
    """Look at a file's head; InputError says what is wrong with it and how to fix that."""
    name = path.relative_to(folder).as_posix()
    try:
        if path.stat().st_size == 0:
            raise InputError(
                f"{name}: the file is empty", fix="export it again; an empty table has a header line"
            )
        if path.suffix == ".parquet":
            kinds = _parquet_columns(path, name)
            return _source_file(path, name, contract, kinds, delimiter=None)
        if path.suffix == ".gz":
            _check_gzip(path, name)
        return _open_text(path, name, contract)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})", fix="check its permissions") from None


def _source_file(
    path: Path, name: str, contract: Contract, kinds: dict[str, str], *, delimiter: str | None
) -> SourceFile:
    """The file with its columns under the contract's names: case aside, or by an alias of the contract."""
    known = {
        alias.lower(): column.name
        for column in contract.columns
        for alias in reversed((column.name, *column.aliases))
    }
    names = [known.get(header.lower(), header) for header in kinds]
    _refuse_repeated(name, names)
    return SourceFile(
        path=path,
        name=name,
        delimiter=delimiter,
        columns=dict(zip(names, kinds.values(), strict=True)),
        headers=dict(zip(names, kinds, strict=True)),
    )


def _refuse_repeated(name: str, columns: list[str]) -> None:
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise InputError(
            f"{name}: column {', '.join(repeated)} stands more than once in the header",
            fix="keep one of them",
        )


def _parquet_columns(path: Path, name: str) -> dict[str, str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.ParquetFile(path)
    except (pa.ArrowException, OSError):
        raise InputError(f"{name}: not a complete Parquet file", fix="copy or export it again") from None
    with reading(name):
        described = (
            duckdb.connect().execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})").fetchall()
        )
    return {column: kind for column, kind, *_ in described}


@contextmanager
def reading(name: str) -> Iterator[None]:
    """What the reader finds damaged inside the file becomes an InputError; it raises many kinds of error."""
    try:
        yield
    except duckdb.Error as error:
        damage = (duckdb.InvalidInputException, duckdb.IOException, duckdb.SerializationException)
        if type(error) is not duckdb.Error and not isinstance(error, damage):
            raise
        raise InputError(f"{name}: the file is damaged inside", fix="copy or export it again") from None


def _check_gzip(path: Path, name: str) -> None:
    """Read to the end: a cut-off gzip would otherwise pass for a shorter extract."""
    try:
        with gzip.open(path) as stream:
            while stream.read(_CHUNK):
                pass
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(
            f"{name}: the gzip file is cut off or damaged", fix="copy or export it again"
        ) from None


def _open_text(path: Path, name: str, contract: Contract) -> SourceFile:
    end = ending(path) or path.suffix
    expected = _DELIMITERS[end.removesuffix(".gz")]
    lines = _first_lines(path, name, contract.title_lines + 1)
    above = _lines_above_header(lines, expected, contract)
    columns = _fields(lines[above], expected)
    _check_delimiter(name, lines[above], expected, columns, contract)
    _refuse_repeated(name, columns)
    file = _source_file(path, name, contract, dict.fromkeys(columns, "VARCHAR"), delimiter=expected)
    return replace(file, title_lines=above)


def _fields(line: str, delimiter: str) -> list[str]:
    # In tab text a quote is a character like any other.
    fields = next(csv.reader([line]), []) if delimiter == "," else line.split(delimiter)
    return [field.strip() for field in fields]


def _lines_above_header(lines: list[str], delimiter: str, contract: Contract) -> int:
    """How many title lines stand above the first line that names every column that must be present."""
    needed = [
        {name.lower() for name in (column.name, *column.aliases)}
        for column in contract.columns
        if column.present
    ]
    for place, line in enumerate(lines):
        there = {field.lower() for field in _fields(line, delimiter)}
        if all(names & there for names in needed):
            return place
    return 0


def _first_lines(path: Path, name: str, count: int) -> list[str]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
        head = [stream.readline(_CHUNK) for _ in range(count)]
    if head[0].startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in head[0]:
        raise InputError(f"{name}: the text is UTF-16, not UTF-8", fix="export it as UTF-8")
    try:
        return [line.decode("utf-8-sig").rstrip("\r\n") for line in head]
    except UnicodeDecodeError:
        raise InputError(f"{name}: the header is not UTF-8", fix="export it as UTF-8") from None


def _check_delimiter(name: str, line: str, expected: str, columns: list[str], contract: Contract) -> None:
    known = {name.lower() for column in contract.columns for name in (column.name, *column.aliases)}
    if known & {column.lower() for column in columns}:
        return
    for other, word in _NAMES.items():
        if other != expected and known & {part.strip(' "').lower() for part in line.split(other)}:
            raise InputError(
                f"{name}: the fields are separated by {word}, expected {_NAMES[expected]}",
                fix=f"export it with {_NAMES[expected]}s, or name the file by its delimiter (.csv, .tsv)",
            )


def scan(file: SourceFile, columns: tuple[str, ...], trimmed: Container[str]) -> str:
    """A SELECT of ``columns`` and ``_line`` from the file; text comes as text, Parquet as it is typed.

    Columns in ``trimmed``, which hold text, lose blanks around their values, and a blank value is a gap.
    Lines of text that cannot be split into the header's fields go to the reader's own reject tables.
    """
    names = {name: identifier(file.headers[name]) for name in columns}
    names = {
        name: f"nullif(trim({header}), '')" if name in trimmed else header for name, header in names.items()
    }
    wanted = ", ".join(f"{header} AS {identifier(name)}" for name, header in names.items())
    if not file.is_text:
        source = f"read_parquet({literal(str(file.path))}, file_row_number = true)"
        return f"SELECT {wanted}, file_row_number + 1 AS _line FROM {source}"
    quote = "'\"'" if file.delimiter == "," else "''"
    fields = ", ".join(f"{literal(header)}: 'VARCHAR'" for header in file.headers.values())
    return (
        f"SELECT {wanted}, row_number() OVER () AS _line FROM read_csv({literal(str(file.path))}, "
        f"delim = {literal(file.delimiter)}, quote = {quote}, escape = {quote}, header = true, "
        f"skip = {file.title_lines}, "
        f"auto_detect = false, columns = {{{fields}}}, store_rejects = true, rejects_limit = 0)"
    )
