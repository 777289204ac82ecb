"""Exacerbations as the simulator decides them: when, how bad, and who saw the patient.

Spacing follows the fourteen-day rule (Rothnie 2016, PLoS ONE 11:e0151357; docs/decisions.md §8): every
contact of one exacerbation lies within 14 days of the one before, and the next exacerbation starts more
than 14 days after the last contact of the one before. So the truth is known without reading any record.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from copd_strat.synthetic.codes import Bools, Floats, Ints
from copd_strat.synthetic.people import COPD, NEVER, YEAR, People
from copd_strat.synthetic.settings import SyntheticSettings

MODERATE, ED_ONLY, SEVERE = 0, 1, 2
SEVERITY_NAMES = ("moderate", "ed_only", "severe")
GAP_DAYS = 14
_MOST_A_YEAR = 7.0


@dataclass(frozen=True)
class Exacerbations:
    """One entry an exacerbation, ordered by person and start; day -1 where a contact did not happen.

    ``first_gp`` is a GP contact at the start; ``hospital`` the admission or ED arrival; ``discharge``
    ends the first stay; ``transfer`` starts a stay at another provider (no gap or one day), which ends
    on ``transfer_end``; ``readmission`` to ``readmission_end`` is a second emergency stay within 14
    days; ``later_gp_1`` and ``later_gp_2`` are GP contacts afterwards. ``rescue`` marks a rescue pack
    handed out: read as an exacerbation by the definition, and counted apart.
    """

    person: Ints
    start: Ints
    end: Ints
    severity: Ints
    rescue: Bools
    first_gp: Ints
    hospital: Ints
    discharge: Ints
    transfer: Ints
    transfer_end: Ints
    readmission: Ints
    readmission_end: Ints
    later_gp_1: Ints
    later_gp_2: Ints

    def __len__(self) -> int:
        return len(self.person)

    def take(self, positions: Ints) -> Exacerbations:
        return Exacerbations(**{f.name: getattr(self, f.name)[positions] for f in fields(self)})


def yearly_rate(people: People) -> Floats:
    """Expected exacerbations of any kind a year, apart from season."""
    rate = 0.80 * np.exp(0.42 * people.severity) * people.propensity
    return np.where(people.kind == COPD, np.minimum(rate, _MOST_A_YEAR), 0.0)


def severe_share(people: People) -> Floats:
    """Chance that an exacerbation leads to an emergency admission."""
    logit = -2.2 + 0.65 * people.severity + 0.03 * (people.age - 70)
    share: Floats = 1 / (1 + np.exp(-logit))
    return share


def season(days: Ints) -> Floats:
    """Relative frequency by day: a peak in the middle of January, a trough in July."""
    year_start = days.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    frequency: Floats = 1.0 + 0.4 * np.cos(2 * np.pi * (days - year_start - 15) / YEAR)
    return frequency


def simulate(settings: SyntheticSettings, people: People, rng: np.random.Generator) -> Exacerbations:
    """Every exacerbation of everyone with COPD from diagnosis (or the first day) on."""
    years = (settings.end_day - settings.start_day) / YEAR
    counts = rng.poisson(yearly_rate(people) * years)
    person = np.repeat(np.arange(len(people)), counts)
    days = np.arange(settings.start_day, settings.end_day + 1)
    weights = season(days)
    start = rng.choice(days, size=len(person), p=weights / weights.sum()).astype(np.int64)
    known = start >= people.diagnosed[person]
    order = np.lexsort((start[known], person[known]))
    person, start = person[known][order], start[known][order]
    drafts = _draft(people, person, rng)
    starts, kept = _space(person, start, drafts["end"], rng)
    spaced = Exacerbations(person=person, start=starts, **_shift(drafts, starts))
    in_time = kept & (spaced.start <= people.last_day(settings.end_day)[person])
    return spaced.take(np.flatnonzero(in_time))


def _draft(people: People, person: Ints, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Contacts of each candidate as days after its start, -1 where there is none."""
    n = len(person)
    severity = _severities(people, person, rng)
    severe, moderate, ed = severity == SEVERE, severity == MODERATE, severity == ED_ONLY
    rescue = moderate & (rng.random(n) < 0.05)
    seen_first = severe & (rng.random(n) < 0.35)
    hospital = np.where(severe | ed, np.where(seen_first, rng.integers(1, 7, n), 0), -1)
    stays = _draft_stays(severe, hospital, rng)
    last = np.maximum.reduce([hospital, *stays.values(), np.zeros(n, dtype=np.int64)])
    again = ~rescue & (rng.random(n) < np.where(moderate, 0.22, 0.40))
    # an ED visit may end the next day; one day less keeps the fourteen days clear of that
    gap = np.where(ed, rng.integers(2, GAP_DAYS, n), rng.integers(2, GAP_DAYS + 1, n))
    later_1 = np.where(again, last + gap, -1)
    later_2 = np.where(
        again & moderate & (rng.random(n) < 0.2), later_1 + rng.integers(3, GAP_DAYS + 1, n), -1
    )
    return {
        "severity": severity,
        "rescue": rescue,
        "first_gp": np.where(moderate | seen_first, 0, -1),
        "hospital": hospital,
        **stays,
        "later_gp_1": later_1,
        "later_gp_2": later_2,
        "end": np.maximum.reduce([last + ed, later_1, later_2]),
    }


def _draft_stays(severe: Bools, hospital: Ints, rng: np.random.Generator) -> dict[str, Ints]:
    """Days of stays: usually four or five, some with a transfer, some with a readmission."""
    n = len(severe)
    stay = np.minimum(np.floor(rng.lognormal(1.35, 0.8, n)), 45).astype(np.int64)
    discharge = np.where(severe, hospital + stay, -1)
    moves = severe & (rng.random(n) < 0.06)
    transfer = np.where(moves, discharge + rng.integers(0, 2, n), -1)
    transfer_end = np.where(moves, transfer + rng.integers(2, 15, n), -1)
    back = severe & (rng.random(n) < 0.08)
    home = np.maximum(discharge, transfer_end)
    readmission = np.where(back, home + rng.integers(3, GAP_DAYS + 1, n), -1)
    return {
        "discharge": discharge,
        "transfer": transfer,
        "transfer_end": transfer_end,
        "readmission": readmission,
        "readmission_end": np.where(back, readmission + rng.integers(1, 12, n), -1),
    }


def _severities(people: People, person: Ints, rng: np.random.Generator) -> Ints:
    severe = severe_share(people)[person]
    draw = rng.random(len(person))
    return np.select([draw < severe, draw < severe + 0.05], [SEVERE, ED_ONLY], MODERATE).astype(np.int64)


def _space(person: Ints, start: Ints, length: Ints, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Starts in order and which candidates stay: one inside another's 14 days goes, or is put off.

    A put-off candidate starts 15 days after the last contact, the closest that is still a new one.
    """
    put_off = rng.random(len(person)) < 0.15
    starts, kept = start.copy(), np.zeros(len(person), dtype=bool)
    current, busy_until = -1, -NEVER
    for position in range(len(person)):
        if person[position] != current:
            current, busy_until = person[position], -NEVER
        if starts[position] - busy_until <= GAP_DAYS:
            if not put_off[position]:
                continue
            starts[position] = busy_until + GAP_DAYS + 1
        kept[position] = True
        busy_until = starts[position] + length[position]
    return starts, kept


def _shift(drafts: dict[str, np.ndarray], starts: Ints) -> dict[str, np.ndarray]:
    """Drafts with days after the start turned into days of the calendar."""
    as_they_are = {"severity", "rescue"}
    return {
        name: days if name in as_they_are else np.where(days >= 0, starts + days, -1)
        for name, days in drafts.items()
    }
