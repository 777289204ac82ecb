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
    GuardRule(
        "GRD11",
        "practices_changed",
        "people with another practice",
        "Many people on the register, in the last good run and tonight, are with another practice tonight.",
        "guard.let_through",
        "compare the practice of a few people with the source: a column that was sorted or pasted apart from its"
        " ids puts people on another practice's lists",
    ),
    GuardRule(
        "GRD12",
        "people_changed",
        "people with another sex or year of birth",
        "People on the register, in the last good run and tonight, have another sex or year of birth tonight.",
        "guard.let_through",
        "compare sex and year of birth of a few people with the source: a column was sorted or pasted apart from"
        " its ids, or ids were given to other people",
    ),
    GuardRule(
        "GRD13",
        "column_gone",
        "columns",
        "A column that may be left out came in the last good run and is missing tonight.",
        "guard.let_through",
        "ask the sender whether the column was renamed or dropped; a new name is added to the column's"
        " 'aliases' in the site's own copy of the contract (docs/layouts.md)",
    ),
    GuardRule(
        "GRD14",
        "file_gone",
        "files",
        "A table has fewer files, and fewer rows, than in the last good run: a file has no counterpart tonight.",
        "guard.let_through",
        "ask the sender for the file, or copy it again",
    ),
    GuardRule(
        "GRD15",
        "linkage_fell",
        "share of patients that are known",
        "Far fewer of a table's patients are in the patients table than in the last good run.",
        "guard.let_through",
        "ask the sender by which ids, and for whom, the table was made",
    ),
    GuardRule(
        "GRD16",
        "people_without_records",
        "share of people that have records",
        "Far fewer of the people in the patients table have any GP event, or any prescription, than in the last"
        " good run; on a first night, fewer than 8 in 10 have.",
        "guard.let_through",
        "check that every file of the table has arrived, and that it was made for the same people as the patients",
    ),
    GuardRule(
        "GRD17",
        "part_missing",
        "parts",
        "The numbers in the names of a table's files have a gap.",
        "none (warns only)",
        "ask the sender whether a file with the missing number was made",
    ),
    GuardRule(
        "GRD18",
        "no_leaving_column",
        "columns",
        "On a first night the patients have no column that says who has left or died.",
        "none (warns only)",
        "look whether the column came under another name; without it people who left or died stay on the register,"
        " unless another table names them",
    ),
    GuardRule(
        "GRD19",
        "answers_gone",
        "answers",
        "A table that people keep by hand (decisions, local flags) had rows in the last good run and has none"
        " tonight, or answers that counted in it are gone.",
        "guard.let_through",
        "put the table back as it was: a delivery that replaces the whole folder takes it away, and the practices'"
        " answers stand nowhere else, so keep a copy of it outside the extracts",
    ),
)
GUARD_RULES = {rule.code: rule for rule in _RULES}
