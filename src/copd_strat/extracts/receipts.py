"""What became of every file, row and value of the extracts, in counts that must add up."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from copd_strat.contracts.contract import Contract


@dataclass(frozen=True, kw_only=True)
class FileReceipt:
    """One file: rows in = loaded + quarantined + duplicates, where rows in is counted by another reader.

    ``unread`` columns were never read, ``missing`` ones of the contract are not in the file. ``notes`` are
    sentences on how the file was read. ``undeclared_gaps`` is column → word → rows, of words that look like gaps
    and are not declared as such.
    """

    name: str
    bytes: int
    rows_in: int
    loaded: int
    quarantined: int
    duplicates: int
    unread: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    undeclared_gaps: dict[str, dict[str, int]]


@dataclass(frozen=True, kw_only=True)
class CodedColumn:
    """What a coded column held, in rows that have a value.

    ``respelled`` rows held a known code in another spelling, ``said_unknown`` ones the source's own word for
    not known, ``unknown`` ones no code of the contract; ``unknown_values`` are the commonest of these, which
    are short and nobody's own, each with its rows. ``values`` are the distinct values, spellings of one code
    counted once.
    """

    column: str
    decides: bool
    rows: int
    values: int
    respelled: int
    said_unknown: int
    unknown: int
    unknown_values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class TableReceipt:
    """One source table, the contract it was read by, its files, and how many rows broke each rule.

    ``broken_by`` tells of how many people those rows are (rows that name nobody count as one person each);
    it is empty for a table that names no people.

    ``checked`` is the folder of the rows that were checked one by one, typed, with their ``_mask`` of broken
    rules: all that break any, and all of ``sample``, SQL of some lines. ``accepted`` is the SQL of the accepted
    rows, in which values that were set aside are gaps. ``people`` is the SQL of the ids (``id``) of the patients
    that rows name, known or not, None where the table names none. ``set_aside`` is the file that lists values
    set aside, if there are any.
    """

    layout: str
    table: str
    contract: Contract
    files: tuple[FileReceipt, ...]
    rules: dict[str, int]
    checked: Path
    accepted: str
    sample: str = "TRUE"
    people: str | None = None
    broken_by: Mapping[str, int] = field(default_factory=dict)
    codes: tuple[CodedColumn, ...] = ()
    set_aside: Path | None = None

    @property
    def totals(self) -> dict[str, int]:
        names = ("rows_in", "loaded", "quarantined", "duplicates")
        return {name: sum(getattr(file, name) for file in self.files) for name in names}

    def to_json(self) -> dict[str, Any]:
        return {
            "layout": self.layout,
            "table": self.table,
            "title": self.contract.title,
            **self.totals,
            "rules": self.rules,
            "codes": [dataclasses.asdict(column) for column in self.codes],
            "files": [dataclasses.asdict(file) for file in self.files],
        }


@dataclass(frozen=True, kw_only=True)
class Linkage:
    """How many of a table's distinct patients are known: ``linked`` of ``patients``, by ``column``.

    ``repair`` says what is wrong with the ids where a tried spelling would link ``repaired`` of them. ``gp``
    tables hold records of general practice. Below its contract's ``floor`` (a share; None: it has none) a
    table is no source of anything.
    """

    layout: str
    table: str
    column: str
    gp: bool
    patients: int
    linked: int
    floor: float | None
    repair: str | None
    repaired: int

    @property
    def share(self) -> float | None:
        """Linked patients of the table's patients, 0 to 1; None for a table without any."""
        return self.linked / self.patients if self.patients else None

    @property
    def repaired_share(self) -> float | None:
        return self.repaired / self.patients if self.patients else None

    @property
    def is_source(self) -> bool:
        """Whether what the table does not say may be taken for not having happened."""
        return self.floor is None or self.share is None or self.share >= self.floor


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """Rows of a table whose code the sender's own dictionary explains: all but ``missing`` of ``rows``."""

    layout: str
    table: str
    column: str
    dictionary: str
    rows: int
    missing: int

    @property
    def share_missing(self) -> float:
        return self.missing / self.rows if self.rows else 0.0


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """All tables of a night as they came in, and what an analyst should know of them.

    ``left_out`` counts the people whom the tables of patients name, and who are no patients: marked as such by
    the source, or refused.
    """

    tables: tuple[TableReceipt, ...]
    warnings: tuple[str, ...]
    linkages: tuple[Linkage, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    left_out: int = 0

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
        return {
            "tables": [receipt.to_json() for receipt in self.tables],
            "linkage": [
                dataclasses.asdict(linkage)
                | {"share": linkage.share, "repaired_share": linkage.repaired_share}
                for linkage in self.linkages
            ],
            "lookups": [dataclasses.asdict(lookup) for lookup in self.lookups],
            "people_left_out": self.left_out,
            "warnings": list(self.warnings),
        }
