"""An independent count: on a sample of rows, does Great Expectations see what the row checks saw?

Only rules that can be told from the typed value alone are compared; rules about unreadable text, other tables
or whole keys are left to the row checks' own tests.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from copd_strat.checks.sql_checks import DAMAGED_ID
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.extracts.receipts import TableReceipt
from copd_strat.quality.findings import RuleResult, SuiteResult
from copd_strat.quality.gate_rules import SAMPLE_AGREES
from copd_strat.quality.gx_runner import expectations, run_suite
from copd_strat.quality.suites import (
    arguments,
    at_least,
    between,
    days,
    in_set,
    matches,
    not_null,
    plain_frame,
)

SAMPLE_ROWS = 50_000
# Dates from here on are read as placeholders, not as the future (contracts.checks).
_LAST_REAL_DAY = date(2499, 12, 31)

# The rows that break a rule are the first expectation's unexpected rows, plus or minus the next one's.
Parts = list[tuple[int, Any]]


def confirm_sample(engine: Engine, receipt: TableReceipt, contract: Contract, as_of: date) -> SuiteResult:
    """Compare counts by rule on every k-th line, about SAMPLE_ROWS at most; same data, same sample."""
    rows = engine.frame(_sample_select(engine, receipt, contract))
    masks = rows["_mask"].to_numpy(dtype=np.int64)
    compared = [
        (rule, _parts(rule, contract, as_of)) for rule in contract.rules if _comparable(rule, contract)
    ]
    suite = [expectation for _, parts in compared for _, expectation in parts]
    typed = _with_real_dates(plain_frame(rows, contract), contract)
    counts = {o.code: o.observed.get("breaking") for o in run_suite(typed, suite)}
    return SuiteResult(
        name=f"sample of {contract.layout}.{contract.table}",
        results=tuple(
            _result(rule, contract, _masked(masks, rule, contract), _counted(rule, parts, counts), len(rows))
            for rule, parts in compared
        ),
    )


def _sample_select(engine: Engine, receipt: TableReceipt, contract: Contract) -> str:
    pattern = receipt.checked / "*.parquet" if receipt.checked.is_dir() else receipt.checked
    every = f"read_parquet({literal(str(pattern))}, union_by_name = true)"
    kept = receipt.sampled
    step = (engine.scalar(f"SELECT count(*) FROM {every}") // (SAMPLE_ROWS * kept) + 1) * kept
    columns = ", ".join(identifier(column.name) for column in contract.columns)
    return f"SELECT {columns}, _mask FROM {every} WHERE _line % {step} = 0"


def _comparable(rule: Rule, contract: Contract) -> bool:
    """Whether the typed value tells. A column that files may lack is left out: there a gap breaks nothing."""
    return rule.check in _AS_PARTS and rule.column is not None and contract.column(rule.column).present


def _with_real_dates(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """``frame`` with a twin of every date column in which dates that stand for unknown are gaps."""
    unknown = [day for rule in contract.rules_of("not_sentinel") for day in _sentinels(rule)]
    twins = {
        _real(column.name): frame[column.name].where(~frame[column.name].isin(unknown))
        for column in contract.columns
        if column.type == "date"
    }
    return frame.assign(**twins)


def _real(column: str) -> str:
    return f"{column} without placeholders"


def _sentinels(rule: Rule) -> list[int]:
    return [days(date.fromisoformat(str(day))) for day in rule.arguments["dates"]]


def _parts(rule: Rule, contract: Contract, as_of: date) -> Parts:
    made = _AS_PARTS[rule.check](rule, contract, as_of)
    for number, (_, expectation) in enumerate(made):
        expectation.meta = {"code": f"{rule.code}.{number}", "level": "fail"}
    return made


def _counted(rule: Rule, parts: Parts, counts: dict[str, float | None]) -> int | None:
    """Rows that break the rule by Great Expectations' count; None if it could not count."""
    found = [counts[f"{rule.code}.{number}"] for number in range(len(parts))]
    if any(count is None for count in found):
        return None
    return int(sum(sign * (count or 0) for (sign, _), count in zip(parts, found, strict=True)))


def _masked(masks: np.ndarray, rule: Rule, contract: Contract) -> int:
    """Rows that break the rule by the row checks. A typed gap is blank or unreadable: both count."""
    bits = 1 << contract.rules.index(rule)
    if rule.check == "present":
        same = (other for other in contract.rules_of("readable") if other.column == rule.column)
        bits |= sum(1 << contract.rules.index(other) for other in same)
    return int(np.count_nonzero(masks & bits))


def _result(rule: Rule, contract: Contract, masked: int, counted: int | None, rows: int) -> RuleResult:
    observed = {"rows": rows, "row_checks": masked}
    return RuleResult(
        code=SAMPLE_AGREES.code,
        table=f"{contract.layout}.{contract.table}",
        level="fail",
        success=masked == counted,
        description=f"Two counts of {rule.code} ({rule.name}) on a sample agree.",
        fix=SAMPLE_AGREES.fix,
        column=rule.column,
        check=rule.check,
        observed=observed if counted is None else {**observed, "great_expectations": counted},
    )


def _present(rule: Rule, contract: Contract, _as_of: date) -> Parts:
    column = str(rule.column)
    gaps: Parts = [(1, not_null(column, _EXACT))]
    if contract.column(column).type == "string":
        gaps.append((1, matches(column, r"\S", _EXACT)))
    return gaps


def _range(rule: Rule, *_: object) -> Parts:
    return [(1, between(str(rule.column), rule.arguments.get("min"), rule.arguments.get("max"), _EXACT))]


def _not_future(rule: Rule, _contract: Contract, as_of: date) -> Parts:
    column = _real(str(rule.column))
    late = between(column, None, days(as_of), _EXACT)
    return [(1, late), (-1, between(column, None, days(_LAST_REAL_DAY), _EXACT))]


def _not_sentinel(rule: Rule, *_: object) -> Parts:
    return [(1, _not_in_set(rule, _sentinels(rule)))]


def _none_of(rule: Rule, *_: object) -> Parts:
    return [(1, _not_in_set(rule, list(rule.arguments["values"])))]


def _not_in_set(rule: Rule, values: list[Any]) -> Any:
    return expectations().ExpectColumnValuesToNotBeInSet(column=rule.column, value_set=values, **_EXACT)


def _not_before(rule: Rule, *_: object) -> Parts:
    return [(1, at_least(_real(str(rule.column)), rule.arguments["column"], _EXACT))]


def _intact_id(rule: Rule, *_: object) -> Parts:
    gxe = expectations()
    return [(1, gxe.ExpectColumnValuesToNotMatchRegex(column=rule.column, regex=DAMAGED_ID, **_EXACT))]


_EXACT = arguments("", "fail")
_AS_PARTS: dict[str, Callable[[Rule, Contract, date], Parts]] = {
    "present": _present,
    "range": _range,
    "none_of": _none_of,
    "one_of": lambda rule, *_: [(1, in_set(str(rule.column), rule.arguments["values"], _EXACT))],
    "pattern": lambda rule, *_: [(1, matches(str(rule.column), rule.arguments["pattern"], _EXACT))],
    "not_before": _not_before,
    "not_future": _not_future,
    "not_sentinel": _not_sentinel,
    "intact_id": _intact_id,
}
