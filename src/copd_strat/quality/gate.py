"""What Great Expectations judges: a sample of the rows, and the tables that the pipeline makes itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from copd_strat.contracts.contract import Contract, Rule
from copd_strat.contracts.part_files import PartFiles
from copd_strat.quality.findings import RuleResult, SuiteResult
from copd_strat.quality.gate_rules import GATE_RULES
from copd_strat.quality.gx_runner import run_suite
from copd_strat.quality.sample import confirm_sample
from copd_strat.quality.suites import plain_frame, table_suite

__all__ = ["GATE_RULES", "confirm_sample", "judge_parts", "judge_table"]

# Values that are judged at once: a hundred megabytes or two as plain numbers and texts.
CELLS = 8_000_000


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


def judge_parts(parts: PartFiles, contract: Contract, cells: int = CELLS) -> SuiteResult:
    """As ``judge_table``, of all batches of ``parts``: some columns at a time, so that ``cells`` values are held."""
    present = set(parts.columns())
    results: list[RuleResult] = []
    for rules in _together(contract, max(cells // max(parts.rows, 1), 1)):
        columns = dict.fromkeys(name for rule in rules for name in _columns_of(rule, contract))
        frame = parts.frame(*(name for name in columns if name in present))
        results += judge_table(frame, replace(contract, rules=tuple(rules))).results
    results.sort(key=lambda result: (result.code, result.level))
    return SuiteResult(name=f"{contract.layout}.{contract.table}", results=tuple(results))


def _together(contract: Contract, columns: int) -> Iterator[list[Rule]]:
    """The contract's rules in groups that look at about ``columns`` columns, or at those of one rule."""
    group: list[Rule] = []
    seen: set[str] = set()
    for rule in contract.rules:
        needed = set(_columns_of(rule, contract))
        if group and len(seen | needed) > columns:
            yield group
            group, seen = [], set()
        group.append(rule)
        seen |= needed
    yield group


def _columns_of(rule: Rule, contract: Contract) -> Iterator[str]:
    """The columns that a rule looks at: those of the key, or its own and the one it is compared with.

    The first of the key is always among them, since it says how many rows there are.
    """
    yield from contract.key if rule.column is None else contract.key[:1]
    if rule.column is not None:
        yield rule.column
    if "column" in rule.arguments:
        yield str(rule.arguments["column"])
