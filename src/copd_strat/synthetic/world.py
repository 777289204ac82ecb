"""One simulated care system, complete: canonical tables and the truth, ready for any layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from copd_strat.synthetic import (
    after_care,
    arrow_tables,
    comorbidities,
    evidence,
    hospital,
    medicines,
    programme,
    reviews,
    routine,
    stays,
    truth,
)
from copd_strat.synthetic.care_system import found_practices
from copd_strat.synthetic.codes import Floats, Ints
from copd_strat.synthetic.logs import Series, event_log, prescription_log
from copd_strat.synthetic.people import COPD, People, populate
from copd_strat.synthetic.settings import SyntheticSettings
from copd_strat.synthetic.simulated_exacerbations import Exacerbations, simulate


@dataclass(frozen=True)
class World:
    """``tables`` hold the records by canonical name, ``truth`` what really happened."""

    settings: SyntheticSettings
    tables: dict[str, pa.Table]
    truth: dict[str, pa.Table]


def simulate_world(settings: SyntheticSettings) -> World:
    """People, their exacerbations, everything recorded of them, and the truth, from one seed."""
    streams = _streams(settings.seed)
    practices = found_practices(settings.practices, streams["practices"])
    people = populate(settings, practices, streams["people"])
    suffered = simulate(settings, people, streams["exacerbations"])
    others = comorbidities.onsets(settings, people, streams["conditions"])
    seen_to = routine.last_gp_day(settings, people, suffered, streams["absences"])
    stayed = stays.all_stays(settings, people, suffered, streams["stays"])
    home = after_care.discharges(settings, people, stayed)
    cared = after_care.after_care(settings, people, home, seen_to, streams["after_care"])
    gp, lone_steroids = _gp_records(settings, people, suffered, others, seen_to, cared, streams)
    app = programme.app_rows(settings, people, streams["app"])
    contacts = programme.contact_rows(settings, people, home, streams["community"])
    attended = stays.all_attendances(settings, people, suffered, stayed, streams["attendances"])
    notes = truth.note_people(settings, people, lone_steroids.person, attended, seen_to)
    return World(
        settings=settings,
        tables={
            "patients": arrow_tables.patients_table(settings, people, practices),
            **gp,
            "hospital_episodes": hospital.episodes_table(
                settings, people, others, stayed, streams["episodes"]
            ),
            "ed_attendances": hospital.attendances_table(people, attended, streams["attendance_rows"]),
            "deaths": arrow_tables.deaths_table(people),
            "organisations": arrow_tables.organisations_table(practices),
            "local_flags": _local_flags(settings, people, streams["flags"]),
            "community_contacts": programme.contacts_table(people, contacts),
            "app_activity": programme.app_table(people, app),
        },
        truth={
            "patients": truth.patients_truth(settings, people, practices, suffered, notes),
            "exacerbations": truth.exacerbations_truth(settings, people, suffered),
            "discharges": after_care.discharges_truth(people, home),
            "after_care": after_care.after_care_truth(people, cared),
            "app": programme.app_truth(settings, people, app),
            "clinic": programme.contacts_truth(people, contacts),
        },
    )


_STEPS = (
    "practices", "people", "exacerbations", "conditions", "living", "evidence", "reviews", "review_records",
    "prevention", "contacts", "medicines", "lone_courses", "stays", "attendances", "episodes",
    "attendance_rows", "flags", "copd", "absences", "after_care", "app", "community",
)  # fmt: skip


def _streams(seed: int) -> dict[str, np.random.Generator]:
    """A random stream a step, so that a change in one step leaves the others' draws as they were."""
    return {step: np.random.default_rng([seed, number]) for number, step in enumerate(_STEPS)}


def _gp_records(
    settings: SyntheticSettings,
    people: People,
    suffered: Exacerbations,
    others: dict[str, Ints],
    seen_to: Ints,
    cared: after_care.AfterCare,
    streams: dict[str, np.random.Generator],
) -> tuple[dict[str, pa.Table], Series]:
    """GP events and prescriptions, and the lone steroid courses that the truth notes."""
    events, issues = event_log(), prescription_log()
    comorbidities.record_copd(people, events, streams["copd"])
    comorbidities.record_conditions(others, events)
    home = comorbidities.living(people, streams["living"])
    comorbidities.record_living(settings, people, home, events, streams["living"])
    on_record = stays.on_record(suffered, settings.hospital_end_day)
    seen = evidence.contacts(suffered, on_record, streams["evidence"])
    evidence.record(seen, events, issues, streams["evidence"])
    busy = Series(seen.person, seen.day)
    reviewed = reviews.reviews(settings, people, busy, streams["reviews"])
    reviews.record_reviews(people, reviewed, suffered, events, issues, streams["review_records"])
    routine.record_vaccinations(settings, people, events, streams["prevention"])
    routine.record_rehabilitation(settings, people, events, streams["prevention"])
    after_care.record_after_care(cared, events)
    routine.record_other_contacts(settings, people, events, streams["contacts"])
    medicines.record_medicines(settings, people, others, issues, streams["medicines"])
    lone = medicines.record_lone_courses(settings, people, busy, issues, streams["lone_courses"])
    last = np.minimum(people.last_day(settings.end_day), seen_to)
    born = people.first_day()
    return {
        "gp_events": arrow_tables.gp_events_table(settings, people, events.gathered(born, last)),
        "prescriptions": arrow_tables.prescriptions_table(
            settings, people, issues.gathered(np.maximum(born, settings.start_day), last)
        ),
    }, lone


def _local_flags(settings: SyntheticSettings, people: People, rng: np.random.Generator) -> pa.Table:
    """What practices say of their patients with COPD in a local list."""
    person, flag = [], []
    copd = people.kind == COPD
    without_device = 0.05 * np.exp(0.06 * (people.age - 70))
    shares: dict[str, Floats | float] = {
        "gp_nominated": 0.015,
        "no_device": without_device,
        "declined_app": 0.03,
        "on_clinic_caseload": 0.01,
        "app_registered": 0.07,
    }
    for position, share in enumerate(shares.values()):
        who = np.flatnonzero(
            copd & (people.last_day(settings.end_day) == settings.end_day) & (rng.random(len(people)) < share)
        )
        person.append(who)
        flag.append(np.full(len(who), position))
    persons = np.concatenate(person)
    table = pa.table(
        {
            "patient_id": arrow_tables.picked(persons, tuple(people.identifier.tolist())),
            "flag": arrow_tables.picked(np.concatenate(flag), tuple(shares)),
            "flag_date": arrow_tables.dates(settings.end_day - rng.integers(1, 500, len(persons))),
        }
    )
    return table.sort_by([("patient_id", "ascending"), ("flag", "ascending")])
