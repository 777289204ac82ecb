"""Words that stand where a value is missing: gaps if the configuration declares them, else one finding.

Empty is a gap in every source. Further words are gaps where ``extracts[].gaps`` names them; a word that looks
like one and is not declared is read as a gap too, so that nothing else is found because of it, and is told by
name with its columns (docs/decisions.md, words for gaps).
"""

from __future__ import annotations

from collections.abc import Iterable

from copd_strat.contracts.contract import Contract
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.extracts.column_values import ColumnValues
from copd_strat.extracts.receipts import TableReceipt

# In capitals; compared without regard to case.
SUSPECTED = ("NULL", "<NULL>", "(NULL)", "NA", "<NA>", "N/A", "#N/A", "NAN", "\\N", ".", "-")


def looks_like_gap(value: str, declared: tuple[str, ...]) -> str:
    """SQL: whether ``value``, text without blanks around it, is a declared or a suspected word for a gap."""
    suspected = f"upper({value}) IN {literal(SUSPECTED)}"
    return f"({suspected} OR {value} IN {literal(declared)})" if declared else f"({suspected})"


def find_words(
    engine: Engine,
    values: ColumnValues,
    columns: Iterable[str],
    contract: Contract,
    declared: tuple[str, ...],
) -> dict[str, dict[str, int]]:
    """Column → word as written → rows, of words for gaps that are not values of the column's own set."""
    found = {}
    for column in columns:
        name = identifier(column)
        counts = engine.rows(
            f"SELECT {name}, CAST(sum(n) AS BIGINT) FROM ({values.of(column)}) "
            f"WHERE {looks_like_gap(name, declared)} GROUP BY 1 ORDER BY 1"
        )
        own = {str(value) for value in contract.column(column).values}
        words = {word: int(count) for word, count in counts if word in declared or word not in own}
        if words:
            found[column] = words
    return found


def undeclared_words(receipts: Iterable[TableReceipt]) -> dict[str, dict[str, int]]:
    """Undeclared word → ``table.column`` → rows, over all tables of a night."""
    places: dict[str, dict[str, int]] = {}
    for receipt in receipts:
        for file in receipt.files:
            for column, words in file.undeclared_gaps.items():
                for word, rows in words.items():
                    found = places.setdefault(word, {})
                    place = f"{receipt.table}.{column}"
                    found[place] = found.get(place, 0) + rows
    return dict(sorted(places.items()))
