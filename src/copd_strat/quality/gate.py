"""What Great Expectations judges: a sample of the rows, and the tables that the pipeline makes itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

import pandas as pd

from copd_strat.contracts.contract import Contract, Rule
from copd_strat.contracts.part_files import PartFiles
from copd_strat.quality.findings import RuleResult, SuiteResult
from copd_strat.quality.gate_rules import GATE_RULES
from copd_strat.quality.gx_runner import SuiteOutcome, run_suite
from copd_strat.quality.sample import confirm_sample
from copd_strat.quality.suites import plain_frame, table_suite

__all__ = ["GATE_RULES", "confirm_sample", "judge_parts", "judge_table"]

# Values that are judged at once: a hundred megabytes or two as plain numbers and texts.
CELLS = 8_000_000


def judge_table(frame: pd.DataFrame, contract: Contract, cells: int = CELLS) -> SuiteResult:
    """Every rule of a table made here (scores, dispositions, a published table), by its contract.

    A large one some columns at a time, so that about ``cells`` values are held once more.
    ContractError for a column that is not of the contract's type.
    """
    ruled = {name for rule in contract.rules for name in _columns_of(rule, contract)}
    for column in frame.columns.difference(list(ruled)):
        plain_frame(frame[[column]], contract)  # of the contract's type, though no rule looks at it
    return _judged(contract, len(frame), frame.columns, lambda names: frame[names], cells)


def judge_parts(parts: PartFiles, contract: Contract, cells: int = CELLS) -> SuiteResult:
    """As ``judge_table``, of all batches of ``parts``: some columns at a time, so that ``cells`` values are held."""
    return _judged(contract, parts.rows, parts.columns(), lambda names: parts.frame(*names), cells)


def _judged(
    contract: Contract,
    rows: int,
    present: Collection[str],
    take: Callable[[list[str]], pd.DataFrame],
    cells: int,
) -> SuiteResult:
    name = f"{contract.layout}.{contract.table}"
    results: list[RuleResult] = []
    for rules in _together(contract, max(cells // max(rows, 1), 1)):
        needed = dict.fromkeys(column for rule in rules for column in _columns_of(rule, contract))
        some = replace(contract, rules=tuple(rules))
        plain = plain_frame(take([column for column in needed if column in present]), some)
        by_code = {rule.code: rule for rule in rules}
        results += (
            _result(name, by_code[found.code], found) for found in run_suite(plain, table_suite(some, plain))
        )
    results.sort(key=lambda result: (result.code, result.level))
    return SuiteResult(name=name, results=tuple(results))


def _result(table: str, rule: Rule, outcome: SuiteOutcome) -> RuleResult:
    return RuleResult(
        code=outcome.code,
        table=table,
        level=outcome.level,
        success=outcome.success,
        description=rule.description,
        fix=rule.fix,
        observed=outcome.observed,
        column=rule.column,
        check=rule.check,
    )


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
