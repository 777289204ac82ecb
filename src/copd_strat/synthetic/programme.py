"""The programme's two halves: who was invited to the clinic and came, who was offered the app and used it.

Shares are chosen for plausible direction: more uptake where deprivation is high and in the younger (a programme in
Dorset reported 85 % of those offered registered, 63 % of them activated). They are not estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from copd_strat.synthetic.after_care import Discharges
from copd_strat.synthetic.arrow_tables import dates, numbers, picked
from copd_strat.synthetic.codes import Bools, Floats, Ints
from copd_strat.synthetic.logs import Log, repeated
from copd_strat.synthetic.people import COPD, NEVER, People
from copd_strat.synthetic.settings import SyntheticSettings

APP_KINDS = ("offered", "registered", "activated", "used", "cat_score", "stepped_up", "declined")
SERVICES = ("multi_professional_clinic", "community_respiratory_team", "pulmonary_rehabilitation")
CONTACTS = ("attended", "did_not_attend", "started", "completed")
#: The app counts as in use for so many days after it was last opened.
ACTIVE_DAYS = 30


@dataclass(frozen=True)
class AppRows:
    """One entry a row of the app's supplier: whose, when, which of ``APP_KINDS``, the score (nan for none)."""

    person: Ints
    day: Ints
    kind: Ints
    value: Floats


@dataclass(frozen=True)
class ContactRows:
    """One entry a contact: whose, when, which of ``SERVICES``, which of ``CONTACTS``."""

    person: Ints
    day: Ints
    service: Ints
    kind: Ints


def app_rows(settings: SyntheticSettings, people: People, rng: np.random.Generator) -> AppRows:
    """Everything that the app's supplier knows, up to each person's last day."""
    log = Log(("day", "kind", "value"))
    person = np.flatnonzero((people.kind == COPD) & (rng.random(len(people)) < 0.25))
    offered = settings.end_day - rng.integers(5, 540, len(person))
    log.add(person, day=offered, kind=APP_KINDS.index("offered"), value=np.nan)
    keen = 0.85 - 0.010 * (people.age[person] - 70) - 0.02 * (people.imd_decile[person] - 5)
    registers = rng.random(len(person)) < keen
    declines = ~registers & (rng.random(len(person)) < 0.5)
    log.add(person[declines], day=offered[declines] + 7, kind=APP_KINDS.index("declined"), value=np.nan)
    person, offered = person[registers], offered[registers]
    registered = offered + rng.integers(0, 15, len(person))
    log.add(person, day=registered, kind=APP_KINDS.index("registered"), value=np.nan)
    activates = rng.random(len(person)) < 0.63
    person, activated = person[activates], registered[activates] + rng.integers(0, 11, activates.sum())
    log.add(person, day=activated, kind=APP_KINDS.index("activated"), value=np.nan)
    _used(settings, people, person, activated, log, rng)
    rows = log.gathered(people.first_day(), people.last_day(settings.end_day))
    return AppRows(
        person=np.asarray(rows["person"], dtype=np.int64),
        day=np.asarray(rows["day"], dtype=np.int64),
        kind=np.asarray(rows["kind"], dtype=np.int64),
        value=np.asarray(rows["value"], dtype=np.float64),
    )


def _used(
    settings: SyntheticSettings,
    people: People,
    person: Ints,
    activated: Ints,
    log: Log,
    rng: np.random.Generator,
) -> None:
    """Weekly use until somebody stops, a CAT score every month or two, now and then care stepped up."""
    stops = np.minimum(activated + rng.exponential(240, len(person)).astype(np.int64), settings.end_day)
    uses = repeated(person, activated, stops, np.full(len(person), 7), 2, rng)
    log.add(uses.person, day=uses.day, kind=APP_KINDS.index("used"), value=np.nan)
    asked = repeated(person, activated + 1, stops, np.full(len(person), 45), 5, rng)
    trend = rng.normal(-0.6, 1.2, len(people))[asked.person]
    start = np.full(len(people), NEVER)
    start[person] = activated
    months = (asked.day - start[asked.person]) / 30
    usual = 15.0 + 6.0 * people.severity[asked.person] + trend * np.minimum(months, 6)
    score = np.clip(np.rint(usual + rng.normal(0, 1.5, len(asked.day))), 0, 40)
    log.add(asked.person, day=asked.day, kind=APP_KINDS.index("cat_score"), value=score)
    stepped = rng.random(len(asked.day)) < 0.02
    log.add(
        asked.person[stepped], day=asked.day[stepped] + 1, kind=APP_KINDS.index("stepped_up"), value=np.nan
    )


def contact_rows(
    settings: SyntheticSettings, people: People, home: Discharges, rng: np.random.Generator
) -> ContactRows:
    """Clinic appointments, visits of the respiratory team after a discharge, pulmonary rehabilitation."""
    log = Log(("day", "service", "kind"))
    ill = (people.kind == COPD) & (people.severity > 0.6) & (rng.random(len(people)) < 0.3)
    person = np.flatnonzero(ill)
    day = settings.end_day - rng.integers(0, 365, len(person))
    came = rng.random(len(person)) < 0.6
    log.add(person, day=day, service=0, kind=np.where(came, 0, 1))
    visited = rng.random(len(home.day)) < 0.35
    log.add(
        home.person[visited], day=home.day[visited] + rng.integers(1, 15, visited.sum()), service=1, kind=0
    )
    trained = rng.random(len(home.day)) < 0.15
    person, day = home.person[trained], home.day[trained] + rng.integers(10, 60, trained.sum())
    log.add(person, day=day, service=2, kind=CONTACTS.index("started"))
    finished = rng.random(len(person)) < 0.6
    log.add(person[finished], day=day[finished] + 49, service=2, kind=CONTACTS.index("completed"))
    first = np.full(len(people), settings.end_day - 3 * 365)
    rows = log.gathered(np.maximum(people.first_day(), first), people.last_day(settings.end_day))
    return ContactRows(
        **{name: np.asarray(rows[name], dtype=np.int64) for name in ("person", "day", "service", "kind")}
    )


def app_table(people: People, rows: AppRows) -> pa.Table:
    return pa.table(
        {
            "patient_id": picked(rows.person, tuple(people.identifier.tolist())),
            "activity_date": dates(rows.day),
            "kind": picked(rows.kind, APP_KINDS),
            "value": numbers(rows.value),
        }
    )


def contacts_table(people: People, rows: ContactRows) -> pa.Table:
    return pa.table(
        {
            "patient_id": picked(rows.person, tuple(people.identifier.tolist())),
            "contact_date": dates(rows.day),
            "service": picked(rows.service, SERVICES),
            "kind": picked(rows.kind, CONTACTS),
        }
    )


def app_truth(settings: SyntheticSettings, people: People, rows: AppRows) -> pa.Table:
    """One row a person who was offered the app: the day of each step, whether it is in use, the CAT scores."""
    first = {
        name: _edge(people, rows, rows.kind == place, last=False) for place, name in enumerate(APP_KINDS)
    }
    in_use = np.isin(rows.kind, (APP_KINDS.index("used"), APP_KINDS.index("cat_score")))
    used_last = _edge(people, rows, in_use, last=True)
    scored = rows.kind == APP_KINDS.index("cat_score")
    who = np.flatnonzero(first["offered"] >= 0)
    ids = tuple(people.identifier.tolist())
    steps = ("offered", "registered", "activated", "stepped_up", "declined")
    return pa.table(
        {
            "patient_id": picked(who, ids),
            **{f"{name}_on": dates(first[name][who]) for name in steps},
            "active": pa.array(used_last[who] > settings.end_day - ACTIVE_DAYS),
            "cat_first": numbers(_score(people, rows, scored, last=False)[who]),
            "cat_last": numbers(_score(people, rows, scored, last=True)[who]),
        }
    ).sort_by("patient_id")


def _edge(people: People, rows: AppRows, which: Bools, *, last: bool) -> Ints:
    """The first or last day of each person's rows, -1 for none; rows come by day."""
    found = np.full(len(people), -1)
    order = slice(None) if last else slice(None, None, -1)
    found[rows.person[which][order]] = rows.day[which][order]
    return found


def _score(people: People, rows: AppRows, which: Bools, *, last: bool) -> Floats:
    found = np.full(len(people), np.nan)
    order = slice(None) if last else slice(None, None, -1)
    found[rows.person[which][order]] = rows.value[which][order]
    return found


def contacts_truth(people: People, rows: ContactRows) -> pa.Table:
    """One row a person who was invited to the clinic: when, and whether they came."""
    clinic = rows.service == 0
    table = pa.table(
        {
            "patient_id": picked(rows.person[clinic], tuple(people.identifier.tolist())),
            "appointment_on": dates(rows.day[clinic]),
            "came": pa.array(rows.kind[clinic] == 0),
        }
    )
    return table.sort_by("patient_id")
