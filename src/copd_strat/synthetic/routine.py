"""Ordinary GP care besides COPD reviews: vaccinations, rehabilitation, other contacts."""

from __future__ import annotations

import numpy as np

from copd_strat.synthetic.codes import Ints, event
from copd_strat.synthetic.logs import Log, Series
from copd_strat.synthetic.people import COPD, NEVER, YEAR, People
from copd_strat.synthetic.reviews import Visits, mrc_grade
from copd_strat.synthetic.settings import SyntheticSettings
from copd_strat.synthetic.simulated_exacerbations import Exacerbations


def last_gp_day(
    settings: SyntheticSettings, people: People, exacerbations: Exacerbations, rng: np.random.Generator
) -> Ints:
    """Last day of GP records: a few people with COPD and no recent exacerbation stay away."""
    lately = settings.end_day - 3 * 365
    unwell = np.isin(np.arange(len(people)), exacerbations.person[exacerbations.start > lately])
    settled = (people.diagnosed < lately) & (people.resolved == NEVER)
    away = settled & ~unwell & (rng.random(len(people)) < 0.015)
    return np.where(away, lately + 500, NEVER)


def record_vaccinations(
    settings: SyntheticSettings, people: People, events: Log, rng: np.random.Generator
) -> None:
    """Influenza each autumn, pneumococcal once."""
    n, everyone = len(people), np.arange(len(people))
    copd = people.kind == COPD
    takes_part = rng.random(n) < np.where(copd | (people.age > 65), 0.78, 0.25)
    for year in range(settings.end.year - settings.years - 1, settings.end.year + 1):
        september = int(np.datetime64(f"{year}-09-10").astype(np.int64))
        who = everyone[takes_part & (rng.random(n) < 0.9)]
        day = september + rng.integers(0, 80, len(who))
        events.add(who, day=day, code=event("flu_vaccine")[0], value=np.nan, unit=0)
    who = everyone[copd & (rng.random(n) < 0.72)]
    day = settings.end_day - rng.integers(100, 4500, len(who))
    events.add(who, day=day, code=event("pneumo_vaccine")[0], value=np.nan, unit=0)


def record_rehabilitation(
    settings: SyntheticSettings, people: People, events: Log, rng: np.random.Generator
) -> None:
    """Pulmonary rehabilitation offered to breathless people: declined, or taken up and perhaps finished."""
    breathless = (people.kind == COPD) & (mrc_grade(people) >= 3)
    person = np.flatnonzero(breathless & (rng.random(len(people)) < 0.6))
    offered = settings.end_day - rng.integers(60, 1500, len(person))
    answer = rng.random(len(person))
    for name, low, high, days_later in (
        ("pr_offered", 0.0, 1.0, 0),
        ("pr_declined", 0.0, 0.35, 5),
        ("pr_referred", 0.35, 0.8, 3),
        ("pr_commenced", 0.5, 0.8, 40),
        ("pr_completed", 0.6, 0.8, 95),
    ):
        came = (answer >= low) & (answer < high)
        events.add(person[came], day=offered[came] + days_later, code=event(name)[0], value=np.nan, unit=0)


def record_other_contacts(
    settings: SyntheticSettings, people: People, events: Log, rng: np.random.Generator
) -> None:
    """Blood pressure, tests, aches; at most one symptom a contact, so that none is an exacerbation."""
    years = (settings.end_day - settings.start_day) / YEAR
    yearly = np.where(people.kind == COPD, 5.0, 3.0) * np.exp(0.012 * (people.age - 60))
    person = np.repeat(np.arange(len(people)), rng.poisson(yearly * years))
    n = len(person)
    visits = Visits(
        people, Series(person, rng.integers(settings.start_day, settings.end_day + 1, n)), events, rng
    )
    kind = rng.random(n)
    pressured, tested, rest = kind < 0.55, (kind >= 0.55) & (kind < 0.65), kind >= 0.65
    systolic = np.rint(136 + visits.noise(15.0))
    visits.note(pressured, "systolic", systolic, "mmHg")
    visits.note(pressured, "diastolic", np.rint(0.58 * systolic + visits.noise(6.0)), "mmHg")
    visits.note(pressured, "pulse", np.rint(76 + visits.noise(10.0)), "/min")
    visits.note(tested, "hba1c", np.rint(44 + visits.noise(8.0)), "mmol/mol")
    names = ("medication_review", "back_pain", "urinary_infection", "cough", "breathless", "copd_invite")
    visits.note(rest, rng.choice(event(*names), size=n, p=(0.5, 0.2, 0.1, 0.1, 0.07, 0.03)))
