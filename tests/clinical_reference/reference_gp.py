"""GP event days, slowly and in the words of the definitions (docs/decisions.md §7, §9 and §40).

A record is a plain dictionary; a history is a dictionary of lists of records. Nothing here knows how the
product does it: no tables, no queries, one patient at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
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
WEAK_STEROIDS = {"prednisolone_1mg": 1}  # below 5 mg: long-term treatment at most, never a course
COURSE_MG = (150, 420)  # 30 mg of prednisolone a day for 5 to 14 days [unconfirmed]
MOST_MG_A_DAY = 10
LEAST_MG_A_DAY = 5  # of issues the size of a course: one tablet of 5 mg a day
STEADY = 1.5
STRETCH_GAPS, STRETCH_DAYS = 4, 84
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
    everything, no_courses = _supplied_days(known), _supplied_days(list(filter(_is_no_course, known)))
    kept = []
    for issue in known:
        amount = _mg(issue)
        if issue["drug"] == "azithromycin" and issue["on"] in azithromycin:
            continue
        if amount is not None:
            small = issue["drug"] in WEAK_STEROIDS or amount < COURSE_MG[0]
            supplied = issue["on"] in everything or (_is_no_course(issue) and issue["on"] in no_courses)
            if small or supplied:
                continue
        kept.append(issue)
    return kept


def _mg(issue: Record) -> float | None:
    """Milligrams of steroid; None for other medicines and where the quantity is missing."""
    strength = (STEROIDS | WEAK_STEROIDS).get(issue["drug"])
    return None if strength is None or issue["quantity"] is None else issue["quantity"] * strength


def _is_no_course(issue: Record) -> bool:
    """A steroid whose quantity is known and is not 5 to 14 days' worth."""
    amount = _mg(issue)
    if issue["drug"] in WEAK_STEROIDS:
        return True
    return amount is not None and not COURSE_MG[0] <= amount <= COURSE_MG[1]


def _supplied_days(issues: list[Record]) -> set[date]:
    """Days inside a stretch of steady supply, whatever the packs (docs/decisions.md §40)."""
    supply: dict[date, float] = {}
    of_course_size: set[date] = set()
    # what comes twice on a day in one amount is one issue
    told = {
        (issue["on"], _is_no_course(issue), issue["drug"] in WEAK_STEROIDS, _mg(issue)) for issue in issues
    }
    for day, no_course, _, amount in told:
        if amount:
            supply[day] = supply.get(day, 0) + amount
            if not no_course:
                of_course_size.add(day)
    days = sorted(supply)
    rates = {day: supply[day] / (following - day).days for day, following in pairwise(days)}
    fit = {day: _fits(rate, day in of_course_size) for day, rate in rates.items()}
    inside: set[date] = set()
    for end in range(STRETCH_GAPS, len(days)):
        closing = days[end]
        shortest: list[date] = []  # the latest start is looked at first
        for start in range(end - STRETCH_GAPS, -1, -1):
            before = days[start:end]
            if (closing - before[0]).days < STRETCH_DAYS:
                continue
            if not all(fit[day] for day in before) or not _steady([rates[day] for day in before]):
                break
            shortest = shortest or before
            inside.update(before)
        largest = max((supply[day] for day in shortest), default=0)
        if fit.get(closing, True) and supply[closing] <= STEADY * largest:
            inside.add(closing)
    return inside


def _steady(rates: list[float]) -> bool:
    return max(rates) <= STEADY * min(rates)


def _fits(rate: float, of_course_size: bool) -> bool:
    return rate <= MOST_MG_A_DAY and (rate >= LEAST_MG_A_DAY or not of_course_size)


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
