"""Great Expectations' expectations, imported only when a suite is made, since that takes seconds."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import Any

from copd_strat.checks.check import Common

# Great Expectations imports Spark wherever it is installed. Nothing here judges Spark's frames, and Spark's client ends
# the whole program with exit 0 where Python was started with -c and a package of the client's is missing.
_NOT_WANTED = ("pyspark", "pyspark.sql.connect")


@contextmanager
def _without_spark() -> Iterator[None]:
    hidden: dict[str, Any] = {name: None for name in _NOT_WANTED if name not in sys.modules}
    sys.modules.update(hidden)
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@cache
def expectations() -> Any:
    """The module of expectations, imported quietly and with its telemetry switch off."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    with warnings.catch_warnings(), _without_spark():
        warnings.simplefilter("ignore")
        import great_expectations.expectations as module
    return module


def at_least(larger: str, smaller: str, common: Common) -> Any:
    """``larger`` >= ``smaller`` in every row that has both."""
    return expectations().ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=larger, column_B=smaller, or_equal=True, ignore_row_if="either_value_is_missing", **common
    )


def between(column: str, low: Any, high: Any, common: Common) -> Any:
    return expectations().ExpectColumnValuesToBeBetween(
        column=column, min_value=as_number(low), max_value=as_number(high), **common
    )


def not_in_set(column: str, values: list[Any], common: Common) -> Any:
    return expectations().ExpectColumnValuesToNotBeInSet(column=column, value_set=values, **common)


def days(day: date) -> int:
    """Days since 1970: how dates stand in the frames that are judged."""
    return (day - date(1970, 1, 1)).days


def as_number(value: Any) -> Any:
    """A bound as it stands in the frames that are judged."""
    return days(value) if isinstance(value, date) else value


def real(column: str) -> str:
    """The twin of a date column in which dates that stand for unknown are gaps."""
    return f"{column} without placeholders"
