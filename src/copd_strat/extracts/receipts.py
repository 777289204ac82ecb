"""What became of every file and every row: the account that must add up."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copd_strat.contracts.contract import Contract


@dataclass(frozen=True, kw_only=True)
class FileReceipt:
    """One file: rows in = loaded + quarantined + duplicates, where rows in is counted by another reader.

    ``unread`` columns were never read. ``notes`` are sentences on how the file was read. ``undeclared_gaps``
    is column → word → rows, of words that look like gaps and are not declared as such.
    """

    name: str
    bytes: int
    rows_in: int
    loaded: int
    quarantined: int
    duplicates: int
    unread: tuple[str, ...]
    notes: tuple[str, ...]
    undeclared_gaps: dict[str, dict[str, int]]


@dataclass(frozen=True, kw_only=True)
class TableReceipt:
    """One source table, the contract it was read by, its files, and how many rows broke each rule.

    ``checked`` holds every row's ``_mask`` of broken rules, with its typed columns on every line that
    ``sampled`` divides; ``accepted`` is the SQL of the accepted rows.
    """

    layout: str
    table: str
    contract: Contract
    files: tuple[FileReceipt, ...]
    rules: dict[str, int]
    checked: Path
    accepted: str
    sampled: int = 1

    @property
    def totals(self) -> dict[str, int]:
        names = ("rows_in", "loaded", "quarantined", "duplicates")
        return {name: sum(getattr(file, name) for file in self.files) for name in names}

    def to_json(self) -> dict[str, Any]:
        return {
            "layout": self.layout,
            "table": self.table,
            **self.totals,
            "rules": self.rules,
            "files": [dataclasses.asdict(file) for file in self.files],
        }


@dataclass(frozen=True, kw_only=True)
class Landing:
    """All tables of a night as they came in, and what an analyst should know of them."""

    tables: tuple[TableReceipt, ...]
    warnings: tuple[str, ...]

    def totals(self) -> dict[str, dict[str, int]]:
        """Source table (``layout.table``) → rows in, loaded, quarantined, duplicates."""
        return {f"{receipt.layout}.{receipt.table}": receipt.totals for receipt in self.tables}

    @property
    def sums(self) -> dict[str, int]:
        """Rows in, loaded, quarantined and duplicates of all tables together."""
        names = ("rows_in", "loaded", "quarantined", "duplicates")
        return {
            name.replace("_", " "): sum(receipt.totals[name] for receipt in self.tables) for name in names
        }

    def record(self) -> dict[str, Any]:
        """What the manifest keeps."""
        return {"inputs": self.to_json(), "tables": self.totals()}

    def to_json(self) -> dict[str, Any]:
        return {"tables": [receipt.to_json() for receipt in self.tables], "warnings": list(self.warnings)}
