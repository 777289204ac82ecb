"""COPD annual reviews: when they happen and what they record, all on one day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from copd_strat.synthetic.codes import Bools, Floats, Ints, event
from copd_strat.synthetic.evidence import antibiotic_course, steroid_course
from copd_strat.synthetic.logs import Log, Series, repeated, unit
from copd_strat.synthetic.people import COPD, MALE, People
from copd_strat.synthetic.settings import SyntheticSettings
from copd_strat.synthetic.simulated_exacerbations import Exacerbations

#: Records so thin that no review in them holds MRC, CAT or spirometry.
_THIN_RECORDS = 0.07


def fev1_percent(people: People) -> Floats:
    """Usual FEV1 as per cent of predicted: lower with severity."""
    return np.clip(61 - 11 * people.severity + 12 * people.lungs, 14, 118)


def predicted_fev1_litres(people: People) -> Floats:
    """ECSC 1993 reference values (Quanjer 1993), height in metres: good enough to make litres of per cent."""
    male = 4.30 * people.height_m - 0.029 * people.age - 2.49
    female = 3.95 * people.height_m - 0.025 * people.age - 2.60
    return np.maximum(np.where(people.sex == MALE, male, female), 0.8)


def mrc_grade(people: People) -> Ints:
    """MRC grade 1 to 5: higher with severity, age and weight."""
    feeling = people.severity + 0.015 * (people.age - 70) + 0.02 * (people.bmi - 27) + 0.8 * people.breath
    return 1 + np.digitize(feeling, (-1.0, 0.25, 1.3, 2.5))


def reviews(settings: SyntheticSettings, people: People, busy: Series, rng: np.random.Generator) -> Series:
    """Annual COPD reviews, never on a day of an exacerbation's GP contact (``busy``)."""
    known = np.flatnonzero(people.kind == COPD)
    attends = known[rng.random(len(known)) < 0.93]
    first = np.maximum(
        settings.start_day + rng.integers(0, 365, len(attends)), people.diagnosed[attends] + 10
    )
    last = np.full(len(attends), settings.end_day)
    yearly = repeated(attends, first, last, rng.normal(372, 12, len(attends)), 20, rng)
    happened = rng.random(len(yearly.day)) < 0.84
    person, day = yearly.person[happened], yearly.day[happened]
    taken = np.unique(busy.person * 100_000 + busy.day)
    while (clash := np.isin(person * 100_000 + day, taken)).any():
        day = day + clash
    return Series(person, day)


class Visits:
    """Visits of one kind; ``note`` enters a code on the day of those where ``which`` holds."""

    def __init__(self, people: People, when: Series, events: Log, rng: np.random.Generator) -> None:
        self.people, self.person, self.day = people, when.person, when.day
        self._events, self._rng = events, rng

    def some(self, share: float) -> Bools:
        return self._rng.random(len(self.day)) < share

    def noise(self, spread: float) -> Floats:
        return self._rng.normal(0, spread, len(self.day))

    def note(self, which: Bools, code: str | Ints, value: npt.ArrayLike = np.nan, units: str = "") -> None:
        """``code`` by name, or a position for every visit; ``value`` one for all or one a visit."""
        everyone = self.day.shape
        codes = np.broadcast_to(event(code) if isinstance(code, str) else code, everyone)
        values = np.broadcast_to(np.asarray(value, dtype=np.float64), everyone)
        self._events.add(
            self.person[which], day=self.day[which], code=codes[which], value=values[which], unit=unit(units)
        )


def record_reviews(
    people: People,
    when: Series,
    exacerbations: Exacerbations,
    events: Log,
    prescriptions: Log,
    rng: np.random.Generator,
) -> None:
    """What reviews record, and the rescue packs some hand out."""
    visits = Visits(people, when, events, rng)
    visits.note(
        np.ones(len(when.day), dtype=bool),
        rng.choice(event("copd_review", "copd_review_6m"), size=len(when.day), p=(0.95, 0.05)),
    )
    _symptoms(visits)
    _history(visits, past_year(exacerbations, when))
    _spirometry(visits, rng)
    _body(visits, rng)
    _advice(visits)
    packed = visits.some(0.06)
    visits.note(packed, "rescue_pack")
    antibiotic_course(prescriptions, when.person[packed], when.day[packed], rng)
    steroid_course(prescriptions, when.person[packed], when.day[packed], rng)


def past_year(exacerbations: Exacerbations, when: Series) -> Ints:
    """Exacerbations that started in the 365 days before each visit."""
    starts = np.sort(exacerbations.person * 100_000 + exacerbations.start)
    to = np.searchsorted(starts, when.person * 100_000 + when.day, "left")
    return to - np.searchsorted(starts, when.person * 100_000 + when.day - 365, "left")


def _symptoms(visits: Visits) -> None:
    """MRC grade (one in eight as mMRC) and CAT score."""
    grade = mrc_grade(visits.people)[visits.person]
    thorough = visits.people.recorded[visits.person] > _THIN_RECORDS
    graded, modified = thorough & visits.some(0.88), visits.some(0.12)
    visits.note(graded & ~modified, event(*(f"mrc_{g}" for g in range(1, 6)))[grade - 1])
    visits.note(graded & modified, event(*(f"mmrc_{g}" for g in range(5)))[grade - 1])
    cat = np.rint(15.0 + 6.0 * visits.people.severity[visits.person] + visits.noise(4.0))
    visits.note(thorough & visits.some(0.5), "cat", np.clip(cat, 0, 40), "score")


def _history(visits: Visits, exacerbations: Ints) -> None:
    """Smoking, and exacerbations in the past year: as a count, and now and then as an event.

    A review day is never an exacerbation (Rothnie 2016), nor is the count (docs/decisions.md §9).
    """
    smoking = event("never_smoked", "ex_smoker", "smoker")[visits.people.smoking[visits.person]]
    visits.note(visits.some(0.95), smoking)
    counted = visits.some(0.7)
    visits.note(counted, "exacerbation_count", exacerbations)
    visits.note(counted & (exacerbations == 1) & visits.some(0.1), "emis_one_exacerbation")
    visits.note(visits.some(0.08), "aecopd")


def _spirometry(visits: Visits, rng: np.random.Generator) -> None:
    """FEV1 in litres (one in twelve in ml), per cent of predicted, or both; the ratio at times per cent."""
    done = (visits.people.recorded[visits.person] > _THIN_RECORDS) & visits.some(0.42)
    n = len(visits.day)
    percent = np.clip(fev1_percent(visits.people)[visits.person] + visits.noise(4.0), 12, 125)
    litres = np.round(percent / 100 * predicted_fev1_litres(visits.people)[visits.person], 2)
    litres = np.clip(litres, 0.3, 6.5)
    kind, in_ml, as_percent = rng.random(n), visits.some(1 / 12), visits.some(0.3)
    code = rng.choice(event("fev1", "fev1_post"), size=n)
    blown = done & (kind < 0.75)
    visits.note(blown & ~in_ml, code, litres, "L")
    visits.note(blown & in_ml, code, np.rint(litres * 1000), "ml")
    visits.note(done & (kind > 0.5), "fev1_percent", np.rint(percent), "%")
    ratio = np.clip(np.round(0.30 + 0.0045 * percent + visits.noise(0.05), 2), 0.22, 0.69)
    which_ratio = rng.choice(event("ratio", "ratio_post"), size=n)
    visits.note(done & ~as_percent, which_ratio, ratio, "ratio")
    visits.note(done & as_percent, which_ratio, np.rint(ratio * 100), "%")
    visits.note(blown, "fvc", np.round(litres / ratio, 2), "L")


def _body(visits: Visits, rng: np.random.Generator) -> None:
    """Height, weight, BMI; oxygen saturation; eosinophils."""
    people, person = visits.people, visits.person
    measured = visits.some(0.75)
    bmi = np.round(np.clip(people.bmi[person] + visits.noise(0.6), 13, 60), 1)
    visits.note(measured, "bmi", bmi, "kg/m2")
    visits.note(measured, "weight", np.round(bmi * people.height_m[person] ** 2, 1), "kg")
    visits.note(measured, "height", np.rint(people.height_m[person] * 100), "cm")
    spo2 = np.rint(95.5 - 1.4 * people.severity[person] + visits.noise(1.3))
    visits.note(visits.some(0.45), "spo2", np.clip(spo2, 78, 100), "%")
    eosinophils = np.round(np.minimum(rng.lognormal(-1.6, 0.6, len(person)), 3.0), 2)
    visits.note(visits.some(0.6), "eosinophils", eosinophils, "10*9/L")


def _advice(visits: Visits) -> None:
    for name, share in (("inhaler_technique", 0.55), ("plan", 0.6), ("app_offered", 0.03)):
        visits.note(visits.some(share), name)
