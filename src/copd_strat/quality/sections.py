"""The verdict page's tables: what was measured tonight, whether or not any of it stands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
