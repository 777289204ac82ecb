"""What follows a stay for an exacerbation in general practice: a follow-up contact, an inhaler check, a plan.

Shares are chosen so that some duties are met, some late and some never. They are not estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from copd_strat.synthetic.arrow_tables import dates, picked
from copd_strat.synthetic.codes import Ints, event
from copd_strat.synthetic.logs import Log
from copd_strat.synthetic.people import People
from copd_strat.synthetic.settings import SyntheticSettings
from copd_strat.synthetic.stays import EXACERBATION, TRANSFER, Stays

# Code, share of discharges that it follows, fewest and most days after the discharge.
_CARE = (
    ("copd_followup", 0.5, 3, 55),
    ("inhaler_technique", 0.4, 1, 45),
    ("plan", 0.35, 0, 25),
    ("pr_offered", 0.4, 1, 15),
)


@dataclass(frozen=True)
class Discharges:
    """Ends of stays for exacerbations that the person survived: person and day."""

    person: Ints
    day: Ints


@dataclass(frozen=True)
class AfterCare:
    """One entry a contact after a discharge: whose, which code (a position in ``event``), when, after which."""

    person: Ints
    code: Ints
    day: Ints
    discharged: Ints


def discharges(settings: SyntheticSettings, people: People, stays: Stays) -> Discharges:
    """Discharges on record, a transfer counted with the stay that it leads to."""
    caused = np.isin(stays.kind, (EXACERBATION, TRANSFER)) & ~stays.onward
    home = (stays.discharge <= settings.hospital_end_day) & (stays.discharge < people.died[stays.person])
    found = np.flatnonzero(caused & home)
    return Discharges(stays.person[found], stays.discharge[found])


def after_care(
    settings: SyntheticSettings, people: People, home: Discharges, seen_to: Ints, rng: np.random.Generator
) -> AfterCare:
    """The contacts up to each person's last day on record."""
    parts = []
    for name, share, fewest, most in _CARE:
        which = np.flatnonzero(rng.random(len(home.day)) < share)
        day = home.day[which] + rng.integers(fewest, most + 1, len(which))
        parts.append((home.person[which], np.full(len(which), event(name)[0]), day, home.day[which]))
    person, code, day, discharged = (np.concatenate(column) for column in zip(*parts, strict=True))
    last = np.minimum(people.last_day(settings.end_day), seen_to)[person]
    kept = np.flatnonzero(day <= last)
    return AfterCare(person[kept], code[kept], day[kept], discharged[kept])


def record_after_care(care: AfterCare, events: Log) -> None:
    events.add(care.person, day=care.day, code=care.code, value=np.nan, unit=0)


def discharges_truth(people: People, home: Discharges) -> pa.Table:
    """One row a discharge after a stay for an exacerbation."""
    ids = tuple(people.identifier.tolist())
    table = pa.table({"patient_id": picked(home.person, ids), "discharge_date": dates(home.day)})
    return table.sort_by([("patient_id", "ascending"), ("discharge_date", "ascending")])


def after_care_truth(people: People, care: AfterCare) -> pa.Table:
    """One row a contact after a discharge: what was done, when, and after which discharge."""
    position = {int(event(code)[0]): place for place, (code, *_) in enumerate(_CARE)}
    table = pa.table(
        {
            "patient_id": picked(care.person, tuple(people.identifier.tolist())),
            "discharge_date": dates(care.discharged),
            "what": picked(
                np.array([position[int(code)] for code in care.code]), tuple(code for code, *_ in _CARE)
            ),
            "day": dates(care.day),
        }
    )
    return table.sort_by([(name, "ascending") for name in ("patient_id", "discharge_date", "what", "day")])
