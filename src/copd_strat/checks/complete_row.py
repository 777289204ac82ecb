"""The line has as many fields as the header, in UTF-8."""

from __future__ import annotations

from copd_strat.checks.check import Check, Row
from copd_strat.contracts.contract import Contract, Rule

# Under this name a planted row carries its field too many.
OVERLONG = "one field too many"


class CompleteRow(Check):
    meaning = "the row has as many fields as the header, in UTF-8"
    counts = "Rows that have more or fewer fields than the header, or bytes that are not UTF-8."
    fix = "export the table again; look for delimiters or line breaks inside fields"
    dimension = "completeness"
    warn_share = 0.0001
    fail_share = 0.01
    whole_table = True

    def spoiled(self, rule: Rule, contract: Contract, row: Row) -> Row:
        return {**row, OVERLONG: OVERLONG}


CHECK = CompleteRow()
