"""Merging across settings, and what is counted in which window (docs/decisions.md §1, §7 and §8)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from reference_gp import event_days
from reference_spells import admissions, months_before, spells

Record = dict[str, Any]

SEVERITY = ("moderate", "ed_only", "severe")
ED_DIAGNOSES = {"ed_copd", "aecopd", "lrti"}
ED_ADMITTED = "ed_admitted"
GAP_DAYS = 14


def facts(history: dict[str, list[Record]], index: date, as_of: date, rule: str, spell_gap: int) -> Record:
    """Everything the reference knows of one patient on the register."""
    stays = spells(history["episodes"], as_of, spell_gap)
    gp = event_days(history, index)
    other = _hospital_events(stays, index) + _ed_events(history["attendances"], stays, index)
    found = _merge(gp + other, rule)
    without_rescue = _merge([event for event in gp if not event["rescue"]] + other, rule)
    year, two_years = months_before(index, 12), months_before(index, 24)
    counts = {
        **_counts(found, year, index, "12m"),
        **_counts(found, two_years, index, "24m"),
        "treated_exacerbations_12m": sum(
            episode["severity"] == "moderate" and episode["treated"]
            for episode in _within(found, year, index)
        ),
        "moderate_exacerbations_12m_excl_rescue": _count(without_rescue, year, index, "moderate"),
        "exacerbations_12m_excl_rescue": len(_within(without_rescue, year, index)),
        **_admission_counts(stays, year, index),
    }
    return {"exacerbations": found, "spells": stays, "counts": counts}


def _hospital_events(stays: list[Record], index: date) -> list[Record]:
    return [
        {"start": spell["admission_date"], "end": spell["discharge_date"], "kind": "severe"}
        for spell in admissions(stays)
        if spell["admission_date"] <= index
    ]


def _ed_events(attendances: list[Record], stays: list[Record], index: date) -> list[Record]:
    """Attendances for COPD that no admission followed, on the day or the day after."""
    admitted = {spell["admission_date"] for spell in stays}
    return [
        {"start": visit["on"], "end": visit["on"], "kind": "ed_only"}
        for visit in attendances
        if visit["on"] <= index
        and ED_DIAGNOSES & set(visit["diagnoses"])
        and visit["destination"] != ED_ADMITTED
        and not admitted & _days_of(visit)
    ]


def _days_of(visit: Record) -> set[date]:
    days = {visit["on"], visit["departure"] or visit["on"]}
    return days | {day + timedelta(days=1) for day in days}


def _merge(events: list[Record], rule: str) -> list[Record]:
    episodes: list[Record] = []
    for event in sorted(events, key=lambda event: event["start"]):
        if episodes and _joins(episodes[-1], event, rule):
            episode = episodes[-1]
            episode["end"] = max(episode["end"], event["end"])
            episode["severity"] = max(episode["severity"], event["kind"], key=SEVERITY.index)
            episode["treated"] = episode["treated"] or event.get("treated", False)
        else:
            start, end, treated = event["start"], event["end"], event.get("treated", False)
            episodes.append({"start": start, "end": end, "severity": event["kind"], "treated": treated})
    return episodes


def _joins(episode: Record, event: Record, rule: str) -> bool:
    since = episode["end"] if rule == "chain" else episode["start"]
    return bool((event["start"] - since).days <= GAP_DAYS)


def _within(episodes: list[Record], after: date, index: date) -> list[Record]:
    return [episode for episode in episodes if after < episode["start"] <= index]


def _count(episodes: list[Record], after: date, index: date, severity: str) -> int:
    return sum(episode["severity"] == severity for episode in _within(episodes, after, index))


def _counts(episodes: list[Record], after: date, index: date, window: str) -> dict[str, int]:
    named = {"moderate": "moderate", "severe": "severe"} | ({"ed_only": "ed_only"} if window == "12m" else {})
    counted = {f"{name}_exacerbations_{window}": _count(episodes, after, index, name) for name in named}
    return counted | {f"exacerbations_{window}": len(_within(episodes, after, index))}


def _admission_counts(stays: list[Record], year: date, index: date) -> dict[str, int]:
    copd = [spell for spell in admissions(stays) if spell["admission_date"] <= index]
    recent = [spell for spell in copd if spell["admission_date"] > year]
    emergency = [
        spell
        for spell in stays
        if spell["finished"] and spell["emergency"] and year < spell["admission_date"] <= index
    ]
    return {
        "emergency_copd_admissions_12m": len(recent),
        "emergency_admissions_12m": len(emergency),
        "bed_days_12m": sum(_nights(spell, year, index) for spell in copd),
        "readmissions_30d_12m": _readmissions(copd, year, 30),
        "readmissions_90d_12m": _readmissions(copd, year, 90),
        "currently_admitted": any(spell["currently_admitted"] for spell in stays),
    }


def _nights(spell: Record, year: date, index: date) -> int:
    first, last = max(spell["admission_date"], year), min(spell["discharge_date"], index)
    return max(0, (last - first).days)


def _readmissions(copd: list[Record], year: date, days: int) -> int:
    """Admissions within so many days of the latest end of the stays before; the same day counts."""
    ends: list[date] = [spell["discharge_date"] for spell in copd]
    since_last = [
        (spell["admission_date"] - max(ends[:place])).days
        for place, spell in enumerate(copd)
        if place and spell["admission_date"] > year
    ]
    return sum(0 <= passed <= days for passed in since_last)
