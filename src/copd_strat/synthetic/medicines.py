"""Regular prescriptions, and courses that are not exacerbations."""

from __future__ import annotations

import numpy as np

from copd_strat.synthetic.codes import Bools, Ints, medicine
from copd_strat.synthetic.evidence import antibiotic_course, steroid_course
from copd_strat.synthetic.logs import Log, Series, repeated
from copd_strat.synthetic.people import ASTHMA, COPD, NEVER, YEAR, People
from copd_strat.synthetic.settings import SyntheticSettings
from copd_strat.synthetic.simulated_exacerbations import yearly_rate

#: Steps of inhaled treatment, each with the products that stand for it.
_STEPS = (
    ("tiotropium", "umeclidinium"),
    ("umeclidinium_vilanterol", "umeclidinium_vilanterol"),
    ("beclometasone_formoterol", "fluticasone_salmeterol"),
    ("trimbow", "trelegy"),
)


def record_medicines(
    settings: SyntheticSettings,
    people: People,
    conditions: dict[str, Ints],
    log: Log,
    rng: np.random.Generator,
) -> None:
    """Inhalers by severity, statins, mucolytics, long-term azithromycin and prednisolone, and the rest."""
    _inhalers(settings, people, log, rng)
    n = len(people)
    heart = (conditions["ihd"] < NEVER) | (conditions["stroke"] < NEVER) | (conditions["diabetes"] < NEVER)
    _monthly(
        settings,
        rng.random(n) < np.where(heart, 0.75, 0.25),
        ("atorvastatin", "simvastatin"),
        28.0,
        log,
        rng,
    )
    copd = people.kind == COPD
    _monthly(
        settings,
        copd & (rng.random(n) < 0.06 + 0.06 * (people.severity > 0.5)),
        ("carbocisteine",),
        56.0,
        log,
        rng,
    )
    _monthly(
        settings, copd & (rng.random(n) < 0.02 * (people.severity > 0.3)), ("aminophylline",), 56.0, log, rng
    )
    for number, share in enumerate((0.35, 0.25, 0.30, 0.15, 0.18), start=1):
        _monthly(settings, rng.random(n) < share, (f"unrelated_{number}",), 28.0, log, rng)
    _long_term(settings, people, log, rng)


def _inhalers(settings: SyntheticSettings, people: People, log: Log, rng: np.random.Generator) -> None:
    """A step of treatment by severity and past exacerbations; some step up during the years."""
    n = len(people)
    everyone = np.arange(n)
    copd = people.kind == COPD
    need = people.severity + 0.35 * yearly_rate(people) + rng.normal(0, 0.6, n)
    step = np.digitize(need, (-0.75, -0.05, 0.55, 0.95)) - 1
    stepped_up = (rng.random(n) < 0.3) & (step > 0)
    change = settings.end_day - rng.integers(100, 1500, n)
    change = np.where(stepped_up, change, settings.start_day)
    first = np.maximum(settings.start_day, np.where(copd, people.diagnosed, 0)) + rng.integers(0, 50, n)
    every = rng.choice((30.0, 45.0, 60.0), size=n, p=(0.5, 0.2, 0.3))
    which = rng.integers(0, 2, n)
    for level, names in enumerate(_STEPS):
        now = copd & (step == level)
        before = copd & stepped_up & (step - 1 == level)
        for who, start, stop in (
            (now, np.maximum(first, change), np.full(n, settings.end_day)),
            (before, first, change - 1),
        ):
            person = everyone[who]
            issues = repeated(person, start[person], stop[person], every[person], 5, rng)
            _issue(log, issues, medicine(*names)[which[issues.person]], 1.0, 30.0)
    _monthly(settings, copd & (rng.random(n) < 0.88), ("salbutamol",), 55.0, log, rng)
    _monthly(settings, copd & (step < 0) & (rng.random(n) < 0.2), ("ipratropium",), 60.0, log, rng)
    asthma = people.kind == ASTHMA
    _monthly(settings, asthma & (rng.random(n) < 0.6), ("beclometasone",), 60.0, log, rng)
    _monthly(settings, asthma & (rng.random(n) < 0.7), ("salbutamol",), 90.0, log, rng)


def _monthly(
    settings: SyntheticSettings,
    who: Bools,
    names: tuple[str, ...],
    every: float,
    log: Log,
    rng: np.random.Generator,
) -> None:
    """A repeat medicine since some day of the years, to the end."""
    person = np.flatnonzero(who)
    begun = np.where(rng.random(len(person)) < 0.7, 0, rng.integers(0, 1500, len(person)))
    first = settings.start_day + begun + rng.integers(0, int(every), len(person))
    last = np.full(len(person), settings.end_day)
    spacing = every * rng.choice((1.0, 2.0), size=len(person), p=(0.7, 0.3))
    issues = repeated(person, first, last, spacing, 4, rng)
    product = medicine(*names)[issues.person % len(names)]
    _issue(log, issues, product, every, np.nan)


def _issue(log: Log, issues: Series, product: Ints, quantity: float, duration: float) -> None:
    log.add(issues.person, day=issues.day, medicine=product, quantity=quantity, duration=duration)


def _long_term(settings: SyntheticSettings, people: People, log: Log, rng: np.random.Generator) -> None:
    """Azithromycin three times a week and prednisolone daily, four-weekly: no exacerbations."""
    keen = (people.kind == COPD) * np.clip(yearly_rate(people) - 1.0, 0, 3)
    for name, quantity, strength in (("azithromycin", 12.0, 0.02), ("prednisolone_5mg", 28.0, 0.015)):
        person = np.flatnonzero(rng.random(len(people)) < strength * keen)
        first = settings.end_day - rng.integers(150, 1500, len(person))
        issues = repeated(
            person, first, np.full(len(person), settings.end_day), np.full(len(person), 28.0), 3, rng
        )
        _issue(log, issues, medicine(name)[np.zeros(len(issues.person), dtype=np.int64)], quantity, 28.0)


def record_lone_courses(
    settings: SyntheticSettings, people: People, busy: Series, log: Log, rng: np.random.Generator
) -> Series:
    """An antibiotic alone or a steroid alone: not an exacerbation by the definition.

    None falls on a day of an exacerbation's GP contact, nor on the same day as the other.
    Returns the steroid courses that come within three weeks after such a contact, which a clinician might
    well call a relapse: the truth notes them.
    """
    years = (settings.end_day - settings.start_day) / YEAR
    person = np.repeat(np.arange(len(people)), rng.poisson(0.28 * years, len(people)))
    day = rng.integers(settings.start_day, settings.end_day + 1, len(person))
    steroid = rng.random(len(person)) < 0.25
    keys = person * 100_000 + day
    _, first = np.unique(keys, return_index=True)
    once = np.zeros(len(keys), dtype=bool)
    once[first] = True
    # the first entry stands for "never": it is long before anybody's
    contact = np.unique(np.append(busy.person * 100_000 + busy.day, -NEVER))
    clear = once & ~np.isin(keys, contact)
    antibiotic_course(log, person[clear & ~steroid], day[clear & ~steroid], rng)
    steroid_course(log, person[clear & steroid], day[clear & steroid], rng)
    since = keys - contact[np.clip(np.searchsorted(contact, keys) - 1, 0, None)]
    near = clear & steroid & (since > 0) & (since <= 21)
    return Series(person[near], day[near])
