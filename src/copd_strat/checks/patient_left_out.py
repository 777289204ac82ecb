"""The patient is not one whom the patients table itself leaves out."""

from __future__ import annotations

from copd_strat.checks.check import Cell, Check, Row
from copd_strat.contracts.contract import Contract, Rule


class PatientLeftOut(Check):
    meaning = "the patient is not one whom the patients table leaves out (not acceptable, for tests, refused)"
    counts = "Rows of a patient whom the patients table leaves out or whose registration was refused."
    fix = "nothing, where the source marks such patients; see the quarantine of the patients table otherwise"
    dimension = "consistency"
    needs_patient = True

    def condition(self, cell: Cell) -> str:
        return f"{cell.value} IS NOT NULL AND p.left_out"

    def spoiled(self, rule: Rule, contract: Contract, row: Row) -> Row | None:
        return None  # no row of this table can do it: the fault lies in the patients table


CHECK = PatientLeftOut()
