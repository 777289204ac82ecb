"""What really happened, written from the simulation itself and never from records or the pipeline.

Counts follow docs/decisions.md §7–9 as of the index date: what hospital records do not yet hold on their
last complete day is left out of the counts, and the rows say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from copd_strat.synthetic.arrow_tables import dates, numbers, picked
from copd_strat.synthetic.care_system import Practices
from copd_strat.synthetic.codes import Bools, Ints
from copd_strat.synthetic.people import People
from copd_strat.synthetic.settings import SyntheticSettings
from copd_strat.synthetic.simulated_exacerbations import (
    ED_ONLY,
    MODERATE,
    SEVERE,
    SEVERITY_NAMES,
    Exacerbations,
    severe_share,
    yearly_rate,
)
from copd_strat.synthetic.stays import Attendances, first_stay_on_record

UNRECORDED = -1
_NOTES = (
    "",
    "a steroid course alone within three weeks of an exacerbation: no event by the definition",
    "an emergency attendance with COPD behind an injury: no exacerbation by the definition",
    "an emergency attendance whose diagnosis is only suspected: counted here",
    "not seen in general practice for over 15 months: moderate exacerbations are not observable",
)
_UNSEEN = 4


@dataclass(frozen=True)
class Counts:
    """Exacerbations a person in the twelve months to the index date, as a correct reading counts them."""

    moderate: Ints
    severe: Ints
    ed_only: Ints
    rescue: Ints


def recorded_severity(exacerbations: Exacerbations, hospital_end_day: int) -> Ints:
    """Severity as the records show it on the index date; ``UNRECORDED`` where they show nothing yet."""
    e = exacerbations
    seen_by_gp = np.where(e.first_gp >= 0, MODERATE, UNRECORDED)
    attended = np.where(e.hospital <= hospital_end_day, ED_ONLY, seen_by_gp)
    admitted = np.where(first_stay_on_record(e, hospital_end_day), SEVERE, seen_by_gp)
    return np.select([e.severity == SEVERE, e.severity == ED_ONLY], [admitted, attended], MODERATE)


def months_before(day: date, months: int) -> date:
    """The same day of the month so many months earlier, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")


def count(settings: SyntheticSettings, exacerbations: Exacerbations, people: int) -> Counts:
    """Exacerbations that started in (index - 12 months, index], by recorded severity."""
    opens = (months_before(settings.end, 12) - date(1970, 1, 1)).days
    inside = (exacerbations.start > opens) & (exacerbations.start <= settings.end_day)
    severity = recorded_severity(exacerbations, settings.hospital_end_day)

    def tally(which: Bools) -> Ints:
        return np.bincount(exacerbations.person[inside & which], minlength=people).astype(np.int64)

    return Counts(
        moderate=tally(severity == MODERATE),
        severe=tally(severity == SEVERE),
        ed_only=tally(severity == ED_ONLY),
        rescue=tally(exacerbations.rescue),
    )


def patients_truth(
    settings: SyntheticSettings,
    people: People,
    practices: Practices,
    exacerbations: Exacerbations,
    notes: Ints,
) -> pa.Table:
    """One row a person: on the register or not, counts for those who are, latent severity and risk."""
    n, counts = len(people), count(settings, exacerbations, len(people))
    registered, seen = people.on_register(settings.end_day), notes != _UNSEEN
    all_kinds = counts.moderate + counts.severe + counts.ed_only
    any_rate, severe_rate = yearly_rate(people), yearly_rate(people) * severe_share(people)

    def known(values: Ints, seen: Bools) -> pa.Array[Any]:
        return pa.array(values.astype(np.int32), mask=~(registered & seen))

    def real(values: npt.NDArray[np.float64]) -> pa.Array[Any]:
        return numbers(np.where(registered, np.round(values, 6), np.nan))

    return pa.table(
        {
            "patient_id": pa.array(people.identifier.tolist()),
            "practice_id": picked(people.practice, practices.code),
            "on_register": pa.array(registered),
            "index_date": dates(np.full(n, settings.end_day)),
            "moderate_exacerbations_12m": known(counts.moderate, seen),
            "severe_exacerbations_12m": known(counts.severe, registered),
            "ed_only_exacerbations_12m": known(counts.ed_only, registered),
            "exacerbations_12m": known(all_kinds, seen),
            "exacerbations_12m_excl_rescue": known(all_kinds - counts.rescue, seen),
            "severity": real(people.severity),
            "rate_any_12m": real(any_rate),
            "rate_severe_12m": real(severe_rate),
            "risk_any_12m": real(1 - np.exp(-any_rate)),
            "risk_severe_12m": real(1 - np.exp(-severe_rate)),
            "note": picked(notes, _NOTES),
        }
    ).sort_by("patient_id")


def exacerbations_truth(
    settings: SyntheticSettings, people: People, exacerbations: Exacerbations
) -> pa.Table:
    """One row an exacerbation: when, how bad, and how bad the records show it to be on the index date."""
    recorded = recorded_severity(exacerbations, settings.hospital_end_day)
    return pa.table(
        {
            "patient_id": picked(exacerbations.person, tuple(people.identifier.tolist())),
            "start_date": dates(exacerbations.start),
            "end_date": dates(exacerbations.end),
            "severity": picked(exacerbations.severity, SEVERITY_NAMES),
            "recorded_severity": picked(recorded + 1, ("not yet", *SEVERITY_NAMES)),
            "rescue_pack": pa.array(exacerbations.rescue),
        }
    ).sort_by([("patient_id", "ascending"), ("start_date", "ascending")])


def note_people(
    settings: SyntheticSettings,
    people: People,
    lone_steroids: Ints,
    attendances: Attendances,
    last_gp_day: Ints,
) -> Ints:
    """Position in the notes of why another reading of a person's records may differ, 0 for most."""
    note = np.zeros(len(people), dtype=np.int64)
    recent = attendances.arrival > settings.end_day - 380
    doubted = attendances.suspected & attendances.respiratory & (attendances.stay < 0)
    note[lone_steroids] = 1
    note[attendances.person[recent & attendances.copd_second]] = 2
    note[attendances.person[recent & doubted]] = 3
    note[last_gp_day < settings.end_day] = _UNSEEN
    return note
