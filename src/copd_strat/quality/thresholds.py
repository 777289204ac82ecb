"""Do the counts of broken rules stay below the contracts' thresholds?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from copd_strat.contracts.contract import Contract, Rule
from copd_strat.extracts.receipts import TableReceipt
from copd_strat.quality.findings import Level, RuleResult, SuiteResult
from copd_strat.quality.gate_rules import NEEDED_ROWS

# Below this many rows a share says nothing (project choice): fewer breaches never stop a night, unless they
# are all the rows there are.
FEWEST_ROWS_TO_FAIL = 10

# What so few people have wrong costs them, and stops nobody else's night (docs/decisions.md §37).
FEWEST_PEOPLE_TO_FAIL = 5


def judge_thresholds(tables: Iterable[tuple[TableReceipt, Contract]]) -> SuiteResult:
    """Every rule of every table that came, each share judged on all rows of the table."""
    results: list[RuleResult] = []
    for receipt, contract in tables:
        if contract.needed:
            results.append(_has_rows(receipt))
        for rule in contract.rules:
            results += _judge_rule(rule, receipt)
    return SuiteResult(name="extracts", results=tuple(results))


def _has_rows(receipt: TableReceipt) -> RuleResult:
    totals = receipt.totals
    return RuleResult(
        code=NEEDED_ROWS.code,
        table=f"{receipt.layout}.{receipt.table}",
        level="fail",
        success=totals["loaded"] > 0,
        description=NEEDED_ROWS.description,
        fix=NEEDED_ROWS.fix,
        observed={"rows": totals["rows_in"], "accepted": totals["loaded"]},
    )


def _judge_rule(rule: Rule, receipt: TableReceipt) -> Iterator[RuleResult]:
    rows, breaking = receipt.totals["rows_in"], receipt.rules.get(rule.code, 0)
    people = receipt.broken_by.get(rule.code)
    observed = {"breaking": breaking, "rows": rows, "share": round(breaking / max(rows, 1), 6)}
    limits: tuple[tuple[Level, int | None], ...] = (
        ("fail", _tolerated_by_failure(rule, rows)),
        ("warn", _tolerated(rule.warn_share, rows)),
    )
    for level, tolerated in limits:
        if tolerated is not None:
            few = people is not None and people < FEWEST_PEOPLE_TO_FAIL and breaking < rows
            yield RuleResult(
                code=rule.code,
                table=f"{receipt.layout}.{receipt.table}",
                level=level,
                success=breaking <= tolerated or (level == "fail" and few),
                description=rule.description,
                fix=rule.fix,
                column=rule.column,
                check=rule.check,
                observed=observed
                | ({} if people is None else {"people": people})
                | {"tolerated_rows": tolerated},
            )


def _tolerated(share: float | None, rows: int) -> int | None:
    return None if share is None else int(share * rows)


def _tolerated_by_failure(rule: Rule, rows: int) -> int | None:
    tolerated = _tolerated(rule.fail_share, rows)
    fewest = rule.fail_rows or FEWEST_ROWS_TO_FAIL
    return None if tolerated is None else max(tolerated, min(fewest - 1, rows - 1), 0)
