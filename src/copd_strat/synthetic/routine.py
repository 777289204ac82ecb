"""Ordinary GP care: annual reviews with their measurements, vaccinations, rehabilitation, other contacts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from copd_strat.synthetic.codes import Bools, Floats, Ints, event
from copd_strat.synthetic.evidence import antibiotic_course, steroid_course
from copd_strat.synthetic.exacerbations import Exacerbations
from copd_strat.synthetic.logs import Log, Series, repeated, unit
from copd_strat.synthetic.people import COPD, MALE, YEAR, People
from copd_strat.synthetic.settings import SyntheticSettings


def fev1_percent(people: People) -> Floats:
    """Usual FEV1 as per cent of predicted: lower with severity."""
    return np.clip(61 - 15 * people.severity + 6 * people.lungs, 14, 118)


def predicted_fev1_litres(people: People) -> Floats:
    """ECSC 1993 reference values (Quanjer 1993), height in metres: enough to make litres of per cent."""
    male = 4.30 * people.height_m - 0.029 * people.age - 2.49
    female = 3.95 * people.height_m - 0.025 * people.age - 2.60
    return np.maximum(np.where(people.sex == MALE, male, female), 0.8)


def mrc_grade(people: People, noise: Floats) -> Ints:
    """MRC grade 1 to 5: higher with severity, age and weight."""
    feeling = people.severity + 0.015 * (people.age - 70) + 0.02 * (people.bmi - 27) + 0.55 * noise
    return 1 + np.digitize(feeling, (-0.85, 0.15, 0.95, 1.75))


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


def record_reviews(
    people: People,
    seen: Series,
    exacerbations: Exacerbations,
    events: Log,
    prescriptions: Log,
    rng: np.random.Generator,
) -> None:
    """What a review records on its day. Some also enter a past exacerbation or hand out a rescue pack:
    a review day is never an exacerbation (Rothnie 2016), so neither counts."""
    person, day, n = seen.person, seen.day, len(seen.day)

    def note(which: Bools, code: Ints | np.int64, value: npt.ArrayLike = np.nan, units: str = "") -> None:
        values = np.broadcast_to(np.asarray(value, dtype=np.float64), (n,))[which]
        events.add(person[which], day=day[which], code=code, value=values, unit=unit(units))

    def some(share: float) -> Bools:
        return rng.random(n) < share

    note(np.ones(n, dtype=bool), rng.choice(event("copd_review", "copd_review_6m"), size=n, p=(0.95, 0.05)))
    grade = mrc_grade(people, rng.normal(0, 1, len(people)))[person]
    thorough = people.recorded[person] > 0.07
    graded = thorough & some(0.88)
    mmrc = graded & some(0.12)
    mrc_codes, mmrc_codes = event(*(f"mrc_{g}" for g in range(1, 6))), event(*(f"mmrc_{g}" for g in range(5)))
    note(graded & ~mmrc, mrc_codes[grade - 1][graded & ~mmrc])
    note(mmrc, mmrc_codes[grade - 1][mmrc])
    cat = np.rint(15 + 6 * people.severity[person] + rng.normal(0, 4, n)).clip(0, 40)
    note(thorough & some(0.5), event("cat")[0], cat, "score")
    smoking = event("never_smoked", "ex_smoker", "smoker")[people.smoking[person]]
    told = some(0.95)
    note(told, smoking[told])
    count = past_year(exacerbations, seen)
    counted = some(0.7)
    note(counted, event("exacerbation_count")[0], count.astype(np.float64))
    note(counted & (count == 1) & some(0.1), event("emis_one_exacerbation")[0])
    spo2: Floats = np.clip(np.rint(95.5 - 1.4 * people.severity[person] + rng.normal(0, 1.3, n)), 78, 100)
    note(some(0.45), event("spo2")[0], spo2, "%")
    _spirometry(people, seen, thorough & some(0.42), events, rng)
    _body(people, seen, some(0.75), events, rng)
    note(some(0.55), event("inhaler_technique")[0])
    note(some(0.6), event("plan")[0])
    note(some(0.08), event("aecopd")[0])
    note(some(0.03), event("app_offered")[0])
    packed = some(0.06)
    note(packed, event("rescue_pack")[0])
    antibiotic_course(prescriptions, person[packed], day[packed], rng)
    steroid_course(prescriptions, person[packed], day[packed], rng)
    eosinophils: Floats = np.round(np.clip(rng.lognormal(-1.6, 0.6, n), 0.0, 3.0), 2)
    note(some(0.6), event("eosinophils")[0], eosinophils, "10*9/L")


def past_year(exacerbations: Exacerbations, seen: Series) -> Ints:
    """Exacerbations that started in the 365 days before each review."""
    starts = np.sort(exacerbations.person * 100_000 + exacerbations.start)
    to = np.searchsorted(starts, seen.person * 100_000 + seen.day, "left")
    return to - np.searchsorted(starts, seen.person * 100_000 + seen.day - 365, "left")


def _spirometry(people: People, seen: Series, which: Bools, events: Log, rng: np.random.Generator) -> None:
    """FEV1 in litres (one in twelve in ml), per cent of predicted, or both; the ratio at times per cent."""
    person, day = seen.person[which], seen.day[which]
    n = len(person)
    percent = np.clip(fev1_percent(people)[person] + rng.normal(0, 4, n), 12, 125)
    litres = np.clip(np.round(percent / 100 * predicted_fev1_litres(people)[person], 2), 0.3, 6.5)
    in_ml = rng.random(n) < 1 / 12
    kind = rng.random(n)
    with_litres, with_percent = kind < 0.75, kind > 0.5
    code = rng.choice(event("fev1", "fev1_post"), size=n)
    value, units = np.where(in_ml, np.rint(litres * 1000), litres), np.where(in_ml, unit("ml"), unit("L"))
    events.add(
        person[with_litres],
        day=day[with_litres],
        code=code[with_litres],
        value=value[with_litres],
        unit=units[with_litres],
    )
    events.add(
        person[with_percent],
        day=day[with_percent],
        code=event("fev1_percent")[0],
        value=np.rint(percent)[with_percent],
        unit=unit("%"),
    )
    ratio = np.clip(0.30 + 0.0045 * percent + rng.normal(0, 0.05, n), 0.22, 0.69)
    as_percent = rng.random(n) < 0.3
    events.add(
        person,
        day=day,
        code=rng.choice(event("ratio", "ratio_post"), size=n),
        value=np.round(np.where(as_percent, ratio * 100, ratio), 2),
        unit=np.where(as_percent, unit("%"), unit("ratio")),
    )
    events.add(
        person[with_litres],
        day=day[with_litres],
        code=event("fvc")[0],
        value=np.round(litres / ratio, 2)[with_litres],
        unit=unit("L"),
    )


def _body(people: People, seen: Series, which: Bools, events: Log, rng: np.random.Generator) -> None:
    person, day = seen.person[which], seen.day[which]
    bmi = np.round(np.clip(people.bmi[person] + rng.normal(0, 0.6, len(person)), 13, 60), 1)
    weight = np.round(bmi * people.height_m[person] ** 2, 1)
    height = np.rint(people.height_m[person] * 100)
    events.add(person, day=day, code=event("bmi")[0], value=bmi, unit=unit("kg/m2"))
    events.add(person, day=day, code=event("weight")[0], value=weight, unit=unit("kg"))
    events.add(person, day=day, code=event("height")[0], value=height, unit=unit("cm"))


def record_prevention(
    settings: SyntheticSettings, people: People, events: Log, rng: np.random.Generator
) -> None:
    """Influenza vaccination each autumn, pneumococcal once, rehabilitation offered when breathless."""
    n, end = len(people), settings.end_day
    everyone = np.arange(n)
    copd = people.kind == COPD
    takes_part = rng.random(n) < np.where(copd | (people.age > 65), 0.78, 0.25)
    first_year = 1970 + settings.start_day // 365
    for year in range(first_year, settings.end.year + 1):
        september = int(np.datetime64(f"{year}-09-10").astype(np.int64))
        who = everyone[takes_part & (rng.random(n) < 0.9)]
        day = september + rng.integers(0, 80, len(who))
        events.add(who, day=day, code=event("flu_vaccine")[0], value=np.nan, unit=0)
    pneumo = everyone[copd & (rng.random(n) < 0.72)]
    events.add(
        pneumo,
        day=end - rng.integers(100, 4500, len(pneumo)),
        code=event("pneumo_vaccine")[0],
        value=np.nan,
        unit=0,
    )
    breathless = everyone[copd & (mrc_grade(people, np.zeros(n)) >= 3) & (rng.random(n) < 0.6)]
    offered = end - rng.integers(60, 1500, len(breathless))
    answer = rng.random(len(breathless))
    for name, low, high, later in (
        ("pr_offered", 0.0, 1.0, 0),
        ("pr_declined", 0.0, 0.35, 5),
        ("pr_referred", 0.35, 0.8, 3),
        ("pr_commenced", 0.5, 0.8, 40),
        ("pr_completed", 0.6, 0.8, 95),
    ):
        came = (answer >= low) & (answer < high)
        events.add(breathless[came], day=offered[came] + later, code=event(name)[0], value=np.nan, unit=0)


def record_other_contacts(
    settings: SyntheticSettings, people: People, events: Log, rng: np.random.Generator
) -> None:
    """Blood pressure, tests, aches; at most one symptom a contact, so that none is an exacerbation."""
    years = (settings.end_day - settings.start_day) / YEAR
    yearly = np.where(people.kind == COPD, 5.0, 3.0) * np.exp(0.012 * (people.age - 60))
    person = np.repeat(np.arange(len(people)), rng.poisson(yearly * years))
    n = len(person)
    day = rng.integers(settings.start_day, settings.end_day + 1, n)
    kind = rng.random(n)
    pressured = kind < 0.55
    systolic = np.rint(rng.normal(136, 15, n))
    events.add(
        person[pressured],
        day=day[pressured],
        code=event("systolic")[0],
        value=systolic[pressured],
        unit=unit("mmHg"),
    )
    diastolic = np.rint(0.58 * systolic + rng.normal(0, 6, n))
    events.add(
        person[pressured],
        day=day[pressured],
        code=event("diastolic")[0],
        value=diastolic[pressured],
        unit=unit("mmHg"),
    )
    events.add(
        person[pressured],
        day=day[pressured],
        code=event("pulse")[0],
        value=np.rint(rng.normal(76, 10, n))[pressured],
        unit=unit("/min"),
    )
    tested = (kind >= 0.55) & (kind < 0.65)
    events.add(
        person[tested],
        day=day[tested],
        code=event("hba1c")[0],
        value=np.rint(rng.normal(44, 8, n))[tested],
        unit=unit("mmol/mol"),
    )
    rest = kind >= 0.65
    names = ("medication_review", "back_pain", "urinary_infection", "cough", "breathless", "copd_invite")
    code = rng.choice(event(*names), size=n, p=(0.5, 0.2, 0.1, 0.1, 0.07, 0.03))
    events.add(person[rest], day=day[rest], code=code[rest], value=np.nan, unit=0)
