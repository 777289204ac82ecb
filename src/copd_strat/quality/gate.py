"""What Great Expectations judges: a sample of the rows, and the tables that the pipeline makes itself."""

from __future__ import annotations

import pandas as pd

from copd_strat.contracts.contract import Contract
from copd_strat.quality.findings import RuleResult, SuiteResult
from copd_strat.quality.gate_rules import GATE_RULES
from copd_strat.quality.gx_runner import run_suite
from copd_strat.quality.sample import confirm_sample
from copd_strat.quality.suites import plain_frame, table_suite

__all__ = ["GATE_RULES", "confirm_sample", "judge_table"]


def judge_table(frame: pd.DataFrame, contract: Contract) -> SuiteResult:
    """Every rule of a table made here (features, scores, dispositions, a published table), by its contract.

    ContractError for a column that is not of the contract's type.
    """
    name = f"{contract.layout}.{contract.table}"
    rules = {rule.code: rule for rule in contract.rules}
    plain = plain_frame(frame, contract)
    results = (
        RuleResult(
            code=outcome.code,
            table=name,
            level=outcome.level,
            success=outcome.success,
            description=rules[outcome.code].description,
            fix=rules[outcome.code].fix,
            observed=outcome.observed,
            column=rules[outcome.code].column,
            check=rules[outcome.code].check,
        )
        for outcome in run_suite(plain, table_suite(contract, plain))
    )
    return SuiteResult(name=name, results=tuple(results))
