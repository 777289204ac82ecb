"""The verdict page's tables: what was measured tonight, whether or not any of it stands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow.parquet as pq

from copd_strat.extracts.receipts import TableReceipt
from copd_strat.quality.code_findings import CodeMatches
from copd_strat.quality.findings import Section


def rows_section(receipts: Iterable[TableReceipt], last: Mapping[str, Mapping[str, int]]) -> Section:
    """Every file: its rows tonight and last night, and what became of them."""
    rows = tuple(
        (
            f"{receipt.layout}.{receipt.table}",
            file.name,
            file.rows_in,
            last.get(f"{receipt.layout}.{receipt.table}", {}).get(file.name),
            file.loaded,
            file.quarantined,
            file.duplicates,
        )
        for receipt in receipts
        for file in receipt.files
    )
    return Section(
        title="Rows of every file",
        introduction="Rows in = loaded + quarantined + duplicates, counted by different readers.",
        columns=("table", "file", "rows in", "rows in last night", "loaded", "quarantined", "duplicates"),
        rows=rows,
    )


# Of each table so many: the Parquet file beside the page holds all.
_QUARANTINED_SHOWN = 20


def quarantined_section(folder: Path) -> tuple[Section, ...]:
    """Where the first quarantined rows of each table stand and why, never what they hold; nothing if there are none.

    ``folder``: of the tables' quarantine files.
    """
    rows: list[tuple[str | float | None, ...]] = []
    for path in sorted(folder.glob("*.parquet")):
        file = pq.ParquetFile(path)
        batch = next(file.iter_batches(batch_size=_QUARANTINED_SHOWN, columns=list(_TOLD)), None)
        told = batch.to_pylist() if batch is not None else []
        rows += [(path.stem, *(row[name] for name in _TOLD)) for row in told]
    if not rows:
        return ()
    return (
        Section(
            title="Quarantined rows",
            introduction=f"Where they stand in the files as they came: the first {_QUARANTINED_SHOWN} of each table,"
            " once for each rule; quarantine/<table>.parquet holds all, whole.",
            columns=("table", "file", "line", "column", "reason"),
            rows=tuple(rows),
        ),
    )


_TOLD = ("file", "line", "rule_column", "reason")


def concepts_section(matches: CodeMatches, concepts: Mapping[str, int], last: Mapping[str, int]) -> Section:
    """Events of every concept, tonight and last night; concepts that match nothing stand last."""
    counted = [(concept, events, last.get(concept)) for concept, events in sorted(concepts.items())]
    silent = [(concept, 0, last.get(concept)) for concept in matches.zero_match_concepts]
    return Section(
        title="Concepts",
        introduction="Events that each concept's codes matched.",
        columns=("concept", "events", "last night"),
        rows=(*counted, *silent),
    )
