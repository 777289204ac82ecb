"""Coded columns: every spelling of a known code becomes the code, and what is left is counted by value.

Codes change their looks on the way: a data frame makes 21 into 21.0, a form pads with blanks, a spreadsheet
drops leading zeros. Each distinct value of a column is looked at once, here; the engine then replaces it. A
value that is still none of the contract's is not known, and never falls through to "no".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from copd_strat.contracts.contract import Column, Contract
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.extracts.column_values import ColumnValues
from copd_strat.extracts.receipts import CodedColumn

# No coded column has more spellings than this; a column that has holds something else.
_MOST_SPELLINGS = 10_000
# An unknown value is shown only if it is short and so many rows hold it: it is no person's own.
_LONGEST_SHOWN, _FEWEST_ROWS_SHOWN, _MOST_SHOWN = 20, 5, 20


@dataclass(frozen=True, kw_only=True)
class Spellings:
    """The distinct values of one file's column: rows by value, and the code that each known one means."""

    column: Column
    rows: Mapping[str, int]
    codes: Mapping[str, str]

    def sql(self, value: str) -> str:
        """SQL of the column's value with every spelling replaced by its code."""
        respelled = {spelling: code for spelling, code in self.codes.items() if spelling != code}
        if not respelled:
            return value
        cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in sorted(respelled.items()))
        return f"CASE {value} {cases} ELSE {value} END"


def code_of(text: str, values: Iterable[str]) -> str | None:
    """The one of ``values`` that ``text`` means, None if it means none of them.

    Blanks, case and a trailing ``.0`` do not matter, nor do leading zeros that ``text`` has lost.
    """
    known = {value.casefold(): value for value in values}
    plain = re.sub(r"\.0+$", "", re.sub(r"\s+", " ", text.strip())).casefold()
    if plain in known:
        return known[plain]
    bare = plain.lstrip("0")
    padded = [value for folded, value in known.items() if folded[0] == "0" and folded.lstrip("0") == bare]
    return padded[0] if bare and len(padded) == 1 else None


def spellings(
    engine: Engine, contract: Contract, there: Mapping[str, str], values: ColumnValues
) -> dict[str, Spellings]:
    """Column → its spellings, for every coded column of a file; ``there`` are the columns that it has."""
    found = {}
    for column in contract.columns:
        if not column.values or column.type != "string" or column.name not in there:
            continue
        value = f"nullif(trim(CAST({identifier(column.name)} AS VARCHAR)), '')"
        counts = engine.rows(
            f"SELECT {value} AS v, CAST(sum(n) AS BIGINT) AS n FROM ({values.of(column.name)}) "
            "GROUP BY v HAVING v IS NOT NULL "
            f"ORDER BY 2 DESC, v LIMIT {_MOST_SPELLINGS}"
        )
        own = [str(value) for value in column.values]
        codes = {text: code for text, _ in counts if (code := code_of(text, own)) is not None}
        found[column.name] = Spellings(column=column, rows=dict(counts), codes=codes)
    return found


def summarise(files: Iterable[Mapping[str, Spellings]]) -> tuple[CodedColumn, ...]:
    """What a table's coded columns held, all its files together, in the order of the columns."""
    together: dict[str, list[Spellings]] = {}
    for file in files:
        for name, found in file.items():
            together.setdefault(name, []).append(found)
    return tuple(_summary(name, found) for name, found in together.items())


def _summary(name: str, files: list[Spellings]) -> CodedColumn:
    column = files[0].column
    not_known = {str(value) for value in column.unknown_values}
    unknown: dict[str, int] = {}
    meanings: set[str] = set()
    rows = respelled = source_unknown = 0
    for file in files:
        for text, count in file.rows.items():
            code = file.codes.get(text)
            meanings.add(code or text)
            rows += count
            respelled += count if code not in (None, text) else 0
            source_unknown += count if code in not_known else 0
            if code is None:
                unknown[text] = unknown.get(text, 0) + count
    shown = sorted(
        ((text, count) for text, count in unknown.items() if _may_be_shown(text, count)),
        key=lambda item: (-item[1], item[0]),
    )
    return CodedColumn(
        column=name,
        decides=column.decides,
        rows=rows,
        values=len(meanings),
        respelled=respelled,
        said_unknown=source_unknown,
        unknown=sum(unknown.values()),
        unknown_values=tuple(shown[:_MOST_SHOWN]),
    )


def _may_be_shown(text: str, count: int) -> bool:
    return len(text) <= _LONGEST_SHOWN and count >= _FEWEST_ROWS_SHOWN
