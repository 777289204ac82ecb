"""One list as a CSV file that a spreadsheet opens without harm. Same input, same bytes."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """UTF-8 with a byte-order mark, CRLF, every cell quoted, ISO dates, nothing before the header."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(table.columns)
        columns = [cells(table[name]) for name in table.columns]
        writer.writerows(zip(*columns, strict=True))


def cells(column: pd.Series[Any]) -> list[Any]:
    """The column's values as Python objects, None where there is none."""
    return [None if value is None or value is pd.NA else value for value in column.tolist()]


def list_name(practice_id: str, run_date: date, name: str) -> str:
    """``A81001_2026-03-31_clinic`` (docs/decisions.md §22)."""
    return f"{practice_id}_{run_date.isoformat()}_{name}"
