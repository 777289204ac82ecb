"""Three-valued logic: a gap never decides."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from copd_strat.pathways.conditions import Compare, Condition, Every, Negation, Some, Truth, evaluate
from copd_strat.pathways.fact_columns import Facts

KINDS: Any = {"a": "flag", "b": "flag", "n": "number", "t": "text", "d": "date", "index_date": "date"}


def truth_of(condition: Condition, **facts: Any) -> bool | None:
    frame = pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in facts.items()})
    truth = evaluate(condition, Facts(frame, KINDS))
    return None if truth.unknown[0] else bool(truth.yes[0])


def kleene_and(parts: list[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


A, B = Compare(column="a", op="=", value=True), Compare(column="b", op="=", value=True)


@pytest.mark.parametrize(("a", "b"), list(itertools.product([True, False, None], repeat=2)))
def test_all_any_and_not_follow_kleene(a: bool | None, b: bool | None) -> None:
    both = kleene_and([a, b])
    negated = kleene_and([None if v is None else not v for v in (a, b)])
    assert truth_of(Every(all=(A, B)), a=a, b=b) is both
    assert truth_of(Some(any=(A, B)), a=a, b=b) is (None if negated is None else not negated)
    assert truth_of(Negation.model_validate({"not": A}), a=a) is (None if a is None else not a)


@pytest.mark.parametrize(
    ("op", "value", "fact", "wanted"),
    [
        (">=", 2, 2, True),
        (">=", 2, 1, False),
        (">", 2, 2, False),
        ("<=", 2, 2, True),
        ("<", 30, 29.999, True),
        ("=", 5, 5, True),
        (">=", 2, None, None),
        ("=", 0, None, None),
        (">=", 0, float("nan"), None),
        ("missing", None, None, True),
        ("missing", None, 0, False),
        ("present", None, 0, True),
    ],
)
def test_a_number_is_compared_or_unknown(op: str, value: Any, fact: Any, wanted: bool | None) -> None:
    assert truth_of(Compare(column="n", op=op, value=value), n=fact) is wanted


@pytest.mark.parametrize(
    ("day", "op", "value", "wanted"),
    [
        (date(2025, 12, 31), "older_than_months", 3, False),
        (date(2025, 12, 30), "older_than_months", 3, True),
        (date(2026, 2, 28), "older_than_months", 1, False),
        (date(2026, 2, 27), "older_than_months", 1, True),
        (date(2026, 1, 28), "older_than_days", 62, False),
        (date(2026, 1, 27), "older_than_days", 62, True),
        (None, "older_than_days", 62, None),
    ],
)
def test_age_counts_back_from_the_index_date(
    day: date | None, op: str, value: int, wanted: bool | None
) -> None:
    assert truth_of(Compare(column="d", op=op, value=value), d=day, index_date=date(2026, 3, 31)) is wanted


def test_text_is_compared_and_an_empty_text_is_missing() -> None:
    assert truth_of(Compare(column="t", op="in", value=("A", "B")), t="B") is True
    assert truth_of(Compare(column="t", op="in", value=("A", "B")), t="E") is False
    assert truth_of(Compare(column="t", op="in", value=("A", "B", "None")), t=None) is None
    assert truth_of(Compare(column="t", op="=", value="severe"), t="") is None


def test_a_column_the_frame_lacks_is_missing_for_everybody() -> None:
    assert truth_of(Compare(column="n", op=">=", value=1), t="x") is None


flags = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=8)


@given(flags)
def test_yes_no_and_unknown_exclude_each_other(values: list[bool | None]) -> None:
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    truth: Truth = evaluate(A, Facts(frame, KINDS))
    assert np.all(truth.yes.astype(int) + truth.no.astype(int) + truth.unknown.astype(int) == 1)
