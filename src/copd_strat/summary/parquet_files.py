"""Published tables as files: Parquet by their contracts, and CSV twins for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from copd_strat.contracts.contract import Contract
from copd_strat.contracts.own_tables import column_names, conform, type_name, write_parquet
from copd_strat.summary.schemas import published, published_tables

_ROWS_AT_ONCE = 50_000  # as Python's values a row takes some kilobytes


def write(contract: Contract, content: pa.Table, folder: Path) -> None:
    """``<folder>/<table>.parquet`` and its twin ``.csv``; same content, same bytes."""
    write_parquet(content, folder / f"{contract.table}.parquet")
    batches = content.to_batches(max_chunksize=_ROWS_AT_ONCE)
    rows = (row for batch in batches for row in batch.to_pylist())
    write_csv(column_names(contract), rows, folder / f"{contract.table}.csv")


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
    """The data dictionary of the published tables, from the contracts that the writer follows."""
    rows = [
        {
            "table_name": contract.table,
            "position": position,
            "column_name": column.name,
            "type": type_name(column),
            "may_be_empty": not column.required,
            "allowed_values": ", ".join(column.values) or None,
            "meaning": column.description,
            "caution": column.custom.get("caution"),
        }
        for contract in published_tables()
        for position, column in enumerate(contract.columns, start=1)
    ]
    return conform(published("data_dictionary"), pd.DataFrame(rows))
