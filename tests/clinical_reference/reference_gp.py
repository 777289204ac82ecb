"""GP event days, slowly and in the words of the definitions (docs/decisions.md §7 and §9).

A record is a plain dictionary; a history is a dictionary of lists of records. Nothing here knows how the
product does it: no tables, no queries, one patient at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

Record = dict[str, Any]

SYMPTOMS = {
    "breathless": {"breathlessness"},
    "cough": {"cough"},
    "sputum": {"sputum"},
    "productive_cough": {"cough", "sputum"},
}
ANTIBIOTICS = {"amoxicillin", "azithromycin"}
STEROIDS = {"prednisolone": 5, "prednisolone_earlier_id": 5, "prednisolone_30mg": 30}  # mg a tablet
WEAK_STEROIDS = {"prednisolone_1mg"}  # below 5 mg: long-term treatment at most, never a course
COURSE_MG = (150, 420)  # 30 mg of prednisolone a day for 5 to 14 days [unconfirmed]
RUN_GAPS = range(21, 46)  # days from one issue to the next that mark long-term treatment
RUN_LENGTH = 3


def event_days(history: dict[str, list[Record]], index: date) -> list[Record]:
    """One record an event day, with treatment and rescue pack (Rothnie 2016, PLoS ONE 11:e0151357)."""
    codes = _by_day(history["gp"], "what", index)
    drugs = _by_day(_acute_issues(history["issues"], index), "drug", index)
    return [
        {"start": day, "end": day, "kind": "moderate", **found}
        for day in sorted(set(codes) | set(drugs))
        if (found := _judge_day(codes.get(day, set()), drugs.get(day, set())))
    ]


def _judge_day(codes: set[str], drugs: set[str]) -> Record | None:
    if "review" in codes:
        return None
    antibiotic = bool(drugs & ANTIBIOTICS)
    steroid = bool(drugs & set(STEROIDS))
    symptoms: set[str] = set().union(*(SYMPTOMS.get(code, set()) for code in codes))
    is_event = (
        "aecopd" in codes
        or "lrti" in codes
        or (antibiotic and steroid)
        or (len(symptoms) >= 2 and (antibiotic or steroid))
    )
    if not is_event:
        return None
    return {"treated": antibiotic or steroid, "rescue": "rescue_pack" in codes}


def _acute_issues(issues: list[Record], index: date) -> list[Record]:
    """Issues less those of long-term azithromycin or an oral steroid, as known at the index."""
    known = [issue for issue in issues if issue["on"] is not None and issue["on"] <= index]
    azithromycin = _run_days(issue["on"] for issue in known if issue["drug"] == "azithromycin")
    steroid = _run_days(issue["on"] for issue in known if _is_no_course(issue))
    return [
        issue
        for issue in known
        if not (issue["drug"] == "azithromycin" and issue["on"] in azithromycin)
        and not (_is_no_course(issue) and issue["on"] in steroid)
    ]


def _is_no_course(issue: Record) -> bool:
    """A steroid whose quantity is known and is not 5 to 14 days' worth."""
    if issue["drug"] in WEAK_STEROIDS:
        return True
    if issue["drug"] not in STEROIDS or issue["quantity"] is None:
        return False
    return not COURSE_MG[0] <= issue["quantity"] * STEROIDS[issue["drug"]] <= COURSE_MG[1]


def _run_days(days: Iterable[date]) -> set[date]:
    """Days inside a run of three or more, each 21 to 45 days after the one before."""
    runs: list[list[date]] = []
    for day in sorted(set(days)):
        if runs and (day - runs[-1][-1]).days in RUN_GAPS:
            runs[-1].append(day)
        else:
            runs.append([day])
    return {day for run in runs if len(run) >= RUN_LENGTH for day in run}


def _by_day(records: list[Record], field: str, index: date) -> dict[date, set[str]]:
    days: dict[date, set[str]] = {}
    for record in records:
        if record["on"] is not None and record["on"] <= index:
            days.setdefault(record["on"], set()).add(record[field])
    return days
