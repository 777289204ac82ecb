"""What the first lines of a text file show: its encoding, delimiter, title lines and column names."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass
from pathlib import Path

from copd_strat.contracts.contract import Contract
from copd_strat.errors import InputError
from copd_strat.extracts.text_blocks import encoding_of, opened

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}
_HEAD_BYTES, _HEAD_LINES = 1 << 20, 60
# so far down a header is looked for, only to say that it is not where it should be
_TITLES_TOLD = 5
_LINE_END = re.compile(r"\r\n|\n|\r")
# First bytes of other kinds of file that are sent under a name that ends like text.
_OTHER_KINDS = {
    b"PK\x03\x04": "a workbook or a zip file",
    b"\xd0\xcf\x11\xe0": "an old workbook (.xls)",
    b"PAR1": "Parquet",
    b"\x1f\x8b": "gzip",
    b"%PDF": "a PDF",
    b"{": "JSON",
    b"[": "JSON",
    b"<": "XML or HTML",
}


@dataclass(frozen=True, kw_only=True)
class TextHead:
    """How a text file is written. ``names`` are its header's fields in order, empty where one has no name."""

    encoding: str
    delimiter: str
    quoted: bool
    title_lines: int
    names: tuple[str, ...]


def read_head(path: Path, name: str, expected: str, contract: Contract) -> TextHead:
    """Look at a text file's head; ``expected`` is the delimiter that its ending promises.

    Another delimiter is taken if only it yields columns that the contract names. InputError if the file is
    empty, of another kind, or its head cannot be decoded.
    """
    with opened(path, name) as stream:
        start = stream.read(_HEAD_BYTES)
    if not start:
        raise InputError(
            f"{name}: the file is empty", fix="export it again; an empty table has a header line"
        )
    for mark, kind in _OTHER_KINDS.items():
        if start.startswith(mark):
            raise InputError(
                f"{name}: holds {kind}, not delimited text", fix="export it as CSV, or name it by its kind"
            )
    encoding = encoding_of(start)
    lines = _lines(start, encoding, name, whole=len(start) < _HEAD_BYTES)
    blank = next((place for place, line in enumerate(lines) if line.strip()), 0)
    candidates = lines[blank : blank + contract.title_lines + 1]
    delimiter, quoted = _dialect(candidates, expected, contract)
    rows = [_fields(line, delimiter, quoted, name) for line in candidates]
    above = _lines_above_header(rows, contract)
    _refuse_titles(lines[blank:], rows[above], blank, name, contract)
    if "\x00" in candidates[above]:
        raise InputError(f"{name}: the header holds bytes that are zero", fix="export it again as UTF-8")
    if any("\udc80" <= character <= "\udcff" for character in candidates[above]):
        raise InputError(f"{name}: the header is not UTF-8", fix="export it as UTF-8")
    following = lines[blank + above + 1] if len(lines) > blank + above + 1 else ""
    return TextHead(
        encoding=encoding,
        delimiter=delimiter,
        quoted=quoted,
        title_lines=blank + above,
        names=_without_ends(rows[above], following, delimiter),
    )


def _lines(start: bytes, encoding: str, name: str, *, whole: bool) -> list[str]:
    """The first lines; bytes that are not UTF-8 stay in them, escaped, since only the header must be text."""
    if encoding == "utf-32":
        raise InputError(f"{name}: the text is UTF-32, not UTF-8", fix="export it as UTF-8")
    if encoding == "utf-8":
        text = start.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    else:
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(start, whole).removeprefix("\ufeff")
        except UnicodeDecodeError:
            raise InputError(f"{name}: the first lines are not UTF-16", fix="export it as UTF-8") from None
    return _LINE_END.split(text, maxsplit=_HEAD_LINES)[:_HEAD_LINES]


def _dialect(lines: list[str], expected: str, contract: Contract) -> tuple[str, bool]:
    """The delimiter under which the most columns are known, the expected one if it knows any, and quoting."""
    known = {name.lower() for column in contract.columns for name in (column.name, *column.aliases)}

    def knows(delimiter: str) -> int:
        return max(
            len(known & {part.strip(' "').lower() for part in line.split(delimiter)}) for line in lines
        )

    delimiter = expected if knows(expected) else max(DELIMITERS, key=knows)
    delimiter = delimiter if knows(delimiter) else expected
    # In tab text a quote is a character like any other, unless the header is written in quotes.
    return delimiter, delimiter != "\t" or any(line.startswith('"') for line in lines)


def _fields(line: str, delimiter: str, quoted: bool, name: str) -> list[str]:
    if not quoted:
        return [field.strip() for field in line.split(delimiter)]
    try:
        return [field.strip() for field in _row(line, delimiter)]
    except csv.Error:
        if '"' in line:
            raise InputError(
                f"{name}: the header's quotes do not close", fix="export the header again"
            ) from None
        raise InputError(
            f"{name}: the header has a name of more than {csv.field_size_limit():,} characters",
            fix="check that the file is delimited text; export it again",
        ) from None


def _row(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True, strict=True), [])


def _lines_above_header(rows: list[list[str]], contract: Contract) -> int:
    """How many title lines stand above the first line that names every column that must be present."""
    return next((place for place, fields in enumerate(rows) if _is_header(fields, contract)), 0)


def _is_header(fields: list[str], contract: Contract) -> bool:
    """Whether ``fields`` name every column that must be present."""
    there = {field.lower() for field in fields}
    needed = (column for column in contract.columns if column.present)
    return all(there & {name.lower() for name in (column.name, *column.aliases)} for column in needed)


def _refuse_titles(lines: list[str], header: list[str], blank: int, name: str, contract: Contract) -> None:
    """InputError if a spreadsheet's title stands where the header should: the columns are there, a few lines down."""
    if _is_header(header, contract):
        return
    for place, line in enumerate(lines[:_TITLES_TOLD]):
        if any(_is_header([field.strip(' "') for field in line.split(d)], contract) for d in DELIMITERS):
            raise InputError(
                f"{name}: the names of the columns stand in line {blank + place + 1}, below a title or another line",
                fix="delete the lines above the names of the columns, or export the table again",
            )


def _without_ends(names: list[str], following: str, delimiter: str) -> tuple[str, ...]:
    """The header's names without the empty ones at its end that the first row has no fields for.

    The loader passes over delimiters at a line's end, so a header's own can go where rows have fewer.
    """
    width = len(following.split(delimiter)) if following.strip() and '"' not in following else len(names)
    while len(names) > width and not names[-1]:
        names = names[:-1]
    return tuple(names)
