"""One list as a workbook that is read, filled in, printed and sent back. Same input, same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.utility import xl_pixel_width

from copd_strat.lists.csv_file import cells
from copd_strat.lists.list_columns import DECISION_CHOICES, ListColumn
from copd_strat.lists.print_sheets import Sheet
from copd_strat.lists.sheet_rows import CellColumn, RowSheet

FONT_POINTS = 10
MARGIN_INCHES = 0.3
# validations and formats must cover names that a practice adds by hand, and an empty list
SPARE_ROWS = 20
_LINE_POINTS = 12.75
# A column is so many pixels wide for each character of its width, of which an indented cell loses some.
_CHARACTER, _INDENT, _SPACE = 7, 9, 3
_BOLD = 1.1  # how much wider bold letters are
_WORD_WIDTH, _MEANING_WIDTH = 24, 105
_A4 = 9
_DAY = "d mmm yyyy"
_NUMBER_FORMATS = {
    "text": "@",
    "number": "0",
    "date": _DAY,
    "answer": "@",
    "choice": "@",
    "answer_date": _DAY,
}
_ANSWERS = ("choice", "answer", "answer_date")


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a printed page says of itself. ``made_on`` stands in the file's properties instead of the clock,
    so that a second run writes the same bytes."""

    heading: str
    footer: str
    made_on: date
    properties: str


@contextmanager
def _disk_errors() -> Iterator[None]:
    """The library's own error for a file that cannot be written becomes the system's, which says why."""
    try:
        yield
    except FileCreateError as error:
        raise OSError(*error.args[0].args) from None


def write_workbook(path: Path, sheets: Sequence[Sheet], key: Sequence[tuple[str, str]], page: Page) -> None:
    """The sheets, then ``key``: words and their meaning, for the reader."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    options["in_memory"] = True  # a practice's list is small; no patient data in temporary files
    font = {"font_name": "Arial", "font_size": FONT_POINTS}
    with (
        _disk_errors(),
        xlsxwriter.Workbook(str(path), {**options, "default_format_properties": font}) as book,
    ):
        made = datetime.combine(page.made_on, time())
        book.set_properties({"title": page.heading, "comments": page.properties, "created": made})
        styles = Styles(book)
        for sheet in sheets:
            written = book.add_worksheet(sheet.title, RowSheet)
            _fill(written, sheet, styles)
            _validate(written, sheet)
            _ease(written, sheet, page)
        _write_key(book.add_worksheet("Key"), key, styles, page)


class Styles:
    """Cell formats by kind, and paler ones for lines that ask for nothing now."""

    def __init__(self, book: Any) -> None:
        common = {"text_wrap": True, "valign": "top", "align": "left", "bottom": 4, "bottom_color": "#BFBFBF"}
        # a column of words must not read on into the next one
        common |= {"indent": 1, "left": 4, "left_color": "#BFBFBF"}
        self._formats = {}
        for kind, number_format in _NUMBER_FORMATS.items():
            given: dict[str, Any] = {**common, "num_format": number_format}
            if kind in _ANSWERS:
                given |= {"bg_color": "#FFF9DB", "border": 4, "border_color": "#BFBFBF"}
            self._formats[kind, False] = book.add_format(given)
            self._formats[kind, True] = book.add_format({**given, "font_color": "#595959"})
        self.header = book.add_format(
            {
                "bold": True,
                "bottom": 2,
                "bg_color": "#E8EDEE",
                "text_wrap": True,
                "valign": "vcenter",
                "indent": 1,
            }
        )
        self.plain = book.add_format({"text_wrap": True, "valign": "top"})
        self.bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})

    def of(self, kind: str, *, pale: bool = False) -> Any:
        return self._formats[kind, pale]


def _fill(written: RowSheet, sheet: Sheet, styles: Styles) -> None:
    values = {column.name: cells(sheet.frame[column.name]) for column in sheet.columns}
    for position, column in enumerate(sheet.columns):
        hidden = {"hidden": True} if column.hidden else {}
        written.set_column(position, position, column.width, styles.of(column.kind), hidden)
    lines = _lines_needed(values, sheet.columns, len(sheet.frame))
    written.take_rows(
        [
            CellColumn(
                heading=column.heading,
                kind=column.kind,
                values=values[column.name],
                header=styles.header,
                style=styles.of(column.kind),
                pale=styles.of(column.kind, pale=True),
            )
            for column in sheet.columns
        ],
        heights=[_header_lines(sheet.columns) * _LINE_POINTS, *(count * _LINE_POINTS + 3 for count in lines)],
        pale=sheet.pale or [False] * len(sheet.frame),
    )


def _header_lines(columns: Sequence[ListColumn]) -> int:
    """Lines the longest heading wraps to, bold and indented, two at least."""
    return max([2, *(_lines_of(c.heading, c.width, _BOLD) for c in columns if not c.hidden)])


def _lines_needed(values: dict[str, list[Any]], columns: Sequence[ListColumn], rows: int) -> list[int]:
    """Lines the longest cell of each row wraps to; not every suite fits row heights by itself."""
    lines = [1] * rows
    for column in columns:
        if column.kind == "text" and not column.hidden:
            for row, value in enumerate(values[column.name]):
                if value:
                    lines[row] = max(lines[row], _lines_of(value, column.width))
    return lines


@lru_cache(maxsize=4096)
def _lines_of(text: str, width: int, bold: float = 1.0) -> int:
    """Lines of a text in a column; most texts stand in many rows, and most are short."""
    room = int((width * _CHARACTER - _INDENT) / bold)
    return sum(_wrapped(part, room) for part in text.split("\n"))


def _wrapped(paragraph: str, room: int) -> int:
    """Lines of a paragraph where each has ``room`` pixels; a word that is longer is broken."""
    lines, used = 1, 0
    for word in paragraph.split(" "):
        wide = _pixels(word)
        if used and used + _SPACE + wide > room:
            lines, used = lines + 1, 0
        elif used:
            used += _SPACE
        broken, rest = divmod(used + wide, room)
        lines, used = lines + broken, rest
    return lines


@lru_cache(maxsize=1 << 14)
def _pixels(word: str) -> int:
    """Width of a word, in the library's font, which is some 4 % wider than ours: a line too many costs paper, a line
    too few is lost in print. A fixed space, which the library does not know, is as wide as another."""
    return int(xl_pixel_width(word.replace("\xa0", " ")))


def _validate(written: Any, sheet: Sheet) -> None:
    """A drop-down and a calendar date. They warn and do not forbid: what is typed is read, or asked about."""
    choices = ", ".join(DECISION_CHOICES)
    rules: dict[str, dict[str, Any]] = {
        "choice": {
            "validate": "list",
            "source": list(DECISION_CHOICES),
            "error_message": f"Usual answers: {choices}. Keep yours?",
        },
        "answer_date": {
            "validate": "date",
            "criteria": ">=",
            "value": date(2020, 1, 1),
            "error_message": "Not a date such as 31/3/2026. Keep it?",
        },
    }
    last = len(sheet.frame) + SPARE_ROWS
    for position, column in enumerate(sheet.columns):
        if column.kind in rules:
            rule = {**rules[column.kind], "error_type": "warning", "error_title": column.heading}
            written.data_validation(1, position, last, position, rule)


def _ease(written: Any, sheet: Sheet, page: Page) -> None:
    """What makes a sheet easy to use: header and names in view, filters, one A4 page wide in print."""
    written.freeze_panes(1, sheet.frozen)
    written.autofilter(0, 0, len(sheet.frame), len(sheet.columns) - 1)
    written.set_landscape()
    written.fit_to_pages(1, 0)
    written.repeat_rows(0)
    _paper(written, page)


def _paper(written: Any, page: Page) -> None:
    written.set_paper(_A4)
    written.set_margins(left=MARGIN_INCHES, right=MARGIN_INCHES, top=0.6, bottom=0.6)
    written.set_header(f'&L&"Arial,Bold"&12{_plain(page.heading)}&R&"Arial"&9&A')
    written.set_footer(f'&L&"Arial"&9{_plain(page.footer)}&R&"Arial"&9Page &P of &N')


def _plain(text: str) -> str:
    """An ampersand begins a code in headers and footers."""
    return text.replace("&", "&&")


def _write_key(written: Any, key: Sequence[tuple[str, str]], styles: Styles, page: Page) -> None:
    written.set_column(0, 0, _WORD_WIDTH)
    written.set_column(1, 1, _MEANING_WIDTH)
    for row, (word, meaning) in enumerate(key):
        lines = max(_lines_of(word, _WORD_WIDTH, _BOLD), _lines_of(meaning, _MEANING_WIDTH))
        written.set_row(row, _LINE_POINTS * lines)
        written.write_string(row, 0, word, styles.bold)
        written.write_string(row, 1, meaning, styles.plain)
    written.set_landscape()
    written.fit_to_pages(1, 0)
    _paper(written, page)
