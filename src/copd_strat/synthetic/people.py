"""Who lives in the care system: age, place, lungs, other conditions, and how they come and go.

A person's latent ``severity`` (mean about 0, unit about one standard deviation) and ``propensity``
(mean 1, lasting, the reason that past exacerbations foretell the next) drive all that follows.
Strengths of effects are chosen for plausible direction and size; they are not estimates.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from copd_strat.synthetic.care_system import Practices, assign
from copd_strat.synthetic.codes import Bools, Floats, Ints
from copd_strat.synthetic.settings import SyntheticSettings

NEVER = 2**30
YEAR = 365.25
COPD, ASTHMA, OTHER = 0, 1, 2
FEMALE, MALE = 0, 1
NEVER_SMOKED, EX_SMOKER, SMOKER = 0, 1, 2
_CROCKFORD = np.array(list("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))


@dataclass(frozen=True)
class People:
    """One entry a person in every array; days count from 1 January 1970, ``NEVER`` where none.

    ``leaves`` is the day a person left the area, ``died`` the day of death; ``resolved`` the day the
    diagnosis was withdrawn and ``rediagnosed`` the day it was made again. Who ``moved`` came from
    ``earlier_practice``. ``lungs`` and
    ``breath`` (standard normal) set FEV1 and breathlessness apart from severity; ``recorded`` (0 to 1) is how
    complete a record is.
    """

    identifier: npt.NDArray[np.str_]
    kind: Ints
    practice: Ints
    earlier_practice: Ints
    moved: Ints
    registered: Ints
    leaves: Ints
    died: Ints
    sex: Ints
    birth_year: Ints
    birth_month: Ints
    age: Floats
    ethnicity: Ints
    imd_decile: Ints
    smoking: Ints
    height_m: Floats
    bmi: Floats
    severity: Floats
    propensity: Floats
    lungs: Floats
    breath: Floats
    recorded: Floats
    diagnosed: Ints
    resolved: Ints
    rediagnosed: Ints

    def __len__(self) -> int:
        return len(self.identifier)

    def first_day(self) -> Ints:
        """The first birthday, or 1970 if that is later: records of diagnoses may be as old as that."""
        birthday = (self.birth_year - 1970 + 1) * 12 + self.birth_month
        return np.maximum(birthday.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64), 1)

    def last_day(self, end_day: int) -> Ints:
        """The last day on which anything of a person can be on record."""
        return np.minimum(np.minimum(self.died, self.leaves), end_day)

    def take(self, positions: Ints) -> People:
        return replace(self, **{f.name: getattr(self, f.name)[positions] for f in fields(self)})

    def on_register(self, end_day: int) -> Bools:
        """COPD not withdrawn since, aged 35 or over, alive and registered (docs/decisions.md §5)."""
        unresolved = (self.resolved == NEVER) | (self.rediagnosed < NEVER)
        here = (self.died > end_day) & (self.leaves > end_day)
        registered: Bools = (self.kind == COPD) & unresolved & here & (self.age >= 35)
        return registered


def populate(settings: SyntheticSettings, practices: Practices, rng: np.random.Generator) -> People:
    """People with COPD until exactly ``register`` are on it, and people without."""
    pool = settings.register * 2 + 100
    with_copd = _draw(settings, practices, np.full(pool, COPD, dtype=np.int64), rng)
    chosen = np.flatnonzero(np.cumsum(with_copd.on_register(settings.end_day)) <= settings.register)
    count = settings.other_people
    kinds = np.where(rng.random(count) < 0.35, ASTHMA, OTHER).astype(np.int64)
    without = _draw(settings, practices, kinds, rng)
    people = _join(with_copd.take(chosen), without)
    shuffled = people.take(rng.permutation(len(people)))
    return replace(shuffled, identifier=_identifiers(len(shuffled), rng))


def _join(first: People, second: People) -> People:
    both = {f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)]) for f in fields(People)}
    return People(**both)


def _identifiers(count: int, rng: np.random.Generator) -> npt.NDArray[np.str_]:
    """Opaque ids in no order: 'SYN' and ten letters or digits of Crockford's alphabet."""
    numbers = np.unique(rng.integers(0, 2**50, size=count + 64))
    chosen = rng.permutation(numbers)[:count]
    shifts = np.arange(45, -1, -5)
    letters = _CROCKFORD[(chosen[:, None] >> shifts) & 31]
    return np.array(["SYN" + "".join(row) for row in letters.tolist()])


def _draw(settings: SyntheticSettings, practices: Practices, kind: Ints, rng: np.random.Generator) -> People:
    n, end = len(kind), settings.end_day
    copd = kind == COPD
    practice = assign(practices, n, rng)
    imd = np.clip(np.rint(practices.deprivation[practice] + rng.normal(0, 1.8, n)), 1, 10).astype(np.int64)
    age = _ages(kind, rng)
    sex = np.where(rng.random(n) < 0.48, FEMALE, MALE).astype(np.int64)
    smoking = _smoking(copd, imd, rng)
    severity = rng.normal(0, 0.9, n) + 0.25 * (smoking == SMOKER) + 0.05 * (5.5 - imd) + 0.01 * (age - 70)
    birth = end - np.floor(age * YEAR).astype(np.int64)
    dated = birth.astype("datetime64[D]")
    return People(
        identifier=np.full(n, ""),
        kind=kind,
        practice=practice,
        earlier_practice=(practice + 1 + rng.integers(0, 7, n)) % len(practices),
        **_comings_and_goings(settings, copd, age, severity, rng),
        sex=sex,
        birth_year=dated.astype("datetime64[Y]").astype(np.int64) + 1970,
        birth_month=dated.astype("datetime64[M]").astype(np.int64) % 12 + 1,
        age=age,
        ethnicity=rng.choice(len(ETHNICITY), size=n, p=ETHNICITY_SHARES),
        imd_decile=np.where(rng.random(n) < 0.02, 0, imd),
        smoking=smoking,
        height_m=np.where(sex == MALE, rng.normal(1.74, 0.07, n), rng.normal(1.61, 0.065, n)),
        bmi=np.clip(rng.normal(27.5, 5.2, n) - 1.2 * np.maximum(severity, 0) * copd, 14, 55),
        severity=severity,
        propensity=rng.gamma(1.5, 1 / 1.5, n),
        lungs=rng.normal(0, 1, n),
        breath=rng.normal(0, 1, n),
        recorded=rng.random(n),
        **_diagnosis(kind, end, rng),
    )


#: One letter each as in the NHS Data Dictionary's ethnic category; Z is not stated.
ETHNICITY = ("A", "B", "C", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "Z")
ETHNICITY_SHARES = (0.76, 0.02, 0.04, 0.01, 0.03, 0.02, 0.02, 0.01, 0.02, 0.02, 0.005, 0.005, 0.01, 0.03)


def _ages(kind: Ints, rng: np.random.Generator) -> Floats:
    """Ages at the end; a few with COPD are under 35, nobody so near 35 that a month matters."""
    n = len(kind)
    older = np.clip(rng.normal(70, 9.5, n), 36, 98)
    younger = rng.uniform(22, 34, n)
    anyone = np.clip(rng.normal(55, 18, n), 18, 98)
    with_copd = np.where(rng.random(n) < 0.01, younger, older)
    return np.where(kind == COPD, with_copd, anyone)


def _smoking(copd: Bools, imd: Ints, rng: np.random.Generator) -> Ints:
    smokes = np.where(copd, 0.34, 0.13) + 0.012 * (5.5 - imd)
    never = np.where(copd, 0.07, 0.52)
    draw = rng.random(len(imd))
    return np.select([draw < never, draw < never + smokes], [NEVER_SMOKED, SMOKER], EX_SMOKER).astype(
        np.int64
    )


def _comings_and_goings(
    settings: SyntheticSettings, copd: Bools, age: Floats, severity: Floats, rng: np.random.Generator
) -> dict[str, Ints]:
    """Registration, moves between practices of the system, departure, death: each before the next."""
    n, end = len(age), settings.end_day
    died = _deaths(settings, copd, age, severity, rng)
    leaves = np.where(rng.random(n) < 0.05, end - rng.integers(20, 1700, n), NEVER)
    gone = np.minimum(died, leaves)
    registered = np.minimum(_registrations(end, age, rng), gone - 400)
    moved = end - rng.integers(60, 1400, n)
    moves = (rng.random(n) < 0.04) & (registered < end - 1500) & (moved < gone - 30)
    return {"registered": registered, "moved": np.where(moves, moved, NEVER), "leaves": leaves, "died": died}


def _deaths(
    settings: SyntheticSettings, copd: Bools, age: Floats, severity: Floats, rng: np.random.Generator
) -> Ints:
    yearly = 0.010 * np.exp(0.075 * (age - 65)) * np.where(copd, 2.0 * np.exp(0.55 * severity), 0.5)
    died = settings.start_day + np.floor(rng.exponential(1.0, len(age)) / yearly * YEAR).astype(np.int64)
    return np.where(died <= settings.end_day, died, NEVER)


def _registrations(end: int, age: Floats, rng: np.random.Generator) -> Ints:
    """Day of registration; one in thirty registered in the last year."""
    long_ago = end - np.floor(rng.uniform(1.1, np.maximum(age * 0.7, 3)) * YEAR).astype(np.int64)
    lately = end - rng.integers(15, 350, len(age))
    return np.where(rng.random(len(age)) < 1 / 30, lately, long_ago)


def _diagnosis(kind: Ints, end: int, rng: np.random.Generator) -> dict[str, Ints]:
    n, copd = len(kind), kind == COPD
    diagnosed = end - np.floor(rng.gamma(2.2, 3.2, n) * YEAR).astype(np.int64) - 30
    fate = rng.random(n)
    withdrawn = copd & (fate < 0.03)
    again = withdrawn & (fate < 0.006)
    span = np.maximum(end - diagnosed, 30)
    resolved = diagnosed + np.floor(span * 0.5).astype(np.int64)
    rediagnosed = diagnosed + np.floor(span * 0.8).astype(np.int64)
    return {
        "diagnosed": np.where(copd, diagnosed, NEVER),
        "resolved": np.where(withdrawn, resolved, NEVER),
        "rediagnosed": np.where(again, rediagnosed, NEVER),
    }
