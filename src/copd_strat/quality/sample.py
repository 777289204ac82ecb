"""An independent count: on a sample of rows, does Great Expectations see what the row checks saw?

Only rules that can be told from the typed value alone are compared; rules about unreadable text, other tables
or whole keys are left to the row checks' own tests.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from copd_strat.checks import check_kind
from copd_strat.checks.check import Parts
from copd_strat.checks.expectations import days, real
from copd_strat.checks.not_placeholder import placeholders
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.extracts.receipts import TableReceipt
from copd_strat.quality.findings import RuleResult, SuiteResult
from copd_strat.quality.gate_rules import SAMPLE_AGREES
from copd_strat.quality.gx_runner import run_suite
from copd_strat.quality.suites import arguments, plain_frame

# Every broken row is counted, whatever share the rule tolerates.
_EXACT = arguments("", "fail")


def confirm_sample(engine: Engine, receipt: TableReceipt, contract: Contract, as_of: date) -> SuiteResult:
    """Compare counts by rule on the lines of the receipt's sample; same data, same sample."""
    rows = engine.frame(_sample_select(receipt, contract))
    masks = rows["_mask"].to_numpy(dtype=np.int64)
    compared = [(rule, parts) for rule in contract.rules if (parts := _parts(rule, contract, as_of))]
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


def _sample_select(receipt: TableReceipt, contract: Contract) -> str:
    pattern = receipt.checked / "*.parquet" if receipt.checked.is_dir() else receipt.checked
    every = f"read_parquet({literal(str(pattern))}, union_by_name = true)"
    columns = ", ".join(identifier(column.name) for column in contract.columns)
    return f"SELECT {columns}, _mask FROM {every} WHERE {receipt.sample}"


def _with_real_dates(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """``frame`` with a twin of every date column in which dates that stand for unknown are gaps."""
    unknown = [days(day) for day in placeholders(contract)]
    twins = {
        real(column.name): frame[column.name].where(~frame[column.name].isin(unknown))
        for column in contract.columns
        if column.type == "date"
    }
    return frame.assign(**twins)


def _parts(rule: Rule, contract: Contract, as_of: date) -> Parts:
    """Expectations that count the rule's broken rows; none if typed values cannot tell.

    A column that files may lack is left out: there a gap breaks nothing.
    """
    if rule.column is None or not contract.column(rule.column).present:
        return []
    made = check_kind(rule.check).sample_parts(rule, contract, as_of, _EXACT)
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
    """Rows that break the rule by the row checks, or one that the sample cannot tell from it."""
    alike = check_kind(rule.check).counted_with()
    bits = sum(
        1 << place
        for place, other in enumerate(contract.rules)
        if other is rule or (other.check in alike and other.column == rule.column)
    )
    return int(np.count_nonzero(masks & bits))


def _result(rule: Rule, contract: Contract, masked: int, counted: int | None, rows: int) -> RuleResult:
    observed = {"rows": rows, "row_checks": masked}
    return RuleResult(
        code=SAMPLE_AGREES.code,
        table=f"{contract.layout}.{contract.table}",
        level="fail",
        success=masked == counted,
        description=f"Two counts of {rule.code} on a sample agree.",
        fix=SAMPLE_AGREES.fix,
        column=rule.column,
        check=rule.check,
        observed=observed if counted is None else {**observed, "great_expectations": counted},
    )
