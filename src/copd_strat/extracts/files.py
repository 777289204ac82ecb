"""Extract files: found by their table's name, opened by what is in them, refused with a reason."""

from __future__ import annotations

import csv
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

from copd_strat.contracts.model import Contract
from copd_strat.engine import literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import InputError

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}
ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet")
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file of a table: ``columns`` maps names, in the file's order, to the engine's types."""

    path: Path
    name: str
    delimiter: str | None
    columns: dict[str, str]

    @property
    def is_text(self) -> bool:
        return self.delimiter is not None


def ending(path: Path) -> str | None:
    """The file's supported ending, or None."""
    return next((end for end in sorted(ENDINGS, key=len, reverse=True) if path.name.endswith(end)), None)


def find(folder: Path, contract: Contract) -> tuple[Path, ...]:
    """The table's files: ``<table>.<ext>``, ``<table>_*.<ext>`` or all below a folder ``<table>/``."""
    stem = contract.file_pattern
    named = [*folder.glob(f"{stem}.*"), *folder.glob(f"{stem}_*"), *(folder / stem).rglob("*")]
    return tuple(sorted({path for path in named if path.is_file() and ending(path) is not None}))


def open_file(path: Path, folder: Path, contract: Contract) -> SourceFile:
    """Look at a file's head; InputError says what is wrong with it and how to mend that."""
    name = path.relative_to(folder).as_posix()
    try:
        if path.stat().st_size == 0:
            raise InputError(
                f"{name}: the file is empty", mend="export it again; an empty table has a header line"
            )
        if path.suffix == ".parquet":
            return SourceFile(path=path, name=name, delimiter=None, columns=_parquet_columns(path, name))
        if path.suffix == ".gz":
            _check_gzip(path, name)
        return _open_text(path, name, contract)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})", mend="check its permissions") from None


def _parquet_columns(path: Path, name: str) -> dict[str, str]:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.ParquetFile(path)
    except pa.ArrowInvalid:
        raise InputError(f"{name}: not a complete Parquet file", mend="copy or export it again") from None
    described = (
        duckdb.connect().execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})").fetchall()
    )
    return {column: kind for column, kind, *_ in described}


def _check_gzip(path: Path, name: str) -> None:
    """Read to the end: a cut-off gzip would otherwise pass for a shorter extract."""
    try:
        with gzip.open(path) as stream:
            while stream.read(_CHUNK):
                pass
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(
            f"{name}: the gzip file is cut off or damaged", mend="copy or export it again"
        ) from None


def _open_text(path: Path, name: str, contract: Contract) -> SourceFile:
    end = ending(path) or path.suffix
    expected = _DELIMITERS[end.removesuffix(".gz")]
    line = _first_line(path, name)
    header = next(csv.reader([line], delimiter=expected), [])
    columns = [column.strip() for column in header]
    _check_delimiter(name, line, expected, columns, contract)
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise InputError(
            f"{name}: column {', '.join(repeated)} stands more than once in the header",
            mend="keep one of them",
        )
    return SourceFile(path=path, name=name, delimiter=expected, columns=dict.fromkeys(columns, "VARCHAR"))


def _first_line(path: Path, name: str) -> str:
    opened = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    with opened as stream:
        head = stream.readline(_CHUNK)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in head:
        raise InputError(f"{name}: the text is UTF-16, not UTF-8", mend="export it as UTF-8")
    try:
        return head.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise InputError(f"{name}: the header is not UTF-8", mend="export it as UTF-8") from None


def _check_delimiter(name: str, line: str, expected: str, columns: list[str], contract: Contract) -> None:
    known = {column.name for column in contract.columns}
    if known & set(columns):
        return
    for other, word in _NAMES.items():
        if other != expected and known & {part.strip(' "') for part in line.split(other)}:
            raise InputError(
                f"{name}: the fields are separated by {word}, expected {_NAMES[expected]}",
                mend=f"export it with {_NAMES[expected]}s, or name the file by its delimiter (.csv, .tsv)",
            )


def scan(file: SourceFile, columns: tuple[str, ...]) -> str:
    """A SELECT of ``columns`` and ``_line`` from the file; text comes as text, Parquet as it is typed."""
    wanted = ", ".join(identifier(column) for column in columns)
    if not file.is_text:
        source = f"read_parquet({literal(str(file.path))}, file_row_number = true)"
        return f"SELECT {wanted}, file_row_number + 1 AS _line FROM {source}"
    quote = "'\"'" if file.delimiter == "," else "''"
    fields = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in file.columns)
    return (
        f"SELECT {wanted}, row_number() OVER () AS _line FROM read_csv({literal(str(file.path))}, "
        f"delim = {literal(file.delimiter)}, quote = {quote}, escape = {quote}, header = true, "
        f"auto_detect = false, columns = {{{fields}}}, store_rejects = true, rejects_limit = 0)"
    )
