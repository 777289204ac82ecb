"""Words for gaps that no configuration declares: one finding a word, with every column it stands in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from copd_strat.extracts.gap_words import undeclared_words
from copd_strat.extracts.receipts import TableReceipt
from copd_strat.quality.findings import Finding

# As many rows with one word stop the night (docs/decisions.md, as for coded values); fewer are told.
ROWS_TO_STOP = 5
SHOWN_COLUMNS = 6  # those with most rows; the JSON beside the page has them all, as figures


def word_findings(receipts: Iterable[TableReceipt]) -> list[Finding]:
    """They were read as gaps, so that nothing else is found because of them."""
    found = undeclared_words(receipts)
    # every word at once, or each night would tell the next one; JSON's quotes are YAML's, with \\ doubled
    fix = f"export gaps as empty, or declare the words: 'gaps: {json.dumps(list(found))}' in the source's 'extracts'"
    return [_finding(word, places, fix) for word, places in found.items()]


def _finding(word: str, places: Mapping[str, int], fix: str) -> Finding:
    tables = ", ".join(sorted({place.split(".")[0] for place in places}))
    most = sorted(places, key=lambda place: (-places[place], place))[:SHOWN_COLUMNS]
    columns = ", ".join(f"{place} {places[place]:,}" for place in most)
    columns += f" and {len(places) - len(most)} more" if len(places) > len(most) else ""
    many = "columns" if len(places) > 1 else "column"
    stops = sum(places.values()) >= ROWS_TO_STOP
    told = f"{tables}: the word {word} stands in {len(places)} {many} (rows: {columns})"
    return Finding(
        cause="a word stands where a value is missing",
        subject=word,
        weight="stop" if stops else "warn",
        sentence=told if stops else f"{told}; it was read as a gap",
        fix=fix,
        figures=dict(places),
    )
