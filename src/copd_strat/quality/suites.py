"""Great Expectations suites of the pipeline's own tables, compiled from their contracts.

A rule's thresholds are shares of the rows that have a value (for ``present``: of all rows). Without a
threshold no row may break the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from copd_strat.contracts.contract import Column, Contract, Rule
from copd_strat.errors import ContractError
from copd_strat.quality.findings import Level
from copd_strat.quality.gx_runner import expectations

Common = dict[str, Any]


def arguments(code: str, level: Level, mostly: float = 1.0) -> Common:
    """What every row expectation of a rule is given: the share of rows that must keep it, and its name."""
    severity = "critical" if level == "fail" else "warning"
    return {"mostly": mostly, "severity": severity, "meta": {"code": code, "level": level}}


def not_null(column: str, common: Common) -> Any:
    return expectations().ExpectColumnValuesToNotBeNull(column=column, **common)


def between(column: str, low: float | None, high: float | None, common: Common) -> Any:
    return expectations().ExpectColumnValuesToBeBetween(
        column=column, min_value=low, max_value=high, **common
    )


def in_set(column: str, values: Sequence[Any], common: Common) -> Any:
    return expectations().ExpectColumnValuesToBeInSet(column=column, value_set=list(values), **common)


def matches(column: str, pattern: str, common: Common) -> Any:
    return expectations().ExpectColumnValuesToMatchRegex(column=column, regex=pattern, **common)


def at_least(larger: str, smaller: str, common: Common) -> Any:
    """``larger`` >= ``smaller`` in every row that has both."""
    return expectations().ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=larger, column_B=smaller, or_equal=True, ignore_row_if="either_value_is_missing", **common
    )


def days(day: date) -> int:
    """Days since 1970: how dates stand in the frames that are judged."""
    return (day - date(1970, 1, 1)).days


def table_suite(contract: Contract, frame: pd.DataFrame) -> Iterator[Any]:
    """Expectations of a table (as ``plain_frame`` gives it), one a rule and level."""
    for rule in contract.rules:
        if _applies(rule, contract, frame):
            for level, tolerated in _levels(rule):
                yield _TABLE_CHECKS[rule.check](rule, contract, arguments(rule.code, level, 1 - tolerated))


def _applies(rule: Rule, contract: Contract, frame: pd.DataFrame) -> bool:
    """Not where an optional column is absent, nor where ``min_rows`` asks for more rows to judge by.

    A rule on a column that must be there applies even if it is not, and then fails.
    """
    if rule.column is None or rule.column not in frame.columns:
        return rule.column is None or contract.column(rule.column).present
    values = frame[rule.column]
    rows = len(values) if rule.check == "present" else int(values.notna().sum())
    return bool(rows >= rule.arguments.get("min_rows", 0))


def _levels(rule: Rule) -> Iterator[tuple[Level, float]]:
    """Levels of a rule with the share of rows that each tolerates."""
    if rule.severity != "warn":
        yield "fail", rule.fail_share or 0.0
    if rule.severity == "warn" or rule.warn_share is not None:
        yield "warn", rule.warn_share or 0.0


def _range(rule: Rule, _contract: Contract, common: Common) -> Any:
    return between(str(rule.column), rule.arguments.get("min"), rule.arguments.get("max"), common)


def _unique_key(_rule: Rule, contract: Contract, common: Common) -> Any:
    if len(contract.key) == 1:
        return expectations().ExpectColumnValuesToBeUnique(column=contract.key[0], **common)
    return expectations().ExpectCompoundColumnsToBeUnique(column_list=list(contract.key), **common)


def _mean_between(rule: Rule, _contract: Contract, common: Common) -> Any:
    return expectations().ExpectColumnMeanToBeBetween(column=rule.column, **_band(rule, common))


def _distinct_between(rule: Rule, _contract: Contract, common: Common) -> Any:
    return expectations().ExpectColumnUniqueValueCountToBeBetween(column=rule.column, **_band(rule, common))


def _rows_between(rule: Rule, _contract: Contract, common: Common) -> Any:
    return expectations().ExpectTableRowCountToBeBetween(**_band(rule, common))


def _band(rule: Rule, common: Common) -> Common:
    """A band for one figure of the whole table, of which no share can be tolerated."""
    whole = {name: value for name, value in common.items() if name != "mostly"}
    return {"min_value": rule.arguments.get("min"), "max_value": rule.arguments.get("max"), **whole}


_TABLE_CHECKS: dict[str, Callable[[Rule, Contract, Common], Any]] = {
    "present": lambda rule, _, common: not_null(str(rule.column), common),
    "range": _range,
    "one_of": lambda rule, _, common: in_set(str(rule.column), rule.arguments["values"], common),
    "pattern": lambda rule, _, common: matches(str(rule.column), rule.arguments["pattern"], common),
    "unique_key": _unique_key,
    "not_before": lambda rule, _, common: at_least(str(rule.column), rule.arguments["column"], common),
    "not_above": lambda rule, _, common: at_least(rule.arguments["column"], str(rule.column), common),
    "table_mean_between": _mean_between,
    "table_distinct_between": _distinct_between,
    "table_rows_between": _rows_between,
}
TABLE_CHECKS = frozenset(_TABLE_CHECKS)


def plain_frame(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """The contract's columns as text or float64 (gaps NaN; dates in days since 1970; flags 0 and 1).

    ContractError for a column that is not of the contract's type.
    """
    present = [column for column in contract.columns if column.name in frame.columns]
    return pd.DataFrame({column.name: _plain(frame[column.name], column, contract) for column in present})


def _plain(values: pd.Series, column: Column, contract: Contract) -> Any:
    try:
        if column.type == "string":
            return values.astype(object).where(values.notna(), None).to_numpy()
        if column.type == "date":
            dates = pd.to_datetime(values).to_numpy(dtype="datetime64[D]")
            return np.where(np.isnat(dates), np.nan, dates.astype(np.int64).astype(np.float64))
        return values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise ContractError(
            f"{contract.layout}.{contract.table}: column {column.name} is not of type {column.type}",
            fix="correct the type in the contract, or the table that was made",
        ) from None
