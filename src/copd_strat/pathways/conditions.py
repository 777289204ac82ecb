"""Conditions over one row a patient, in three-valued logic: yes, no, cannot say.

A comparison with a missing value cannot say (Kleene's strong logic): ``all`` is no if one part is no,
``any`` is yes if one part is yes, and both otherwise stay unknown while a part is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

import numpy as np

from copd_strat.pathways.fact_columns import Days, Facts, Flags

REFERENCE_DATE = "index_date"

ORDERINGS = {">=": np.greater_equal, ">": np.greater, "<=": np.less_equal, "<": np.less}
OPERATORS = ("=", "in", *ORDERINGS, "missing", "present", "older_than_days", "older_than_months")

Value = float | str | bool | tuple[str, ...] | None


@dataclass(frozen=True)
class Compare:
    """One column against one value. ``older_than_*`` counts back from the patient's index date."""

    column: str
    op: str
    value: Value = None


@dataclass(frozen=True)
class Every:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Some:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Negation:
    part: Condition


Condition = Compare | Every | Some | Negation


@dataclass(frozen=True)
class Truth:
    """For each patient: known to hold (``yes``), known not to (``no``), or neither."""

    yes: Flags
    no: Flags

    @property
    def unknown(self) -> Flags:
        return ~(self.yes | self.no)

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.yes & other.yes, self.no | other.no)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.yes | other.yes, self.no & other.no)

    def __invert__(self) -> Truth:
        return Truth(self.no, self.yes)


def certain(yes: Flags) -> Truth:
    return Truth(yes, ~yes)


def evaluate(condition: Condition, facts: Facts) -> Truth:
    """The truth of ``condition`` for every row of ``facts``."""
    match condition:
        case Every(parts):
            return reduce(and_, (evaluate(part, facts) for part in parts))
        case Some(parts):
            return reduce(or_, (evaluate(part, facts) for part in parts))
        case Negation(part):
            return ~evaluate(part, facts)
        case Compare():
            return _compare(condition, facts)


def columns_of(condition: Condition) -> Iterator[str]:
    """Every column that ``condition`` reads."""
    match condition:
        case Every(parts) | Some(parts):
            for part in parts:
                yield from columns_of(part)
        case Negation(part):
            yield from columns_of(part)
        case Compare(column):
            yield column


def _compare(compare: Compare, facts: Facts) -> Truth:
    missing = facts.missing(compare.column)
    if compare.op == "missing":
        return certain(missing)
    if compare.op == "present":
        return certain(~missing)
    with np.errstate(invalid="ignore"):
        holds = _holds(compare, facts)
    if compare.op.startswith("older_than"):
        missing = missing | facts.missing(REFERENCE_DATE)
    return Truth(holds & ~missing, ~holds & ~missing)


def _holds(compare: Compare, facts: Facts) -> Flags:
    column, value = compare.column, compare.value
    if compare.op == "older_than_days":
        limit = facts.days(REFERENCE_DATE) - np.timedelta64(int(str(value)), "D")
        return np.asarray(facts.days(column) < limit)
    if compare.op == "older_than_months":
        return np.asarray(facts.days(column) < _months_before(facts, int(str(value))))
    if isinstance(value, tuple):
        return np.isin(facts.texts(column).astype(str), value)
    if facts.kind(column) == "text":
        return np.asarray(facts.texts(column) == value, dtype=bool)
    known = float(value)  # type: ignore[arg-type]
    if compare.op == "=":
        return np.asarray(facts.numbers(column) == known)
    return np.asarray(ORDERINGS[compare.op](facts.numbers(column), known))


def _months_before(facts: Facts, months: int) -> Days:
    """The index date less calendar months; a day the month lacks becomes its last day."""
    index = facts.days(REFERENCE_DATE)
    month = index.astype("datetime64[M]")
    day_of_month = index - month.astype("datetime64[D]")
    target = month - np.timedelta64(months, "M")
    last = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    return np.asarray(np.minimum(target.astype("datetime64[D]") + day_of_month, last))
