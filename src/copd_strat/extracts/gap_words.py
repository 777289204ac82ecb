"""Words that stand where a value is missing: gaps if the configuration declares them, else one finding.

Empty is a gap in every source. Further words are gaps where ``extracts[].gaps`` names them; a word that looks
like one and is not declared is read as a gap too, so that nothing else is found because of it, and is told by
name with its columns (docs/decisions.md, words for gaps).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from copd_strat.contracts.contract import Contract
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import ContractError
from copd_strat.extracts.receipts import TableReceipt

# In capitals; compared without regard to case.
SUSPECTED = ("NULL", "<NULL>", "(NULL)", "NA", "<NA>", "N/A", "#N/A", "NAN", "\\N", ".", "-")
# As many rows with one undeclared word stop the run; fewer are told, and read as gaps.
MANY_ROWS = 5


def looks_like_gap(value: str, declared: tuple[str, ...]) -> str:
    """SQL: whether ``value``, text without blanks around it, is a declared or a suspected word for a gap."""
    suspected = f"upper({value}) IN {literal(SUSPECTED)}"
    return f"({suspected} OR {value} IN {literal(declared)})" if declared else f"({suspected})"


def find_words(
    engine: Engine, rows: str, columns: Iterable[str], contract: Contract, declared: tuple[str, ...]
) -> dict[str, dict[str, int]]:
    """Column → word as written → rows, of words for gaps that are not values of the column's own set."""
    found = {}
    for column in columns:
        name = identifier(column)
        counts = engine.rows(
            f"SELECT {name}, count(*) FROM ({rows}) WHERE {looks_like_gap(name, declared)} "
            "GROUP BY 1 ORDER BY 1"
        )
        values = _value_set(contract, column)
        words = {word: int(count) for word, count in counts if word in declared or word not in values}
        if words:
            found[column] = words
    return found


def _value_set(contract: Contract, column: str) -> set[str]:
    return {
        str(value)
        for rule in contract.rules_of("one_of")
        if rule.column == column
        for value in rule.arguments["values"]
    }


def judge_words(receipts: Iterable[TableReceipt]) -> list[str]:
    """Warnings for undeclared words in a few rows; ContractError, one finding a word, beyond."""
    places: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for receipt in receipts:
        for file in receipt.files:
            for column, words in file.undeclared_gaps.items():
                for word, rows in words.items():
                    places[word][f"{receipt.table}.{column}"] += rows
    told = {word: _sentence(word, found) for word, found in sorted(places.items())}
    stopping = [told[word] for word, found in sorted(places.items()) if sum(found.values()) >= MANY_ROWS]
    if stopping:
        raise ContractError(
            "; ".join(stopping),
            fix="export gaps as empty, or declare the words: 'gaps: [\"NULL\"]' in the source's 'extracts'",
        )
    return [f"{sentence}; it was read as a gap" for sentence in told.values()]


def _sentence(word: str, found: dict[str, int]) -> str:
    tables = ", ".join(sorted({place.split(".")[0] for place in found}))
    columns = ", ".join(f"{place} {rows:,}" for place, rows in sorted(found.items()))
    many = "columns" if len(found) > 1 else "column"
    return f"{tables}: the word {word} stands in {len(found)} {many} (rows: {columns})"
