"""The verdict page's tables: what was measured tonight, whether or not any of it stands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Protocol

from copd_strat.extracts.receipts import TableReceipt
from copd_strat.quality.code_findings import CodeMatches
from copd_strat.quality.findings import Section


class Estimates(Protocol):
    """The dates of a night (``clinical.ClinicalFacts``)."""

    @property
    def index_date(self) -> date: ...
    @property
    def gp_complete_to(self) -> date: ...
    @property
    def hospital_complete_to(self) -> date | None: ...
    @property
    def register_size(self) -> int: ...
    @property
    def unobservable(self) -> Mapping[str, str]: ...


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


def estimates_section(facts: Estimates, given: Mapping[str, date | None]) -> Section:
    """Until which day each source is complete, and whether the site gave the day or it was estimated."""
    dates = {"GP records": facts.gp_complete_to, "hospital records": facts.hospital_complete_to}
    rows = tuple(
        (
            source,
            day.isoformat() if day else "not known",
            "given in the configuration" if given.get(source) else "estimated from the volume of records",
        )
        for source, day in dates.items()
    )
    return Section(
        title="Estimates",
        introduction="What the program worked out for itself because nobody gave it.",
        columns=("complete to", "date", "how"),
        rows=(*rows, ("end of the look-back windows", facts.index_date.isoformat(), "")),
    )


def unobservable_section(facts: Estimates) -> Section:
    """Facts that this extract cannot show, and why."""
    return Section(
        title="Not observable",
        introduction="What cannot be seen in these extracts is never counted as absent or as 0.",
        columns=("fact", "why"),
        rows=tuple(sorted(facts.unobservable.items())),
    )
