"""What an exacerbation leaves in GP records, and what only looks like one.

Each GP contact gets evidence that the published definition accepts on its own (Rothnie 2016, PLoS ONE
11:e0151357): a code for the exacerbation or for a lower respiratory infection, an antibiotic with an
oral steroid, or two symptoms with either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from copd_strat.synthetic.codes import Bools, Ints, event, medicine
from copd_strat.synthetic.logs import Log
from copd_strat.synthetic.simulated_exacerbations import SEVERE, Exacerbations

EVIDENCE = (
    "code_and_both", "code_and_antibiotic", "code_only", "infection_and_antibiotic",
    "antibiotic_and_steroid", "symptoms_and_antibiotic", "symptoms_and_steroid", "admission_code",
    "rescue_pack",
)  # fmt: skip
_SHARES = (0.40, 0.08, 0.06, 0.20, 0.15, 0.06, 0.05)
_CODED, _ADMISSION_CODE, _RESCUE = (0, 1, 2), 7, 8


@dataclass(frozen=True)
class Contacts:
    """GP contacts: of which exacerbation, whose, when, and a position in ``EVIDENCE``."""

    exacerbation: Ints
    person: Ints
    day: Ints
    kind: Ints


def contacts(exacerbations: Exacerbations, on_record: Bools, rng: np.random.Generator) -> Contacts:
    """One entry a GP contact; those after a hospital contact that is not ``on_record`` are left out.

    Hospital records lag behind: without the stay between them, two GP contacts of one exacerbation
    could look like two exacerbations.
    """
    days, kinds, indexes = [], [], []
    for position, column in enumerate(("first_gp", "later_gp_1", "later_gp_2")):
        day = getattr(exacerbations, column)
        index = np.flatnonzero((day >= 0) & (on_record | (position == 0)))
        kind = rng.choice(len(_SHARES), size=len(index), p=_SHARES).astype(np.int64)
        after_stay = (exacerbations.severity[index] == SEVERE) & (position > 0)
        kind = np.where(after_stay & (rng.random(len(index)) < 0.6), _ADMISSION_CODE, kind)
        days.append(day[index])
        kinds.append(np.where(exacerbations.rescue[index], _RESCUE, kind))
        indexes.append(index)
    index = np.concatenate(indexes)
    return Contacts(index, exacerbations.person[index], np.concatenate(days), np.concatenate(kinds))


def record(seen: Contacts, events: Log, prescriptions: Log, rng: np.random.Generator) -> None:
    """Write the contacts' codes and courses."""
    kind, n = seen.kind, len(seen.kind)
    exacerbation = rng.choice(event("aecopd", "aecopd_infective"), size=n)
    infection = rng.choice(event("lrti", "bronchitis_acute"), size=n)
    code = np.select(
        [np.isin(kind, _CODED), kind == 3, kind == _ADMISSION_CODE, kind == _RESCUE],
        [exacerbation, infection, event("copd_admission")[0], event("rescue_pack")[0]],
        -1,
    )
    _note(events, seen, code >= 0, code[code >= 0])
    symptomatic = np.isin(kind, (5, 6))
    twofold = symptomatic & (rng.random(n) < 0.3)
    _note(events, seen, twofold, event("productive_cough")[0])
    _note(events, seen, symptomatic & ~twofold, event("breathless")[0])
    second = rng.choice(event("cough", "green_sputum"), size=n)
    _note(events, seen, symptomatic & ~twofold, second[symptomatic & ~twofold])
    _note(events, seen, rng.random(n) < 0.2, event("copd_followup")[0])
    antibiotic = np.isin(kind, (0, 1, 3, 4, 5, _RESCUE))
    steroid = np.isin(kind, (0, 4, 6, _RESCUE))
    antibiotic_course(prescriptions, seen.person[antibiotic], seen.day[antibiotic], rng)
    steroid_course(prescriptions, seen.person[steroid], seen.day[steroid], rng)


def _note(events: Log, seen: Contacts, which: Bools, code: Ints | np.int64) -> None:
    events.add(seen.person[which], day=seen.day[which], code=code, value=np.nan, unit=0)


def antibiotic_course(log: Log, person: Ints, day: Ints, rng: np.random.Generator) -> None:
    """Five or seven days of a chest antibiotic."""
    n = len(person)
    drug = rng.choice(4, size=n, p=(0.45, 0.30, 0.15, 0.10))
    names = medicine("amoxicillin", "doxycycline", "clarithromycin", "co_amoxiclav")
    a_day, first_day_extra = np.array([3, 1, 2, 3])[drug], np.array([0, 1, 0, 0])[drug]
    length = rng.choice((5, 7), size=n, p=(0.7, 0.3))
    log.add(
        person,
        day=day,
        medicine=names[drug],
        quantity=(a_day * length + first_day_extra).astype(np.float64),
        duration=np.where(rng.random(n) < 0.5, length, np.nan),
    )


def steroid_course(log: Log, person: Ints, day: Ints, rng: np.random.Generator) -> None:
    """Five or seven days of prednisolone, six or eight 5 mg tablets a day; now and then no quantity."""
    n = len(person)
    length = rng.choice((5, 7), size=n, p=(0.75, 0.25))
    tablets = (length * rng.choice((6, 8), size=n, p=(0.8, 0.2))).astype(np.float64)
    log.add(
        person,
        day=day,
        medicine=medicine("prednisolone_5mg")[0],
        quantity=np.where(rng.random(n) < 0.06, np.nan, tablets),
        duration=np.where(rng.random(n) < 0.5, length, np.nan),
    )
