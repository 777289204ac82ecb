"""Rows written straight into a sheet read back as the library's own, cell by cell, would."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from copd_strat.lists.sheet_rows import CellColumn, RowSheet
from copd_strat.lists.workbook import Styles

AWKWARD = [
    "plain", " blanks around ", "one\ntwo", "a & b < c > d", 'say "yes"', "_x000D_", "Zoë 气喘 🫁", "", None, "'=1+1",
]  # fmt: skip
DAYS = [
    date(1900, 3, 1),
    date(2026, 2, 28),
    date(9999, 12, 31),
    None,
    *(date(2026, 3, n) for n in range(1, 7)),
]
COLUMNS: list[tuple[str, str, list[Any]]] = [
    ("Text & more", "text", AWKWARD),
    ("Rank", "number", [1, 2, 30, 400, 5_000, 12.5, 0, -3, None, 10**9]),
    ("Date", "date", DAYS),
    ("Yours", "answer", [""] * len(AWKWARD)),
]  # fmt: skip
HEIGHTS = [27.0, *(13.5 * lines + 3 for lines in range(1, len(AWKWARD) + 1))]
PALE = [row % 3 == 1 for row in range(len(AWKWARD))]


def by_rows(book: Any, styles: Styles) -> None:
    sheet = book.add_worksheet("List", RowSheet)
    columns = [
        CellColumn(
            heading=heading,
            kind=kind,
            values=values,
            header=styles.header,
            style=styles.of(kind),
            pale=styles.of(kind, pale=True),
        )
        for heading, kind, values in COLUMNS
    ]
    sheet.take_rows(columns, HEIGHTS, PALE)


def by_the_library(book: Any, styles: Styles) -> None:
    sheet = book.add_worksheet("List")
    for row, height in enumerate(HEIGHTS):
        sheet.set_row(row, height)
    for place, (heading, kind, values) in enumerate(COLUMNS):
        sheet.write_string(0, place, heading, styles.header)
        for row, value in enumerate(values, start=1):
            style = styles.of(kind, pale=PALE[row - 1])
            if value is None or value == "":
                sheet.write_blank(row, place, None, style)
            elif kind == "number":
                sheet.write_number(row, place, value, style)
            elif kind == "date":
                sheet.write_datetime(row, place, value, style)
            else:
                sheet.write_string(row, place, value, style)


def read_back(path: Path, fill: Any) -> list[Any]:
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        fill(book, Styles(book))
    sheet = openpyxl.load_workbook(path)["List"]
    cells = [
        (
            cell.coordinate,
            cell.value,
            cell.data_type,
            cell.number_format,
            cell.font.color and cell.font.color.rgb,
            cell.fill.fgColor.rgb,
        )
        for row in sheet.iter_rows()
        for cell in row
    ]
    heights = [sheet.row_dimensions[row].height for row in range(1, len(HEIGHTS) + 1)]
    return [sheet.dimensions, heights, *cells]


def test_rows_read_back_as_the_librarys_own(tmp_path: Path) -> None:
    direct, usual = (
        read_back(tmp_path / f"{fill.__name__}.xlsx", fill) for fill in (by_rows, by_the_library)
    )
    assert direct == usual
    assert len(direct) == 2 + (len(AWKWARD) + 1) * len(COLUMNS)


def test_a_list_without_rows_is_a_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_lists_sheet_rows.COLUMNS", [(name, kind, []) for name, kind, _ in COLUMNS])
    monkeypatch.setattr("test_lists_sheet_rows.HEIGHTS", [27.0])
    monkeypatch.setattr("test_lists_sheet_rows.PALE", [])
    assert read_back(tmp_path / "a.xlsx", by_rows) == read_back(tmp_path / "b.xlsx", by_the_library)
