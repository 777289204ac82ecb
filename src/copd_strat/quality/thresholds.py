"""Do the counts of broken rules stay below the contracts' thresholds?"""

from __future__ import annotations

from collections.abc import Iterable

from copd_strat.contracts.contract import Contract, Rule
from copd_strat.errors import ContractError
from copd_strat.extracts.receipts import TableReceipt

# Below this many rows a share says nothing: a rule stops the run only when as many rows break it,
# or when every row of the table does.
MIN_ROWS_TO_FAIL = 10


def judge(receipts: Iterable[TableReceipt], contracts: Iterable[Contract]) -> list[str]:
    """Warnings for rules broken beyond their warning share; ContractError beyond the failing one."""
    warnings, failures = [], []
    for receipt, contract in zip(receipts, contracts, strict=True):
        rows = receipt.totals["rows_in"]
        if contract.needed and rows == 0:
            failures.append(f"{receipt.table}: no rows at all")
        for rule in contract.rules:
            broken = receipt.rules[rule.code]
            share = broken / rows if rows else 0.0
            told = (
                f"{rule.code} {receipt.table}: {broken:,} of {rows:,} rows ({share:.2%}). {rule.description}"
            )
            if _stops(rule, broken, rows):
                failures.append(f"{told} Fix: {rule.fix}")
            elif rule.warn_share is not None and share > rule.warn_share:
                warnings.append(told)
    if failures:
        raise ContractError(
            "the extracts break their contracts beyond the failing threshold\n"
            + "\n".join(f"  - {failure}" for failure in failures),
            fix="'copd-strat contracts show CODE' explains a rule and its threshold",
        )
    return warnings


def _stops(rule: Rule, broken: int, rows: int) -> bool:
    if rule.fail_share is None or not rows or broken <= rule.fail_share * rows:
        return False
    return broken >= (rule.fail_rows or MIN_ROWS_TO_FAIL) or broken == rows
