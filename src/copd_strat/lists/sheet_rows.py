"""The rows of a sheet, written straight into the workbook that the library makes around them.

Cell by cell the library takes 170 microseconds a row; a practice's lists hold thousands. Everything else of the
workbook (styles, validation, print, the parts of the file) stays the library's. A test reads both ways back as
the same sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

# Day 1 of a workbook is 1 January 1900; it counts a 29 February 1900 that never was.
_DAY_ZERO = date(1899, 12, 30).toordinal()


@dataclass(frozen=True, kw_only=True)
class CellColumn:
    """One column's cells from top to bottom: a heading, then values of one kind (text, number or date).

    ``styles`` are the library's formats of the heading and of the values; ``pale`` is that of pale rows.
    """

    heading: str
    kind: str
    values: Sequence[Any]
    header: Any
    style: Any
    pale: Any


class RowSheet(Worksheet):  # type: ignore[misc]  # the library states no types
    """A worksheet whose rows are given as a whole."""

    _texts: Sequence[str] = ()

    def take_rows(
        self, columns: Sequence[CellColumn], heights: Sequence[float], pale: Sequence[bool]
    ) -> None:
        """The header and the rows: ``heights`` in points, the header's first; ``pale`` by row below it."""
        styles = [False, *pale]
        cells = [self._cells(place, column, styles) for place, column in enumerate(columns)]
        self._texts = [
            f'<row r="{row}" ht="{_whole_pixels(height):.16g}" customHeight="1">{"".join(parts)}</row>'
            for row, (height, *parts) in enumerate(zip(heights, *cells, strict=True), start=1)
        ]
        self.dim_rowmin, self.dim_rowmax = 0, len(heights) - 1
        self.dim_colmin, self.dim_colmax = 0, len(columns) - 1

    def _cells(self, place: int, column: CellColumn, pale: Sequence[bool]) -> list[str]:
        letter = xl_col_to_name(place)
        plain, greyed = (style._get_xf_index() for style in (column.style, column.pale))
        made = [f'<c r="{letter}1" s="{column.header._get_xf_index()}"{self._text(column.heading)}']
        contents = [self._content(value, column.kind) for value in column.values]
        for row, (content, is_pale) in enumerate(zip(contents, pale[1:], strict=True), start=2):
            made.append(f'<c r="{letter}{row}" s="{greyed if is_pale else plain}"{content}')
        return made

    def _content(self, value: Any, kind: str) -> str:
        """What stands behind a cell's style; a date is a number of days."""
        if value is None or value == "":
            return "/>"
        if kind == "number":
            return f"><v>{value:.16G}</v></c>"
        if kind == "date":
            return f"><v>{value.toordinal() - _DAY_ZERO}</v></c>"
        return self._text(value)

    def _text(self, text: str) -> str:
        """Texts stand in the workbook's own table, each once."""
        return f' t="s"><v>{self.str_table._get_shared_string_index(text)}</v></c>'

    def _write_rows(self) -> None:
        """The library's own step of writing a sheet, given its rows."""
        self.fh.writelines(self._texts)


def _whole_pixels(points: float) -> float:
    """A height that a screen can show, as the library rounds it: four pixels are three points."""
    return int(points * 4 / 3 + 0.5) * 0.75
