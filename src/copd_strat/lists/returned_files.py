"""Returned lists as lines of cells, whatever spreadsheet saved them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

from copd_strat.errors import InputError

_TEXT = (".csv", ".tsv", ".txt")
_WORKBOOK = (".xlsx", ".xlsm")
# forms that nothing here reads: refused by name, so that nobody waits for an answer that was never read
_FOREIGN = (".xls", ".ods", ".numbers", ".pdf", ".docx", ".doc")
# Ten times a list of thousands of lines. Beyond it, it is no list, or somebody has formatted all the rows of the
# sheet; a reader of workbooks takes fifty times as much memory (project choice).
_MOST_BYTES = 30_000_000
_LIST_NAME = re.compile(r"([A-Z][0-9A-Z]{4,5})_(\d{4}-\d{2}-\d{2})_", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """One sheet of a file: its header and the lines below it, cells as the spreadsheet has them.
    ``first_line``: the number that a spreadsheet gives the line below the header. ``sheet``: its title, if any."""

    path: Path
    sheet: str
    header: tuple[str, ...]
    lines: tuple[tuple[object, ...], ...]
    first_line: int


def lists_in(paths: Iterable[Path]) -> list[Path]:
    """The lists among ``paths``: files as they are; of folders every file below that a spreadsheet may have
    saved, but for read-me pages, and what a spreadsheet keeps while a file is open (``~$``, ``.~lock``).
    """
    found: set[Path] = set()
    for path in paths:
        found |= set(filter(_may_be_a_list, path.rglob("*"))) if path.is_dir() else {path}
    return sorted(found)


def _may_be_a_list(path: Path) -> bool:
    known = path.suffix.lower() in (*_TEXT, *_WORKBOOK, *_FOREIGN)
    note = re.search(r"_READ_ME( ?\(\d+\))?$", path.stem)
    return path.is_file() and known and not note and not path.name.startswith(("~$", ".", "refused_"))


def asks_nothing(path: Path) -> bool:
    """By its name one of the lists without columns for answers: what is typed there is told, and is no answer."""
    readable = path.suffix.lower() in (*_TEXT, *_WORKBOOK)
    return readable and bool(re.search(r"_(changes|queries|worklist)( ?\(\d+\))?$", path.stem))


def sheets_in(path: Path) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Every sheet of a workbook with its title and its lines; a text file is one sheet without a title.

    InputError says why a file cannot be read.
    """
    try:
        _refuse_huge(path)
        return list(_workbook(path)) if path.suffix.lower() in _WORKBOOK else [("", text_lines(path))]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def grids(path: Path, wanted: Sequence[str]) -> Grid:
    """The sheet of ``path`` whose header has all of ``wanted`` (heading or name, in any case): the first one
    that does. InputError says why a file cannot be read as a list.
    """
    for title, lines in sheets_in(path):
        for number, line in enumerate(lines[:5]):
            header = tuple(str(cell or "").strip().lower() for cell in line)
            if set(wanted) <= set(header):
                rest = tuple(lines[number + 1 :])
                return Grid(path=path, sheet=title, header=header, lines=rest, first_line=number + 2)
    raise InputError(
        f"{path}: not a returned list, no sheet has the columns {', '.join(wanted)}",
        fix="return the list with all its columns, as a workbook or as CSV",
    )


def _refuse_huge(path: Path) -> None:
    """InputError if the file, or what a workbook says that it becomes when it is unpacked, is no list any more."""
    size = path.stat().st_size
    if size <= _MOST_BYTES and path.suffix.lower() in _WORKBOOK:
        with suppress(zipfile.BadZipFile, ValueError), zipfile.ZipFile(path) as packed:
            size = sum(member.file_size for member in packed.infolist())
    if size > _MOST_BYTES:
        raise InputError(
            f"{path}: is far larger than any list ({size / 1e6:,.0f} MB)",
            fix="delete the empty rows below the list, or save it as CSV",
        )


def practice_in_name(path: Path) -> str:
    """The practice that a list's name begins with, or nothing."""
    found = _LIST_NAME.match(path.name)
    return found[1].upper() if found else ""


def cell_text(cell: object) -> str:
    """A cell as it was written, on one line; empty for a cell without a value."""
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())


def _workbook(path: Path) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """Every sheet with its title, in its order. A formula that no spreadsheet has worked out stays as it was typed."""
    try:
        shown = openpyxl.load_workbook(path, data_only=True)
        typed = openpyxl.load_workbook(path)
        for sheet in shown.worksheets:
            formulas = typed[sheet.title].iter_rows(values_only=True)
            pairs = zip(sheet.iter_rows(values_only=True), formulas, strict=True)
            lines = [tuple(v if v is not None else f for v, f in zip(*pair, strict=True)) for pair in pairs]
            yield sheet.title, lines
    except Exception:  # noqa: BLE001 - what a damaged workbook makes its reader raise has no limit
        raise InputError(
            f"{path}: not a workbook that can be read", fix="return it as it was sent, or as CSV"
        ) from None


def text_lines(path: Path) -> list[tuple[Any, ...]]:
    """Lines of a text file, by the separator that its header uses most."""
    if path.suffix.lower() in _FOREIGN:
        raise InputError(
            f"{path}: {path.suffix} files cannot be read", fix="save it as .xlsx or .csv and return that"
        )
    text = _decoded(path.read_bytes())
    first, _, rest = text.partition("\n")
    if re.fullmatch(r'"?sep=.\s*"?\s*', first):  # a line that tells a spreadsheet the separator
        text = rest
    # somebody may have put a title above the header
    head = text.splitlines()[:5]
    separator = max(",;\t|", key=lambda mark: max((line.count(mark) for line in head), default=0))
    try:
        return [tuple(line) for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator)]
    except csv.Error:  # a quote that never closes makes one field of all the rest
        raise InputError(
            f"{path}: a field is longer than any answer; a quote may not close", fix="save it again as CSV"
        ) from None


def _decoded(content: bytes) -> str:
    """UTF-8 or UTF-16, or what a spreadsheet in Britain writes when it is asked for neither."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if (
        content[:200].count(0) > len(content[:200]) // 4
    ):  # UTF-16 without its mark has a zero in every second byte
        return content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
