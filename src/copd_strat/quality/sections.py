"""The verdict page's tables: what was measured tonight, whether or not any of it stands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from copd_strat.extracts.receipts import TableReceipt
from copd_strat.quality.findings import Section


class CodeMatches(Protocol):
    """What the code lists found in the events (``codelists.MatchReport``)."""

    @property
    def events(self) -> int: ...
    @property
    def unmatched_events(self) -> int: ...
    @property
    def unmatched_by_namespace(self) -> tuple[tuple[str, int], ...]: ...
    @property
    def distinct_ids(self) -> int: ...
    @property
    def damaged_ids(self) -> int: ...
    @property
    def zero_match_concepts(self) -> tuple[str, ...]: ...


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


def codes_section(matches: CodeMatches) -> Section:
    """Events whose code no list knows, by who issued the code, and identifiers that are damaged."""
    known = matches.events - matches.unmatched_events
    rows: list[tuple[str, float, float]] = [("on a code list", known, _share(known, matches.events))]
    rows += [
        (f"unknown: {issuer}", events, _share(events, matches.events))
        for issuer, events in matches.unmatched_by_namespace
    ]
    damaged = matches.damaged_ids
    rows.append(("identifiers that fail their check digit", damaged, _share(damaged, matches.distinct_ids)))
    return Section(
        title="Codes",
        introduction="GP events and prescriptions by what the code lists make of their codes. Unknown codes"
        " are normal, since a GP record holds far more than COPD; a namespace that no list covers is not.",
        columns=("codes", "number", "share"),
        rows=tuple(rows),
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


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
