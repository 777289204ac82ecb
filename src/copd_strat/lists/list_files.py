"""One list as a CSV file and as its twin, an XLSX workbook. Same input, same bytes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, datetime, time
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from copd_strat.lists.list_columns import DECISION_CHOICES, Column
from copd_strat.plan import RunStamp

# a drop-down must cover names the practice adds by hand, and an empty list
_SPARE_ROWS = 20
_LINE_POINTS = 15
_A4 = 9
# words break before the edge: a line holds fewer letters than the column is wide
_LETTER = 1.15


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """UTF-8 with a byte-order mark, CRLF, every cell quoted, ISO dates, nothing before the header."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(table.columns)
        writer.writerows(_rows(table))


def _rows(table: pd.DataFrame) -> list[list[Any]]:
    columns = [_cells(table[name]) for name in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _cells(column: pd.Series[Any]) -> list[Any]:
    return [None if value is None or value is pd.NA else value for value in column.tolist()]


def write_xlsx(
    path: Path,
    name: str,
    table: pd.DataFrame,
    columns: Sequence[Column],
    readme: Sequence[str],
    stamp: RunStamp,
) -> None:
    """The twin: text cells that stay text, true dates, frozen header, filters, decision drop-down, read-me
    sheet.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    options["in_memory"] = True  # a practice's list is small; no patient data in temporary files
    with xlsxwriter.Workbook(str(path), {**options, "default_date_format": "yyyy-mm-dd"}) as book:
        # the creation time is the run date, so that a second run writes the same bytes
        book.set_properties(
            {"title": name, "comments": stamp.run_id, "created": datetime.combine(stamp.as_of, time())}
        )
        sheet = book.add_worksheet(name)
        formats = {
            "text": book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"}),
            "number": book.add_format({"num_format": "0", "valign": "top", "align": "left"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd", "valign": "top", "align": "left"}),
            "blank": book.add_format({"num_format": "@", "bg_color": "#FFF9DB", "valign": "top"}),
        }
        header = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        _fill(sheet, table, columns, formats, header)
        _ease(sheet, table, columns, stamp)
        notes = book.add_worksheet("Read me")
        notes.set_column(0, 0, 110)
        for number, line in enumerate(readme):
            notes.write_string(number, 0, line)


def _fill(
    sheet: Any, table: pd.DataFrame, columns: Sequence[Column], formats: dict[str, Any], header: Any
) -> None:
    sheet.set_row(0, 2 * _LINE_POINTS)
    for row, lines in enumerate(_lines_needed(table, columns), start=1):
        sheet.set_row(row, lines * _LINE_POINTS)
    for position, column in enumerate(columns):
        sheet.set_column(position, position, column.width, formats[column.kind])
        sheet.write_string(0, position, column.name, header)
        write = {"number": sheet.write_number, "date": sheet.write_datetime}.get(
            column.kind, sheet.write_string
        )
        for row, value in enumerate(_cells(table[column.name]), start=1):
            if value is None or value == "":
                sheet.write_blank(row, position, None, formats[column.kind])
            else:
                write(row, position, value, formats[column.kind])


def _lines_needed(table: pd.DataFrame, columns: Sequence[Column]) -> list[int]:
    """Lines the longest cell of each row wraps to; not every suite fits row heights by itself."""
    lines = [1] * len(table)
    for column in columns:
        for row, value in enumerate(_cells(table[column.name])):
            lines[row] = max(lines[row], ceil(_LETTER * len(str(value)) / column.width))
    return lines


def _ease(sheet: Any, table: pd.DataFrame, columns: Sequence[Column], stamp: RunStamp) -> None:
    """What makes the sheet easy to use: header in view, filters, choices, one page wide in print."""
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(table), len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    label = "SYNTHETIC  " if stamp.synthetic else ""
    sheet.set_footer(
        f"&L{label}Supports, does not replace, clinical judgement&RRun {stamp.run_id}, page &P of &N"
    )
    names = [column.name for column in columns]
    if "clinician_decision" in names:
        position = names.index("clinician_decision")
        choices = {"validate": "list", "source": list(DECISION_CHOICES)}
        sheet.data_validation(1, position, len(table) + _SPARE_ROWS, position, choices)


def list_name(practice_id: str, run_date: date, name: str) -> str:
    """``A81001_2026-03-31_clinic`` (docs/decisions.md §22)."""
    return f"{practice_id}_{run_date.isoformat()}_{name}"
