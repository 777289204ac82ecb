"""Published tables as files: Parquet by their own schema, and CSV twins for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from copd_strat.summary.schemas import DATA_DICTIONARY, TABLES, TYPES, Column, Table


def conform(table: Table, frame: pd.DataFrame) -> pa.Table:
    """``frame`` in the table's columns, types and order of rows; a misfit is an error, never a guess."""
    columns = [_array(frame[column.name], column) for column in table.columns]
    return pa.Table.from_arrays(columns, schema=table.schema).sort_by(
        [(key, "ascending") for key in table.key]
    )


def _array(values: pd.Series, column: Column) -> pa.Array[Any]:
    plain = [None if pd.isna(value) else value for value in values]
    return pa.array(plain, type=TYPES[column.type])


def write(table: Table, content: pa.Table, folder: Path) -> None:
    """``<folder>/<table>.parquet`` and, for a table with a twin, ``.csv``; same content, same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    write_parquet(content, folder / f"{table.name}.parquet")
    if table.csv_twin:
        write_csv(table.names, content.to_pylist(), folder / f"{table.name}.csv")


def write_parquet(content: pa.Table, path: Path) -> None:
    """One row group, Snappy, page checksums: read by every tool, and damage is detectable."""
    pq.write_table(
        content,
        path,
        compression="snappy",
        write_page_checksum=True,
        row_group_size=max(content.num_rows, 1),
        use_dictionary=True,
    )


def write_csv(names: tuple[str, ...], rows: Iterable[dict[str, Any]], path: Path) -> None:
    """UTF-8 with byte order mark and CRLF, as spreadsheets want it; an empty field is hidden or missing."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(names)
        writer.writerows([_text(row[name]) for name in names] for row in rows)


def _text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    # A spreadsheet would run text that begins like a formula (OWASP, CSV injection).
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
        return "'" + value
    return "" if value is None else value


def dictionary() -> pa.Table:
    """The data dictionary, from the same objects as the writer."""
    rows = [
        {
            "table_name": table.name,
            "position": position,
            "column_name": column.name,
            "type": column.type,
            "may_be_empty": not column.required,
            "allowed_values": ", ".join(column.values) or None,
            "meaning": column.meaning,
            "caution": column.caution or None,
        }
        for table in TABLES
        for position, column in enumerate(table.columns, start=1)
    ]
    return conform(DATA_DICTIONARY, pd.DataFrame(rows))
