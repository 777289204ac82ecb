"""Canonical relations: the native contracts, read as tables that every other layout is mapped to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from copd_strat.contracts.contract import SQL_TYPES
from copd_strat.contracts.contract_files import load_contracts

CANONICAL_LAYOUT = "native"


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A canonical relation: its columns with their SQL types, in the contract's order."""

    name: str
    columns: tuple[tuple[str, str], ...]


@cache
def canonical_relations(contracts: Path) -> dict[str, Relation]:
    """Name → relation, for every contract of the native layout below ``contracts``."""
    return {
        table: Relation(
            name=table,
            columns=tuple((column.name, SQL_TYPES[column.type]) for column in contract.columns),
        )
        for table, contract in load_contracts(contracts, CANONICAL_LAYOUT).items()
    }
