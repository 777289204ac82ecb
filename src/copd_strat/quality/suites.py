"""Great Expectations suites of the pipeline's own tables, compiled from their contracts.

A rule's thresholds are shares of the rows that have a value (for ``required``: of all rows). Without a
threshold no row may break the rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from copd_strat.checks import check_kind
from copd_strat.checks.check import Common
from copd_strat.contracts.contract import Column, Contract, Rule
from copd_strat.errors import ContractError
from copd_strat.quality.findings import Level


def arguments(code: str, level: Level, mostly: float = 1.0) -> Common:
    """What every row expectation of a rule is given: the share of rows that must keep it, and its name."""
    severity = "critical" if level == "fail" else "warning"
    return {"mostly": mostly, "severity": severity, "meta": {"code": code, "level": level}}


def table_suite(contract: Contract, frame: pd.DataFrame) -> Iterator[Any]:
    """Expectations of a table (as ``plain_frame`` gives it), one a rule and level."""
    for rule in contract.rules:
        if _applies(rule, contract, frame):
            for level, tolerated in _levels(rule, _judged_rows(rule, frame)):
                common = arguments(rule.code, level, 1 - tolerated)
                yield check_kind(rule.check).expectation(rule, contract, common)


def _applies(rule: Rule, contract: Contract, frame: pd.DataFrame) -> bool:
    """Not where an optional column is absent, nor where ``min_rows`` asks for more rows to judge by.

    A rule on a column that must be there applies even if it is not, and then fails.
    """
    if rule.column is None or rule.column not in frame.columns:
        return rule.column is None or contract.column(rule.column).present
    return bool(_judged_rows(rule, frame) >= rule.arguments.get("min_rows", 0))


def _judged_rows(rule: Rule, frame: pd.DataFrame) -> int:
    """Rows that a rule judges: those with a value in the column, and in the one it is compared with; else all."""
    compared = [name for name in (rule.column, rule.arguments.get("column")) if name in frame.columns]
    if rule.check == "required":
        return len(frame)
    return int(frame[compared].notna().all(axis=1).sum())


def _levels(rule: Rule, rows: int) -> Iterator[tuple[Level, float]]:
    """Levels of a rule with the share of ``rows`` that each tolerates."""
    if rule.severity != "warn":
        # half a row more than is tolerated: a share that is exact to the row could fail by rounding
        few = (rule.fail_rows - 0.5) / max(rows, 1) if rule.fail_rows else 0.0
        yield "fail", min(max(rule.fail_share or 0.0, few), 1.0)
    if rule.severity == "warn" or rule.warn_share is not None:
        yield "warn", rule.warn_share or 0.0


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
