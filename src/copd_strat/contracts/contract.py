"""A data contract as the program reads it: columns, and rules with code, severity and thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["reject_file", "reject_row", "set_aside_value", "warn"]
ColumnType = Literal["string", "date", "integer", "number", "boolean"]
Family = Literal["id", "reference", "code", "category", "number", "date", "text"]

# Folders whose contracts describe tables the program makes, not extracts it is sent.
MADE_HERE = ("internal", "published")

SQL_TYPES: dict[ColumnType, str] = {
    "string": "VARCHAR",
    "date": "DATE",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table. ``present`` columns must be in the file; ``required`` ones hold a value.

    ``kind`` says what is in it and implies its usual checks (contracts/kinds.py); ``family`` is the coarser
    word that the identifier gate goes by. ``exempt`` columns are allow-listed by name (docs/decisions.md
    §20). ``aliases`` are other names that senders give the column. ``values`` are all that it may hold,
    ``unknown_values`` those of them that mean "not known"; a column that ``decides`` stops the run when few
    values cannot be told (docs/decisions.md §34). ``refers_to`` is the column, as table.column, whose values
    it takes. ``custom`` holds what the contract says besides.
    """

    name: str
    type: ColumnType
    description: str
    kind: str
    family: Family
    present: bool
    required: bool
    exempt: bool = False
    aliases: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    unknown_values: tuple[Any, ...] = ()
    decides: bool = False
    format: str | None = None
    physical: str | None = None
    refers_to: str | None = None
    custom: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One check of a table. Above ``warn_share`` of the rows it is told, above ``fail_share`` the run stops.

    Fewer than ``fail_rows`` rows never stop a run (None: as few as the program tolerates anywhere).
    """

    code: str
    check: str
    column: str | None
    severity: Severity
    description: str
    fix: str
    arguments: dict[str, Any] = field(default_factory=dict)
    warn_share: float | None = None
    fail_share: float | None = None
    fail_rows: int | None = None

    @property
    def rejects(self) -> bool:
        return self.severity == "reject_row"

    @property
    def sets_aside(self) -> bool:
        """Whether a row that breaks the rule stays, without its value in the rule's column."""
        return self.severity == "set_aside_value"

    @property
    def withholds(self) -> bool:
        """Whether a row that breaks the rule is too sensitive to be kept even in the quarantine."""
        return bool(self.arguments.get("withhold", False))


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What one table of one layout must be. ``key`` names the columns that identify a row, if any do.

    ``keep`` orders rows of one key, best first, where the source is known to repeat a key. A text file may
    have up to ``title_lines`` lines above its header, and is read in ``other_encoding``, if there is one, where it
    is not UTF-8. ``linkage_floor`` is the share of the table's patients
    that must be known (None: the table may cover more people than ours; docs/decisions.md §32).
    """

    layout: str
    table: str
    title: str
    description: str
    owner: str
    needed: bool
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    key: tuple[str, ...]
    keep: tuple[str, ...]
    file_pattern: str
    date_formats: tuple[str, ...]
    title_lines: int
    other_encoding: str | None
    max_age_days: int | None
    linkage_floor: float | None
    version: str
    custom: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.layout}.{self.table}"

    @property
    def made_here(self) -> bool:
        """Whether the program makes the table itself, rather than being sent it."""
        return self.layout in MADE_HERE

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def rules_of(self, check: str) -> Iterator[Rule]:
        return (rule for rule in self.rules if rule.check == check)
