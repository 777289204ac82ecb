"""The columns of each list: what they are called in the CSV, in the workbook, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from copd_strat.plan import RunStamp

SYNTHETIC = "SYNTHETIC - not real patients"
LISTS = ("clinic", "self_management", "clinical_review", "changes", "queries")
DECISION_CHOICES = ("accepted", "declined", "already known", "wrong")
# as the sheet and the page call them
TITLES = {
    "clinic": "Clinic",
    "self_management": "Self-management",
    "clinical_review": "Review",
    "changes": "Changes",
    "queries": "Queries",
}

Kind = Literal["text", "number", "date", "answer", "answer_date", "choice"]


@dataclass(frozen=True, kw_only=True)
class ListColumn:
    """``name`` in the CSV, ``heading`` in the workbook; ``width`` in characters; ``kind`` decides the cell
    format. ``hidden``: for the program only, there but not shown.
    """

    name: str
    heading: str
    meaning: str
    width: int = 12
    kind: Kind = "text"
    hidden: bool = False


def _column(name: str, heading: str, meaning: str, width: int = 12, kind: Kind = "text") -> ListColumn:
    return ListColumn(name=name, heading=heading, meaning=meaning, width=width, kind=kind)


RANK = _column(
    "rank",
    "Rank",
    "order within this list, 1 first, as said under 'Who is where'; the risk stands on the sheet More",
    6,
    "number",
)
REFERENCE = _column(
    "patient_ref", "Reference", "stands for the person; your practice's own key sheet leads to the person", 19
)
DECISION = _column("clinician_decision", "Decision", f"for you: {', '.join(DECISION_CHOICES)}", 13, "choice")
REASON = _column("decision_reason", "Reason", "for you, in your own words", 17, "answer")
DECIDED_ON = _column("decided_on", "Date", "for you: the day you decided", 12, "answer_date")
ANSWERS = (DECISION, REASON, DECIDED_ON)
WHYS = (
    _column("why_1", "Why 1", "first reason, with the date of the fact"),
    _column("why_2", "Why 2", "second reason"),
    _column("why_3", "Why 3", "third reason"),
)
ACTION = _column("suggested_action", "What to do", "the next step; a suggestion", 27)
CHANGE = _column("change", "Change", "since the last run: new, up, down, unchanged", 13)
WARNING = _column("data_warning", "Missing", "what is missing, old or estimated")
# docs/decisions.md §56: only to check, with the key sheet, that the right record is open
IDENTITY = (
    _column("age", "Age", "whole years, 90 and over as 90+: to check that this is the right person", 5),
    _column("sex", "Sex", "to check that this is the right person", 8),
)
# on the second sheet, joined by the reference
MORE = (
    _column("place", "Place", "clinic: one of this month's places; reserve: next in line", 8),
    _column("route", "Route", "how to reach the patient", 14),
    _column(
        "risk_12m",
        "Risk",
        "of 100 people like this, how many have a severe exacerbation in 12 months;"
        " rounded, the rules use the number before rounding",
        12,
    ),
    replace(_column("tier", "List", "clinic, app or review"), hidden=True),
    CHANGE,
    _column(
        "last_exacerbation",
        "Last exacerbation",
        "first day of the last exacerbation; empty: none on record",
        15,
        "date",
    ),
    _column(
        "last_copd_review",
        "Last COPD review",
        "date of the last full COPD review; a shorter contact that the worklist takes for a review does not count;"
        " empty: none on record",
        12,
        "date",
    ),
    _column(
        "mrc",
        "MRC",
        "MRC breathlessness, 1 to 5; empty: not recorded in the years looked back on",
        6,
        "number",
    ),
    _column("smoking", "Smoking", "latest smoking status; empty: not recorded", 9),
    _column(
        "vaccinations_due", "Vaccinations", "vaccinations not on record; empty: none is known to be due", 14
    ),
    _column("inhaler_flag", "Inhalers", "what to look at in the inhalers; empty: nothing is known to be", 28),
)
MACHINE = (
    ListColumn(name="practice_id", heading="Practice", meaning="practice code", hidden=True),
    ListColumn(name="run_id", heading="Run", meaning="the run this list comes from", hidden=True),
)
LABEL = ListColumn(name="data_label", heading="Data", meaning="these data are invented", hidden=True)

TIER_COLUMNS = (
    RANK, *MORE[:2], REFERENCE, MORE[3], *WHYS, MORE[2], *MORE[4:], ACTION, WARNING, *ANSWERS, *MACHINE,
)  # fmt: skip
CHANGE_COLUMNS = (
    _column("patient_ref", "Reference", "stands for the person; empty where a line is about everybody", 18),
    _column("kind", "Kind", "new, up, down or left; first: the first lists of this practice", 8),
    _column("change", "What changed", "the change in words", 28),
    _column("was", "Was on", "list of the last run", 11),
    _column("now", "Is now on", "list of this run", 11),
    _column("why", "Why", "first reason", 60),
    *MACHINE,
)
QUERY_COLUMNS = (
    _column("patient_ref", "Reference", "stands for the person; an answer's reference as it was typed", 18),
    _column("query", "What does not fit", "what the record, or a returned list, says", 70),
    _column("please", "Please", "what would settle it", 55),
    *MACHINE,
)
# made of several columns of the CSV, for the first sheet alone
WHY = _column("why", "Why", "the reasons, most important first, with the date of each fact", 40)
MISSING_OR_NEW = _column("missing_or_new", "Missing or new", "what is missing, old, estimated or new", 26)


def csv_columns(name: str, stamp: RunStamp, *, identity: bool = False) -> tuple[ListColumn, ...]:
    """The columns of list ``name`` as a file; synthetic data carry their label in the last one."""
    own = _columns_of(name)
    if identity and own is TIER_COLUMNS:
        after = own.index(REFERENCE) + 1
        own = (*own[:after], *IDENTITY, *own[after:])
    return (*own, LABEL) if stamp.synthetic else own


def every_column(name: str) -> tuple[ListColumn, ...]:
    """All columns that list ``name`` can have as a file."""
    own = _columns_of(name)
    return (*own, *IDENTITY, LABEL) if own is TIER_COLUMNS else (*own, LABEL)


def _columns_of(name: str) -> tuple[ListColumn, ...]:
    return {"changes": CHANGE_COLUMNS, "queries": QUERY_COLUMNS}.get(name, TIER_COLUMNS)
