"""The run guard's rules, as the catalogue and the guard's messages tell them."""

from __future__ import annotations

from typing import NamedTuple


class GuardRule(NamedTuple):
    """``unit`` is what is counted; ``threshold`` names the configuration key that sets the limit."""

    code: str
    name: str
    unit: str
    description: str
    threshold: str
    fix: str


_RULES = (
    GuardRule(
        "GRD01",
        "stale_extract",
        "days allowed and days old",
        "The latest GP record is older than the configuration allows.",
        "guard.max_extract_age_days",
        "ask the provider for a new extract",
    ),
    GuardRule(
        "GRD02",
        "rows_moved",
        "rows",
        "A table has far more or far fewer accepted rows than in the last good run.",
        "guard.max_rows_change",
        "check that every file has arrived whole",
    ),
    GuardRule(
        "GRD03",
        "patients_moved",
        "patients",
        "There are far more or far fewer patients than in the last good run.",
        "guard.max_patients_change",
        "check that every practice is in the extract",
    ),
    GuardRule(
        "GRD04",
        "practice_gone",
        "registered patients",
        "A practice of the last good run has lost all, or very many, of its registered patients.",
        "guard.max_patients_change",
        "ask the provider for the practice, or whether it has closed",
    ),
    GuardRule(
        "GRD05",
        "practice_stopped",
        "records in four weeks",
        "A practice with registered patients sends no records, or hardly any, for four weeks.",
        "guard.min_month_share",
        "ask the provider whether the practice's feed has stopped",
    ),
    GuardRule(
        "GRD06",
        "month_below_usual",
        "records",
        "A closed month of the last 24 has far fewer records than a usual month.",
        "guard.min_month_share",
        "ask the provider to send the month again",
    ),
    GuardRule(
        "GRD07",
        "month_shrunk",
        "records",
        "A month has far fewer records than it had in the last good run.",
        "guard.max_rows_change",
        "ask the provider to send the month again",
    ),
    GuardRule(
        "GRD08",
        "concept_moved",
        "events",
        "A concept has far more or far fewer events than in the last good run.",
        "guard.max_rows_change",
        "check the concept's code list",
    ),
    GuardRule(
        "GRD09",
        "disposition_moved",
        "patients",
        "A disposition has far more or far fewer patients than in the last good run.",
        "guard.max_disposition_change",
        "look for a changed policy, capacity, code list or model",
    ),
    GuardRule(
        "GRD10",
        "no_gp_records",
        "records",
        "There is no GP record at all, so that nothing tells how old the extract is.",
        "none",
        "check that the GP event files have arrived and hold rows",
    ),
)
GUARD_RULES = {rule.code: rule for rule in _RULES}
