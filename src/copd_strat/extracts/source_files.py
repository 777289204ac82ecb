"""Extract files: found by their table's name, opened by what is in them, refused with a reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from copd_strat.contracts.contract import Contract
from copd_strat.engine import literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import InputError
from copd_strat.extracts.inventory import shown
from copd_strat.extracts.text_head import DELIMITERS, read_head

_PROMISED = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet")
# Twice what databases give a table (SQL Server 1,024, PostgreSQL 1,600): beyond it a header is no header.
MOST_COLUMNS = 2_000


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file of a table, its columns in the file's order under the contract's names where it knows them.

    ``columns`` maps names to the engine's types, ``headers`` the same names to what the reader calls them. A
    text file has a delimiter, an encoding and perhaps quotes and title lines; where its bytes cannot be
    loaded as they are, ``plain`` is a copy that can; ``is_utf8`` is known once it was counted. ``rows`` is a
    Parquet file's own count, in its footer. ``notes`` tell in sentences how the file was read.
    """

    path: Path
    name: str
    columns: dict[str, str]
    headers: dict[str, str]
    delimiter: str | None = None
    quoted: bool = False
    encoding: str = "utf-8"
    title_lines: int = 0
    plain: Path | None = None
    is_utf8: bool = True
    rows: int = 0
    notes: tuple[str, ...] = ()

    @property
    def is_text(self) -> bool:
        return self.delimiter is not None


def ending(path: Path) -> str | None:
    """The file's supported ending in small letters, or None."""
    name = path.name.lower()
    return next((end for end in sorted(ENDINGS, key=len, reverse=True) if name.endswith(end)), None)


def find(folder: Path, contract: Contract) -> tuple[Path, ...]:
    """The table's files: ``<table>.<ext>``, ``<table>_*.<ext>`` or all below a folder ``<table>/``, at any depth.

    Where a contract gives a file pattern, a regular expression, it stands for ``<table>``; case is ignored.
    A link that leads nowhere is found as well, so that opening it says so.
    """
    stem = re.compile(f"({contract.file_pattern})(_.*)?", re.IGNORECASE)
    there = [path for path in folder.rglob("*") if ending(path) is not None and not path.is_dir()]
    return tuple(sorted(path for path in there if any(map(stem.fullmatch, _names_of(path, folder)))))


def _names_of(path: Path, folder: Path) -> tuple[str, ...]:
    """What may name a file's table: the folders that it lies in, and its own name without the ending."""
    parts = path.relative_to(folder).parts
    return (*parts[:-1], parts[-1][: -len(ending(path) or "")])


def open_file(path: Path, folder: Path, contract: Contract) -> SourceFile:
    """Look at a file's head; InputError says what is wrong with it and how to fix that."""
    name = shown(path.relative_to(folder))
    if name != path.relative_to(folder).as_posix():
        raise InputError(f"{name}: the file's name is not UTF-8", fix="rename it in plain letters and digits")
    try:
        empty = path.stat().st_size == 0
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})", fix="check its permissions") from None
    if empty:
        raise InputError(
            f"{name}: the file is empty", fix="export it again; an empty table has a header line"
        )
    return (
        _open_text(path, name, contract)
        if ending(path) != ".parquet"
        else _open_parquet(path, name, contract)
    )


def _open_text(path: Path, name: str, contract: Contract) -> SourceFile:
    expected = _PROMISED[(ending(path) or "").removesuffix(".gz")]
    head = read_head(path, name, expected, contract)
    notes = [f"the text is {head.encoding.upper()}"] if head.encoding != "utf-8" else []
    if head.delimiter != expected:
        notes.append(f"its fields are separated by {DELIMITERS[head.delimiter]}, not {DELIMITERS[expected]}")
    names = _contract_names(name, head.names, contract)
    return SourceFile(
        path=path,
        name=name,
        columns=dict.fromkeys(names, "VARCHAR"),
        headers={column: f"c{place}" for place, column in enumerate(names)},
        delimiter=head.delimiter,
        quoted=head.quoted,
        encoding=head.encoding,
        title_lines=head.title_lines,
        notes=(*notes, *_note_nameless(head.names)),
    )


def _open_parquet(path: Path, name: str, contract: Contract) -> SourceFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            headers, rows = tuple(file.schema_arrow.names), file.metadata.num_rows
            leaves = [file.schema.column(place).path for place in range(len(file.schema))]
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise InputError(f"{name}: not a complete Parquet file", fix="copy or export it again") from None
    names = _contract_names(name, headers, contract)
    with reading(name), duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM {_parquet(path)}").fetchall()
        _require_sound_footer(connection, path, name, rows, leaves)
    kinds = [(column, kind) for column, kind, *_ in described]
    return SourceFile(
        path=path,
        name=name,
        columns={column: kind for column, (_, kind) in zip(names, kinds, strict=True)},
        headers={column: header for column, (header, _) in zip(names, kinds, strict=True)},
        rows=rows,
        notes=_note_nameless(headers),
    )


def _require_sound_footer(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, rows: int, leaves: Sequence[str]
) -> None:
    """InputError unless a Parquet footer says of its row groups what it says of the whole file.

    No checksum covers the footer. It gives every column's name twice, once for the file and once in each row group,
    and one flipped bit in the first would pass for a column that was not sent.
    """
    in_groups, named = connection.execute(
        "SELECT coalesce(sum(n), 0), list(DISTINCT names) FROM (SELECT any_value(row_group_num_rows) AS n,"
        f" list(path_in_schema ORDER BY column_id) AS names FROM parquet_metadata({place_of(path)})"
        " GROUP BY row_group_id)"
    ).fetchall()[0]
    if in_groups != rows:
        raise InputError(
            f"{name}: names {rows:,} rows and holds {in_groups:,}", fix="copy or export it again"
        )
    # Parts of a path: pyarrow joins them with dots, DuckDB with commas.
    expected = [leaf.replace(", ", ".") for leaf in leaves]
    if any([one.replace(", ", ".") for one in group] != expected for group in named or ()):
        raise InputError(
            f"{name}: names its columns differently in two places of its footer: the file was damaged",
            fix="copy or export it again",
        )


def _contract_names(name: str, headers: Iterable[str], contract: Contract) -> tuple[str, ...]:
    """A file's columns under the contract's names (case aside, or by an alias), or else as they are called.

    InputError if two of them are the same column. Columns without a name are called after their place.
    """
    known = {
        alias.lower(): column.name
        for column in contract.columns
        for alias in reversed((column.name, *column.aliases))
    }
    headers = tuple(headers)
    if len(headers) > MOST_COLUMNS:
        raise InputError(
            f"{name}: the header names {len(headers):,} columns",
            fix=f"send the contract's columns alone, or at most {MOST_COLUMNS:,}; perhaps the line ends are lost",
        )
    names = [
        known.get(header.lower(), header) if header.strip() else f"column {place} (no name)"
        for place, header in enumerate(headers, start=1)
    ]
    repeated = {column for column, times in Counter(names).items() if times > 1}
    if repeated:
        called = [header for header, column in zip(headers, names, strict=True) if column in repeated]
        raise InputError(
            f"{name}: column {', '.join(sorted(repeated))} stands more than once in the header "
            f"({', '.join(called)})",
            fix="keep one of them",
        )
    return tuple(names)


def _note_nameless(headers: tuple[str, ...]) -> tuple[str, ...]:
    places = [str(place) for place, header in enumerate(headers, start=1) if not header.strip()]
    if not places:
        return ()
    many = len(places) > 1
    return (
        f"{len(places)} column{'s have' if many else ' has'} no name ({', '.join(places)}) and "
        f"{'are' if many else 'is'} not read",
    )


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


def place_of(path: Path) -> str:
    """A path as the reader takes it: by itself, never as a pattern for several files."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def _parquet(path: Path) -> str:
    # Older writers mark text as bytes; folders named <column>=<value> are not columns of an extract.
    return f"read_parquet({place_of(path)}, binary_as_string = true, hive_partitioning = false)"


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
        return f"SELECT {wanted}, {_parquet_line(file)} AS _line FROM {_parquet(file.path)}"
    quote = "'\"'" if file.quoted else "''"
    fields = ", ".join(f"{literal(header)}: 'VARCHAR'" for header in file.headers.values())
    # Where a byte is not UTF-8 the engine must read every column: it breaks down on one that it passes over.
    touched = " + ".join(f"coalesce(length({header}), 0)" for header in file.headers.values())
    every = "" if file.is_utf8 else f" WHERE {touched} >= 0"
    packed = file.plain is None and file.path.name.lower().endswith(".gz")
    return (
        f"SELECT {wanted}, row_number() OVER () AS _line FROM read_csv({place_of(file.plain or file.path)}, "
        f"delim = {literal(file.delimiter)}, quote = {quote}, escape = {quote}, header = true, "
        f"skip = {file.title_lines}, compression = {literal('gzip' if packed else 'none')}, "
        f"auto_detect = false, columns = {{{fields}}}, store_rejects = true, rejects_limit = 0){every}"
    )


def hides_row_numbers(file: SourceFile) -> bool:
    """Whether a Parquet file's own column has the name under which the engine gives the row's number."""
    return any(header.lower() == "file_row_number" for header in file.headers.values())


def _parquet_line(file: SourceFile) -> str:
    return "row_number() OVER ()" if hides_row_numbers(file) else "file_row_number + 1"
