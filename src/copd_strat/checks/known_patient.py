"""The patient is in the patients table."""

from __future__ import annotations

from copd_strat.checks.check import Cell, Check, Row
from copd_strat.contracts.contract import Contract, Rule


class KnownPatient(Check):
    meaning = "the patient is in the patients table"
    counts = "Rows of a patient who is not in the patients table."
    fix = "send the patients and their events in one extract"
    dimension = "consistency"
    needs_patient = True

    def condition(self, cell: Cell) -> str:
        return f"{cell.value} IS NOT NULL AND p.patient_id IS NULL"

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return "nobody-known"


CHECK = KnownPatient()
