"""Other conditions, and where and how people live: who has what since when, and the codes for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from copd_strat.synthetic.codes import Bools, Floats, Ints, event
from copd_strat.synthetic.logs import Log
from copd_strat.synthetic.people import ASTHMA, COPD, NEVER, YEAR, People
from copd_strat.synthetic.settings import SyntheticSettings


@dataclass(frozen=True)
class _Condition:
    """Share of 70-year-olds of average severity, slopes of its logit a decade and a unit of severity."""

    share: float
    decade: float
    severity: float
    icd10: str = ""


_CONDITIONS = {
    "hypertension": _Condition(0.45, 0.5, 0.0, "I10X"),
    "ihd": _Condition(0.18, 0.5, 0.15, "I251"),
    "mi": _Condition(0.06, 0.4, 0.15, "I252"),
    "heart_failure": _Condition(0.08, 0.7, 0.40, "I500"),
    "stroke": _Condition(0.06, 0.7, 0.05, "I694"),
    "diabetes": _Condition(0.17, 0.1, 0.0, "E119"),
    "ckd": _Condition(0.13, 0.9, 0.05, "N183"),
    "anxiety": _Condition(0.18, -0.3, 0.25),
    "depression": _Condition(0.24, -0.3, 0.20),
    "gord": _Condition(0.15, 0.1, 0.0),
    "osteoporosis": _Condition(0.09, 0.7, 0.20),
    "bronchiectasis": _Condition(0.05, 0.1, 0.40),
    "sleep_apnoea": _Condition(0.04, -0.2, 0.10),
    "lung_cancer": _Condition(0.02, 0.3, 0.30),
    "dementia": _Condition(0.03, 1.2, 0.0),
    "cor_pulmonale": _Condition(0.008, 0.2, 1.00),
    "eczema": _Condition(0.09, -0.1, 0.0),
    "allergic_rhinitis": _Condition(0.08, -0.2, 0.0),
    "learning_disability": _Condition(0.008, -0.4, 0.0),
    "pneumonia": _Condition(0.06, 0.3, 0.40),
    "osteoarthritis": _Condition(0.30, 0.5, 0.0),
}

#: Conditions that a hospital also codes, with the ICD-10 code it would use.
HOSPITAL_CODES = {name: c.icd10 for name, c in _CONDITIONS.items() if c.icd10}


def chance(people: People, share: float, decade: float, severity: float) -> Floats:
    """``share`` at age 70 and severity 0, moved on the logit scale; severity matters only with COPD."""
    logit = np.log(share / (1 - share)) + decade * (people.age - 70) / 10
    logit = logit + severity * np.where(people.kind == COPD, people.severity, 0.0)
    likely: Floats = 1 / (1 + np.exp(-logit))
    return likely


def onsets(settings: SyntheticSettings, people: People, rng: np.random.Generator) -> dict[str, Ints]:
    """Day each condition was first coded, ``NEVER`` where a person has not got it."""
    n, found = len(people), {}
    for name, condition in _CONDITIONS.items():
        has = rng.random(n) < chance(people, condition.share, condition.decade, condition.severity)
        day = settings.end_day - np.floor(rng.gamma(1.8, 4.0, n) * YEAR).astype(np.int64)
        found[name] = np.where(has, day, NEVER)
    has_asthma = np.where(people.kind == COPD, rng.random(n) < 0.16, people.kind == ASTHMA)
    found["asthma"] = np.where(has_asthma, settings.end_day - rng.integers(1000, 9000, n), NEVER)
    return found


def record_conditions(conditions: dict[str, Ints], events: Log) -> None:
    for name, day in conditions.items():
        _note(events, np.flatnonzero(day < NEVER), day, name)


def record_copd(people: People, events: Log, rng: np.random.Generator) -> None:
    """The diagnosis (by severity, now and then entered again), its withdrawal, and its return."""
    grades = event("copd_mild", "copd_moderate", "copd_severe")
    has = np.flatnonzero(people.kind == COPD)
    graded = grades[np.digitize(people.severity[has], (-0.4, 0.7))]
    plain = rng.choice(event("copd", "emphysema"), size=len(has), p=(0.85, 0.15))
    code = np.where(rng.random(len(has)) < 0.25, graded, plain)
    events.add(has, day=people.diagnosed[has], code=code, value=np.nan, unit=0)
    settled = has[(people.resolved[has] == NEVER) & (rng.random(len(has)) < 0.3)]
    events.add(settled, day=people.diagnosed[settled] + 400, code=event("copd")[0], value=np.nan, unit=0)
    _note(events, np.flatnonzero(people.resolved < NEVER), people.resolved, "copd_resolved")
    _note(events, np.flatnonzero(people.rediagnosed < NEVER), people.rediagnosed, "copd")


def _note(events: Log, person: Ints, day: Ints, name: str) -> None:
    events.add(person, day=day[person], code=event(name)[0], value=np.nan, unit=0)


@dataclass(frozen=True)
class Living:
    """Where and how people live now."""

    care_home: Bools
    housebound: Bools
    palliative: Bools
    oxygen: Bools
    interpreter: Bools


def living(people: People, rng: np.random.Generator) -> Living:
    n = len(people)
    copd = people.kind == COPD
    return Living(
        care_home=rng.random(n) < chance(people, 0.02, 1.3, 0.1),
        housebound=rng.random(n) < chance(people, 0.025, 0.9, 0.7),
        palliative=rng.random(n) < chance(people, 0.010, 0.7, 0.9),
        oxygen=copd & (rng.random(n) < chance(people, 0.012, 0.1, 1.7)),
        interpreter=rng.random(n) < np.where(people.ethnicity > 1, 0.10, 0.002),
    )


def record_living(
    settings: SyntheticSettings, people: People, home: Living, events: Log, rng: np.random.Generator
) -> None:
    """Codes of living situation; some people were housebound and are so no longer, or only for a time."""
    n, end = len(people), settings.end_day
    everyone = np.arange(n)
    since = end - rng.integers(20, 1200, n)

    def note(who: Bools, day: Ints, *names: str) -> None:
        person = everyone[who]
        code = rng.choice(event(*names), size=len(person))
        events.add(person, day=day[person], code=code, value=np.nan, unit=0)

    note(home.care_home, since, "care_home", "nursing_home")
    note(home.housebound, since, "housebound")
    note(home.palliative, end - rng.integers(5, 300, n), "palliative")
    note(home.interpreter, since, "interpreter")
    was_housebound = ~home.housebound & (rng.random(n) < 0.008)
    note(was_housebound, since - 200, "housebound")
    note(was_housebound, since, "housebound_no_longer")
    note(
        ~home.housebound & ~was_housebound & (rng.random(n) < 0.006),
        end - rng.integers(5, 500, n),
        "housebound_temporarily",
    )
    note(home.oxygen, end - rng.integers(30, 900, n), "ltot")
    note(home.oxygen, end - rng.integers(5, 330, n), "home_oxygen")
    frail = (people.age - 70) / 10 + 0.4 * people.severity + rng.normal(0, 0.8, n)
    for name, low, high in (
        ("frailty_mild", 0.7, 1.5),
        ("frailty_moderate", 1.5, 2.2),
        ("frailty_severe", 2.2, 99.0),
    ):
        note((frail >= low) & (frail < high) & (rng.random(n) < 0.7), since, name)
