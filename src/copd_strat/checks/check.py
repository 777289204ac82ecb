"""What a check kind states about itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

from copd_strat.contracts.contract import Column, Contract, Rule
from copd_strat.engine.sql import identifier

ENGINE = "copd-strat"
Common = dict[str, Any]
Row = dict[str, str]
# The rows that break a rule are the first expectation's unexpected rows, plus or minus the next one's.
Parts = list[tuple[int, Any]]
Dimension = Literal["accuracy", "completeness", "conformity", "consistency", "uniqueness"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a check of one column is told: ``raw`` and typed ``value`` in SQL, the raw type, the rule.

    ``r.<column>`` is the text (or typed Parquet value) as it came, ``t.<column>`` the typed value, ``p`` the
    accepted registration facts of the row's patient.
    """

    raw: str
    value: str
    physical: str
    rule: Rule
    as_of: date
    typed: str = "t."

    @property
    def blank(self) -> str:
        if self.physical != "VARCHAR":
            return f"{self.raw} IS NULL"
        return f"({self.raw} IS NULL OR trim({self.raw}) = '')"

    @property
    def other(self) -> str:
        """The typed column that the rule compares with."""
        return f"{self.typed}{identifier(self.rule.arguments['column'])}"


class Check:
    """Base of all check kinds; a kind overrides what it has.

    ``meaning`` says when the check holds; ``counts`` and ``fix`` are the usual words of a rule, with
    ``{column}`` and the names of its ``arguments`` filled in. ``warn_share`` and ``fail_share`` are the usual
    thresholds of extracts. A ``whole_table`` check is judged on keys or lines, not on values; one that
    ``needs_patient`` sees the row's patient; one that ``reads_dates`` skips dates that stand for unknown;
    one ``of_text`` has nothing to find in a typed file; the bound of one that ``moves`` depends on the run;
    one ``of_one_value`` can be broken by what one person's record says. One ``told_by_least`` is broken by some
    row of a patient if it is broken by the patient's least value. Where the typed value tells
    (``told_by_value``), a sample of rows is counted by the expectation too. A fault that ``adds_row`` is a row
    added at the end.
    """

    meaning: ClassVar[str]
    counts: ClassVar[str]
    fix: ClassVar[str] = "correct {column} at the source"
    dimension: ClassVar[Dimension] = "accuracy"
    arguments: ClassVar[tuple[str, ...]] = ()
    warn_share: ClassVar[float] = 0.001
    fail_share: ClassVar[float] = 0.05
    whole_table: ClassVar[bool] = False
    needs_patient: ClassVar[bool] = False
    reads_dates: ClassVar[bool] = False
    told_by_least: ClassVar[bool] = False
    of_one_value: ClassVar[bool] = False
    told_by_value: ClassVar[bool] = False
    of_text: ClassVar[bool] = False
    moves: ClassVar[bool] = False
    adds_row: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return type(self).__module__.rsplit(".", 1)[-1]

    def words(self, column: Column | None, arguments: dict[str, Any], contract: Contract) -> tuple[str, str]:
        """(what the rule counts, what to do), in the usual words."""
        names = arguments | {
            "column": column.name if column else "",
            "other": arguments.get("column", ""),
        }
        return self.counts.format(**names), self.fix.format(**names)

    @property
    def judges_made_tables(self) -> bool:
        """Whether there is an expectation for it."""
        return type(self).expectation is not Check.expectation

    def read(self, item: dict[str, Any]) -> dict[str, Any] | None:
        """The rule's arguments, if a contract's ``quality`` item speaks of this check."""
        extra = {entry["property"]: entry["value"] for entry in item.get("customProperties", [])}
        stated = item.get("implementation", extra.get("implementation"))
        implementation = {"check": stated} if isinstance(stated, str) else dict(stated or {})
        return implementation if implementation.pop("check", None) == self.name else None

    def written(self, rule: Rule, contract: Contract) -> dict[str, Any]:
        """The rule as the standard's words for a ``quality`` item, without thresholds and wording."""
        implementation = {"check": self.name, **rule.arguments} if rule.arguments else self.name
        return {"type": "custom", "engine": ENGINE, "implementation": implementation}

    def lint(self, rule: Rule, contract: Contract) -> Iterator[str]:
        """What is wrong with the rule's arguments."""
        for name in self.arguments:
            if name not in rule.arguments:
                yield f"'{name}' is missing"
        other = rule.arguments.get("column")
        if other is not None and other not in {column.name for column in contract.columns}:
            yield f"compares with the column {other}, which the table does not have"

    def other_columns(self, rule: Rule) -> tuple[str, ...]:
        """The columns, besides its own, that the rule looks at."""
        return (str(rule.arguments["column"]),) if "column" in rule.arguments else ()

    def condition(self, cell: Cell) -> str | None:
        """SQL that is true where the row breaks the rule; None if it is not judged row by row."""
        return None

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        """The Great Expectations expectation of a table made here; None if there is none."""
        return None

    def sample_parts(self, rule: Rule, contract: Contract, as_of: date, common: Common) -> Parts:
        """The expectations that count the rule's broken rows on typed rows; none if values cannot tell."""
        return [(1, self.expectation(rule, contract, common))] if self.told_by_value else []

    def counted_with(self) -> tuple[str, ...]:
        """Checks of the same column whose broken rows the sample counts as this rule's."""
        return ()

    def spoiled(self, rule: Rule, contract: Contract, row: Row) -> Row | None:
        """A copy of ``row`` that breaks the rule; None if this row cannot be made to."""
        if rule.column not in row:
            return None
        value = self.bad_value(rule, contract, row)
        return None if value is None else {**row, str(rule.column): value}

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str | None:
        """A value that breaks the rule in this row."""
        raise NotImplementedError(f"{self.name} states no fault")


class MetricCheck(Check):
    """A check that the standard has a library metric for; its arguments are the metric's."""

    metric: ClassVar[str]
    dimension: ClassVar[Dimension] = "conformity"

    def read(self, item: dict[str, Any]) -> dict[str, Any] | None:
        if "metric" not in item:
            return super().read(item)
        return dict(item.get("arguments", {})) if item["metric"] == self.metric else None

    def written(self, rule: Rule, contract: Contract) -> dict[str, Any]:
        stated = {"arguments": dict(rule.arguments)} if rule.arguments else {}
        return {"type": "library", "metric": self.metric, **stated}


class FigureCheck(Check):
    """A band for one figure of the whole table: no share is tolerated, few rows are not judged."""

    fix: ClassVar[str] = "look at what changed since the last good run"

    def lint(self, rule: Rule, contract: Contract) -> Iterator[str]:
        yield from super().lint(rule, contract)
        if not contract.made_here:
            yield f"{self.name} judges tables made here only"
        if not {"min", "max"} & set(rule.arguments):
            yield "'min' or 'max' is missing"

    def band(self, rule: Rule, common: Common) -> Common:
        whole = {name: value for name, value in common.items() if name != "mostly"}
        return {"min_value": rule.arguments.get("min"), "max_value": rule.arguments.get("max"), **whole}
