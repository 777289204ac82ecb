"""Conditions over one row a patient, in three-valued logic: yes, no, cannot say.

A comparison with a missing value cannot say (Kleene's strong logic): ``all`` is no if one part is no,
``any`` is yes if one part is yes, and both otherwise stay unknown while a part is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from copd_strat.model_faults import STRICT, Text, nearest
from copd_strat.pathways.fact_columns import Days, Facts, Flags, Kind

REFERENCE_DATE = "index_date"

ORDERINGS = {">=": np.greater_equal, ">": np.greater, "<=": np.less_equal, "<": np.less}
Operator = Literal[
    "=", "in", ">=", ">", "<=", "<", "missing", "present", "older_than_days", "older_than_months"
]

Value = float | int | str | bool | tuple[str, ...] | None


def _kinds(info: ValidationInfo) -> dict[str, Kind] | None:
    """The columns a policy may name; a condition made in code, outside a policy file, is not asked."""
    kinds: dict[str, Kind] | None = (info.context or {}).get("kinds")
    return kinds


def known_column(name: str, info: ValidationInfo) -> str:
    kinds = _kinds(info)
    if kinds is not None and name not in kinds:
        raise PydanticCustomError("column", "{said}", {"said": unknown_column(name, kinds)})
    return name


def unknown_column(name: str, kinds: dict[str, Kind]) -> str:
    return f"unknown column '{name}' {nearest(name, list(kinds))}"


def _a_threshold(name: str, info: ValidationInfo) -> str:
    thresholds = (info.context or {}).get("thresholds", {})
    if name not in thresholds:
        raise PydanticCustomError("threshold", "'{name}' is not under thresholds", {"name": name})
    return name


def _plain_value(value: object) -> Value:
    """What a column may be compared with. Words in a list are words; nothing is read as code."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)) and -MOST <= value <= MOST:  # no NaN either
        return value
    if isinstance(value, (list, tuple)) and value and all(isinstance(word, str) for word in value):
        return tuple(value)
    raise PydanticCustomError(
        "value", "must be a number (at most {most:,}), a word, true, false or a list of words", {"most": MOST}
    )


Column = Annotated[Text, AfterValidator(known_column)]
# The largest number that a fact is compared with, and the longest time in days or months: far beyond any sense,
# and well within what numbers and dates of the engine can hold.
MOST, MOST_DAYS = 1_000_000_000, 36_525


class Compare(BaseModel):
    """One column against a value, or a threshold of the policy (``times`` it). ``older_than_*`` counts back
    from the patient's index date."""

    model_config = STRICT

    column: Column
    op: Operator
    value: Annotated[
        Value, PlainValidator(_plain_value, json_schema_input_type=float | str | bool | list[str])
    ] = None
    threshold: Annotated[str, AfterValidator(_a_threshold)] | None = None
    times: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = 1

    @model_validator(mode="before")
    @classmethod
    def _threshold_as_value(cls, raw: Any, info: ValidationInfo) -> Any:
        """The number that a threshold stands for, so that whoever applies a condition needs no policy."""
        if not isinstance(raw, dict) or "threshold" not in raw:
            return raw
        if "value" in raw:
            raise PydanticCustomError("threshold", "give value or threshold, not both")
        number = (info.context or {}).get("thresholds", {}).get(str(raw["threshold"]))
        times = raw.get("times", 1)
        if number is None or isinstance(times, bool) or not isinstance(times, (int, float)):
            return raw  # refused under its own key
        return {**raw, "value": float(number * times)}

    @model_validator(mode="after")
    def _fits_its_column(self, info: ValidationInfo) -> Self:
        kinds = _kinds(info)
        if kinds is not None and not _fits(kinds[self.column], self.op, self.value):
            raise PydanticCustomError(
                "comparison",
                "a {kind} column cannot be compared by '{op}' with this value",
                {"kind": kinds[self.column], "op": self.op},
            )
        return self


def _fits(kind: Kind, op: str, value: Value) -> bool:
    if op in ("missing", "present"):
        return value is None
    if op in ("older_than_days", "older_than_months"):
        return (
            kind == "date"
            and isinstance(value, int)
            and not isinstance(value, bool)
            and 0 <= value <= MOST_DAYS
        )
    if op == "in":
        return kind == "text" and isinstance(value, tuple)
    if op in ORDERINGS:
        return kind == "number" and _is_number(value)
    wanted = {"text": isinstance(value, str), "flag": isinstance(value, bool), "number": _is_number(value)}
    return wanted.get(kind, False)


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Every(BaseModel):
    """All of several conditions."""

    model_config = STRICT

    parts: Annotated[tuple[Condition, ...], Field(alias="all", strict=False, min_length=1)]


class Some(BaseModel):
    """Any of several conditions."""

    model_config = STRICT

    parts: Annotated[tuple[Condition, ...], Field(alias="any", strict=False, min_length=1)]


class Negation(BaseModel):
    """The opposite of a condition; what cannot be said of it cannot be said of its opposite."""

    model_config = STRICT

    part: Condition = Field(alias="not")


_FORMS: dict[str, type[BaseModel]] = {"all": Every, "any": Some, "not": Negation, "column": Compare}


def _form(raw: object) -> str | None:
    """Which form a condition has: the mark of its alternative, which no key of a file looks like."""
    if isinstance(raw, dict):
        given = [f"<{key}>" for key in _FORMS if key in raw]
        return given[0] if len(given) == 1 else None
    return next((f"<{key}>" for key, form in _FORMS.items() if type(raw) is form), None)


Condition = Annotated[
    Annotated[Every, Tag("<all>")]
    | Annotated[Some, Tag("<any>")]
    | Annotated[Negation, Tag("<not>")]
    | Annotated[Compare, Tag("<column>")],
    Discriminator(
        _form,
        custom_error_type="form",
        custom_error_message="give exactly one of all, any, not, column",
    ),
]

for _each in (Every, Some, Negation):
    _each.model_rebuild()


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
        case Every(parts=parts):
            return reduce(and_, (evaluate(part, facts) for part in parts))
        case Some(parts=parts):
            return reduce(or_, (evaluate(part, facts) for part in parts))
        case Negation(part=part):
            return ~evaluate(part, facts)
        case Compare():
            return _compare(condition, facts)


def columns_of(condition: Condition) -> Iterator[str]:
    """Every column that ``condition`` reads."""
    match condition:
        case Every(parts=parts) | Some(parts=parts):
            for part in parts:
                yield from columns_of(part)
        case Negation(part=part):
            yield from columns_of(part)
        case Compare(column=column):
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
