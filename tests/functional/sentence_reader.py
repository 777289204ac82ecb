"""Reads the sentences of a list back against the facts: a second way to say what is true of a patient.

Each sentence that a shipped policy, the risk room or the pathways can say has a form here and a check,
written from what the words mean and not from the policy's rules. A cell is read from its start; what no form
fits is a fault, and so is a form whose check does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY = r"\d{1,2} [A-Z][a-z]{2} \d{4}"
TREATMENT = r"inhaled steroid|LAMA|LABA|statin|oxygen|inhaler"

Check = Callable[["Patient", re.Match[str]], bool]


@dataclass(frozen=True)
class Patient:
    """``facts``: one row a patient; ``events``: that person's exacerbations, with start, end and severity."""

    facts: Mapping[str, Any]
    events: pd.DataFrame
    as_of: date

    def __getitem__(self, name: str) -> Any:
        value = self.facts.get(name)
        if value is None or value is pd.NA or value is pd.NaT or value != value or value == "":
            return None
        return value.date() if isinstance(value, (pd.Timestamp, datetime)) else value

    def no(self, *names: str) -> bool:
        return all(self[name] is None for name in names)

    def months_before_index(self, months: int) -> date:
        return (pd.Timestamp(self["index_date"]) - pd.DateOffset(months=months)).date()

    def in_window(self, day: date | None, months: int) -> bool:
        return day is not None and self.months_before_index(months) < day <= self["index_date"]

    def counted(self, severity: str | None = None) -> int:
        """Exacerbations of the last 12 months, counted anew from the events themselves."""
        recent = [
            kind for start, kind in zip(self.events["start_date"], self.events["severity"], strict=True)
            if self.in_window(pd.Timestamp(start).date(), 12)
        ]  # fmt: skip
        return len(recent) if severity is None else recent.count(severity)


def day(text: str) -> date:
    number, month, year = text.split()
    return date(int(year), MONTHS.index(month) + 1, int(number))


def _same(patient: Patient, name: str, text: str | None) -> bool:
    """The date in the sentence is the fact's, and a fact without a date has none in the sentence."""
    return patient[name] == (day(text) if text else None)


def _events_are(patient: Patient, text: str | None, *severities: str) -> bool:
    """One piece for each of the latest exacerbations of these severities that count, and each inside its own."""
    if text is None:
        return True
    spans = sorted(
        (pd.Timestamp(start).date(), pd.Timestamp(end).date(), kind)
        for start, end, kind in zip(
            patient.events["start_date"], patient.events["end_date"], patient.events["severity"], strict=True
        )
        if kind in severities and patient.in_window(pd.Timestamp(start).date(), 12)
    )[-3:]
    pieces = text.split("; ")
    return len(pieces) == len(spans) and all(
        all(a <= day(found) <= b for found in re.findall(DAY, piece))
        and ("emergency admission" in piece) == (kind == "severe")
        for piece, (a, b, kind) in zip(pieces, spans, strict=True)
    )


def _noun(number: str, noun: str) -> bool:
    return noun.endswith("s") == (number != "1")


def _in_100(patient: Patient, text: str) -> bool:
    risk = patient["risk_severe_12m"]
    if text == "less than 1":
        return 0 <= risk < 0.005
    return abs(100 * risk - int(text)) <= 0.5


N, NOUN = r"(\d+)", r"(exacerbations?)"
RISK = r"(\d+|less than 1) in 100"
LAST = rf"(?:, last ({DAY}))?"
AT = rf"(?: \(({DAY})\))?"
EVENTS = r"(?:; latest events (.+))?"

WHYS: dict[str, Check] = {
    rf"{N} {NOUN} with emergency admission in 12 months(?:, last began ({DAY}))?": lambda p, m: (
        p.counted("severe") == int(m[1]) >= 1 and _noun(m[1], m[2]) and _same(p, "last_severe_date", m[3])
        and p.in_window(p["last_severe_date"], 12)
    ),
    rf"{N} moderate {NOUN} in 12 months{EVENTS}": lambda p, m: (
        p.counted("moderate") == int(m[1]) >= 2 and _events_are(p, m[3], "moderate")
    ),
    rf"{N} {NOUN} without admission in 12 months, {N} of them seen in an emergency department{EVENTS}": (
        lambda p, m:
        p.counted() == int(m[1]) >= 2 and p.counted("ed_only") == int(m[3]) and p.counted("severe") == 0
        and _events_are(p, m[4], "moderate", "ed_only")
    ),
    rf"{N} {NOUN} in 12 months, not admitted{LAST}": lambda p, m: (
        p.counted() == int(m[1]) and p.counted("severe") == 0 and _same(p, "last_exacerbation_date", m[3])
    ),
    rf"(?:Group 3: )?{N} {NOUN} in 12 months{LAST}": lambda p, m: (
        p.counted() == int(m[1]) and _same(p, "last_exacerbation_date", m[3])
    ),
    rf"Group 3: 1 exacerbation in 12 months(?:, ({DAY}))?": lambda p, m: (
        p.counted() == 1 and _same(p, "last_exacerbation_date", m[1])
    ),
    rf"Group 2: {N} {NOUN} in 12 months, {N} with emergency admission{EVENTS}": lambda p, m: (
        p.counted() == int(m[1]) >= 2 and p.counted("severe") == int(m[3])
        and _events_are(p, m[4], "moderate", "ed_only", "severe")
    ),
    rf"No exacerbation on record in 12 months, last ({DAY})": lambda p, m: (
        p.counted() == 0 and _same(p, "last_exacerbation_date", m[1]) and not p.in_window(day(m[1]), 12)
    ),
    r"No exacerbation on record in 12 months": lambda p, _: p.counted() == 0,
    rf"GOLD group E: {N} {NOUN} in 12 months, (\d+) with emergency admission{LAST}": lambda p, m: (
        p["gold_abe"] == "E" and p.counted() == int(m[1]) and p.counted("severe") == int(m[3])
        and _same(p, "last_exacerbation_date", m[4])
    ),
    r"GOLD group ([AB])": lambda p, m: p["gold_abe"] == m[1],
    r"GOLD group cannot be assessed": lambda p, _: p.no("gold_abe"),
    r"Group cannot be assessed": lambda p, _: p["disposition"] == "clinical_review",
    rf"(?:Group 1: h|H)ome oxygen{AT}": lambda p, m: (
        p["home_oxygen"] is True and _same(p, "home_oxygen_date", m[1])
        and p.in_window(p["home_oxygen_date"], 12)
    ),
    rf"(?:Group \d: )?FEV1 ([\d.]+) % predicted{AT}": lambda p, m: (
        abs(p["fev1_pct_predicted"] - float(m[1])) <= 0.051 and _same(p, "fev1_pct_date", m[2])
    ),
    rf"(?:Group \d: )?MRC (\d){AT}": lambda p, m: (
        p["mrc"] == int(m[1]) and _same(p, "mrc_date", m[2]) and p.in_window(p["mrc_date"], 24)
    ),
    rf"CAT (\d+){AT}": lambda p, m: p["cat"] == int(m[1]) and _same(p, "cat_date", m[2]),
    r"Group 2: chronic cor pulmonale": lambda p, _: p["cor_pulmonale"] is True,
    r"Group 3: antibiotics issued on (\d+) days in 12 months": lambda p, m: (
        p["antibiotic_courses_12m"] == int(m[1])
    ),
    r"Group 3: oral steroids issued on (\d+) (days?) in 12 months": lambda p, m: (
        p["ocs_courses_12m"] == int(m[1]) and _noun(m[1], m[2])
    ),
    r"Group 3: long-term azithromycin": lambda p, _: p["azithromycin_prophylaxis"] is True,
    r"Group 3: triple inhaled therapy": lambda p, _: p["lama"] is p["laba"] is p["ics"] is True,
    r"Nominated by the practice": lambda p, _: p["gp_nominated"] is True,
    rf"Risk of a severe exacerbation in 12 months: {RISK}, no clinic rule met": lambda p, m: _in_100(p, m[1]),
    rf"Risk of a severe exacerbation in 12 months: {RISK}": lambda p, m: _in_100(p, m[1]),
    r"No clinic rule met, risk not calculated": lambda p, _: p.no("risk_severe_12m"),
    rf"COPD review on ({DAY})": lambda p, m: _same(p, "last_copd_review_date", m[1]),
    r"Palliative care is recorded": lambda p, _: p["palliative"] is True,
    # a treatment is no reason, whatever the equation does with it
    rf"Raises the risk: (?!.*(?:{TREATMENT})).+": lambda p, _: p["risk_severe_12m"] is not None,
    rf"Clinic tier since ({DAY}), no rule met now, stays until ({DAY}) unless one is met again": (
        lambda p, m:
        day(m[1]) <= p.as_of < day(m[2]) <= p.as_of + timedelta(days=28)
    ),
    rf"Clinic tier since ({DAY}), not yet known to be clear of it on ({DAY})": lambda p, m: (
        day(m[1]) <= p.as_of == day(m[2])
    ),
}  # fmt: skip

NEEDS: dict[str, Check] = {
    rf"No entry in the GP record(?: since ({DAY}))?, up to ({DAY})": lambda p, m: (
        _same(p, "last_gp_event_date", m[1]) and _same(p, "index_date", m[2])
        and (m[1] is None or not p.in_window(day(m[1]), 9))
    ),
    r"Exacerbations of the last 12 months cannot be counted": lambda p, _: p.no("exacerbations_12m"),
    rf"Exacerbations of the last 12 months cannot all be seen(?: \(hospital data to ({DAY})\))?": (
        lambda p, m:
        (p.no("exacerbations_12m") or p["severe_observable"] is not True)
        and _same(p, "hospital_complete_to", m[1])
    ),
    rf"Hospital admissions cannot be seen(?: \(hospital data to ({DAY})\))?": lambda p, m: (
        (p.no("severe_exacerbations_12m") or p["severe_observable"] is False)
        and _same(p, "hospital_complete_to", m[1])
    ),
    r"No usable FEV1 on record": lambda p, _: p.no("fev1_pct_predicted"),
    r"No MRC breathlessness score on record in 24 months": lambda p, _: p.no("mrc", "mrc_date"),
    r"Neither MRC nor CAT score on record in 24 months": lambda p, _: p.no("mrc", "cat"),
    r"Home oxygen cannot be seen": lambda p, _: p.no("home_oxygen"),
    r"Cor pulmonale cannot be seen": lambda p, _: p.no("cor_pulmonale"),
    rf"No COPD review on record in 15 months{LAST}": lambda p, m: (
        _same(p, "last_copd_review_date", m[1]) and not p.in_window(p["last_copd_review_date"], 15)
    ),
}  # fmt: skip

WARNINGS: dict[str, Check] = {
    **NEEDS,
    rf"Hospital data end on ({DAY})": lambda p, m: (
        _same(p, "hospital_complete_to", m[1]) and (p["index_date"] - day(m[1])).days > 62
    ),
    rf"FEV1 is older than 36 months \(({DAY})\)": lambda p, m: (
        _same(p, "fev1_pct_date", m[1]) and not p.in_window(day(m[1]), 36)
    ),
    r"Check the diagnosis of COPD \(no FEV1/FVC below 0\.7 on record, or never smoked and under 40\)": (
        lambda p, _: p["diagnosis_check"] is True
    ),
    r"Asthma recorded too": lambda p, _: p["asthma_overlap"] is True,
    r"Lung cancer on record, a specialist team may lead": lambda p, _: p["lung_cancer"] is True,
    rf"In hospital by the latest record \(hospital data to ({DAY})\), not yet discharged": lambda p, m: (
        p["currently_admitted"] is True and _same(p, "hospital_complete_to", m[1])
    ),
    r"In hospital by the latest record, not yet discharged": lambda p, _: (
        p["currently_admitted"] is True and p.no("hospital_complete_to")
    ),
    rf"Registered for less than 12 months(?: \(since ({DAY})\))?": lambda p, m: (
        p["short_history"] is True and _same(p, "registration_start", m[1])
        and (m[1] is None or p.in_window(day(m[1]), 12) or day(m[1]) > p["index_date"])
    ),
    r"Risk uses estimates for: ([^;]+)": lambda p, m: p["imputed"] == m[1] and not p.no("risk_severe_12m"),
    r"Risk not calculated, not on record: ([^;]+)": lambda p, m: (
        p.no("risk_severe_12m") and p["risk_status"] == f"missing_required: {m[1]}"
    ),
    r"Risk calculated, but outside the range that the equation was made for: ([^;]+)"
    r"(; the risk of a severe exacerbation is above that of any)?": lambda p, m: (
        not p.no("risk_severe_12m") and p["risk_status"].startswith(f"out_of_range: {m[1]}")
        and ("severe_above_any" in p["risk_status"]) == bool(m[2])
    ),
    r"Risk calculated, but the risk of a severe exacerbation is above that of any": lambda p, _: (
        p["risk_severe_12m"] > p["risk_any_12m"]
    ),
}  # fmt: skip

_INVITES = r"Review the record, then invite to the multi-professional clinic"
ACTIONS: dict[str, Check] = {
    r"Next in line; no invitation this month unless a place falls free": lambda p, _: p["place"] == "reserve",
    _INVITES: lambda p, _: p["disposition"] == "clinic" and p["place"] == "clinic",
    r"No new invitation, tell the clinic what changed": lambda p, _: p["on_clinic_caseload"] is True,
    r"In hospital, invite after discharge": lambda p, _: (
        p["currently_admitted"] is True and p["place"] != "reserve"
    ),
    r"In hospital, offer supported self-management after discharge": lambda p, _: (
        p["currently_admitted"] is True and p["disposition"] == "self_management"
    ),
    r"In hospital, complete the record after discharge": lambda p, _: (
        p["currently_admitted"] is True and p["disposition"] == "clinical_review"
    ),
    r"Registered for the app, check it is in use at the next contact": lambda p, _: (
        p["app_registered"] is True
    ),
    r"Offer supported self-management": lambda p, _: p["disposition"] == "self_management",
    r"meanwhile complete the record": lambda p, _: p["place"] == "reserve",
    r"Complete the record": lambda p, _: p["disposition"] == "clinical_review",
    r"contact the patient and check the registration": lambda p, _: p["no_recent_data"] is True,
    r"ask the patient, and check (?:hospital|discharge) letters": lambda p, _: (
        p.no("exacerbations_12m") or p["severe_observable"] is not True
    ),
    r"check discharge letters of the last 12 months": lambda p, _: (
        p.no("severe_exacerbations_12m") or p["severe_observable"] is False
    ),
    r"spirometry, or code the result of the last one": lambda p, _: p.no("fev1_pct_predicted"),
    r"ask and code (?:the MRC score|MRC or CAT)": lambda p, _: p.no("mrc"),
    r"ask about home oxygen": lambda p, _: p.no("home_oxygen"),
    r"check the problem list": lambda p, _: p.no("cor_pulmonale"),
    r"annual COPD review": lambda p, _: p["copd_review_15m"] is False,
    r"through the care-home team": lambda p, _: p["care_home"] is True,
    r"visit at home": lambda p, _: p["housebound"] is True,
    r"book an interpreter": lambda p, _: p["interpreter_needed"] is True,
    r"printed plan unless a carer helps with the app, plan reasonable adjustments": lambda p, _: (
        p["has_carer"] is not True
    ),
    r"plan reasonable adjustments": lambda p, _: (
        p["frailty"] == "severe" or p["dementia"] is True or p["learning_disability"] is True
    ),
    r"printed plan instead of the app": lambda p, _: p["no_device"] is True or p["declined_app"] is True,
    r"ask about phone and internet first": lambda p, _: (
        (p["no_device"] is None or p["declined_app"] is None)
        and p["no_device"] is not True and p["declined_app"] is not True and p["app_registered"] is not True
    ),
    rf"pulmonary rehabilitation (offered|referred|commenced){AT}": lambda p, m: (
        p["pr_status"] == m[1] and _same(p, "pr_status_date", m[2]) and p.in_window(p["pr_status_date"], 12)
    ),
    rf"reviewed already \(({DAY})\)": lambda p, m: (
        _same(p, "last_copd_review_date", m[1]) and (p["index_date"] - day(m[1])).days <= 28
    ),
}  # fmt: skip

FLAGS: dict[str, Check] = {
    r"flu": lambda p, _: p["flu_vaccine_this_season"] is False,
    r"pneumococcal": lambda p, _: p["pneumococcal_vaccine_ever"] is False,
    r"not all known": lambda p, _: (
        p["flu_vaccine_this_season"] is None or p["pneumococcal_vaccine_ever"] is None
    ),
    r"no maintenance inhaler issued in 6 months": lambda p, _: p["lama"] is p["laba"] is p["ics"] is False,
    r"inhaled steroid issued, no LABA in 6 months": lambda p, _: p["ics"] is True and p["laba"] is False,
    r"no technique check on record in 15 months": lambda p, _: (
        not p.in_window(p["inhaler_technique_date"], 15)
    ),
}

CELLS: dict[str, tuple[str, dict[str, Check]]] = {
    "why_1": ("; ", WHYS | NEEDS),
    "why_2": ("; ", WHYS | NEEDS),
    "why_3": ("; ", WHYS | NEEDS),
    "data_warning": ("; ", WARNINGS),
    "suggested_action": ("; ", ACTIONS),
    "vaccinations_due": (", ", FLAGS),
    "inhaler_flag": (", ", FLAGS),
}


def faults(patient: Patient, line: Mapping[str, object]) -> Iterator[str]:
    """What is not true, or cannot be read, on one line of a list; the forms only, never a value."""
    for cell, (separator, forms) in CELLS.items():
        written = line.get(cell)
        rest = written if isinstance(written, str) else ""
        while rest:
            found = next(_fitting(rest, separator, forms), None)
            if found is None:
                yield f"{cell}: no form fits: {re.sub(r'[0-9]', '#', rest)}"
                break
            match, form = found
            if not forms[form](patient, match):
                yield f"{cell}: not true: {form}"
            rest = rest[match.end() :].removeprefix(separator)


def _fitting(text: str, separator: str, forms: dict[str, Check]) -> Iterator[tuple[re.Match[str], str]]:
    """The forms that fit the beginning of ``text`` up to a separator or its end, the longest first."""
    fits = [
        (match, form) for form in forms
        if (match := re.match(rf"(?:{form})(?={re.escape(separator)}|$)", text)) is not None
    ]  # fmt: skip
    yield from sorted(fits, key=lambda fit: -fit[0].end())
