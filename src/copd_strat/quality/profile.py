"""The profile of a night's extracts: how many rows of each table broke each rule, against its thresholds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from copd_strat.checks.expectations import at_least, expectations
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.extracts.receipts import Ingested, TableReceipt
from copd_strat.quality.findings import Finding, Verdict
from copd_strat.quality.gx_runner import Outcome, run_suite
from copd_strat.quality.suites import arguments

NEEDED_ROWS = Rule(
    code="GATE01",
    check="accepted rows of a table that the contract calls needed",
    column=None,
    severity="reject_file",
    description="Needed tables of which no row was accepted.",
    fix="look in the quarantine for the reason, or have the table sent again",
)
ROWS_ADD_UP = Rule(
    code="GATE02",
    check="rows in = loaded + quarantined + duplicates",
    column=None,
    severity="reject_file",
    description="Rows of a table that were neither loaded, nor quarantined, nor counted as duplicates.",
    fix="this is a fault of the program: report it with the manifest",
)
# Below this many rows a share says nothing (project choice).
FEWEST_ROWS_TO_FAIL = 10


@dataclass(frozen=True, kw_only=True)
class RuleProfile:
    """One rule of one source table: rows that break it, and how many are tolerated (None: any number)."""

    label: str
    table: str
    rule: Rule
    rows: int
    breaking: int
    warn_above: int | None
    fail_above: int | None


def judge_profile(landing: Ingested, contracts: Iterable[Contract]) -> Verdict:
    """Go or no-go for the extracts as they came in.

    ``contracts`` hold that of every landed table; the landing refuses absent needed ones. A share
    is judged on all rows of the table.
    """
    by_table = {(contract.layout, contract.table): contract for contract in contracts}
    profiles = [
        profile
        for number, receipt in enumerate(landing.tables)
        for profile in _profiles(number, receipt, by_table[receipt.layout, receipt.table])
    ]
    return Verdict(name="extracts", findings=(*_judge_tables(landing, by_table), *_judge_rules(profiles)))


def _profiles(number: int, receipt: TableReceipt, contract: Contract) -> Iterator[RuleProfile]:
    rows = receipt.totals["rows_in"]
    for rule in contract.rules:
        yield RuleProfile(
            label=f"{number} {rule.code}",
            table=f"{receipt.layout}.{receipt.table}",
            rule=rule,
            rows=rows,
            breaking=receipt.rules.get(rule.code, 0),
            warn_above=_tolerated(rule.warn_share, rows),
            fail_above=_tolerated_by_failure(rule, rows),
        )


def _tolerated(share: float | None, rows: int) -> int | None:
    return None if share is None else int(share * rows)


def _tolerated_by_failure(rule: Rule, rows: int) -> int | None:
    """A handful of rows never stops the night, unless the table has no others."""
    tolerated = _tolerated(rule.fail_share, rows)
    fewest = rule.fail_rows or FEWEST_ROWS_TO_FAIL
    return None if tolerated is None else max(tolerated, min(fewest - 1, rows - 1), 0)


def _judge_rules(profiles: list[RuleProfile]) -> list[Finding]:
    frame = pd.DataFrame(
        {
            "label": [p.label for p in profiles],
            "breaking": [float(p.breaking) for p in profiles],
            "warn": pd.Series([p.warn_above for p in profiles], dtype="float64"),
            "fail": pd.Series([p.fail_above for p in profiles], dtype="float64"),
        }
    )
    suite = [
        at_least("fail", "breaking", arguments("rows_within_threshold", "fail")),
        at_least("warn", "breaking", arguments("rows_within_threshold", "warn")),
    ]
    outcomes = run_suite(frame, suite, label="label") if profiles else []
    return [finding for outcome in outcomes for finding in _findings(outcome, profiles)]


def _findings(outcome: Outcome, profiles: list[RuleProfile]) -> Iterator[Finding]:
    broken = set(outcome.labels)
    for profile in profiles:
        tolerated = profile.fail_above if outcome.level == "fail" else profile.warn_above
        if tolerated is not None:
            yield Finding(
                code=profile.rule.code,
                table=profile.table,
                level=outcome.level,
                success=profile.label not in broken,
                description=profile.rule.description,
                fix=profile.rule.fix,
                observed={
                    "breaking": profile.breaking,
                    "rows": profile.rows,
                    "share": round(profile.breaking / max(profile.rows, 1), 6),
                    "tolerated_rows": tolerated,
                },
            )


def _judge_tables(landing: Ingested, contracts: Mapping[tuple[str, str], Contract]) -> list[Finding]:
    frame = _table_frame(landing, contracts)
    gxe = expectations()
    suite = [
        gxe.ExpectColumnValuesToBeBetween(
            column="needed_loaded", min_value=1, **arguments(NEEDED_ROWS.code, "fail")
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="unaccounted", min_value=0, max_value=0, **arguments(ROWS_ADD_UP.code, "fail")
        ),
    ]
    rules = {rule.code: rule for rule in (NEEDED_ROWS, ROWS_ADD_UP)}
    return [
        Finding(
            code=outcome.code,
            table=", ".join(outcome.labels) or "every table",
            level="fail",
            success=outcome.success,
            description=rules[outcome.code].description,
            fix=rules[outcome.code].fix,
            observed={"tables": len(frame), "tables_breaking": len(outcome.labels)},
        )
        for outcome in run_suite(frame, suite, label="table")
    ]


def _table_frame(landing: Ingested, contracts: Mapping[tuple[str, str], Contract]) -> pd.DataFrame:
    """One row a landed table: accepted rows (gap where the table is not needed) and rows without a fate."""
    rows = []
    for receipt in landing.tables:
        totals = receipt.totals
        fates = totals["loaded"] + totals["quarantined"] + totals["duplicates"]
        needed = contracts[receipt.layout, receipt.table].needed
        rows.append(
            {
                "table": f"{receipt.layout}.{receipt.table}",
                "needed_loaded": float(totals["loaded"]) if needed else None,
                "unaccounted": float(totals["rows_in"] - fates),
            }
        )
    frame = pd.DataFrame(rows, columns=["table", "needed_loaded", "unaccounted"])
    return frame.astype({"needed_loaded": "float64", "unaccounted": "float64"})
