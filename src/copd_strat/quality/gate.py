"""The go or no-go gate: Great Expectations judges what the row checks counted, and the tables made from it.

Three kinds of verdict, all from the same contracts (docs/contracts.md): the profile of the extracts (how many
rows broke each rule), a sample of the rows (do the row checks count what Great Expectations counts), and the
tables the pipeline makes itself (features, scores, dispositions, published tables).
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from copd_strat.contracts.contract import Contract
from copd_strat.errors import ContractError
from copd_strat.quality.findings import Finding, Verdict, sentence, write_results
from copd_strat.quality.gx_runner import run_suite
from copd_strat.quality.profile import NEEDED_ROWS, ROWS_ADD_UP, judge_profile
from copd_strat.quality.sample import SAMPLE_AGREES, confirm_sample
from copd_strat.quality.suites import plain_frame, table_suite

__all__ = [
    "GATE_RULES",
    "Finding",
    "Verdict",
    "confirm_sample",
    "judge_profile",
    "judge_table",
    "require",
    "write_results",
]

GATE_RULES = (NEEDED_ROWS, ROWS_ADD_UP, SAMPLE_AGREES)


def judge_table(frame: pd.DataFrame, contract: Contract) -> Verdict:
    """Go or no-go for a table of the pipeline (features, scores, dispositions, a published table)."""
    name = f"{contract.layout}.{contract.table}"
    rules = {rule.code: rule for rule in contract.rules}
    plain = plain_frame(frame, contract)
    findings = (
        Finding(
            code=outcome.code,
            table=name,
            level=outcome.level,
            success=outcome.success,
            description=rules[outcome.code].description,
            fix=rules[outcome.code].fix,
            observed=outcome.observed,
        )
        for outcome in run_suite(plain, table_suite(contract, plain))
    )
    return Verdict(name=name, findings=tuple(findings))


def require(verdicts: Iterable[Verdict]) -> None:
    """ContractError naming every rule that failed, its table, what was observed and how to fix it."""
    failures = [found for verdict in verdicts for found in verdict.failures]
    if failures:
        lines = [f"  - {sentence(found)} Fix: {found.fix}" for found in failures]
        codes = sorted({found.code for found in failures})
        raise ContractError(
            f"{len(failures)} rule(s) are broken beyond what their contracts tolerate\n" + "\n".join(lines),
            fix=f"'copd-strat contracts show {codes[0]}' explains a rule; validation.html shows all of them",
        )
