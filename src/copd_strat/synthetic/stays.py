"""Stays in hospital: those that exacerbations cause, and the others a lifetime brings."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from copd_strat.synthetic.care_system import PROVIDERS
from copd_strat.synthetic.codes import Bools, Ints
from copd_strat.synthetic.people import COPD, YEAR, People
from copd_strat.synthetic.settings import SyntheticSettings
from copd_strat.synthetic.simulated_exacerbations import ED_ONLY, SEVERE, Exacerbations

EXACERBATION, EMERGENCY, ELECTIVE = 0, 1, 2
#: A second stay that goes on from the first at another provider; not a new admission.
TRANSFER = 3
_CLEAR_DAYS = 3


@dataclass(frozen=True)
class Stays:
    """One entry a stay at one provider. ``onward`` says that another provider takes over at its end."""

    person: Ints
    kind: Ints
    admission: Ints
    discharge: Ints
    provider: Ints
    onward: Bools

    def __len__(self) -> int:
        return len(self.person)

    def take(self, positions: Ints) -> Stays:
        return Stays(**{f.name: getattr(self, f.name)[positions] for f in fields(self)})


def on_record(exacerbations: Exacerbations, hospital_end_day: int) -> Bools:
    """Exacerbations all of whose hospital contacts are over by the last complete day of hospital records."""
    last: Ints = np.maximum.reduce(
        [
            exacerbations.hospital,
            exacerbations.discharge,
            exacerbations.transfer_end,
            exacerbations.readmission_end,
        ]
    )
    over: Bools = last <= hospital_end_day
    return over


def first_stay_on_record(exacerbations: Exacerbations, hospital_end_day: int) -> Bools:
    """Severe exacerbations whose first stay, transfer included, is over by that day."""
    home = np.maximum(exacerbations.discharge, exacerbations.transfer_end)
    over: Bools = (exacerbations.severity == SEVERE) & (home <= hospital_end_day)
    return over


def all_stays(
    settings: SyntheticSettings, people: People, exacerbations: Exacerbations, rng: np.random.Generator
) -> Stays:
    """Every stay up to the last complete day of hospital records, by person and admission."""
    caused = _caused_by(exacerbations, people, settings.hospital_end_day, rng)
    others = _others(settings, people, rng)
    others = others.take(np.flatnonzero(~_close_to_hospital_days(others, exacerbations)))
    stays = _join(caused, others)
    last = people.last_day(settings.hospital_end_day)[stays.person]
    stays = stays.take(np.flatnonzero(stays.admission <= last))
    died = people.died[stays.person]
    stays = replace(
        stays, discharge=np.minimum(stays.discharge, died), onward=stays.onward & (stays.discharge < died)
    )
    return stays.take(np.lexsort((stays.kind == TRANSFER, stays.admission, stays.person)))


def _join(first: Stays, second: Stays) -> Stays:
    both = {f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)]) for f in fields(Stays)}
    return Stays(**both)


def _caused_by(
    exacerbations: Exacerbations, people: People, hospital_end_day: int, rng: np.random.Generator
) -> Stays:
    """First stays, transfers and readmissions of severe exacerbations.

    A first stay that ends in a transfer reaches the records only together with the stay it leads to.
    """
    e = exacerbations
    n = len(e)
    near = people.practice[e.person] % len(PROVIDERS)
    far = (near + 1) % len(PROVIDERS)
    moved = e.transfer >= 0
    held_back = moved & (e.discharge <= hospital_end_day) & (e.transfer_end > hospital_end_day)
    severe = (e.severity == SEVERE) & ~held_back
    again = severe & (e.readmission >= 0)
    back_where = np.where(rng.random(n) < 0.9, near, far)
    first = Stays(e.person, np.full(n, EXACERBATION), e.hospital, e.discharge, near, moved)
    second = Stays(e.person, np.full(n, TRANSFER), e.transfer, e.transfer_end, far, np.zeros(n, dtype=bool))
    third = Stays(
        e.person,
        np.full(n, EXACERBATION),
        e.readmission,
        e.readmission_end,
        back_where,
        np.zeros(n, dtype=bool),
    )
    parts = (
        first.take(np.flatnonzero(severe)),
        second.take(np.flatnonzero(severe & moved)),
        third.take(np.flatnonzero(again)),
    )
    return _join(_join(parts[0], parts[1]), parts[2])


def _others(settings: SyntheticSettings, people: People, rng: np.random.Generator) -> Stays:
    """Emergencies for other reasons, more with age and severity, and planned stays."""
    years = (settings.end_day - settings.start_day) / YEAR
    sick = np.where(people.kind == COPD, np.exp(0.25 * people.severity), 0.7)
    emergencies = rng.poisson(0.14 * years * sick * np.exp(0.03 * (people.age - 65)))
    planned = rng.poisson(np.full(len(people), 0.16 * years))
    everyone = np.arange(len(people))
    person = np.concatenate([np.repeat(everyone, emergencies), np.repeat(everyone, planned)])
    kind = np.repeat((EMERGENCY, ELECTIVE), (emergencies.sum(), planned.sum()))
    n = len(person)
    admission = rng.integers(settings.start_day, settings.end_day + 1, n)
    length = np.where(
        kind == EMERGENCY, np.minimum(rng.lognormal(1.2, 1.0, n), 60), rng.integers(0, 3, n) * 0.9
    )
    stays = Stays(
        person=person,
        kind=kind,
        admission=admission,
        discharge=admission + np.floor(length).astype(np.int64),
        provider=people.practice[person] % len(PROVIDERS),
        onward=np.zeros(n, dtype=bool),
    )
    stays = stays.take(np.lexsort((stays.admission, stays.person)))
    return stays.take(np.flatnonzero(_apart(stays)))


def _apart(stays: Stays) -> Bools:
    """Stays that start clear of the one kept before, person by person."""
    kept = np.zeros(len(stays), dtype=bool)
    current, busy_until = -1, 0
    for position in range(len(stays)):
        person = stays.person[position]
        if person == current and stays.admission[position] <= busy_until + _CLEAR_DAYS:
            continue
        kept[position] = True
        current, busy_until = person, stays.discharge[position]
    return kept


def _close_to_hospital_days(stays: Stays, exacerbations: Exacerbations) -> Bools:
    """Stays within a few days of the same person's hospital contacts for an exacerbation.

    An admission for another reason next to an ED attendance would read as where that attendance led.
    """
    e = exacerbations
    seen = np.flatnonzero(e.hospital >= 0)
    last = np.maximum.reduce([e.hospital, e.discharge, e.transfer_end, e.readmission_end])
    begun, over = np.sort(_key(e.person, e.hospital)[seen]), np.sort(_key(e.person, last)[seen])
    started = np.searchsorted(begun, _key(stays.person, stays.discharge + _CLEAR_DAYS), "right")
    ended = np.searchsorted(over, _key(stays.person, stays.admission - _CLEAR_DAYS), "left")
    return started > ended


def _key(person: Ints, day: Ints) -> Ints:
    """Person and day as one sortable number."""
    return person * 100_000 + day


@dataclass(frozen=True)
class Attendances:
    """One entry an ED attendance; ``stay`` the position of the stay it led to, else -1.

    ``suspected`` qualifies the diagnosis; ``copd_second`` puts COPD behind an injury:
    readings differ on both.
    """

    person: Ints
    arrival: Ints
    departure: Ints
    respiratory: Bools
    stay: Ints
    suspected: Bools
    copd_second: Bools


def all_attendances(
    settings: SyntheticSettings,
    people: People,
    exacerbations: Exacerbations,
    stays: Stays,
    rng: np.random.Generator,
) -> Attendances:
    """Attendances without admission (for exacerbations and other reasons) and those that led to a stay."""
    alone = np.flatnonzero(exacerbations.severity == ED_ONLY)
    through = np.flatnonzero(np.isin(stays.kind, (EXACERBATION, EMERGENCY)) & (rng.random(len(stays)) < 0.7))
    years = (settings.end_day - settings.start_day) / YEAR
    other = np.repeat(np.arange(len(people)), rng.poisson(0.22 * years, len(people)))
    days = rng.integers(settings.start_day, settings.end_day + 1, len(other))
    day_before = (rng.random(len(through)) < 0.15).astype(np.int64)
    arrival = np.concatenate([exacerbations.hospital[alone], stays.admission[through] - day_before, days])
    overnight = (rng.random(len(alone) + len(other)) < 0.1).astype(np.int64)
    staying = np.concatenate([overnight[: len(alone)], day_before, overnight[len(alone) :]])
    person = np.concatenate([exacerbations.person[alone], stays.person[through], other])
    respiratory = np.concatenate(
        [np.ones(len(alone), bool), stays.kind[through] == EXACERBATION, np.zeros(len(other), bool)]
    )
    stay = np.concatenate([np.full(len(alone), -1), through, np.full(len(other), -1)])
    unclear = rng.random((2, len(person)))
    all_of_them = Attendances(
        person=person,
        arrival=arrival,
        departure=arrival + staying,
        respiratory=respiratory,
        stay=stay,
        suspected=unclear[0] < np.where(respiratory, 0.03, 0.2),
        copd_second=~respiratory & (stay < 0) & (people.kind[person] == COPD) & (unclear[1] < 0.01),
    )
    last = people.last_day(settings.hospital_end_day)[person]
    there = np.flatnonzero((arrival <= last) & (arrival >= settings.start_day))
    kept = there[np.lexsort((person[there], arrival[there]))]
    return Attendances(**{f.name: getattr(all_of_them, f.name)[kept] for f in fields(Attendances)})
