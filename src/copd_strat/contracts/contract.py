"""A data contract as the program reads it: columns, and rules with code, severity and thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["reject_file", "reject_row", "warn"]
ColumnType = Literal["string", "date", "integer", "number", "boolean"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a source table. ``present`` columns must be in the file; ``required`` ones hold a value.

    ``exempt`` columns are allow-listed by name (docs/decisions.md §20); ``kind`` tells the identifier gate
    what is in it: an id, a code, a date, free text. ``aliases`` are other names that senders give the column.
    """

    name: str
    type: ColumnType
    description: str
    present: bool
    required: bool
    exempt: bool
    kind: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row check. A share of rows above ``warn_share`` is told, above ``fail_share`` it stops the run."""

    code: str
    name: str
    check: str
    column: str | None
    severity: Severity
    description: str
    fix: str
    arguments: dict[str, Any] = field(default_factory=dict)
    warn_share: float | None = None
    fail_share: float | None = None

    @property
    def rejects(self) -> bool:
        return self.severity == "reject_row"

    @property
    def withholds(self) -> bool:
        """Whether a row that breaks the rule is too sensitive to be kept even in the quarantine."""
        return bool(self.arguments.get("withhold", False))


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What one table of one layout must be. ``key`` names the columns that identify a row, if any do.

    ``keep`` orders rows of one key, best first, where the source is known to repeat a key. A text file may
    have up to ``title_lines`` lines above its header.
    """

    layout: str
    table: str
    title: str
    owner: str
    needed: bool
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    key: tuple[str, ...]
    keep: tuple[str, ...]
    file_pattern: str
    date_formats: tuple[str, ...]
    title_lines: int
    max_age_days: int | None

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def rules_of(self, check: str) -> Iterator[Rule]:
        return (rule for rule in self.rules if rule.check == check)
