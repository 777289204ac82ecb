"""Plays the spec cases of one run and reads their facts back, in the words of the tables."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from clinical_world import INDEX, World
from spec_cases import Case, Event
from spec_words import ED_DESTINATIONS, GP_WORDS, MEDICINES

SEEN = "2025-12-30"
SPELL_WORDS = {"emergency": "emergency", "copd_related": "COPD", "finished": "finished"}
STILL_IN = {
    "episode_status": 1,
    "discharge_date": None,
    "discharge_method": "8",
    "discharge_destination": "98",
}
HANDED_ON = {"discharge_date": None, "discharge_method": "8", "discharge_destination": "98"}
STAY_FIELDS = {
    "method": "admission_method",
    "source": "admission_source",
    "destination": "discharge_destination",
    "discharge method": "discharge_method",
    "discharged": "discharge_date",
    "admitted": "admission_date",
    "order": "episode_order",
    "class": "patient_class",
    "status": "episode_status",
    "recorded": "recorded_date",
    "provider": "provider",
    "id": "episode_id",
}


def build(world: World, run: str, cases: list[Case]) -> None:
    for case in cases:
        _enrol(world, case)
        for event in case.events:
            _happen(world, case.id, event)
    settings: dict[str, Any] = {"index": INDEX}
    for part in filter(None, map(str.strip, run.split(";"))):
        _set(world, settings, part)
    world.build(**settings)


def fact(world: World, case: Case, name: str) -> str:
    """The fact as the tables write it."""
    if name == "on register":
        return _words(world.on_register(case.id))
    if name == "exacerbations":
        found = [f"{start} to {end} {severity}" for start, end, severity in world.exacerbations(case.id)]
        return "; ".join(found) or "none"
    if name == "spells":
        return "; ".join(_spells(world, case.id)) or "none"
    if name == "conflicts":
        return _conflicts(world, case.id)
    return _words(world.feature(case.id, name), decimals=_decimals(case.facts[name]))


def _enrol(world: World, case: Case) -> None:
    for number, told in enumerate(case.people or [""]):
        row: dict[str, Any] = {}
        parts = [part.strip() for part in told.split(";") if part.strip()]
        for part in parts:
            row |= _trait(part)
        world.patient(case.id, diagnosed=None, **row)
        if number == 0 and "not diagnosed" not in parts:
            world.gp(case.id, "2015-01-01", GP_WORDS["COPD"])
        if number == 0 and "not seen" not in parts:
            world.gp(case.id, SEEN, GP_WORDS["something else"])
        if "death registered without a day" in parts:
            world.death(case.id, None)


def _trait(part: str) -> dict[str, Any]:
    keyword, _, value = part.partition(" ")
    if keyword == "born":
        year, _, month = value.partition("-")
        return {"birth_year": int(year), "birth_month": int(month) if month else None}
    known: dict[str, dict[str, Any]] = {
        "registered": {"registration_start": None if value == "unknown" else value},
        "left": {"registration_end": value},
        "died": {"death_date": value},
        "practice": {"practice_id": value},
        "decile": {"imd_decile": value},
        "woman": {"sex": "female"},
        "not": {},
        "death": {},
    }
    return known[keyword]


def _happen(world: World, patient: str, event: Event) -> None:
    what, _, rest = event.what.partition(": ")
    if what == "hospital":
        _stay(world, patient, event, rest)
    elif what == "emergency department":
        _attend(world, patient, event, rest)
    elif event.what == "death registered":
        world.death(patient, event.start.isoformat())
    elif event.what.startswith("local flag "):
        world.flag(patient, event.what.removeprefix("local flag "), event.start.isoformat())
    else:
        _record(world, patient, event)


def _record(world: World, patient: str, event: Event) -> None:
    """A medicine with or without its quantity, or a GP code with or without its value and unit."""
    told = re.fullmatch(
        r"(?P<word>.+?)(?:, quantity (?P<quantity>[\d.]+)| = (?P<value>[\d.]+)(?: (?P<unit>.+))?)?",
        event.what,
    )
    assert told is not None, event.what
    if told["word"] in MEDICINES:
        quantity = float(told["quantity"]) if told["quantity"] else None
        world.issue(patient, event.start, MEDICINES[told["word"]], quantity)
    else:
        value = float(told["value"]) if told["value"] else None
        world.gp(patient, event.start, GP_WORDS[told["word"]], value, unit=told["unit"])


def _stay(world: World, patient: str, event: Event, told: str) -> None:
    diagnoses, *parts = [part.strip() for part in told.split(";")]
    fields: dict[str, Any] = {}
    for part in parts:
        fields |= _stay_part(part)
    world.episode(patient, event.start, event.end, *filter(None, diagnoses.split(", ")), **fields)


def _stay_part(part: str) -> dict[str, Any]:
    if part in ("still in", "handed on"):
        return STILL_IN if part == "still in" else HANDED_ON
    name, value = max(
        (name, part.removeprefix(f"{name} ")) for name in STAY_FIELDS if part.startswith(f"{name} ")
    )
    return {STAY_FIELDS[name]: None if value == "unknown" else value}


def _attend(world: World, patient: str, event: Event, told: str) -> None:
    diagnosis, *parts = [part.strip() for part in told.split(";")]
    codes = [GP_WORDS[diagnosis]] if diagnosis else []
    destination = next((part.removeprefix("destination ") for part in parts), None)
    told_to = {"discharge_destination": ED_DESTINATIONS[destination]} if destination else {}
    world.attendance(patient, event.start, *codes, departure_date=event.end, **told_to)


def _set(world: World, settings: dict[str, Any], part: str) -> None:
    name, _, value = part.rpartition(" ")
    if name == "without":
        world.without(value)
    elif name in ("index", "run date"):
        settings[{"index": "index", "run date": "as_of"}[name]] = value
    elif name == "hospital data to":
        settings["hospital_complete_to"] = date.fromisoformat(value)
    elif name == "exacerbations by":
        settings["episode_rule"] = value
    elif name == "spell gap":
        settings["spell_gap_days"] = int(value)
    else:
        raise ValueError(f"not a setting: {part}")


def _spells(world: World, patient: str) -> list[str]:
    rows = world.engine.rows(
        f"SELECT admission_date, discharge_date, {', '.join(SPELL_WORDS)} FROM spells"
        f" JOIN people USING (patient) WHERE patient_id = '{patient}' ORDER BY admission_date, discharge_date"
    )
    return [
        " ".join(
            [
                f"{start} to {_words(end)}",
                *(word for word, holds in zip(SPELL_WORDS.values(), told, strict=True) if holds),
            ]
        )
        for start, end, *told in rows
    ]


def _conflicts(world: World, patient: str) -> str:
    """The kinds of conflict; with their practices where there is more than one."""
    rows = world.engine.rows(
        "SELECT kind, practice_id FROM status_conflicts"
        f" WHERE patient_id = '{patient}' ORDER BY kind, practice_id"
    )
    told = [kind if len(rows) == 1 else f"{kind} at {practice}" for kind, practice in rows]
    return "; ".join(told) or "none"


def _decimals(expected: str) -> int | None:
    number = re.fullmatch(r"-?\d+\.(\d+)", expected)
    return len(number[1]) if number else None


def _words(value: Any, decimals: int | None = None) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{decimals}f}" if decimals is not None else f"{value:g}"
    return str(value)
